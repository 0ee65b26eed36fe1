# policy.mk - for a Makefile of yours: include it, and make policy-check.
KT = kt
POLICIES = policies

.PHONY: policy-check
policy-check:
	$(KT) policy lint --fail-level warning $(POLICIES)
	$(KT) policy test $(POLICIES)
	for s in $(POLICIES)/sessions/*.kts; do \
		$(KT) replay --policy-config \
			"$(POLICIES)/$$(basename "$$s" .kts).yaml" "$$s" || exit 1; \
	done
