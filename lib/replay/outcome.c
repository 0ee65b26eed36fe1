/*
 * outcome - read from the record, as an auditor would: what a record does not
 * tell is no change.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "json/json.h"
#include "replay/replay.h"

#define WORDS_MAX 64
#define WORD_MAX 160

struct view {
	struct kt_json json;
	struct kt_span text;
};
struct words {
	char at[WORDS_MAX][WORD_MAX];
	size_t n;
};

static uint32_t
find(const struct view *v, uint32_t object, const char *name)
{
	return kt_json_member(&v->json, v->text, object, kt_span_of(name));
}

static struct kt_span
text(const struct view *v, uint32_t object, const char *name)
{
	return kt_json_string(&v->json, v->text, find(v, object, name));
}

static void
copy(char *to, size_t room, struct kt_span s)
{
	(void)snprintf(to, room, "%.*s", KT_SPAN_ARG(s));
}

static int
in_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Those without repeats, or what they hash to. */
static void
join(struct words *w, char out[static KT_OUTCOME_LIST])
{
	uint64_t h = KT_HASH_BEGIN;
	size_t at = 0;

	out[0] = '\0';
	qsort(w->at, w->n, WORD_MAX, in_order);
	for (size_t i = 0; i < w->n; i++) {
		const char *word = w->at[i];
		int n;

		if (i > 0 && strcmp(word, w->at[i - 1]) == 0)
			continue;
		h = kt_hash(h, (struct kt_span){ word, strlen(word) + 1 });
		if (at >= KT_OUTCOME_LIST)
			continue;
		n = snprintf(out + at, KT_OUTCOME_LIST - at, "%s%s",
		    at > 0 ? " " : "", word);
		at += n > 0 ? (size_t)n : 0;
	}
	if (at >= KT_OUTCOME_LIST)
		(void)snprintf(out, KT_OUTCOME_LIST, "%016llx",
		    (unsigned long long)h);
	w->n = 0;
}

static void
add(struct words *w, struct kt_span a, struct kt_span b, struct kt_span c)
{
	char *to;

	if (w->n == WORDS_MAX)
		return;
	to = w->at[w->n++];
	(void)snprintf(to, WORD_MAX, "%.*s%s%.*s%s%.*s", KT_SPAN_ARG(a),
	    b.len > 0 ? "/" : "", KT_SPAN_ARG(b), c.len > 0 ? ":" : "",
	    KT_SPAN_ARG(c));
	for (; *to != '\0'; to++) {
		if (*to == ' ')
			*to = '_';
	}
}

static void
add_list(const struct view *v, uint32_t list, struct words *w)
{
	for (uint32_t n = kt_json_first(&v->json, list); n != 0;
	     n = kt_json_next(&v->json, n))
		add(w, kt_json_string(&v->json, v->text, n),
		    (struct kt_span){ 0 }, (struct kt_span){ 0 });
}

static void
read_rules(const struct view *v, uint32_t root, struct kt_outcome *o,
    struct words *w)
{
	uint32_t list = find(v, root, "rules");

	for (uint32_t n = kt_json_first(&v->json, list); n != 0;
	     n = kt_json_next(&v->json, n)) {
		bool is_deciding = false;

		add(w, text(v, n, "policy"), text(v, n, "rule"),
		    text(v, n, "action"));
		(void)kt_json_bool(&v->json, find(v, n, "deciding"),
		    &is_deciding); /* absent: it is not */
		if (!is_deciding || o->policy[0] != '\0')
			continue;
		copy(o->policy, sizeof(o->policy), text(v, n, "policy"));
		copy(o->rule, sizeof(o->rule), text(v, n, "rule"));
	}
	join(w, o->rules);
}

static void
read_detections(const struct view *v, uint32_t root, bool is_redaction,
    struct words *w, char out[static KT_OUTCOME_LIST])
{
	uint32_t list = find(v, root, "detections");

	for (uint32_t n = kt_json_first(&v->json, list); n != 0;
	     n = kt_json_next(&v->json, n)) {
		struct kt_span action = text(v, n, "action");

		if (kt_span_eq(action, KT_SPAN("redact")) == is_redaction)
			add(w, text(v, n, "detector"), text(v, n, "component"),
			    is_redaction ? (struct kt_span){ 0 } : action);
	}
	join(w, out);
}

static uint64_t
length(const struct view *v, uint32_t list)
{
	uint64_t n = 0;

	for (uint32_t i = kt_json_first(&v->json, list); i != 0;
	     i = kt_json_next(&v->json, i))
		n++;
	return n;
}

static void
read_record(const struct view *v, uint32_t root, struct kt_outcome *o,
    struct words *w)
{
	uint32_t translation = find(v, root, "translation");
	uint64_t status = 0;

	copy(o->decision, sizeof(o->decision), text(v, root, "decision"));
	copy(o->outcome, sizeof(o->outcome), text(v, root, "outcome"));
	copy(o->data_class, sizeof(o->data_class), text(v, root, "data_class"));
	copy(o->target, sizeof(o->target),
	    text(v, find(v, root, "destination"), "target"));
	(void)kt_json_u64(&v->json, v->text, find(v, root, "http_status"),
	    &status); /* a reject has one of another name */
	if (status == 0)
		(void)kt_json_u64(
		    &v->json, v->text, find(v, root, "status"), &status);
	o->status = (unsigned)status;
	o->attempts = length(v, find(v, root, "attempts"));
	o->is_cut = strcmp(o->outcome, "cut-by-policy") == 0;
	read_rules(v, root, o, w);
	read_detections(v, root, true, w, o->redactions);
	read_detections(v, root, false, w, o->flags);
	add_list(v, find(v, root, "reason_codes"), w);
	if (text(v, root, "reason_code").len > 0)
		add(w, text(v, root, "reason_code"), (struct kt_span){ 0 },
		    (struct kt_span){ 0 });
	join(w, o->reasons);
	add_list(v, find(v, translation, "dropped"), w);
	add_list(v, find(v, translation, "approximated"), w);
	join(w, o->translation);
}

enum kt_rc
kt_outcome_read(
    struct kt_outcome *o, struct kt_span record, struct kt_err *err)
{
	struct view v = { .text = record };
	struct words *w;
	enum kt_rc rc;

	*o = (struct kt_outcome){ .is_recorded = record.len > 0 };
	if (record.len == 0)
		return KT_OK;
	w = kt_alloc(sizeof(*w));
	if (w == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	kt_json_init(&v.json, KT_SESSION_LINE_MAX);
	rc = kt_json_parse(&v.json, record, err);
	if (rc == KT_OK)
		read_record(&v, kt_json_root(&v.json), o, w);
	kt_json_fini(&v.json);
	kt_free(w);
	return rc;
}
