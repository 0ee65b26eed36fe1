/*
 * filter - asked of the record, because that is what an auditor asks, too;
 * only who called stands there under another name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "replay/filter.h"

static const struct field {
	const char *word, *member, *of_each; /* of_each: of the list's entries */
} fields[] = {
	{ "principal", NULL, NULL },
	{ "group", NULL, NULL },
	{ "path", NULL, NULL },
	{ "model", "model_requested", NULL },
	{ "decision", "decision", NULL },
	{ "class", "data_classes", NULL },
	{ "reason", "reason_codes", NULL },
	{ "policy", "rules", "policy" },
	{ "rule", "rules", "rule" },
	{ "target", "attempts", "target" },
	{ "tool", "tool_invocations", "tool_name" },
};
enum { PRINCIPAL, GROUP, PATH };

static bool
find_field(struct kt_span word, unsigned *out)
{
	for (unsigned i = 0; i < KT_NELEMS(fields); i++) {
		if (!kt_span_eq(word, kt_span_of(fields[i].word)))
			continue;
		*out = i;
		return true;
	}
	return false;
}

bool
kt_replay_filter_add(struct kt_replay_filter *f, struct kt_span text)
{
	while (text.len > 0) {
		size_t n = kt_span_find(text, ' ');
		struct kt_span one = kt_span_sub(text, 0, n);
		size_t eq = kt_span_find(one, '=');

		text = kt_span_sub(text, n + 1, text.len);
		if (one.len == 0)
			continue;
		if (eq == one.len || f->n == KT_REPLAY_FILTER_WORDS ||
		    !find_field(kt_span_sub(one, 0, eq), &f->want[f->n].field))
			return false;
		f->want[f->n++].glob = kt_span_sub(one, eq + 1, one.len);
	}
	return true;
}

void
kt_replay_filter_names(char *out, size_t room)
{
	size_t at = 0;

	for (size_t i = 0; i < KT_NELEMS(fields) && at < room; i++) {
		int n = snprintf(out + at, room - at, "%s%s", i ? ", " : "",
		    fields[i].word);

		at += n > 0 ? (size_t)n : 0;
	}
}

static bool
has(const struct kt_json *j, struct kt_span text, uint32_t value,
    const char *of_each, struct kt_span glob)
{
	if (of_each != NULL)
		value = kt_json_member(j, text, value, kt_span_of(of_each));
	return kt_json_type(j, value) == KT_JSON_STRING &&
	    kt_span_glob(glob, kt_json_string(j, text, value));
}

static bool
fits_record(const struct kt_json *j, struct kt_span text,
    const struct field *f, struct kt_span glob)
{
	uint32_t v = kt_json_member(
	    j, text, kt_json_root(j), kt_span_of(f->member));

	if (kt_json_type(j, v) != KT_JSON_ARRAY)
		return has(j, text, v, NULL, glob);
	for (uint32_t i = kt_json_first(j, v); i != 0; i = kt_json_next(j, i)) {
		if (has(j, text, i, f->of_each, glob))
			return true;
	}
	return false;
}

enum kt_rc
kt_replay_filter_fits(const struct kt_replay_filter *f,
    const struct kt_session_call *c, bool *fits, struct kt_err *err)
{
	struct kt_json j;
	enum kt_rc rc = KT_OK;

	*fits = true;
	if (f->n == 0)
		return KT_OK;
	kt_json_init(&j, KT_SESSION_LINE_MAX);
	if (c->record.len > 0)
		rc = kt_json_parse(&j, c->record, err);
	for (size_t i = 0; i < f->n && rc == KT_OK && *fits; i++) {
		unsigned field = f->want[i].field;
		struct kt_span glob = f->want[i].glob;

		*fits = field == PRINCIPAL ? kt_span_glob(glob, c->caller.id) :
		    field == GROUP ? kt_span_glob(glob, c->caller.group) :
		    field == PATH  ? kt_span_glob(glob, c->path) :
		    fits_record(&j, c->record, &fields[field], glob);
	}
	kt_json_fini(&j);
	return rc;
}
