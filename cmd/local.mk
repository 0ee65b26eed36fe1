bin_PROGRAMS += kt
kt_SOURCES = \
	%D%/args.c \
	%D%/audit/figures.c \
	%D%/audit/figures.h \
	%D%/audit/frameworks.def \
	%D%/audit/held.c \
	%D%/audit/held.h \
	%D%/audit/page.c \
	%D%/audit/row.c \
	%D%/audit/row.h \
	%D%/audit/siem.c \
	%D%/audit/siem.def \
	%D%/audit/siem.h \
	%D%/audit/told.c \
	%D%/audit/told.h \
	%D%/audit/verdict.c \
	%D%/audit/verdict.h \
	%D%/audit/verdict_json.c \
	%D%/audit/witness_ask.c \
	%D%/audit/witness_ask.h \
	%D%/audit/witness_serve.c \
	%D%/audit/witness_serve.h \
	%D%/audit_anchor.c \
	%D%/audit_export.c \
	%D%/audit_key.c \
	%D%/audit_orders.c \
	%D%/audit_orders.h \
	%D%/audit_prove.c \
	%D%/audit_query.c \
	%D%/audit_reconcile.c \
	%D%/audit_recover.c \
	%D%/audit_report.c \
	%D%/audit_reveal.c \
	%D%/audit_reveal.h \
	%D%/audit_retain.c \
	%D%/audit_show.c \
	%D%/audit_tail.c \
	%D%/audit_verify.c \
	%D%/audit_witness.c \
	%D%/changed.c \
	%D%/changed.h \
	%D%/cmd.def \
	%D%/count_tokens.c \
	%D%/cmd.h \
	%D%/explain.c \
	%D%/files.c \
	%D%/files.h \
	%D%/gateway/reload.c \
	%D%/gateway/run.c \
	%D%/hyperscan.c \
	%D%/inspect.c \
	%D%/inspect.h \
	%D%/inspect_show.c \
	%D%/kt.c \
	%D%/session.c \
	%D%/session/audit.c \
	%D%/session/audit.h \
	%D%/session/file.c \
	%D%/session/file.h \
	%D%/session/har.c \
	%D%/session/merge.c \
	%D%/session/minimize.c \
	%D%/session/scrubber.c \
	%D%/session/scrubber.h \
	%D%/token.c \
	%D%/policy.c \
	%D%/policy_case.c \
	%D%/policy_case.h \
	%D%/policy_diff.c \
	%D%/policy_fmt.c \
	%D%/policy_lint.c \
	%D%/policy_test.c \
	%D%/program.c \
	%D%/program.h \
	%D%/replay.c \
	%D%/replay/replay.h \
	%D%/replay/run.c \
	%D%/replay/tell.c \
	%D%/report.c \
	%D%/report.h \
	%D%/version.c
kt_LDADD = $(GATEWAY_LIBS)
kt_LDFLAGS = $(AM_LDFLAGS) -Wl,--as-needed # without libhs: hyperscan.c

# The vocabularies of tokenizers: see save_ranks.c.
noinst_PROGRAMS += save-ranks
save_ranks_SOURCES = %D%/save_ranks.c
save_ranks_LDADD = libkt.a

# The shipped detectors, compiled for this machine: see save_detectors.c.
noinst_PROGRAMS += save-detectors
save_detectors_SOURCES = %D%/save_detectors.c
save_detectors_LDADD = $(KT_LIBS)
nodist_pkgdata_DATA = detectors.ktd definitions.ktd
CLEANFILES += detectors.ktd definitions.ktd
DETECTOR_FILES = \
	$(top_srcdir)/policies/detectors/direct.weights \
	$(top_srcdir)/policies/detectors/indirect.weights \
	$(top_srcdir)/policies/detectors/injection.yaml \
	$(top_srcdir)/policies/detectors/medical.yaml \
	$(top_srcdir)/policies/detectors/national.yaml \
	$(top_srcdir)/policies/detectors/pii.yaml \
	$(top_srcdir)/policies/detectors/providers.yaml \
	$(top_srcdir)/policies/detectors/registers.yaml \
	$(top_srcdir)/policies/detectors/secrets.yaml \
	$(top_srcdir)/policies/detectors/services.yaml
detectors.ktd: save-detectors$(EXEEXT) $(DETECTOR_FILES)
	$(AM_V_GEN)./save-detectors$(EXEEXT) databases $@ $(DETECTOR_FILES)
definitions.ktd: save-detectors$(EXEEXT) $(DETECTOR_FILES)
	$(AM_V_GEN)./save-detectors$(EXEEXT) definitions $@ $(DETECTOR_FILES)

include %D%/audit/local.mk
include %D%/gateway/local.mk
include %D%/log/local.mk
include %D%/media/local.mk
