exchange_drive = %D%/drive.h %D%/words.h %D%/chance.h
check_PROGRAMS += \
	tests/unit/exchange/answers_test \
	tests/unit/exchange/beside_test \
	tests/unit/exchange/bounds_test tests/unit/exchange/bypass_test \
	tests/unit/exchange/canary_test \
	tests/unit/exchange/clean_test \
	tests/unit/exchange/course_test \
	tests/unit/exchange/exchange_test \
	tests/unit/exchange/hold_test \
	tests/unit/exchange/hostile_test \
	tests/unit/exchange/kinds_test \
	tests/unit/exchange/leak_test \
	tests/unit/exchange/media_test \
	tests/unit/exchange/roles_test \
	tests/unit/exchange/seam_test \
	tests/unit/exchange/sequence_test \
	tests/unit/exchange/tally_test \
	tests/unit/exchange/tools_test \
	tests/unit/exchange/vault_test
TESTS += \
	tests/unit/exchange/answers_test \
	tests/unit/exchange/beside_test \
	tests/unit/exchange/bounds_test tests/unit/exchange/bypass_test \
	tests/unit/exchange/canary_test \
	tests/unit/exchange/clean_test \
	tests/unit/exchange/course_test \
	tests/unit/exchange/exchange_test \
	tests/unit/exchange/hold_test \
	tests/unit/exchange/hostile_test \
	tests/unit/exchange/kinds_test \
	tests/unit/exchange/leak_test \
	tests/unit/exchange/media_test \
	tests/unit/exchange/roles_test \
	tests/unit/exchange/seam_test \
	tests/unit/exchange/sequence_test \
	tests/unit/exchange/tally_test \
	tests/unit/exchange/tools_test \
	tests/unit/exchange/vault_test
tests_unit_exchange_bounds_test_SOURCES = %D%/bounds_test.c $(exchange_drive)
tests_unit_exchange_bounds_test_LDADD = $(KT_LIBS)
tests_unit_exchange_answers_test_SOURCES = \
	%D%/answers_test.c %D%/answers.h $(exchange_drive)
tests_unit_exchange_answers_test_LDADD = $(KT_LIBS)
tests_unit_exchange_beside_test_SOURCES = \
	%D%/beside_test.c %D%/answers.h $(exchange_drive)
tests_unit_exchange_beside_test_LDADD = $(KT_LIBS)
tests_unit_exchange_bypass_test_SOURCES = %D%/bypass_test.c $(exchange_drive)
tests_unit_exchange_bypass_test_LDADD = $(KT_LIBS)
tests_unit_exchange_exchange_test_SOURCES = \
	%D%/exchange_test.c $(exchange_drive)
tests_unit_exchange_exchange_test_LDADD = $(KT_LIBS)
tests_unit_exchange_media_test_SOURCES = %D%/media_test.c $(exchange_drive)
tests_unit_exchange_media_test_LDADD = $(KT_LIBS)
tests_unit_exchange_kinds_test_SOURCES = %D%/kinds_test.c $(exchange_drive)
tests_unit_exchange_kinds_test_LDADD = $(KT_LIBS)
tests_unit_exchange_leak_test_SOURCES = %D%/leak_test.c $(exchange_drive)
tests_unit_exchange_leak_test_LDADD = $(KT_LIBS)
tests_unit_exchange_sequence_test_SOURCES = \
	%D%/sequence_test.c $(exchange_drive)
tests_unit_exchange_sequence_test_LDADD = $(KT_LIBS)
tests_unit_exchange_course_test_SOURCES = %D%/course_test.c $(exchange_drive)
tests_unit_exchange_course_test_LDADD = $(KT_LIBS)
tests_unit_exchange_canary_test_SOURCES = %D%/canary_test.c $(exchange_drive)
tests_unit_exchange_canary_test_LDADD = $(KT_LIBS)
EXTRA_DIST += \
	tests/data/anthropic-answer.json \
	tests/data/anthropic-request.json \
	tests/data/openai-answer.json \
	tests/data/openai-request.json \
	tests/data/responses-answer.json \
	tests/data/responses-request.json
tests_unit_exchange_tally_test_SOURCES = %D%/tally_test.c $(exchange_drive)
tests_unit_exchange_tally_test_LDADD = $(KT_LIBS)
tests_unit_exchange_hold_test_SOURCES = \
	%D%/hold_test.c %D%/prose.h $(exchange_drive)
tests_unit_exchange_hold_test_LDADD = $(KT_LIBS)
tests_unit_exchange_tools_test_SOURCES = %D%/tools_test.c $(exchange_drive)
tests_unit_exchange_tools_test_LDADD = $(KT_LIBS)
tests_unit_exchange_vault_test_SOURCES = %D%/vault_test.c $(exchange_drive)
tests_unit_exchange_vault_test_LDADD = $(KT_LIBS)
tests_unit_exchange_roles_test_SOURCES = %D%/roles_test.c $(exchange_drive)
tests_unit_exchange_roles_test_LDADD = $(KT_LIBS)
tests_unit_exchange_clean_test_SOURCES = %D%/clean_test.c $(exchange_drive)
tests_unit_exchange_clean_test_LDADD = $(KT_LIBS)
tests_unit_exchange_hostile_test_SOURCES = \
	%D%/hostile_test.c $(exchange_drive)
tests_unit_exchange_hostile_test_LDADD = $(KT_LIBS)
tests_unit_exchange_seam_test_SOURCES = %D%/seam_test.c $(exchange_drive)
tests_unit_exchange_seam_test_LDADD = $(KT_LIBS)
