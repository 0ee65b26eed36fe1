# policy.mk - for a Makefile of yours: include it, and make policy-check.
KT = kt
POLICIES = policies

.PHONY: policy-check
policy-check:
	$(KT) policy lint --fail-level warning $(POLICIES)
	$(KT) policy test $(POLICIES)
	$(KT) replay --policy-config $(POLICIES)/starter.yaml \
		$(POLICIES)/sessions/starter.kts
