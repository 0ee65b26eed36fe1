/*
 * inspect_show - the answer of kt inspect.  Findings are told as they were
 * found: in the order of the document, all of them, overlapping ones too.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"
#include "cmd/inspect.h"
#include "json/write.h"

#define UNDERLINED "\033[4m"
#define NOT_UNDERLINED "\033[24m"
#define POINTER_MAX 65536

static const char *const colors[] = {
	[KT_ACTION_BLOCK] = "\033[31m",
	[KT_ACTION_REDACT] = "\033[33m",
	[KT_ACTION_FLAG] = "\033[36m",
	[KT_ACTION_IGNORE] = "\033[32m",
};

static struct kt_span
class_word(const struct kt_sighting *s)
{
	return kt_span_of(kt_class_name(
	    s->detector ? s->detector->class : KT_CLASS_UNINSPECTABLE));
}

static const char *
detector_word(const struct kt_sighting *s)
{
	return s->detector ? s->detector->id : "uninspectable";
}

static const char *
entity_word(const struct kt_sighting *s)
{
	return s->detector ? s->detector->entity : "UNINSPECTABLE";
}

/* The pointer of the last finding, which the next one often shares. */
struct pointers {
	struct kt_buf text;
	uint32_t node;
};

static enum kt_rc
point(struct pointers *p, const struct kt_cmd_looked *in, uint32_t node)
{
	if (p->node == node)
		return KT_OK;
	p->node = node;
	kt_buf_reset(&p->text);
	return kt_json_pointer(in->json, in->text, node, &p->text);
}

static void
put_words(struct kt_json_writer *w, kt_class_set set)
{
	kt_json_begin_array(w);
	for (unsigned c = 1; c < KT_NCLASSES; c++)
		if (set & KT_CLASS_BIT(c))
			kt_json_put_cstr(w, kt_class_name((enum kt_class)c));
	kt_json_end_array(w);
}

/* The deciding one first. */
static void
put_reasons(struct kt_json_writer *w, const struct kt_looked *l)
{
	kt_json_begin_array(w);
	if (l->nreasons > 0)
		kt_json_put_cstr(w, kt_reason_code(l->reason));
	for (size_t i = 0; i < l->nreasons; i++)
		if (l->reasons[i] != l->reason)
			kt_json_put_cstr(w, kt_reason_code(l->reasons[i]));
	kt_json_end_array(w);
}

static void
put_confidence(struct kt_json_writer *w, unsigned pm)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u.%03u", pm / 1000, pm % 1000);

	while (n > 1 && text[n - 1] == '0')
		n--;
	n -= text[n - 1] == '.';
	kt_json_put_raw(w, (struct kt_span){ text, (size_t)n });
}

static void
put_finding(struct kt_json_writer *w, const struct kt_cmd_looked *in,
    const struct kt_sighting *s, struct pointers *p)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "detector", detector_word(s));
	kt_json_named_string(w, "class", class_word(s));
	kt_json_named_cstr(w, "entity", entity_word(s));
	kt_json_named_u64(w, "start", s->start);
	kt_json_named_u64(w, "end", s->end);
	kt_json_put_name(w, "confidence");
	put_confidence(w, s->confidence_pm);
	if (in->json != NULL) {
		kt_json_put_name(w, "component");
		kt_json_put_cstr(w, kt_component_name(s->component));
		kt_json_put_name(w, "pointer");
		if (point(p, in, s->node) < 0)
			w->rc = KT_E_LIMIT;
		kt_json_put_string(w, kt_buf_span(&p->text));
	}
	kt_json_end_object(w);
}

static void
put_components(struct kt_json_writer *w, const struct kt_looked *l)
{
	kt_json_named_object(w, "data_class_components");
	for (unsigned c = 0; c < KT_NCOMPONENTS; c++) {
		kt_json_named_cstr(w, kt_component_name((enum kt_component)c),
		    kt_class_name(kt_class_highest(l->by_component[c])));
	}
	kt_json_end_object(w);
}

enum kt_rc
kt_cmd_inspect_json(const struct kt_cmd_looked *in, struct kt_buf *out)
{
	const struct kt_looked *l = in->looked, none = { 0 };
	struct pointers p = { .node = 0 };
	struct kt_json_writer w;

	kt_buf_init(&p.text, POINTER_MAX);
	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_raw(&w, "id", in->id.len > 0 ? in->id : KT_SPAN("null"));
	kt_json_put_name(&w, "decision");
	kt_json_put_cstr(&w, l ? kt_decision_word(l->action) : "error");
	l = l ? l : &none;
	kt_json_put_name(&w, "data_class");
	kt_json_put_cstr(&w, kt_class_name(kt_class_highest(l->classes)));
	kt_json_put_name(&w, "data_classes");
	put_words(&w, l->classes);
	if (in->json != NULL)
		put_components(&w, l);
	kt_json_put_name(&w, "reason_codes");
	put_reasons(&w, l);
	kt_json_named_array(&w, "findings");
	for (size_t i = 0; i < l->nfound; i++)
		put_finding(&w, in, &l->found[i], &p);
	kt_json_end_array(&w);
	if (in->redacted != NULL) {
		kt_json_put_name(&w, "redacted");
		if (in->looked == NULL || l->action == KT_ACTION_BLOCK)
			kt_json_put_null(&w);
		else
			kt_json_put_string(&w, kt_buf_span(in->redacted));
	}
	kt_json_end_object(&w);
	kt_buf_fini(&p.text);
	if (kt_json_written(&w) < 0)
		return KT_E_LIMIT;
	return kt_buf_addc(out, '\n');
}

/* ---- for people ---- */

static enum kt_rc
add_word(struct kt_buf *out, const char *word)
{
	return kt_buf_add(out, kt_span_of(word));
}

/* Findings of a text begin in order, save those of what was decoded. */
static enum kt_rc
add_underlined(struct kt_buf *out, struct kt_span text,
    const struct kt_looked *l, bool is_colored)
{
	uint64_t at = 0;

	for (size_t i = 0; i < l->nfound; i++) {
		const struct kt_sighting *s = &l->found[i];
		uint64_t from = s->start > at ? s->start : at;

		if (s->end <= from)
			continue;
		if (kt_add_plain(out, kt_span_sub(text, at, from - at)) < 0 ||
		    add_word(out, is_colored ? colors[s->action] : "") < 0 ||
		    add_word(out, UNDERLINED) < 0 ||
		    kt_add_plain(out, kt_span_sub(text, from, s->end - from)) < 0 ||
		    add_word(out, NOT_UNDERLINED) < 0 ||
		    add_word(out, is_colored ? "\033[39m" : "") < 0)
			return KT_E_LIMIT;
		at = s->end;
	}
	if (kt_add_plain(out, kt_span_sub(text, at, text.len)) < 0)
		return KT_E_LIMIT;
	return kt_span_ends(text, KT_SPAN("\n")) ? KT_OK : kt_buf_addc(out, '\n');
}

static enum kt_rc
add_verdict(struct kt_buf *out, const struct kt_looked *l, bool is_colored)
{
	enum kt_rc rc;

	rc = kt_buf_printf(out, "%s%s%s", is_colored ? colors[l->action] : "",
	    kt_decision_word(l->action), is_colored ? "\033[39m" : "");
	if (rc == KT_OK && l->nreasons == 0)
		return add_word(out, ": nothing found\n");
	if (rc == KT_OK)
		rc = kt_buf_printf(out, ": %s, %s%s%s\n",
		    kt_reason_code(l->reason), kt_reason_meaning(l->reason),
		    l->policy ? "; decided by " : "",
		    l->policy ? l->policy->kind->config.name : "");
	return rc;
}

struct place {
	uint64_t at, line, column;
};

static void
go_to(struct place *p, struct kt_span text, uint64_t at)
{
	if (at < p->at)
		*p = (struct place){ 0, 1, 1 };
	for (; p->at < at; p->at++) {
		p->column++;
		if (text.ptr[p->at] == '\n')
			p->line++, p->column = 1;
	}
}

static enum kt_rc
add_finding(struct kt_buf *out, const struct kt_cmd_looked *in,
    const struct kt_sighting *s, struct place *place, struct pointers *p)
{
	if (in->json == NULL) {
		go_to(place, in->text, s->start);
		if (kt_buf_printf(out, "  %llu:%llu",
			(unsigned long long)place->line,
			(unsigned long long)place->column) < 0)
			return KT_E_LIMIT;
	} else if (point(p, in, s->node) < 0 || add_word(out, "  ") < 0 ||
	    kt_add_plain(out, kt_buf_span(&p->text)) < 0) {
		return KT_E_LIMIT;
	}
	return kt_buf_printf(out,
	    "  bytes %llu-%llu  %s (%.*s, %s, %u.%02u)  %s%s%s\n",
	    (unsigned long long)s->start, (unsigned long long)s->end,
	    entity_word(s), KT_SPAN_ARG(class_word(s)), detector_word(s),
	    s->confidence_pm / 1000u, s->confidence_pm % 1000u / 10,
	    kt_action_name(s->action), s->policy ? " by " : "",
	    s->policy ? s->policy->kind->config.name : "");
}

enum kt_rc
kt_cmd_inspect_text(const struct kt_cmd_looked *in, bool is_terminal,
    bool is_colored, struct kt_buf *out)
{
	struct pointers p = { .node = 0 };
	struct place place = { 0, 1, 1 };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&p.text, POINTER_MAX);
	if (in->looked == NULL)
		return add_word(out, "error\n");
	if (in->redacted != NULL && in->looked->action != KT_ACTION_BLOCK)
		rc = is_terminal ? kt_add_plain(out, kt_buf_span(in->redacted))
				 : kt_buf_add(out, kt_buf_span(in->redacted));
	else if (in->redacted == NULL && is_terminal && in->json == NULL)
		rc = add_underlined(out, in->text, in->looked, is_colored);
	if (rc == KT_OK && out->len > 0 && out->ptr[out->len - 1] != '\n')
		rc = kt_buf_addc(out, '\n');
	if (rc == KT_OK)
		rc = add_verdict(out, in->looked, is_colored);
	for (size_t i = 0; i < in->looked->nfound && rc == KT_OK; i++)
		rc = add_finding(out, in, &in->looked->found[i], &place, &p);
	kt_buf_fini(&p.text);
	return rc;
}
