/*
 * emit - one writer for both styles, because a second one would drift.  Text
 * in YAML is plain where no reader could take it for anything else; all
 * other text is a JSON string, which is a YAML string as well.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "config/emit.h"

static void
put(struct kt_config_emit *e, struct kt_span s)
{
	if (kt_buf_add(e->out, s) < 0)
		e->has_failed = true;
}

static void
puts_(struct kt_config_emit *e, const char *s)
{
	put(e, kt_span_of(s));
}

static void
indent(struct kt_config_emit *e, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		puts_(e, "  ");
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_plain(struct kt_span s)
{
	static const char *const taken[] = { "true", "false", "null", "yes", "no",
		"on", "off", "y", "n", ".inf", ".nan" };

	if (s.len == 0 || (!is_letter(s.ptr[0]) && s.ptr[0] != '/'))
		return false;
	for (size_t i = 0; i < KT_NELEMS(taken); i++) {
		if (kt_span_caseeq(s, kt_span_of(taken[i])))
			return false;
	}
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_' &&
		    c != '-' && c != '.' && c != '/' &&
		    !(c == ':' && i + 1 < s.len))
			return false;
	}
	return true;
}

static void
quoted(struct kt_config_emit *e, struct kt_span s)
{
	char escape[8];
	uint32_t cp;

	puts_(e, "\"");
	while (s.len > 0) {
		size_t len = kt_utf8_decode(s, &cp);
		struct kt_span c = kt_span_sub(s, 0, len);

		if (len == 0) { /* a tree holds UTF-8 only */
			e->has_failed = true;
			return;
		}
		if (cp == '"' || cp == '\\') {
			puts_(e, "\\");
		} else if (cp == '\n') {
			c = KT_SPAN("\\n");
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xfeff ||
		    (cp >= 0x2028 && cp <= 0x202e) ||
		    (cp >= 0x2066 && cp <= 0x2069)) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x",
			    (unsigned)cp & 0xffff);
			c = kt_span_of(escape);
		}
		put(e, c);
		s = kt_span_sub(s, len, SIZE_MAX);
	}
	puts_(e, "\"");
}

static void
text(struct kt_config_emit *e, struct kt_span s)
{
	if (e->style == KT_CONFIG_YAML && is_plain(s))
		put(e, s);
	else
		quoted(e, s);
}

/* Everything up to the value: separator, line, indentation, key. */
static void
lead(struct kt_config_emit *e, const char *key)
{
	bool is_list, is_first;

	if (e->depth == 0)
		return;
	is_list = e->in[e->depth - 1].is_list;
	is_first = e->in[e->depth - 1].n++ == 0;
	if (e->style == KT_CONFIG_JSON) {
		puts_(e, is_first ? "\n" : ",\n");
		indent(e, e->depth);
	} else {
		bool is_beside = is_first && e->depth > 1 &&
		    e->in[e->depth - 2].is_list;

		/* The first value in a list's element stands beside its "- ". */
		if (!is_beside && e->out->len > 0)
			puts_(e, "\n");
		if (!is_beside)
			indent(e, e->depth - 1);
		if (is_list)
			puts_(e, "- ");
	}
	if (!is_list && key != NULL) {
		text(e, kt_span_of(key));
		puts_(e, e->style == KT_CONFIG_JSON ? ": " : ":");
	}
}

static void
begin(struct kt_config_emit *e, const char *key, bool is_list)
{
	lead(e, key);
	if (e->depth == KT_CONFIG_EMIT_DEPTH) {
		e->has_failed = true;
		return;
	}
	if (e->style == KT_CONFIG_JSON)
		puts_(e, is_list ? "[" : "{");
	e->in[e->depth].is_list = is_list;
	e->in[e->depth].n = 0;
	e->depth++;
}

void
kt_config_emit_map(struct kt_config_emit *e, const char *key)
{
	begin(e, key, false);
}

void
kt_config_emit_list(struct kt_config_emit *e, const char *key)
{
	begin(e, key, true);
}

void
kt_config_emit_end(struct kt_config_emit *e)
{
	bool is_list, is_empty;

	if (e->has_failed || e->depth == 0)
		return;
	e->depth--;
	is_list = e->in[e->depth].is_list;
	is_empty = e->in[e->depth].n == 0;
	if (e->style == KT_CONFIG_YAML) {
		if (is_empty)
			puts_(e, is_list ? " []" : " {}");
		return;
	}
	if (!is_empty) {
		puts_(e, "\n");
		indent(e, e->depth);
	}
	puts_(e, is_list ? "]" : "}");
}

/* Between "key:" and a scalar; "- " and JSON bring their own blank. */
static void
gap(struct kt_config_emit *e)
{
	if (e->style == KT_CONFIG_YAML && e->depth > 0 &&
	    !e->in[e->depth - 1].is_list)
		puts_(e, " ");
}

void
kt_config_emit_text(
    struct kt_config_emit *e, const char *key, struct kt_span s)
{
	lead(e, key);
	gap(e);
	text(e, s);
}

void
kt_config_emit_bare(
    struct kt_config_emit *e, const char *key, const char *bare)
{
	lead(e, key);
	gap(e);
	puts_(e, bare);
}

void
kt_config_emit_int(struct kt_config_emit *e, const char *key, int64_t v)
{
	char digits[32];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)v);
	kt_config_emit_bare(e, key, digits);
}

void
kt_config_emit_number(struct kt_config_emit *e, const char *key, double v)
{
	char digits[400];
	int places = 0;

	/* The fewest places that read back as the same number; no exponent. */
	do {
		(void)snprintf(digits, sizeof(digits), "%.*f", places, v);
	} while (strtod(digits, NULL) != v && ++places < 40);
	kt_config_emit_bare(e, key, digits);
}

static void
fallback_one(struct kt_config_emit *e, const char *key,
    const struct kt_config_field *f, struct kt_span s)
{
	char bare[64];

	switch (f->type) {
	case KT_CONFIG_STRING: case KT_CONFIG_STRINGS:
	case KT_CONFIG_ENUM: case KT_CONFIG_ENUMS:
		kt_config_emit_text(e, key, s);
		return;
	case KT_CONFIG_BOOL: case KT_CONFIG_INT: case KT_CONFIG_SIZE:
	case KT_CONFIG_NUMBER: case KT_CONFIG_INTS: case KT_CONFIG_PAIRS:
	case KT_CONFIG_WORDS: case KT_CONFIG_SECRET: case KT_CONFIG_SECTION:
	case KT_CONFIG_SECTIONS: case KT_CONFIG_NAMED:
	case KT_CONFIG_KINDS: case KT_CONFIG_ANY:
		(void)snprintf(bare, sizeof(bare), "%.*s", KT_SPAN_ARG(s));
		kt_config_emit_bare(e, key, bare);
		return;
	}
}

void
kt_config_emit_fallback(struct kt_config_emit *e, const char *key,
    const struct kt_config_field *f)
{
	struct kt_span s = kt_span_of(f->fallback);

	if (s.len < 2 || s.ptr[0] != '[') {
		fallback_one(e, key, f, s);
		return;
	}
	kt_config_emit_list(e, key);
	for (s = kt_span_sub(s, 1, s.len - 2); s.len > 0;) {
		size_t comma = kt_span_find(s, ',');

		fallback_one(e, NULL, f, kt_span_trim(kt_span_sub(s, 0, comma)));
		s = kt_span_sub(s, comma + 1, SIZE_MAX);
	}
	kt_config_emit_end(e);
}

enum kt_rc
kt_config_emit_done(struct kt_config_emit *e)
{
	puts_(e, "\n");
	return e->has_failed ? KT_E_LIMIT : KT_OK;
}
