/*
 * What the index accepts, cJSON accepts too; its nodes tile the text in
 * order; every pointer leads back; any cutting gives the same.  The first
 * byte of the input says where the text is cut.
 *
 * Known differences, all refused by the index and read by cJSON: two equal
 * names, unpaired surrogates, a byte order mark, bytes that are not UTF-8,
 * control characters in strings, numbers such as "01" and "1.".
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cJSON.h>
#include <stdlib.h>

#include "json/json.h"
#include "json/text.h"
#include "json/write.h"

#define POINTERS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_node(const struct kt_json *j, uint32_t n)
{
	const struct kt_json_node *node = &j->nodes[n];
	const struct kt_json_node *up = &j->nodes[node->parent];

	must(node->start < node->end);
	must(node->next > n && node->next <= j->count);
	must(n == 1 || (node->parent < n && node->start > up->start &&
	    node->end < up->end && node->next <= up->next));
	for (uint32_t k = kt_json_first(j, n); k != 0; k = kt_json_next(j, k)) {
		must(kt_json_parent(j, k) == n);
		if (node->type == KT_JSON_OBJECT &&
		    kt_json_type(j, k) == KT_JSON_NAME)
			must(kt_json_name_of(j, k + 1) == k);
	}
}

/* Unescaped and escaped again, a string says the same. */
static void
check_string(const struct kt_json *j, struct kt_span text, uint32_t n)
{
	struct kt_span raw = kt_json_string(j, text, n);
	struct kt_buf plain, again;

	kt_buf_init(&plain, raw.len);
	kt_buf_init(&again, raw.len * 6 + 2);
	must(kt_json_unescape_add(&plain, raw) == KT_OK);
	must(kt_json_is(j, text, n, kt_buf_span(&plain)));
	must(kt_json_write_escaped(&again, kt_buf_span(&plain)) == KT_OK);
	must(kt_json_text_eq(raw, kt_buf_span(&again)));
	kt_buf_fini(&plain);
	kt_buf_fini(&again);
}

static void
check_pointer(const struct kt_json *j, struct kt_span text, uint32_t n)
{
	struct kt_buf b;
	uint32_t want = n;

	if (kt_json_type(j, n) == KT_JSON_NAME)
		want = n + 1;
	kt_buf_init(&b, SIZE_MAX);
	must(kt_json_pointer(j, text, n, &b) == KT_OK);
	must(kt_json_at(j, text, kt_buf_span(&b)) == want);
	kt_buf_fini(&b);
}

static void
check_accepted(const struct kt_json *j, struct kt_span text)
{
	cJSON *tree = cJSON_ParseWithLength(text.ptr, text.len);

	must(tree != NULL);
	cJSON_Delete(tree);
	for (uint32_t n = 1; n < j->count; n++) {
		enum kt_json_type type = kt_json_type(j, n);

		check_node(j, n);
		if (type == KT_JSON_STRING || type == KT_JSON_NAME)
			check_string(j, text, n);
		if (n < POINTERS_MAX)
			check_pointer(j, text, n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span text;
	struct kt_json whole, cut;
	struct kt_err err = { 0 }, cut_err = { 0 };
	enum kt_rc rc;
	size_t step;

	if (len == 0)
		return 0;
	text = (struct kt_span){ .ptr = (const char *)bytes + 1, .len = len - 1 };
	step = 1 + bytes[0] % 31;
	kt_json_init(&whole, text.len);
	kt_json_init(&cut, text.len);
	rc = kt_json_parse(&whole, text, &err);
	for (size_t n = 0; n < text.len && cut.rc == KT_OK; n += step) {
		if (kt_json_feed(&cut, kt_span_sub(text, 0, n), &cut_err) < 0)
			break;
	}
	must(kt_json_end(&cut, text, &cut_err) == rc);
	must(strcmp(err.text, cut_err.text) == 0);
	if (rc == KT_OK) {
		must(whole.count == cut.count);
		must(memcmp(whole.nodes, cut.nodes,
			 whole.count * sizeof(*whole.nodes)) == 0);
		check_accepted(&whole, text);
	}
	kt_json_fini(&whole);
	kt_json_fini(&cut);
	return 0;
}
