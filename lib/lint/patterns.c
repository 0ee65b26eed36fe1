/*
 * patterns - expressions, terms and detectors, and what they do.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whether two expressions overlap is not decided; whether one does what its
 * author wrote beside it (examples) is tried.
 */
#include "detect/check.h"
#include "lint/lint_priv.h"
#include "policy/detector_file.h"

#define TERM_MIN 3
#define EXAMPLES_MIN 3
#define CONFIDENCE_MIN 500

/* One written pattern, wherever it stands. */
struct pattern {
	const struct kt_config_node *node;
	struct kt_span entity, action;
	bool is_in_force;
};

/* The place of a byte of a scalar, where the text stands as it is. */
static struct kt_report_place
byte_place(struct kt_lint *l, const struct kt_config_node *node, size_t byte)
{
	struct kt_report_place at = kt_lint_place(l, node);
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span text = kt_span_sub(o->sources[at.file].bytes,
	    kt_report_offset(l->r, &at, false), node->text.len + 1);
	size_t skip = node->is_plain ? 0 : 1;

	if (byte == node->text.len && byte > 0)
		byte--; /* what is missing is missed at the end */
	if (node->end_line != node->at.line || byte >= node->text.len ||
	    memchr(node->text.ptr, '\'', node->text.len) != NULL ||
	    kt_utf8_check(node->text) != node->text.len ||
	    !kt_span_eq(kt_span_sub(text, skip, node->text.len), node->text))
		return at;
	at.column += (uint32_t)(skip + byte);
	at.end_column = at.column + 1;
	return at;
}

/* 310: a dot between a host's letters and a name that ends hosts. */
static size_t
loose_dot(struct kt_span s)
{
	static const char *const ends[] = { "com", "org", "net", "io", "dev",
		"internal", "local", "eu", "de", "gov", "edu", "ai", "co" };
	size_t in_class = 0;

	for (size_t i = 1; i + 2 < s.len; i++) {
		char before = s.ptr[i - 1];
		struct kt_span rest = kt_span_sub(s, i + 1, SIZE_MAX);

		in_class += s.ptr[i] == '[';
		if (in_class > 0 || s.ptr[i] != '.' || before == '\\' ||
		    !((before >= 'a' && before <= 'z') ||
		    (before >= '0' && before <= '9')))
			continue;
		for (size_t n = 0; n < KT_NELEMS(ends); n++) {
			size_t len = strlen(ends[n]);

			if (kt_span_starts(rest, kt_span_of(ends[n])) &&
			    (rest.len == len || !((rest.ptr[len] >= 'a' &&
			    rest.ptr[len] <= 'z') || rest.ptr[len] == '-')))
				return i;
		}
	}
	return SIZE_MAX;
}

static void
check_dots(struct kt_lint *l, const struct kt_config_node *node)
{
	size_t at = loose_dot(node->text);
	struct kt_report_place place;
	struct kt_report_finding *f;

	if (at == SIZE_MAX)
		return;
	place = byte_place(l, node, at);
	f = kt_lint_at(l, KT_LINT_310, place,
	    "'.' fits any character here, and a name was meant");
	if (f == NULL || place.column == node->at.column)
		return;
	f->fix = KT_REPORT_FIX_UNSAFE;
	kt_report_edit(l->r, f, place, KT_SPAN("\\."));
}

/* 111, 601, 603, 604, 606, 607, 310 */
static void
check_expression(struct kt_lint *l, const struct pattern *p)
{
	const struct kt_config_node *node = p->node;
	struct kt_detector d = { .id = "pattern", .group = "user",
		.entity = "X", .pattern = node->text.ptr };
	struct kt_report_finding *f = NULL;
	struct kt_detect_facts facts;
	struct kt_err err = { 0 };
	enum kt_rc rc;

	if (node->type != KT_CONFIG_NODE_SCALAR || node->text.len == 0)
		return;
	rc = kt_detect_check(&d, &facts, &err);
	if (facts.min_width == 0) {
		f = kt_lint_tell(l, KT_LINT_607, node,
		    "the pattern fits the empty text");
	} else if (rc == KT_E_LIMIT) {
		f = kt_lint_tell(l, KT_LINT_603, node, "the pattern %s",
		    err.text);
	} else if (rc < 0) {
		const char *why = strstr(err.text, "pattern: ");

		f = kt_lint_at(l, KT_LINT_111, facts.error_at != SIZE_MAX ?
		    byte_place(l, node, facts.error_at) : kt_lint_place(l, node),
		    "%s", why != NULL ? why + 9 : err.text);
	}
	if (p->is_in_force)
		kt_lint_refuse(f);
	if (rc < 0 && rc != KT_E_LIMIT && facts.min_width != 0)
		return;
	if (facts.is_nested)
		(void)kt_lint_tell(l, KT_LINT_601, node,
		    "a repetition is repeated as a whole");
	if (facts.is_words)
		(void)kt_lint_tell(l, KT_LINT_606, node,
		    "these are plain words");
	else if (rc == KT_OK && !facts.begins_literal)
		(void)kt_lint_tell(l, KT_LINT_604, node,
		    "any word may be the start of a match");
	check_dots(l, node);
}

static const char *const lists[] = { "detect_patterns", "attack_patterns",
	"custom_patterns" };

/* 306, 702: the same expression twice. */
static void
check_twins(struct kt_lint *l, const struct pattern *all, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			struct kt_report_finding *f = NULL;

			if (!kt_span_eq(all[i].node->text, all[k].node->text))
				continue;
			if (all[i].action.len > 0 && all[k].action.len > 0 &&
			    !kt_span_eq(all[i].action, all[k].action))
				f = kt_lint_tell(l, KT_LINT_306, all[i].node,
				    "the same pattern: '%.20s' here, '%.20s' above",
				    all[i].action.ptr, all[k].action.ptr);
			else if (!kt_span_eq(all[i].entity, all[k].entity))
				f = kt_lint_tell(l, KT_LINT_702, all[i].node,
				    "the same pattern under another entity");
			if (f != NULL)
				kt_report_note(l->r, f, kt_lint_place(l,
				    all[k].node), "the first one");
			break;
		}
	}
}

static struct kt_span
text_of(const struct kt_config_node *map, const char *key)
{
	const struct kt_config_node *n = kt_config_get(map, kt_span_of(key));

	return n != NULL && n->type == KT_CONFIG_NODE_SCALAR ? n->text :
	    KT_SPAN("");
}

static size_t
gather(struct kt_lint *l, struct pattern *all, size_t room)
{
	struct kt_lint_kind k;
	size_t n = 0;

	for (size_t i = 0; i < l->s->policy.n; i++) {
		if (!kt_lint_kind_named(l, l->s->policy.at[i].kind->name, &k))
			continue;
		for (size_t t = 0; t < KT_NELEMS(lists); t++) {
			const struct kt_config_node *list = kt_lint_node(&k,
			    lists[t]);

			for (const struct kt_config_node *c = list ? list->first :
			     NULL; c != NULL && n < room; c = c->next) {
				all[n].node = kt_config_get(c, KT_SPAN("pattern"));
				all[n].entity = text_of(c, "entity");
				all[n].action = text_of(c, "action");
				all[n].is_in_force = k.is_in_chain &&
				    k.common->enabled;
				if (all[n].entity.len == 0)
					all[n].entity = text_of(c, "name");
				if (all[n].node != NULL &&
				    all[n].node->type == KT_CONFIG_NODE_SCALAR)
					n++;
			}
		}
	}
	return n;
}

/* 608 */
static void
check_terms(struct kt_lint *l)
{
	const struct kt_config_node *node;
	struct kt_lint_kind k;

	if (!kt_lint_kind_named(l, "dlp-filter", &k))
		return;
	node = kt_lint_element(kt_lint_strings(&k, "blocked_terms")->node, 0);
	for (; node != NULL; node = node->next) {
		if (node->type == KT_CONFIG_NODE_SCALAR &&
		    node->text.len > 0 && node->text.len < TERM_MIN)
			(void)kt_lint_tell(l, KT_LINT_608, node,
			    "'%.10s' is found in almost every text",
			    node->text.ptr);
	}
}

void
kt_lint_check_patterns(struct kt_lint *l)
{
	struct pattern *all = kt_arena_array(l->mem, KT_DETECTORS_MAX,
	    sizeof(*all));
	size_t n = all != NULL ? gather(l, all, KT_DETECTORS_MAX) : 0;

	for (size_t i = 0; i < n; i++)
		check_expression(l, &all[i]);
	check_twins(l, all, n);
	check_terms(l);
}

/* 313: texts that prompt-decorator adds, seen by the chain's detectors. */

static bool
is_found(const struct kt_chain *c, struct kt_span text,
    enum kt_component where, char name[static 64])
{
	struct kt_detect_scratch *s = NULL;
	struct kt_findings found = { 0 };
	struct kt_opinion o[1];
	struct kt_err err;
	size_t deciding;
	bool is_any = false;

	if (c->detect == NULL || kt_detect_scratch_new(&s, c->detect, &err) < 0)
		return false;
	if (kt_detect_scan(c->detect, s, text, &c->heard[where], &found) < 0)
		found.n = 0;
	for (size_t i = 0; i < found.n && !is_any; i++) {
		is_any = kt_chain_judge(c, &found.v[i], where, o, KT_NELEMS(o),
		    &deciding) > 0;
		if (is_any)
			(void)snprintf(name, 64, "%s", kt_detect_def(
			    c->detect, found.v[i].detector)->entity);
	}
	kt_detect_scratch_free(&s);
	return is_any;
}

void
kt_lint_check_own_words(struct kt_lint *l)
{
	static const char *const fields[] = { "prepend", "append" };
	const struct kt_chain *c;
	struct kt_lint_kind k;
	char name[64];

	if (!l->o->is_on[KT_LINT_313] ||
	    !kt_lint_kind_named(l, "prompt-decorator", &k) || !k.is_in_chain ||
	    (c = kt_lint_chain(l)) == NULL)
		return;
	for (size_t i = 0; i < KT_NELEMS(fields); i++) {
		const struct kt_config_node *list = kt_lint_node(&k, fields[i]);
		const struct kt_config_node *node = kt_lint_element(list, 0);
		enum kt_component where = strcmp(kt_lint_word(&k, "target"),
		    "system") == 0 ? KT_COMPONENT_SYSTEM : KT_COMPONENT_MESSAGES;

		for (; node != NULL; node = node->next) {
			if (is_found(c, node->text, where, name))
				(void)kt_lint_tell(l, KT_LINT_313, node,
				    "this text is found as %s", name);
			if (list->type != KT_CONFIG_NODE_LIST)
				break;
		}
	}
}

static const struct kt_config_node *
link_of(const struct kt_lint *l, const struct kt_policy *p)
{
	const struct kt_config_policies *from = &l->s->policies;

	for (size_t i = 0; i < from->links_n; i++) {
		if (from->links[i].settings == p->common)
			return from->links[i].node;
	}
	return from->node;
}

/* 609: how the detectors of each policy act on a streamed answer. */
void
kt_lint_check_streams(struct kt_lint *l)
{
	const struct kt_chain *c;

	if (!l->o->is_on[KT_LINT_609] || (c = kt_lint_chain(l)) == NULL ||
	    c->detect == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		const struct kt_policy *p = &c->policies[i];
		size_t by_mode[3] = { 0 };

		if (p->listens.bits == NULL)
			continue;
		for (size_t d = 0; d < kt_detect_count(c->detect); d++) {
			if (kt_detect_set_has(&p->listens, d) &&
			    kt_detect_set_has(&c->enforced[KT_COMPONENT_COMPLETION],
			    d))
				by_mode[kt_detect_def(c->detect, d)->when]++;
		}
		if (by_mode[0] + by_mode[1] + by_mode[2] == 0)
			continue;
		(void)kt_lint_tell(l, KT_LINT_609, link_of(l, p),
		    "'%s' enforces in answers: %zu detectors by span, %zu by "
		    "block, %zu late", p->kind->config.name, by_mode[0],
		    by_mode[1], by_mode[2]);
	}
}

/* Files of detectors. */

struct probe {
	struct kt_detect *db;
	struct kt_detect_scratch *scratch;
};

static bool
finds(struct probe *p, struct kt_span text)
{
	struct kt_findings found = { 0 };

	return kt_detect_scan(p->db, p->scratch, text, NULL, &found) == KT_OK &&
	    found.n > 0;
}

/* 704, 706 */
static void
check_examples(struct kt_lint *l, const struct kt_config_node *map,
    struct probe *p)
{
	static const char *const keys[] = { "examples", "counter_examples" };

	for (size_t i = 0; i < KT_NELEMS(keys); i++) {
		const struct kt_config_node *list = kt_config_get(map,
		    kt_span_of(keys[i]));
		bool is_example = i == 0;

		if (list == NULL || list->n < EXAMPLES_MIN)
			(void)kt_lint_tell(l, KT_LINT_706, kt_config_get(map,
			    KT_SPAN("id")), "fewer than %d %s", EXAMPLES_MIN,
			    keys[i]);
		for (const struct kt_config_node *c = list ? list->first : NULL;
		     c != NULL; c = c->next) {
			if (c->type == KT_CONFIG_NODE_SCALAR &&
			    finds(p, c->text) != is_example)
				(void)kt_lint_tell(l, KT_LINT_704, c, is_example ?
				    "the detector does not find its example" :
				    "the detector finds its counter-example");
		}
	}
}

static void
check_definition(struct kt_lint *l, const struct kt_config_node *map,
    const struct kt_detector *d)
{
	const struct kt_config_node *pattern = kt_config_get(map,
	    KT_SPAN("pattern")), *node;
	struct probe p = { 0 };
	struct kt_err err = { 0 };
	const char *why;

	if (pattern == NULL)
		return;
	node = kt_config_get(map, KT_SPAN("confidence"));
	if (d->confidence_pm < CONFIDENCE_MIN)
		(void)kt_lint_tell(l, KT_LINT_705, node != NULL ? node :
		    kt_config_get(map, KT_SPAN("id")),
		    "confidence %u is below every threshold",
		    (unsigned)d->confidence_pm);
	node = kt_config_get(map, KT_SPAN("stream"));
	/* Attacks are looked for in what is sent, where nothing streams. */
	if (d->when == KT_DETECT_LATE && d->class != KT_CLASS_PROMPT_INJECTION)
		(void)kt_lint_tell(l, KT_LINT_707, node != NULL ? node :
		    kt_config_get(map, KT_SPAN("id")),
		    "a late detector keeps nothing from leaving");
	if (kt_detect_new(&p.db, d, 1, &err) == KT_OK &&
	    kt_detect_scratch_new(&p.scratch, p.db, &err) == KT_OK) {
		check_examples(l, map, &p);
		check_dots(l, pattern);
	} else {
		why = strstr(err.text, ": ");
		kt_lint_refuse(kt_lint_tell(l, err.rc == KT_E_LIMIT ?
		    KT_LINT_603 : KT_LINT_111, pattern, "%s",
		    why != NULL ? why + 2 : err.text));
	}
	kt_detect_scratch_free(&p.scratch);
	kt_detect_free(&p.db);
}

/* Weights of a model are a file of their own, which is not read here. */
static bool
is_about_weights(const struct kt_config_node *list,
    const struct kt_config_diag *d)
{
	for (const struct kt_config_node *c = list ? list->first : NULL; c;
	     c = c->next) {
		const struct kt_config_node *model = kt_config_get(c,
		    KT_SPAN("model"));

		if (model != NULL && kt_span_ends(model->text,
		    KT_SPAN(".weights")) && (d->at.line == model->at.line ||
		    (d->code == KT_CONFIG_MISSING &&
		    d->at.line == c->at.line)))
			return true;
	}
	return false;
}

void
kt_lint_check_detectors(struct kt_lint *l, size_t file)
{
	const struct kt_detector *all = NULL;
	const struct kt_config_node *root, *list;
	size_t n = 0, told, rest;

	/* Mistakes are in the diags, and a full arena is told by the run. */
	if (kt_policy_detectors_load(l->d->files + file, 1, l->mem, l->d, &all,
	    &n) == KT_E_LIMIT)
		return;
	told = l->d->n;
	rest = l->d->dropped;
	root = kt_config_parse((uint16_t)file, l->mem, l->d);
	l->d->n = told;
	list = kt_config_get(root, KT_SPAN("detectors"));
	for (size_t i = 0; i < told; i++) {
		if (!is_about_weights(list, &l->d->at[i]))
			kt_lint_tell_diag(l, &l->d->at[i]);
	}
	kt_lint_tell_rest(l, rest);
	l->d->n = l->d->dropped = l->d->hidden_n = 0;
	for (const struct kt_config_node *c = list ? list->first : NULL; c;
	     c = c->next) {
		struct kt_span id = text_of(c, "id");
		size_t i = 0;

		while (i < n && !kt_span_eq(id, kt_span_of(all[i].id)))
			i++;
		if (i < n)
			check_definition(l, c, &all[i]);
	}
}
