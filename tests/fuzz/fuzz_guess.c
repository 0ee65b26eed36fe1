/*
 * Any bytes as a text for the linear model and as a value for those who tell
 * keys from words: windows lie inside and weigh what their words weigh, what
 * is a password in the open is one in quotes, and all say the same twice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/model_priv.h"
#include "detect/validate_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct heard {
	struct kt_span text;
	const int8_t *weights;
	uint32_t end;
	uint64_t digest;
};

static void
hear(void *arg, const struct kt_detect_model_window *w)
{
	struct heard *h = arg;
	uint32_t end = kt_detect_model_word_at(w, w->n - 1)->end;
	int32_t sum = 0;

	if (w->n < KT_DETECT_MODEL_LEAST || w->n > KT_DETECT_MODEL_LONG)
		KT_BUG("a window that is none");
	if (end < h->end || end > h->text.len)
		KT_BUG("a window that goes back, or out");
	for (uint32_t i = 0; i < w->n; i++)
		for (unsigned g = 0; g < KT_DETECT_MODEL_GRAMS; g++)
			sum += h->weights[
			    kt_detect_model_word_at(w, i)->bucket[g]];
	if (sum != w->sum[0])
		KT_BUG("a window weighs something else than its words");
	h->end = end;
	h->digest = (h->digest ^ (uint32_t)sum) * 1099511628211u;
}

static uint64_t
digest_of(struct kt_span text)
{
	static int8_t weights[KT_DETECT_MODEL_BUCKETS];
	const int8_t *const lanes[] = { weights, weights };
	struct heard h = { .text = text, .weights = weights };

	for (size_t i = 0; i < KT_DETECT_MODEL_BUCKETS; i++)
		weights[i] = (int8_t)(i * 2654435761u >> 20);
	kt_detect_model_windows(text, lanes, hear, &h);
	return h.digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span s = { (const char *)bytes, len };
	struct kt_detect_model m;

	if (len > 1u << 20)
		return 0;
	if (digest_of(s) != digest_of(s))
		KT_BUG("one text, two scores");
	if (kt_detect_model_read(&m, s) && len != KT_DETECT_MODEL_BYTES)
		KT_BUG("a model of another size");
	if (kt_detect_is_plain_password(s) && !kt_detect_is_password(s))
		KT_BUG("a password in the open that is none in quotes");
	if ((kt_detect_is_password(s) || kt_detect_is_key(s)) && len < 5)
		KT_BUG("too short to be told");
	return 0;
}
