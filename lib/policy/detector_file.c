/*
 * detector_file - reads the keys one by one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Not through the settings tables: those describe one struct filled once,
 * with defaults known when kt was built, while a detector takes its defaults
 * from the file it stands in.
 */
#include "policy/detector_file.h"

struct load {
	struct kt_config_diags *d;
	const struct kt_config_source *files;
	size_t nfiles;
	struct kt_arena *mem;
	struct kt_detector *v;
	size_t n, cap;
	bool is_full;
};

static const char *const when_names[] = { [KT_DETECT_SPAN] = "span",
	[KT_DETECT_BLOCK] = "block", [KT_DETECT_LATE] = "late" };

static bool
want(struct load *l, const struct kt_config_node *n,
    enum kt_config_node_type type, const char *what)
{
	if (n->type == type)
		return true;
	kt_config_diag(l->d, KT_CONFIG_WRONG_TYPE, n->at, "%.*s: %s wanted",
	    KT_SPAN_ARG(n->key), what);
	return false;
}

static const char *
text_of(struct load *l, const struct kt_config_node *n)
{
	struct kt_span copy;

	if (!want(l, n, KT_CONFIG_NODE_SCALAR, "text"))
		return NULL;
	if (memchr(n->text.ptr, '\0', n->text.len) != NULL) {
		kt_config_diag(l->d, KT_CONFIG_TEXT, n->at,
		    "%.*s: a NUL cannot stand here", KT_SPAN_ARG(n->key));
		return NULL;
	}
	copy = kt_arena_dup(l->mem, n->text);
	l->is_full = l->is_full || copy.ptr == NULL;
	return copy.ptr;
}

static const char *const *
list_of(struct load *l, const struct kt_config_node *n, size_t *len)
{
	const char **v;
	size_t i = 0;

	*len = 0;
	if (!want(l, n, KT_CONFIG_NODE_LIST, "a list"))
		return NULL;
	v = kt_arena_array(l->mem, n->n, sizeof(*v));
	if (v == NULL) {
		l->is_full = true;
		return NULL;
	}
	for (const struct kt_config_node *e = n->first; e != NULL; e = e->next) {
		v[i] = text_of(l, e);
		i += v[i] != NULL;
	}
	*len = i;
	return v;
}

static bool
flag_of(struct load *l, const struct kt_config_node *n)
{
	bool is_true = kt_span_eq(n->text, KT_SPAN("true"));

	if (n->type != KT_CONFIG_NODE_SCALAR ||
	    (!is_true && !kt_span_eq(n->text, KT_SPAN("false"))))
		kt_config_diag(l->d, KT_CONFIG_WRONG_TYPE, n->at,
		    "%.*s: true or false wanted", KT_SPAN_ARG(n->key));
	return is_true;
}

static uint16_t
number_of(struct load *l, const struct kt_config_node *n, uint64_t max)
{
	uint64_t v = 0;

	if (n->type != KT_CONFIG_NODE_SCALAR || !kt_span_u64(n->text, &v)) {
		kt_config_diag(l->d, KT_CONFIG_WRONG_TYPE, n->at,
		    "%.*s: a number wanted", KT_SPAN_ARG(n->key));
		return 0;
	}
	if (v > max) {
		kt_config_diag(l->d, KT_CONFIG_RANGE, n->at,
		    "%.*s: at most %llu", KT_SPAN_ARG(n->key),
		    (unsigned long long)max);
		return 0;
	}
	return (uint16_t)v;
}

static void
read_class(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	if (n->type != KT_CONFIG_NODE_SCALAR || !kt_class_of(n->text, &d->class))
		kt_config_diag(l->d, KT_CONFIG_FORM, n->at,
		    "class: unknown class");
}

static void
read_stream(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	for (size_t i = 0; i < KT_NELEMS(when_names); i++) {
		if (kt_span_eq(n->text, kt_span_of(when_names[i]))) {
			d->when = (enum kt_detect_when)i;
			return;
		}
	}
	kt_config_diag(l->d, KT_CONFIG_FORM, n->at,
	    "stream: 'span', 'block' or 'late' wanted");
}

static void
read_required(
    struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->is_alone_enough = kt_span_eq(n->text, KT_SPAN("unless-alone"));
	d->is_context_required = d->is_alone_enough || flag_of(l, n);
}

static void
read_context(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	if (!want(l, n, KT_CONFIG_NODE_MAP, "a mapping"))
		return;
	for (const struct kt_config_node *e = n->first; e != NULL; e = e->next) {
		if (kt_span_eq(e->key, KT_SPAN("words")))
			d->context = list_of(l, e, &d->ncontext);
		else if (kt_span_eq(e->key, KT_SPAN("required")))
			read_required(l, e, d);
		else if (kt_span_eq(e->key, KT_SPAN("bytes")))
			d->context_bytes = number_of(l, e, 120);
		else
			kt_config_diag(l->d, KT_CONFIG_UNKNOWN_KEY, e->key_at,
			    "unknown key '%.*s'; known: words, required, bytes",
			    KT_SPAN_ARG(e->key));
	}
}

static void
read_caseless(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->is_caseless = flag_of(l, n);
}

static void
read_number(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->is_number = flag_of(l, n);
}

static void
read_confidence(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->confidence_pm = number_of(l, n, 1000);
}

static void
read_public(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->public_bytes = number_of(l, n, KT_HOLD_MAX);
}

static void
read_tail_gap(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->tail_gap = number_of(l, n, KT_HOLD_MAX);
}

static void
read_entropy(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->entropy_cb = number_of(l, n, 800);
}

static void
read_validators(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->validators = list_of(l, n, &d->nvalidators);
	for (size_t i = 0; i < d->nvalidators; i++)
		if (!kt_detect_validator_exists(d->validators[i]))
			kt_config_diag(l->d, KT_CONFIG_FORM, n->at,
			    "unknown validator '%s'", d->validators[i]);
}

static void
read_close_only(
    struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->close_only = list_of(l, n, &d->nclose_only);
}

static void
read_checksum(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->checksum = text_of(l, n);
	if (d->checksum != NULL && !kt_detect_validator_exists(d->checksum))
		kt_config_diag(l->d, KT_CONFIG_FORM, n->at,
		    "unknown validator '%s'", d->checksum);
}

static void
read_components(
    struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->components = 0;
	if (!want(l, n, KT_CONFIG_NODE_LIST, "a list"))
		return;
	for (const struct kt_config_node *e = n->first; e != NULL; e = e->next) {
		enum kt_component c;

		if (kt_component_of(e->text, &c))
			d->components |= KT_COMPONENT_BIT(c);
		else
			kt_config_diag(l->d, KT_CONFIG_FORM, e->at,
			    "components: unknown component '%.*s'",
			    KT_SPAN_ARG(e->text));
	}
}

static bool
is_weights(struct kt_span name)
{
	return kt_span_ends(name, KT_SPAN(".weights"));
}

/* The weights are a file beside this one; bytes, not YAML. */
static void
read_model(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	for (size_t i = 0; i < l->nfiles; i++) {
		const struct kt_config_source *f = &l->files[i];
		size_t from = f->name.len;

		while (from > 0 && f->name.ptr[from - 1] != '/')
			from--;
		if (!is_weights(n->text) ||
		    !kt_span_eq(n->text,
			kt_span_sub(f->name, from, f->name.len - from)))
			continue;
		d->model = kt_arena_dup(l->mem, f->bytes);
		l->is_full = l->is_full || d->model.ptr == NULL;
		return;
	}
	kt_config_diag(l->d, KT_CONFIG_FORM, n->at,
	    "model: no file of this name, ending in .weights, beside this one");
}

static void
read_examples(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->examples = list_of(l, n, &d->nexamples);
}

static void
read_counter(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	d->counter_examples = list_of(l, n, &d->ncounter_examples);
}

/* Texts name their member, everything else its reader. */
static const struct {
	struct kt_span key;
	size_t member; /* offset of a const char *, when there is no reader */
	void (*read)(struct load *, const struct kt_config_node *,
	    struct kt_detector *);
} keys[] = {
#define TEXT(name) { KT_SPAN_INIT(#name), offsetof(struct kt_detector, name), NULL }
	TEXT(id), TEXT(group), TEXT(entity), TEXT(pattern), TEXT(anchor),
	TEXT(tail), TEXT(tail_end), TEXT(beside),
#undef TEXT
	{ KT_SPAN_INIT("class"), 0, read_class },
	{ KT_SPAN_INIT("stream"), 0, read_stream },
	{ KT_SPAN_INIT("context"), 0, read_context },
	{ KT_SPAN_INIT("caseless"), 0, read_caseless },
	{ KT_SPAN_INIT("number"), 0, read_number },
	{ KT_SPAN_INIT("confidence"), 0, read_confidence },
	{ KT_SPAN_INIT("public"), 0, read_public },
	{ KT_SPAN_INIT("tail_gap"), 0, read_tail_gap },
	{ KT_SPAN_INIT("entropy"), 0, read_entropy },
	{ KT_SPAN_INIT("validators"), 0, read_validators },
	{ KT_SPAN_INIT("checksum"), 0, read_checksum },
	{ KT_SPAN_INIT("close_only"), 0, read_close_only },
	{ KT_SPAN_INIT("components"), 0, read_components },
	{ KT_SPAN_INIT("model"), 0, read_model },
	{ KT_SPAN_INIT("examples"), 0, read_examples },
	{ KT_SPAN_INIT("counter_examples"), 0, read_counter },
};

static void
read_key(struct load *l, const struct kt_config_node *n, struct kt_detector *d)
{
	for (size_t i = 0; i < KT_NELEMS(keys); i++) {
		if (!kt_span_eq(keys[i].key, n->key))
			continue;
		if (keys[i].read != NULL)
			keys[i].read(l, n, d);
		else
			*(const char **)(void *)((char *)d + keys[i].member) =
			    text_of(l, n);
		return;
	}
	kt_config_diag(l->d, KT_CONFIG_UNKNOWN_KEY, n->key_at,
	    "unknown key '%.*s' of a detector", KT_SPAN_ARG(n->key));
}

static void
read_keys(struct load *l, const struct kt_config_node *map, struct kt_detector *d)
{
	if (map->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(l->d, KT_CONFIG_WRONG_TYPE, map->at,
		    "a mapping of detector keys wanted");
		return;
	}
	for (const struct kt_config_node *n = map->first; n != NULL; n = n->next)
		read_key(l, n, d);
}

/* In the place of one with the same id, or behind the others. */
static void
keep(struct load *l, const struct kt_detector *d)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].id, d->id) == 0) {
			l->v[i] = *d;
			return;
		}
	}
	if (l->n == KT_DETECTORS_MAX) {
		l->is_full = true;
		return;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct kt_detector *v = kt_arena_array(l->mem, cap, sizeof(*v));

		if (v == NULL) {
			l->is_full = true;
			return;
		}
		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *d;
}

static void
read_detector(struct load *l, const struct kt_config_node *map,
    const struct kt_detector *defaults)
{
	struct kt_detector d = *defaults;

	read_keys(l, map, &d);
	if (d.id == NULL || d.entity == NULL ||
	    (d.pattern != NULL) + (d.model.ptr != NULL) +
	            (d.beside != NULL) != 1) {
		kt_config_diag(l->d, KT_CONFIG_MISSING, map->at,
		    "a detector needs id, entity and one of pattern, model, beside");
		return;
	}
	keep(l, &d);
}

static void
read_file(struct load *l, const struct kt_config_node *root)
{
	struct kt_detector defaults = { .group = "user",
		.class = KT_CLASS_INTERNAL, .confidence_pm = 900 };
	const struct kt_config_node *n;

	if (root == NULL)
		return;
	n = kt_config_get(root, KT_SPAN("defaults"));
	if (n != NULL)
		read_keys(l, n, &defaults);
	for (n = root->first; n != NULL; n = n->next) {
		if (kt_span_eq(n->key, KT_SPAN("defaults")))
			continue;
		if (!kt_span_eq(n->key, KT_SPAN("detectors"))) {
			kt_config_diag(l->d, KT_CONFIG_UNKNOWN_KEY, n->key_at,
			    "unknown key '%.*s'; known: defaults, detectors",
			    KT_SPAN_ARG(n->key));
			continue;
		}
		if (!want(l, n, KT_CONFIG_NODE_LIST, "a list"))
			continue;
		for (const struct kt_config_node *e = n->first; e != NULL;
		     e = e->next)
			read_detector(l, e, &defaults);
	}
}

enum kt_rc
kt_policy_detectors_load(const struct kt_config_source *files, size_t nfiles,
    struct kt_arena *mem, struct kt_config_diags *d,
    const struct kt_detector **out, size_t *n)
{
	struct load l = { .d = d, .mem = mem, .files = files,
		.nfiles = nfiles };

	d->files = files;
	d->files_n = nfiles;
	for (size_t i = 0; i < nfiles && i < UINT16_MAX; i++)
		if (!is_weights(files[i].name))
			read_file(&l, kt_config_parse((uint16_t)i, mem, d));
	*out = l.v;
	*n = l.n;
	if (l.is_full || kt_arena_is_full(mem))
		return KT_E_LIMIT;
	return kt_config_diags_any(d) ? KT_E_PARSE : KT_OK;
}
