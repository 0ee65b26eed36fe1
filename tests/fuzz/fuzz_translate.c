/*
 * Any JSON as a request, an answer, an error or an event: what is written is
 * JSON to the strict index; a stream can be ended at any time, once.  The
 * first byte says what the input is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "provider/translate.h"

#define A KT_FORMAT_ANTHROPIC
#define O KT_FORMAT_OPENAI

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
must_be_json(struct kt_span text)
{
	struct kt_json j;
	struct kt_err err;

	kt_json_init(&j, UINT32_MAX);
	must(kt_json_parse(&j, text, &err) == KT_OK);
	kt_json_fini(&j);
}

static void
check_whole(const struct kt_json *j, struct kt_span text, enum kt_format from,
    enum kt_format to, bool is_request)
{
	struct kt_translate_options o = { .now_s = 1 };
	struct kt_translation report = { 0 };
	struct kt_arena *mem = kt_arena_new(16 << 20);
	struct kt_buf out;
	struct kt_err err;
	enum kt_rc rc;

	kt_buf_init(&out, 64 << 20);
	rc = is_request
	    ? kt_translate_request(
		  from, to, j, text, &o, mem, &out, &report, &err)
	    : kt_translate_answer(
		  from, to, j, text, &o, mem, &out, &report, &err);
	if (rc == KT_OK)
		must_be_json(kt_buf_span(&out));
	else
		must(out.len == 0);
	kt_buf_fini(&out);
	kt_arena_free(&mem);
}

static void
check_error(struct kt_span text, enum kt_format from, enum kt_format to)
{
	struct kt_arena *mem = kt_arena_new(16 << 20);
	unsigned status = 500;
	struct kt_buf out;

	kt_buf_init(&out, 64 << 20);
	must(kt_translate_error(from, to, &status, text, KT_SPAN("r"), mem,
		 &out) == KT_OK);
	must_be_json(kt_buf_span(&out));
	kt_buf_fini(&out);
	kt_arena_free(&mem);
}

/* Each line of data is JSON or the terminator. */
static void
must_be_frames(struct kt_span out)
{
	while (out.len > 0) {
		size_t end = kt_span_find(out, '\n');
		struct kt_span line = kt_span_sub(out, 0, end);

		if (kt_span_starts(line, KT_SPAN("data: ")) &&
		    !kt_span_eq(line, KT_SPAN("data: [DONE]")))
			must_be_json(kt_span_sub(line, 6, line.len));
		out = kt_span_sub(out, end + 1, out.len);
	}
}

/* Every element of an array is one event. */
static void
check_stream(const struct kt_json *j, struct kt_span text, enum kt_format from,
    enum kt_format to)
{
	struct kt_translate_options o = { .now_s = 1 };
	struct kt_stream_writer *w = kt_stream_writer_new(from, to, true, &o);
	uint32_t at = kt_json_first(j, kt_json_root(j));
	enum kt_rc rc = KT_OK;
	struct kt_buf out;
	struct kt_json event;
	struct kt_err err;
	size_t whole;

	kt_buf_init(&out, 64 << 20);
	kt_json_init(&event, UINT32_MAX);
	for (; at != 0 && rc == KT_OK; at = kt_json_next(j, at)) {
		struct kt_span data = kt_json_raw(j, text, at);
		bool is_json = kt_json_type(j, at) != KT_JSON_STRING &&
		    kt_json_parse(&event, data, &err) == KT_OK;
		bool is_error = is_json && kt_json_member(&event, data,
		    kt_json_root(&event), KT_SPAN("error")) != 0;

		if (!is_json)
			data = kt_json_string(j, text, at);
		rc = kt_stream_write(w, KT_SPAN(""),
		    is_error ? KT_STREAM_ERROR : KT_STREAM_OTHER, data,
		    is_json ? &event : NULL, &out, &err);
	}
	must(kt_stream_write_cut(w, "completion.pii.detected", &out) == KT_OK);
	must_be_frames(kt_buf_span(&out));
	whole = out.len;
	must(kt_stream_write_ping(w, &out) == KT_OK && out.len == whole);
	must(kt_stream_write_cut(w, "x", &out) == KT_OK && out.len == whole);
	kt_json_fini(&event);
	kt_buf_fini(&out);
	kt_stream_writer_free(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span text;
	struct kt_json j;
	struct kt_err err;
	enum kt_format from, to;

	if (len == 0)
		return 0;
	from = bytes[0] & 1 ? A : O;
	to = from == A ? O : A;
	text.ptr = (const char *)bytes + 1;
	text.len = len - 1;
	check_error(text, from, to);
	kt_json_init(&j, text.len);
	if (kt_json_parse(&j, text, &err) == KT_OK) {
		check_whole(&j, text, from, to, true);
		check_whole(&j, text, from, to, false);
		check_stream(&j, text, from, to);
	}
	kt_json_fini(&j);
	return 0;
}
