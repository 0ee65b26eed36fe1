/*
 * Each line is the data of one event.  Whatever they say: parts are exactly
 * the strings, a piece has a block, and what was refused stays refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_parts(const struct kt_stream_event *ev, const struct kt_json *json)
{
	size_t at = 0;

	for (uint32_t n = 1; json != NULL && n < json->count; n++) {
		if (json->nodes[n].type != KT_JSON_STRING)
			continue;
		if (at == ev->nparts || ev->parts[at].node != n)
			KT_BUG("the parts are not the strings");
		if (ev->parts[at].kind == KT_PART_DELTA &&
		    ev->parts[at].block == 0)
			KT_BUG("a piece of nothing");
		at++;
	}
	if (at != ev->nparts)
		KT_BUG("a part is not a string");
}

static void
read_line(struct kt_stream_reader *r, struct kt_span data)
{
	struct kt_json json;
	struct kt_err err = { 0 };
	struct kt_stream_event ev;
	struct kt_arena *mem = kt_arena_new(4 << 20);
	bool was_broken = r->is_broken;
	bool is_json;

	kt_json_init(&json, data.len);
	is_json = kt_json_parse(&json, data, &err) == KT_OK;
	if (kt_stream_read(r, (struct kt_span){ 0 }, data,
		is_json ? &json : NULL, mem, &ev, &err) == KT_OK) {
		if (was_broken)
			KT_BUG("a broken stream went on");
		check_parts(&ev, is_json ? &json : NULL);
	} else if (!r->is_broken || ev.nparts != 0) {
		KT_BUG("refused, and yet it said something");
	}
	kt_json_fini(&json);
	kt_arena_free(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > 16384)
		return 0;
	for (unsigned f = 0; f < KT_NFORMATS; f++) {
		struct kt_span rest = { (const char *)bytes, len };
		struct kt_stream_reader r;

		kt_stream_reader_init(&r, (enum kt_format)f);
		while (rest.len > 0) {
			size_t n = kt_span_find(rest, '\n');

			read_line(&r, kt_span_sub(rest, 0, n));
			n += n < rest.len;
			rest = kt_span_sub(rest, n, rest.len - n);
		}
	}
	return 0;
}
