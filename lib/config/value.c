/*
 * value - one value per type, read from the text of the file.  YAML's own
 * guesses are not used: "no" is not false, 010 is not 8, 1.0 is not "1.0";
 * each of these is an error that says what to write.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "config/fill.h"
#include "config/nearest.h"

int
kt_config_word(const char *const *names, struct kt_span word)
{
	for (int i = 0; names[i] != NULL; i++) {
		struct kt_span name = kt_span_of(names[i]);
		size_t eq = kt_span_find(name, '=');

		if (!kt_span_eq(kt_span_sub(name, 0, eq), word))
			continue;
		return eq == name.len ? i :
		    kt_config_word(names, kt_span_of(names[i] + eq + 1));
	}
	return -1;
}

/* "a, b, c": names without aliases. */
static struct kt_span
words(struct kt_arena *mem, const char *const *names)
{
	struct kt_span all = KT_SPAN("");

	for (size_t i = 0; names[i] != NULL && all.ptr != NULL; i++) {
		if (strchr(names[i], '=') == NULL)
			all = kt_arena_printf(mem, "%.*s%s%s", KT_SPAN_ARG(all),
			    i ? ", " : "", names[i]);
	}
	return all.ptr != NULL ? all : KT_SPAN("");
}

const char *
kt_config_suggest(struct kt_config_ctx *ctx, struct kt_span word,
    const char *const *names, const char *what)
{
	struct kt_config_nearest near;
	struct kt_span all;

	/* What is only counted needs no help, or many cost a lot. */
	if (ctx->d->dropped > 0)
		return NULL;
	kt_config_nearest_init(&near, word);
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strchr(names[i], '=') == NULL)
			kt_config_nearest_try(&near, names[i]);
	}
	all = words(ctx->mem, names);
	kt_config_diag_help(ctx->d, "%s%s%s%s: %.*s",
	    near.best ? "did you mean '" : "", near.best ? near.best : "",
	    near.best ? "'? " : "", what, KT_SPAN_ARG(all));
	kt_config_diag_meant(ctx->d, near.best);
	return near.best;
}

static const char *
found(const struct kt_config_node *node)
{
	switch (node->type) {
	case KT_CONFIG_NODE_NULL:
		return "nothing";
	case KT_CONFIG_NODE_LIST:
		return "a list";
	case KT_CONFIG_NODE_MAP:
		return "a mapping";
	case KT_CONFIG_NODE_SCALAR:
		break;
	}
	return node->is_plain ? "a word" : "text in quotes";
}

static void
wrong(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, const char *wanted)
{
	kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE,
	    node->at.line ? node->at : node->key_at,
	    "'%s' takes %s, not %s", f->name, wanted, found(node));
}

static bool
is_word_of(struct kt_span s, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (kt_span_caseeq(s, kt_span_of(*words)))
			return true;
	}
	return false;
}

static void
read_bool(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "y", "1", NULL };
	static const char *const no[] = { "false", "no", "off", "n", "0", NULL };
	bool is_true = kt_span_eq(node->text, KT_SPAN("true"));

	if (node->type == KT_CONFIG_NODE_SCALAR && node->is_plain &&
	    (is_true || kt_span_eq(node->text, KT_SPAN("false")))) {
		*out = is_true;
		return;
	}
	wrong(ctx, f, node, "true or false");
	if (node->type != KT_CONFIG_NODE_SCALAR)
		return;
	if (is_word_of(node->text, yes)) {
		kt_config_diag_help(ctx->d, "write true, without quotes");
		kt_config_diag_meant(ctx->d, "true");
	} else if (is_word_of(node->text, no)) {
		kt_config_diag_help(ctx->d, "write false, without quotes");
		kt_config_diag_meant(ctx->d, "false");
	}
}

/* -?(0|[1-9][0-9]*) */
static bool
parse_int(struct kt_span s, int64_t *out)
{
	bool is_negative = s.len > 0 && s.ptr[0] == '-';
	uint64_t v;

	if (is_negative)
		s = kt_span_sub(s, 1, SIZE_MAX);
	if (!kt_span_u64(s, &v) || v > INT64_MAX || (s.len > 1 && s.ptr[0] == '0'))
		return false;
	*out = is_negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool
is_in_range(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, double v)
{
	if ((f->min == 0 && f->max == 0) ||
	    (v >= (double)f->min && v <= (double)f->max))
		return true;
	kt_config_diag(ctx->d, KT_CONFIG_RANGE, node->at,
	    "'%s' must be from %lld to %lld", f->name, (long long)f->min,
	    (long long)f->max);
	return false;
}

static void
read_int(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, int64_t *out)
{
	int64_t v;

	if (node->type != KT_CONFIG_NODE_SCALAR || !node->is_plain ||
	    !parse_int(node->text, &v)) {
		wrong(ctx, f, node, "a whole number");
		if (node->type == KT_CONFIG_NODE_SCALAR)
			kt_config_diag_help(ctx->d, "decimal digits only, without "
			    "quotes or unit; the unit is part of the name");
		return;
	}
	if (is_in_range(ctx, f, node, (double)v))
		*out = v;
}

static bool
parse_size(struct kt_span s, int64_t *out)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = { { "", 0 }, { "B", 0 }, { "KiB", 10 }, { "MiB", 20 },
		{ "GiB", 30 } };
	size_t digits = 0;
	struct kt_span unit;
	int64_t v;

	while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
		digits++;
	unit = kt_span_trim(kt_span_sub(s, digits, SIZE_MAX));
	if (!parse_int(kt_span_sub(s, 0, digits), &v))
		return false;
	for (size_t i = 0; i < KT_NELEMS(units); i++) {
		if (!kt_span_eq(unit, kt_span_of(units[i].name)))
			continue;
		if (v > INT64_MAX >> units[i].shift)
			return false;
		*out = v << units[i].shift;
		return true;
	}
	return false;
}

static void
read_size(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, int64_t *out)
{
	int64_t v;

	if (node->type != KT_CONFIG_NODE_SCALAR || !parse_size(node->text, &v)) {
		wrong(ctx, f, node, "a number of bytes");
		kt_config_diag_help(ctx->d, "such as 1048576 or 1 MiB; units are "
		    "B, KiB, MiB, GiB");
		return;
	}
	if (is_in_range(ctx, f, node, (double)v))
		*out = v;
}

/* -?digits(.digits)? */
static bool
parse_number(struct kt_span s, double *out)
{
	size_t i = s.len > 0 && s.ptr[0] == '-', whole = i, part;

	while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
		i++;
	if (i == whole || s.len > 40)
		return false;
	if (i < s.len && s.ptr[i] == '.') {
		part = ++i;
		while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
			i++;
		if (i == part)
			return false;
	}
	if (i != s.len)
		return false;
	*out = strtod(s.ptr, NULL);
	return true;
}

static void
read_number(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, double *out)
{
	double v;

	if (node->type != KT_CONFIG_NODE_SCALAR || !node->is_plain ||
	    !parse_number(node->text, &v)) {
		wrong(ctx, f, node, "a number");
		return;
	}
	if (is_in_range(ctx, f, node, v))
		*out = v;
}

/* Text that another reader of YAML would take for something else. */
static bool
is_other_type(const struct kt_config_node *node)
{
	double v;

	return node->is_plain && (kt_span_eq(node->text, KT_SPAN("true")) ||
	    kt_span_eq(node->text, KT_SPAN("false")) ||
	    parse_number(node->text, &v));
}

static bool
is_text(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node)
{
	char quoted[KT_CONFIG_WORD_MAX];
	double v;

	if (node->type != KT_CONFIG_NODE_SCALAR) {
		wrong(ctx, f, node, "text");
		return false;
	}
	if (!is_other_type(node))
		return true;
	kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->at,
	    "'%s' takes text, and this is a %s", f->name,
	    parse_number(node->text, &v) ? "number" : "boolean");
	kt_config_diag_help(ctx->d, "put it in quotes");
	if (node->text.len < sizeof(quoted) - 2) {
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", node->text.ptr);
		kt_config_diag_meant(ctx->d, quoted);
	}
	return false;
}

static int
read_word(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node)
{
	int i;

	if (node->type != KT_CONFIG_NODE_SCALAR) {
		wrong(ctx, f, node, "one word");
		return -1;
	}
	i = kt_config_word(f->names, node->text);
	if (i >= 0)
		return i;
	kt_config_diag(ctx->d, KT_CONFIG_RANGE, node->at,
	    "'%.40s' is not a value of '%s'", node->text.ptr, f->name);
	(void)kt_config_suggest(ctx, node->text, f->names, "one of");
	return -1;
}

static void
read_words(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, uint32_t *out)
{
	if (node->type != KT_CONFIG_NODE_LIST) {
		wrong(ctx, f, node, "a list of words");
		return;
	}
	*out = 0;
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		int i = read_word(ctx, f, c);

		if (i >= 0 && (*out & (uint32_t)1 << i) != 0)
			kt_config_diag(ctx->d, KT_CONFIG_DUPLICATE, c->at,
			    "'%s' is in '%s' twice", c->text.ptr, f->name);
		if (i >= 0)
			*out |= (uint32_t)1 << i;
	}
}

static void
read_strings(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, struct kt_config_strings *out)
{
	const struct kt_config_node *first = node->first;
	size_t n = node->n, at = 0;
	struct kt_span *all;
	int64_t v;

	if (f->takes_one && node->type == KT_CONFIG_NODE_SCALAR) {
		first = node;
		n = 1;
	} else if (node->type != KT_CONFIG_NODE_LIST) {
		wrong(ctx, f, node, f->takes_one ? "text or a list of texts" :
		    f->type == KT_CONFIG_INTS ? "a list of numbers" :
		    "a list of texts");
		return;
	}
	all = kt_arena_array(ctx->mem, n, sizeof(*all));
	if (all == NULL)
		return;
	for (const struct kt_config_node *c = first; c && at < n; c = c->next) {
		if (f->type == KT_CONFIG_INTS)
			read_int(ctx, f, c, &v);
		if (f->type == KT_CONFIG_INTS || is_text(ctx, f, c))
			all[at] = c->text;
		at++;
	}
	*out = (struct kt_config_strings){ all, n, node };
}

static void
read_pairs(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, struct kt_config_pairs *out)
{
	struct kt_config_pair *all;
	size_t n = 0;

	if (node->type != KT_CONFIG_NODE_MAP) {
		wrong(ctx, f, node, "a mapping");
		return;
	}
	all = kt_arena_array(ctx->mem, node->n, sizeof(*all));
	if (all == NULL)
		return;
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		int word = -1;

		if (f->type == KT_CONFIG_WORDS && (word = read_word(ctx, f, c)) < 0)
			continue;
		if (c->type != KT_CONFIG_NODE_SCALAR) {
			wrong(ctx, f, c, "texts in a mapping");
			continue;
		}
		all[n++] = (struct kt_config_pair){ c->key, c->text, word };
	}
	*out = (struct kt_config_pairs){ all, n, node };
}

static bool
is_variable(struct kt_span s)
{
	if (s.len > 0 && s.ptr[0] >= '0' && s.ptr[0] <= '9')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return s.len > 0;
}

static void
read_secret(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, struct kt_config_secret *out)
{
	static const char *const from[] = { "", "env", "file", NULL };
	const struct kt_config_node *one = node->first;
	int i = -1;

	if (node->type == KT_CONFIG_NODE_MAP && node->n == 1 &&
	    one->type == KT_CONFIG_NODE_SCALAR)
		i = kt_config_word(from, one->key);
	if (i > 0 && one->text.len > 0 && !is_other_type(one) &&
	    (i == KT_CONFIG_FILE || is_variable(one->text))) {
		*out = (struct kt_config_secret){ (enum kt_config_from)i,
			one->text, node };
		return;
	}
	/* Nothing of what was written is repeated: it may be the secret. */
	kt_config_diag_hide(ctx->d, node);
	kt_config_diag(ctx->d, KT_CONFIG_SECRET_LITERAL, node->key_at.line ?
	    node->key_at : node->at, i == KT_CONFIG_ENV ?
	    "'%s' does not name a variable" :
	    "'%s' must say where the secret is, not the secret", f->name);
	kt_config_diag_help(ctx->d, "write {env: NAME} or {file: PATH}%s",
	    i > 0 && is_other_type(one) ? ", in quotes what is no text" : "");
}

void
kt_config_value(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, void *member)
{
	int word;

	switch (f->type) {
	case KT_CONFIG_BOOL:
		read_bool(ctx, f, node, member);
		break;
	case KT_CONFIG_INT:
		read_int(ctx, f, node, member);
		break;
	case KT_CONFIG_SIZE:
		read_size(ctx, f, node, member);
		break;
	case KT_CONFIG_NUMBER:
		read_number(ctx, f, node, member);
		break;
	case KT_CONFIG_STRING:
		if (is_text(ctx, f, node))
			*(struct kt_span *)member = node->text;
		break;
	case KT_CONFIG_ENUM:
		if ((word = read_word(ctx, f, node)) >= 0)
			*(int *)member = word;
		break;
	case KT_CONFIG_ENUMS:
		read_words(ctx, f, node, member);
		break;
	case KT_CONFIG_STRINGS:
	case KT_CONFIG_INTS:
		read_strings(ctx, f, node, member);
		break;
	case KT_CONFIG_PAIRS:
	case KT_CONFIG_WORDS:
		read_pairs(ctx, f, node, member);
		break;
	case KT_CONFIG_SECRET:
		read_secret(ctx, f, node, member);
		break;
	case KT_CONFIG_ANY:
		*(const struct kt_config_node **)member = node;
		break;
	case KT_CONFIG_SECTIONS:
	case KT_CONFIG_NAMED:
	case KT_CONFIG_KINDS:
	case KT_CONFIG_SECTION:
		KT_BUG("a section is not a value");
	}
}
