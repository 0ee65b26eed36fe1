/*
 * Whatever the body: each string is one segment, in document order, in every
 * format and direction; the facts of any body are read or refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_segments(const struct kt_json *json, struct kt_span text,
    enum kt_format f, enum kt_direction d)
{
	struct kt_segments it;
	struct kt_segment seg;
	uint32_t n = 0;

	kt_segments_init(&it, f, d, json, text);
	do {
		bool more = kt_segments_next(&it, &seg);

		while (++n < json->count && json->nodes[n].type != KT_JSON_STRING)
			continue;
		if (more != (n < json->count))
			KT_BUG("a string is missing, or was made up");
		if (more && seg.node != n)
			KT_BUG("a string is out of its order");
	} while (n < json->count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span text = { (const char *)bytes, len };
	struct kt_json json;
	struct kt_err err = { 0 };

	if (len > 65536)
		return 0;
	kt_json_init(&json, len);
	if (kt_json_parse(&json, text, &err) == KT_OK) {
		struct kt_request_facts request;
		struct kt_answer_facts answer;

		for (unsigned f = 0; f < KT_NFORMATS; f++) {
			check_segments(&json, text, (enum kt_format)f, KT_REQUEST);
			check_segments(&json, text, (enum kt_format)f, KT_ANSWER);
			kt_answer_facts((enum kt_format)f, &json, text, &answer);
		}
		for (unsigned e = 0; e < KT_NENDPOINTS; e++)
			if (kt_request_facts((enum kt_endpoint)e, &json, text,
				&request, &err) == KT_E_LIMIT)
				KT_BUG("facts need no memory");
	}
	kt_json_fini(&json);
	return 0;
}
