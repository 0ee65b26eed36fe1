# One archive for all rooms.  Each room lists its own files.
noinst_LIBRARIES += libkt.a
libkt_a_SOURCES =
KT_LIBS = libkt.a libkt-tables.a $(GNUTLS_LIBS) $(CJSON_LIBS) $(YAML_LIBS) $(HS_LIBS) \
	$(PCRE2_LIBS) $(ZLIB_LIBS) $(UNISTRING_LIBS) -lm
EXTRA_DIST += %D%/LAYERS

include %D%/base/local.mk
include %D%/json/local.mk
include %D%/auth/local.mk
include %D%/provider/local.mk
include %D%/chat/local.mk
include %D%/config/local.mk
include %D%/detect/local.mk
include %D%/frame/local.mk
include %D%/disk/local.mk
include %D%/audit/local.mk
include %D%/token/local.mk
include %D%/fleet/local.mk
include %D%/media/local.mk
include %D%/policy/local.mk
include %D%/exchange/local.mk
include %D%/report/local.mk
include %D%/lint/local.mk
include %D%/trial/local.mk
include %D%/session/local.mk
include %D%/replay/local.mk
