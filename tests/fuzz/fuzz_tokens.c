/*
 * The first byte chooses the encoding.  Whatever is UTF-8 is counted, its ids
 * are as many as its tokens, and a second count says the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/estimate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_token_ids ids = { .ids = NULL };
	struct kt_token_sum sum = { .n = 0 };
	struct kt_tokenizer *t;
	struct kt_span text;
	size_t n = 0, again = 0, at = 0;
	enum kt_rc rc;

	if (len == 0)
		return 0;
	text = (struct kt_span){ (const char *)bytes + 1, len - 1 };
	if (kt_tokenizer_new(&t, bytes[0] % KT_ENCODINGS) < 0)
		return 0;
	rc = kt_token_count(t, text, &n, &ids, &at);
	if ((rc == KT_E_PARSE) != (kt_utf8_check(text) < text.len))
		KT_BUG("UTF-8 is judged in two ways");
	if (rc == KT_OK &&
	    (n != ids.n || kt_token_count(t, text, &again, NULL, NULL) < 0 ||
	        n != again || (n == 0) != (text.len == 0)))
		KT_BUG("counts of one text differ");
	if (rc == KT_OK &&
	    (kt_token_sum_add(&sum, bytes[0] % KT_FAMILIES, t, text, NULL) < 0 ||
	        sum.low > sum.n || sum.n > sum.high))
		KT_BUG("an estimate is outside its own band");
	kt_token_ids_fini(&ids);
	kt_tokenizer_free(&t);
	return 0;
}
