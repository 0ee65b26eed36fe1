# Each target asserts properties, not only survival.  With --enable-fuzz it is
# a libFuzzer program, run by hand; else it feeds tests/fuzz/corpus/NAME/* to
# the same function in make check.  To add one: two lines in each branch.
EXTRA_DIST += %D%/corpus

if FUZZ
fuzz_main =
noinst_PROGRAMS += $(fuzz_targets)
else
fuzz_main = %D%/replay_corpus.c
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
endif
FUZZ_LIBS = $(KT_LIBS) $(KT_FUZZ_LIB)

fuzz_targets = \
	tests/fuzz/fuzz_audit_line \
	tests/fuzz/fuzz_audit_note \
	tests/fuzz/fuzz_detect \
	tests/fuzz/fuzz_disguise \
	tests/fuzz/fuzz_exchange \
	tests/fuzz/fuzz_guess \
	tests/fuzz/fuzz_http1_response \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_json_any \
	tests/fuzz/fuzz_lint \
	tests/fuzz/fuzz_media \
	tests/fuzz/fuzz_multipart \
	tests/fuzz/fuzz_redact \
	tests/fuzz/fuzz_schema \
	tests/fuzz/fuzz_segments \
	tests/fuzz/fuzz_session \
	tests/fuzz/fuzz_sse \
	tests/fuzz/fuzz_stream_event \
	tests/fuzz/fuzz_tokens \
	tests/fuzz/fuzz_translate \
	tests/fuzz/fuzz_yaml

tests_fuzz_fuzz_tokens_SOURCES = %D%/fuzz_tokens.c $(fuzz_main)
tests_fuzz_fuzz_tokens_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_audit_line_SOURCES = %D%/fuzz_audit_line.c $(fuzz_main)
tests_fuzz_fuzz_audit_line_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_audit_note_SOURCES = %D%/fuzz_audit_note.c $(fuzz_main)
tests_fuzz_fuzz_audit_note_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_guess_SOURCES = %D%/fuzz_guess.c $(fuzz_main)
tests_fuzz_fuzz_guess_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_http1_response_SOURCES = %D%/fuzz_http1_response.c $(fuzz_main)
tests_fuzz_fuzz_http1_response_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_lint_SOURCES = %D%/fuzz_lint.c $(fuzz_main)
tests_fuzz_fuzz_lint_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_media_SOURCES = %D%/fuzz_media.c $(fuzz_main)
tests_fuzz_fuzz_media_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_multipart_SOURCES = %D%/fuzz_multipart.c $(fuzz_main)
tests_fuzz_fuzz_multipart_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_json_SOURCES = %D%/fuzz_json.c $(fuzz_main)
tests_fuzz_fuzz_json_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_json_any_SOURCES = %D%/fuzz_json.c $(json_any) $(fuzz_main)
tests_fuzz_fuzz_json_any_CPPFLAGS = $(AM_CPPFLAGS) -DKT_PLAIN_ANY
tests_fuzz_fuzz_json_any_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_sse_SOURCES = %D%/fuzz_sse.c $(fuzz_main)
tests_fuzz_fuzz_sse_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_yaml_SOURCES = %D%/fuzz_yaml.c $(fuzz_main)
tests_fuzz_fuzz_yaml_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_detect_SOURCES = %D%/fuzz_detect.c $(fuzz_main)
tests_fuzz_fuzz_detect_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_disguise_SOURCES = %D%/fuzz_disguise.c $(fuzz_main)
tests_fuzz_fuzz_disguise_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_schema_SOURCES = %D%/fuzz_schema.c $(fuzz_main)
tests_fuzz_fuzz_schema_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_segments_SOURCES = %D%/fuzz_segments.c $(fuzz_main)
tests_fuzz_fuzz_segments_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_stream_event_SOURCES = %D%/fuzz_stream_event.c $(fuzz_main)
tests_fuzz_fuzz_stream_event_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_translate_SOURCES = %D%/fuzz_translate.c $(fuzz_main)
tests_fuzz_fuzz_translate_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_exchange_SOURCES = %D%/fuzz_exchange.c $(exchange_drive) \
	$(fuzz_main)
tests_fuzz_fuzz_exchange_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_session_SOURCES = %D%/fuzz_session.c $(fuzz_main)
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_redact_SOURCES = %D%/fuzz_redact.c $(exchange_drive) \
	$(fuzz_main)
tests_fuzz_fuzz_redact_LDADD = $(FUZZ_LIBS)
