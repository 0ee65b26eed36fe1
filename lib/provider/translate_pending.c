/*
 * translate_pending - the same format on both sides, until the writers of
 * other formats arrive and take these functions over.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate.h"

struct kt_stream_writer {
	enum kt_format to;
	bool has_block, is_started, is_complete, is_ended;
	uint64_t index;
	struct kt_translation report;
};

struct kt_stream_writer *
kt_stream_writer_new(enum kt_format from, enum kt_format to, bool wants_usage,
    const struct kt_translate_options *o)
{
	struct kt_stream_writer *w = from == to ? kt_alloc(sizeof(*w)) : NULL;

	(void)wants_usage, (void)o;
	if (w != NULL)
		w->to = to;
	return w;
}

void
kt_stream_writer_free(struct kt_stream_writer **w)
{
	kt_free(*w);
	*w = NULL;
}

enum kt_rc
kt_stream_write(struct kt_stream_writer *w, struct kt_span raw,
    const struct kt_stream_event *ev, struct kt_span data,
    const struct kt_json *json, struct kt_buf *out, struct kt_err *err)
{
	(void)err;
	if (w->is_ended)
		return KT_OK;
	if (ev->kind == KT_STREAM_BLOCK_START) {
		w->has_block = true;
		(void)kt_json_u64(json, data, kt_json_member(json, data,
		    kt_json_root(json), KT_SPAN("index")), &w->index);
	} else if (ev->kind == KT_STREAM_BLOCK_STOP) {
		w->has_block = false;
	} else if (ev->kind == KT_STREAM_STOP) {
		w->is_complete = w->is_ended = true;
	}
	return kt_buf_add(out, raw);
}

enum kt_rc
kt_stream_write_cut(
    struct kt_stream_writer *w, const char *reason, struct kt_buf *out)
{
	if (w->is_ended)
		return KT_OK;
	w->is_ended = true;
	if (w->to == KT_FORMAT_OPENAI)
		return kt_buf_add(out, KT_SPAN("data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"));
	if (w->has_block && kt_buf_printf(out, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%llu}\n\n", (unsigned long long)w->index) < 0)
		return KT_E_LIMIT;
	return kt_buf_printf(out, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"policy_block\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":0}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\",\"policy_reason_code\":\"%s\"}\n\n", reason);
}

enum kt_rc
kt_stream_write_error(struct kt_stream_writer *w, const struct kt_problem *p,
    struct kt_buf *out)
{
	struct kt_buf body;
	enum kt_rc rc;

	if (w->is_ended)
		return KT_OK;
	w->is_ended = true;
	kt_buf_init(&body, KT_EVENT_MAX);
	rc = kt_speak_error(w->to, p, &body);
	if (rc == KT_OK)
		rc = kt_buf_printf(out, "%sdata: %.*s\n\n", w->to == KT_FORMAT_ANTHROPIC ? "event: error\n" : "", KT_SPAN_ARG(kt_buf_span(&body)));
	kt_buf_fini(&body);
	return rc;
}

enum kt_rc
kt_stream_write_ping(struct kt_stream_writer *w, struct kt_buf *out)
{
	return kt_buf_add(out, w->to == KT_FORMAT_ANTHROPIC ? KT_SPAN("event: ping\ndata: {\"type\": \"ping\"}\n\n") : KT_SPAN(": ping\n\n"));
}

bool
kt_stream_writer_is_complete(const struct kt_stream_writer *w)
{
	return w->is_complete;
}

const struct kt_translation *
kt_stream_writer_report(const struct kt_stream_writer *w)
{
	return &w->report;
}

enum kt_rc
kt_translate_request(enum kt_format from, enum kt_format to, const struct kt_json *json, struct kt_span text, const struct kt_translate_options *o, struct kt_arena *mem, struct kt_buf *out, struct kt_translation *report, struct kt_err *err)
{
	(void)from, (void)to, (void)json, (void)text, (void)o, (void)mem, (void)out, (void)report;
	return kt_fail(err, KT_E_PARSE, "translation is not available");
}

enum kt_rc
kt_translate_answer(enum kt_format from, enum kt_format to, const struct kt_json *json, struct kt_span text, const struct kt_translate_options *o, struct kt_arena *mem, struct kt_buf *out, struct kt_translation *report, struct kt_err *err)
{
	(void)from, (void)to, (void)json, (void)text, (void)o, (void)mem, (void)out, (void)report;
	return kt_fail(err, KT_E_PARSE, "translation is not available");
}

enum kt_rc
kt_translate_error(enum kt_format from, enum kt_format to, unsigned *status, struct kt_span body, struct kt_span request_id, struct kt_arena *mem, struct kt_buf *out)
{
	(void)from, (void)to, (void)status, (void)body, (void)request_id, (void)mem, (void)out;
	return KT_E_PARSE;
}
