/*
 * fuzz_detect - any text, in any pieces: the stream finds what the whole scan
 * finds and gives out nothing of it before.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/detect/law.h"
#include "tests/unit/detect/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_err err;

	if (db == NULL && (kt_detect_new(&db, rules, NRULES, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0))
		KT_BUG("the rules of the test do not compile");
	if (len < 2 || len > 4000)
		return 0;
	leaked = 0;
	if (!streams_as_whole((struct kt_span){ (const char *)bytes + 2, len - 2 },
	        1u + bytes[0], 1u + bytes[1], false) || leaked > 0)
		KT_BUG("a stream that is not its whole");
	return 0;
}
