check_PROGRAMS += \
	tests/unit/provider/facts_test \
	tests/unit/provider/segments_test \
	tests/unit/provider/speak_test \
	tests/unit/provider/stream_test \
	tests/unit/provider/surface_test \
	tests/unit/provider/translate_answer_test \
	tests/unit/provider/translate_request_test \
	tests/unit/provider/translate_stream_test
tests_unit_provider_facts_test_SOURCES = \
	%D%/facts_test.c %D%/indexed.h
tests_unit_provider_facts_test_LDADD = $(KT_LIBS)
tests_unit_provider_segments_test_SOURCES = \
	%D%/indexed.h %D%/segments_test.c
tests_unit_provider_segments_test_LDADD = $(KT_LIBS)
tests_unit_provider_speak_test_SOURCES = \
	%D%/indexed.h %D%/speak_test.c
tests_unit_provider_speak_test_LDADD = $(KT_LIBS)
tests_unit_provider_stream_test_SOURCES = \
	%D%/indexed.h %D%/stream_test.c
tests_unit_provider_stream_test_LDADD = $(KT_LIBS)
tests_unit_provider_surface_test_SOURCES = %D%/surface_test.c
tests_unit_provider_surface_test_LDADD = $(KT_LIBS)
TESTS += \
	tests/unit/provider/facts_test \
	tests/unit/provider/segments_test \
	tests/unit/provider/speak_test \
	tests/unit/provider/stream_test \
	tests/unit/provider/surface_test \
	tests/unit/provider/translate_answer_test \
	tests/unit/provider/translate_request_test \
	tests/unit/provider/translate_stream_test
tests_unit_provider_translate_answer_test_SOURCES = \
	%D%/translate_answer_test.c %D%/translated.h
tests_unit_provider_translate_answer_test_LDADD = $(KT_LIBS)
tests_unit_provider_translate_request_test_SOURCES = \
	%D%/translate_request_test.c %D%/translated.h
tests_unit_provider_translate_request_test_LDADD = $(KT_LIBS)
tests_unit_provider_translate_stream_test_SOURCES = \
	%D%/stream_grammar.h %D%/translate_stream_test.c
tests_unit_provider_translate_stream_test_LDADD = $(KT_LIBS)
EXTRA_DIST += \
	tests/data/claude-code-count-tokens.json \
	tests/data/codex-responses.json \
	%D%/translate_stream.rows \
	%D%/translate_to_anthropic.rows \
	%D%/translate_to_openai.rows
