# What users read, copy and edit; found by cmd/files.c.
nobase_dist_pkgdata_DATA += \
	policies/ci/github.yml \
	policies/ci/gitlab.yml \
	policies/ci/policy.mk \
	policies/ci/pre-commit.yaml \
	policies/coding-agent.yaml \
	policies/coding-agent_test.yaml \
	policies/detectors/direct.weights \
	policies/detectors/indirect.weights \
	policies/detectors/injection.yaml \
	policies/detectors/medical.yaml \
	policies/detectors/national.yaml \
	policies/detectors/pii.yaml \
	policies/detectors/providers.yaml \
	policies/detectors/registers.yaml \
	policies/detectors/secrets.yaml \
	policies/detectors/services.yaml \
	policies/finance.yaml \
	policies/finance_test.yaml \
	policies/healthcare-baa.yaml \
	policies/healthcare-baa_test.yaml \
	policies/sessions/coding-agent.kts \
	policies/sessions/finance.kts \
	policies/sessions/healthcare-baa.kts \
	policies/sessions/starter.kts \
	policies/starter.yaml \
	policies/starter_test.yaml

# A build outside the source tree finds them beside itself as well.
noinst_DATA += policies.stamp
CLEANFILES += policies.stamp
policies.stamp:
	$(AM_V_at)test -e policies || ln -s '$(abs_top_srcdir)/policies' policies
	$(AM_V_at)touch $@
distclean-local:
	test ! -L policies || rm -f policies
