# Kinds of tests, each named after what it proves: CONTRIBUTING.md, TESTS.
EXTRA_DIST += %D%/unit/tap.h %D%/skips.allow %D%/tsan.supp

include %D%/unit/base/local.mk
include %D%/unit/detect/local.mk
include %D%/unit/disk/local.mk
include %D%/unit/json/local.mk
include %D%/unit/media/local.mk
include %D%/unit/token/local.mk
include %D%/unit/auth/local.mk
include %D%/audit/local.mk
include %D%/cli/local.mk
include %D%/unit/audit/local.mk
include %D%/unit/frame/local.mk
include %D%/fuzz/local.mk
include %D%/bench/local.mk
include %D%/accuracy/local.mk
include %D%/unit/gateway/local.mk
include %D%/unit/log/local.mk
include %D%/unit/config/local.mk
include %D%/unit/provider/local.mk
include %D%/lib/local.mk
include %D%/media/local.mk
include %D%/unit/exchange/local.mk
include %D%/unit/session/local.mk
include %D%/unit/policy/local.mk
include %D%/gateway/local.mk
include %D%/scenarios/local.mk
include %D%/rules/local.mk
include %D%/clients/local.mk
include %D%/replay/local.mk
include %D%/edges/local.mk
include %D%/unit/report/local.mk
include %D%/lint/local.mk
include %D%/unit/lint/local.mk
