/*
 * translate - members move as the bytes they are.  A common model of a chat
 * between the two formats would have to know every field of both, and would
 * re-spell numbers and escapes that prompt caches and signatures depend on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

void
kt_tr_init(struct kt_tr *t, const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_json_writer *w, struct kt_translation *report,
    struct kt_err *err)
{
	*t = (struct kt_tr){
		.json = json,
		.text = text,
		.o = o,
		.mem = mem,
		.w = w,
		.report = report,
		.err = err,
	};
}

/* The first failure of the translation or its writer. */
static enum kt_rc
end(struct kt_tr *t)
{
	if (t->rc == KT_OK && (t->rc = kt_json_written(t->w)) < 0)
		return kt_fail(t->err, t->rc, "translation: cannot be written");
	return t->rc;
}

/* The model that will answer, as plain text. */
static void
know_model(struct kt_tr *t)
{
	struct kt_span name = t->o->model;

	if (name.len == 0 &&
	    kt_json_unescape(kt_tr_string(t,
				 kt_tr_get(t, kt_json_root(t->json), "model")),
		t->mem, &name, NULL) < 0)
		kt_tr_full(t);
	t->model = kt_tr_model(name);
}

typedef void whole_fn(struct kt_tr *t);

static enum kt_rc
run(struct kt_tr *t, whole_fn *write)
{
	struct kt_buf *out = t->w->out;
	size_t before = out->len;

	if (!kt_tr_has_type(t, kt_json_root(t->json), KT_JSON_OBJECT))
		kt_tr_refuse(t, "body: must be a JSON object");
	else
		write(t);
	if (end(t) < 0)
		out->len = before;
	return t->rc;
}

static whole_fn *
choose(enum kt_format from, enum kt_format to, whole_fn *to_anthropic,
    whole_fn *to_openai)
{
	if (from == KT_FORMAT_OPENAI && to == KT_FORMAT_ANTHROPIC)
		return to_anthropic;
	if (from == KT_FORMAT_ANTHROPIC && to == KT_FORMAT_OPENAI)
		return to_openai;
	return NULL;
}

static enum kt_rc
untranslatable(enum kt_format from, enum kt_format to, struct kt_err *err)
{
	if (from == KT_FORMAT_RESPONSES || to == KT_FORMAT_RESPONSES)
		return kt_fail(err, KT_E_PARSE,
		    "translation of responses is not supported");
	return kt_fail(err, KT_E_PARSE, "translation from %s to %s: is none",
	    kt_format_name(from), kt_format_name(to));
}

enum kt_rc
kt_translate_request(enum kt_format from, enum kt_format to,
    const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err)
{
	whole_fn *write = choose(from, to, kt_tr_request_to_anthropic,
	    kt_tr_request_to_openai);
	struct kt_json_writer w;
	struct kt_tr t;

	if (from == to)
		return kt_buf_add(out, text);
	if (write == NULL)
		return untranslatable(from, to, err);
	kt_json_writer_init(&w, out);
	kt_tr_init(&t, json, text, o, mem, &w, report, err);
	t.is_strict = report->is_strict;
	know_model(&t);
	return run(&t, write);
}

enum kt_rc
kt_translate_answer(enum kt_format from, enum kt_format to,
    const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err)
{
	whole_fn *write = choose(
	    from, to, kt_tr_answer_to_anthropic, kt_tr_answer_to_openai);
	struct kt_json_writer w;
	struct kt_tr t;

	if (from == to)
		return kt_buf_add(out, text);
	if (write == NULL)
		return untranslatable(from, to, err);
	kt_json_writer_init(&w, out);
	kt_tr_init(&t, json, text, o, mem, &w, report, err);
	return run(&t, write);
}
