libkt_a_SOURCES += \
	%D%/policy.h \
	%D%/policy_priv.h \
	%D%/reason.def \
	%D%/kinds.def \
	%D%/chain.c \
	%D%/pattern.c \
	%D%/prompt_injection.c \
	%D%/pii_detector.c \
	%D%/secret_scanner.c \
	%D%/dlp_filter.c \
	%D%/content_limits.c \
	%D%/inspectors.c \
	%D%/prompt_decorator.c \
	%D%/audit_logger.c \
	%D%/detector_file.h \
	%D%/detector_saved.h \
	%D%/detector_saved.c \
	%D%/detector_file.c
