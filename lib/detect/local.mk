libkt_a_SOURCES += \
	%D%/detect.h \
	%D%/detector.h \
	%D%/search.h \
	%D%/set.h \
	%D%/stream.h \
	%D%/detect_priv.h \
	%D%/rule_priv.h \
	%D%/bytes_priv.h \
	%D%/index_priv.h \
	%D%/validators.def \
	%D%/literal.c \
	%D%/index.c \
	%D%/head.c \
	%D%/needs.c \
	%D%/near.c \
	%D%/number.c \
	%D%/regex.h \
	%D%/regex.c \
	%D%/rule.c \
	%D%/db.c \
	%D%/saved.c \
	%D%/scratch.c \
	%D%/scan.c \
	%D%/search.c \
	%D%/sites.c \
	%D%/view.c \
	%D%/view_priv.h \
	%D%/fold.c \
	%D%/lookalikes.def \
	%D%/standin.c \
	%D%/standin.h \
	%D%/stream.c \
	%D%/flow.c \
	%D%/flow_priv.h \
	%D%/set.c \
	%D%/validate.c \
	%D%/model_priv.h \
	%D%/validate_priv.h \
	%D%/model.c \
	%D%/letters.def \
	%D%/credential.c \
	%D%/address.c \
	%D%/check.c \
	%D%/check.h \
	%D%/person.c
# Makes lookalikes.def from Unicode's list.
EXTRA_DIST += %D%/lookalikes.py
