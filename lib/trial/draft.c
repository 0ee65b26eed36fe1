/*
 * draft - JSON becomes YAML value by value, so that a person can take out
 * what a case does not need.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"
#include "trial/draft.h"
#include "trial/trial_priv.h"

#define JSON_MAX (32u << 20)

struct draft {
	struct kt_config_emit *e;
	struct kt_json j;
	struct kt_span text;
	struct kt_buf key, value; /* unescaped, for a moment */
	bool has_failed;
};

static const char *
key_of(struct draft *d, uint32_t value)
{
	uint32_t name = kt_json_name_of(&d->j, value);

	if (name == 0)
		return NULL;
	kt_buf_reset(&d->key);
	if (kt_json_unescape_add(
	        &d->key, kt_json_string(&d->j, d->text, name)) < 0 ||
	    kt_buf_addc(&d->key, '\0') < 0) {
		d->has_failed = true;
		return "";
	}
	return d->key.ptr;
}

static void
put_scalar(struct draft *d, const char *key, uint32_t n)
{
	bool is_text = kt_json_type(&d->j, n) == KT_JSON_STRING;

	kt_buf_reset(&d->value);
	if (is_text) {
		d->has_failed |= kt_json_unescape_add(
		    &d->value, kt_json_string(&d->j, d->text, n)) < 0;
		kt_config_emit_text(d->e, key, kt_buf_span(&d->value));
		return;
	}
	d->has_failed |= kt_buf_add(
	    &d->value, kt_json_raw(&d->j, d->text, n)) < 0 ||
	    kt_buf_addc(&d->value, '\0') < 0;
	if (!d->has_failed)
		kt_config_emit_bare(d->e, key, d->value.ptr);
}

static void
put_node(struct draft *d, const char *key, uint32_t n)
{
	bool is_map = kt_json_type(&d->j, n) == KT_JSON_OBJECT;

	if (!is_map && kt_json_type(&d->j, n) != KT_JSON_ARRAY) {
		put_scalar(d, key, n);
		return;
	}
	if (is_map)
		kt_config_emit_map(d->e, key);
	else
		kt_config_emit_list(d->e, key);
	if (d->e->has_failed)
		return; /* too deep: it ends here */
	/* Names of members are values of their own. */
	for (uint32_t c = kt_json_first(&d->j, n); c != 0;
	     c = kt_json_next(&d->j, c)) {
		if (kt_json_type(&d->j, c) != KT_JSON_NAME)
			put_node(d, key_of(d, c), c);
	}
	kt_config_emit_end(d->e);
}

/* A JSON object, or {}. */
static void
put_object(struct draft *d, const char *key, struct kt_span json)
{
	struct kt_err err;

	d->text = json;
	if (json.len > 0 && kt_json_parse(&d->j, json, &err) == KT_OK &&
	    kt_json_type(&d->j, kt_json_root(&d->j)) == KT_JSON_OBJECT) {
		put_node(d, key, kt_json_root(&d->j));
		return;
	}
	kt_config_emit_map(d->e, key);
	kt_config_emit_end(d->e);
}

static void
put_text(struct kt_config_emit *e, const char *key, struct kt_span s)
{
	if (s.len > 0)
		kt_config_emit_text(e, key, s);
}

static void
put_calls(struct draft *d, const struct kt_trial_draft *from)
{
	char name[256];

	if (from->ncalls == 0)
		return;
	kt_config_emit_map(d->e, "tool_use");
	for (size_t i = 0; i < from->ncalls; i++) {
		bool is_new = from->calls[i].name.len < sizeof(name);

		for (size_t k = 0; k < i; k++)
			is_new &= !kt_span_eq(
			    from->calls[k].name, from->calls[i].name);
		if (!is_new)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s",
		    KT_SPAN_ARG(from->calls[i].name));
		put_object(d, name, from->calls[i].input);
	}
	kt_config_emit_end(d->e);
}

static enum kt_rc
put_expect(struct kt_config_emit *e, const struct kt_trial_draft *from)
{
	struct kt_trial_result r = { .status = from->status };
	enum kt_rc rc;

	kt_buf_init(&r.record, JSON_MAX);
	rc = kt_buf_add(&r.record, from->record);
	if (rc == KT_OK)
		rc = kt_trial_read_record(&r);
	kt_buf_fini(&r.record);
	if (rc < 0)
		return rc;
	kt_config_emit_map(e, "expect");
	put_text(e, "decision", kt_span_of(r.decision));
	put_text(e, "policy", kt_span_of(r.policy));
	put_text(e, "rule", kt_span_of(r.rule));
	if (r.status != 0)
		kt_config_emit_int(e, "status", r.status);
	put_text(e, "reason_code", kt_span_of(r.reason_code));
	kt_config_emit_end(e);
	return KT_OK;
}

static void
put_request(struct draft *d, const struct kt_trial_draft *from)
{
	kt_config_emit_map(d->e, "request");
	if (from->api == KT_TRIAL_COMPLETIONS)
		kt_config_emit_text(d->e, "api", KT_SPAN("completions"));
	if (from->is_stream)
		kt_config_emit_bare(d->e, "stream", "true");
	put_node(d, "body", kt_json_root(&d->j));
	kt_config_emit_end(d->e);
}

static enum kt_rc
put_case(struct draft *d, const struct kt_trial_draft *from)
{
	struct kt_config_emit *e = d->e;
	enum kt_rc rc;

	kt_config_emit_map(e, NULL);
	kt_config_emit_text(e, "name", from->name);
	kt_config_emit_map(e, "given");
	put_text(e, "now", from->now);
	kt_config_emit_text(e, "principal", from->principal);
	put_text(e, "group", from->group);
	kt_config_emit_end(e);
	put_request(d, from);
	put_text(e, "answer", from->answer);
	put_calls(d, from);
	rc = put_expect(e, from);
	kt_config_emit_end(e);
	return rc < 0 ? rc : d->has_failed || e->has_failed ? KT_E_LIMIT : KT_OK;
}

enum kt_rc
kt_trial_draft_add(struct kt_config_emit *e, const struct kt_trial_draft *from,
    struct kt_err *err)
{
	struct draft d = { .e = e, .text = from->body };
	enum kt_rc rc;

	kt_json_init(&d.j, JSON_MAX);
	kt_buf_init(&d.key, JSON_MAX);
	kt_buf_init(&d.value, JSON_MAX);
	rc = kt_json_parse(&d.j, from->body, err);
	if (rc == KT_OK &&
	    kt_json_type(&d.j, kt_json_root(&d.j)) != KT_JSON_OBJECT)
		rc = kt_fail(err, KT_E_PARSE, "no JSON object");
	if (rc == KT_OK && put_case(&d, from) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "too large or too deep");
	kt_buf_fini(&d.value);
	kt_buf_fini(&d.key);
	kt_json_fini(&d.j);
	return rc;
}

void
kt_trial_draft_begin(struct kt_config_emit *e, struct kt_buf *out)
{
	*e = (struct kt_config_emit){ .out = out, .style = KT_CONFIG_YAML };
	kt_config_emit_map(e, NULL);
	kt_config_emit_list(e, "cases");
}

enum kt_rc
kt_trial_draft_end(struct kt_config_emit *e)
{
	kt_config_emit_end(e);
	kt_config_emit_end(e);
	return kt_config_emit_done(e);
}
