/*
 * stream - the part that all grammars share.  Strings are placed by the same
 * tables as those of whole bodies: two sets of rules would drift apart, and
 * the gap between them would be a leak.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream_priv.h"

void
kt_stream_reader_init(struct kt_stream_reader *r, enum kt_format format)
{
	*r = (struct kt_stream_reader){ .format = format };
}

bool
kt_stream_ends(const struct kt_stream_event *ev, uint64_t block)
{
	bool ends = ev->ends_all;

	for (size_t i = 0; i < ev->nended && !ends; i++)
		ends = ev->ended[i] == block;
	return ends;
}

/*
 * Clients disagree whether the name or the type counts, so both must say the
 * same.  "message" is what a stream without names is called.
 */
static enum kt_rc
read_type(struct kt_stream_step *s, struct kt_span name)
{
	uint32_t type = kt_stream_member(s, s->root, "type");

	if (s->r->format == KT_FORMAT_OPENAI)
		type = 0;
	if (kt_span_eq(name, KT_SPAN("message")))
		name = (struct kt_span){ 0 };
	s->type = name;
	if (type == 0)
		return KT_OK;
	if (kt_json_type(s->json, type) != KT_JSON_STRING ||
	    kt_json_has_escapes(s->json, type))
		return kt_stream_refuse(s, "the type is not a plain string");
	if (name.len > 0 && !kt_json_is(s->json, s->text, type, name))
		return kt_stream_refuse(s, "name and type differ");
	s->type = kt_json_string(s->json, s->text, type);
	return KT_OK;
}

/* Events without an index: nothing, or the terminator of OpenAI. */
static enum kt_rc
read_bare(struct kt_stream_step *s)
{
	struct kt_stream_reader *r = s->r;

	if (s->text.len == 0) {
		s->out->kind = KT_STREAM_PING;
		return KT_OK;
	}
	if (r->format == KT_FORMAT_NONE)
		return KT_OK;
	if (!kt_span_eq(s->text, KT_SPAN("[DONE]")))
		return kt_stream_refuse(s, "the data is not JSON");
	/* Other formats end by themselves; a server may add it all the same. */
	if (r->format != KT_FORMAT_OPENAI && r->is_stopped) {
		s->out->kind = KT_STREAM_PING;
		return KT_OK;
	}
	if (r->format != KT_FORMAT_OPENAI || r->is_stopped || !r->is_started)
		return kt_stream_refuse(s, "the end comes out of turn");
	r->is_stopped = true;
	s->out->kind = KT_STREAM_STOP;
	s->out->ends_all = true;
	return KT_OK;
}

static enum kt_rc
read_step(struct kt_stream_step *s, struct kt_span name)
{
	if (s->json == NULL)
		return read_bare(s);
	s->root = kt_json_root(s->json);
	if (s->r->format == KT_FORMAT_NONE)
		return kt_stream_collect(s, NULL);
	if (kt_json_type(s->json, s->root) != KT_JSON_OBJECT)
		return kt_stream_refuse(s, "the data is not an object");
	if (read_type(s, name) < 0)
		return s->err->rc;
	if (s->r->format == KT_FORMAT_ANTHROPIC)
		return kt_stream_anthropic(s);
	return s->r->format == KT_FORMAT_OPENAI ? kt_stream_openai(s)
						: kt_stream_responses(s);
}

enum kt_rc
kt_stream_read(struct kt_stream_reader *r, struct kt_span name,
    struct kt_span data, const struct kt_json *json, struct kt_arena *mem,
    struct kt_stream_event *out, struct kt_err *err)
{
	struct kt_err unsaid = { 0 }; /* callers may not want to hear it */
	struct kt_stream_step s = {
		.r = r,
		.json = json,
		.text = data,
		.mem = mem,
		.out = out,
		.err = err != NULL ? err : &unsaid,
	};
	enum kt_rc rc;

	*out = (struct kt_stream_event){ 0 };
	if (r->is_broken)
		return kt_stream_refuse(&s, "follows one that was refused");
	rc = read_step(&s, name);
	if (rc < 0) {
		r->is_broken = true;
		*out = (struct kt_stream_event){ 0 };
	}
	return rc;
}
