/*
 * format - by lines and not by printing the tree again: comments, order and
 * quotes are their author's.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/format.h"

static void
mark(const struct kt_config_node *node, uint8_t *bits, uint32_t n)
{
	if (node->type == KT_CONFIG_NODE_SCALAR) {
		for (uint32_t i = node->at.line; i < node->end_line && i < n; i++)
			bits[i >> 3] |= (uint8_t)(1 << (i & 7));
		return;
	}
	for (const struct kt_config_node *c = node->first; c; c = c->next)
		mark(c, bits, n);
}

static uint32_t
last_line(const struct kt_config_node *node)
{
	uint32_t last = node->end_line;

	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		uint32_t one = last_line(c);

		last = one > last ? one : last;
	}
	return last;
}

enum kt_rc
kt_lint_lines_of(const struct kt_config_node *root, struct kt_arena *mem,
    struct kt_lint_lines *out)
{
	uint32_t n = last_line(root) + 1;
	uint8_t *bits = kt_arena_alloc(mem, n / 8 + 1);

	if (bits == NULL)
		return KT_E_LIMIT;
	mark(root, bits, n);
	*out = (struct kt_lint_lines){ bits, n };
	return KT_OK;
}

bool
kt_lint_lines_has(const struct kt_lint_lines *l, uint32_t line)
{
	return line < l->n && (l->bits[line >> 3] >> (line & 7) & 1);
}

/* "#word" is a comment like "# word"; "#!" and "##" are somebody's own. */
static enum kt_rc
add_line(struct kt_buf *out, struct kt_span line)
{
	size_t blanks = 0;

	while (blanks < line.len && line.ptr[blanks] == ' ')
		blanks++;
	if (blanks + 1 < line.len && line.ptr[blanks] == '#' &&
	    strchr(" #!\t", line.ptr[blanks + 1]) == NULL) {
		if (kt_buf_add(out, kt_span_sub(line, 0, blanks + 1)) < 0 ||
		    kt_buf_addc(out, ' ') < 0)
			return KT_E_LIMIT;
		line = kt_span_sub(line, blanks + 1, SIZE_MAX);
	}
	if (kt_buf_add(out, line) < 0)
		return KT_E_LIMIT;
	return kt_buf_addc(out, '\n');
}

enum kt_rc
kt_lint_format_lines(struct kt_span text, const struct kt_lint_lines *in,
    struct kt_buf *out)
{
	uint32_t empty = 1; /* none at the beginning */
	bool is_inside = false;

	for (uint32_t n = 1; text.len > 0; n++) {
		size_t end = kt_span_find(text, '\n');
		struct kt_span line = kt_span_sub(text, 0, end);
		bool was_inside = is_inside;

		is_inside = kt_lint_lines_has(in, n);
		text = kt_span_sub(text, end + 1, SIZE_MAX);
		if (is_inside) {
			if (kt_buf_add(out, line) < 0 || kt_buf_addc(out, '\n') < 0)
				return KT_E_LIMIT;
			empty = 0;
			continue;
		}
		if (kt_span_ends(line, KT_SPAN("\r")))
			line.len--;
		while (line.len > 0 && (line.ptr[line.len - 1] == ' ' ||
		    line.ptr[line.len - 1] == '\t'))
			line.len--;
		empty = line.len == 0 ? empty + 1 : 0;
		if (empty > 1 || (line.len == 0 && out->len == 0))
			continue;
		/* The line behind a text may be its end: there '#' is a letter. */
		if (was_inside ? kt_buf_add(out, line) < 0 ||
		    kt_buf_addc(out, '\n') < 0 : add_line(out, line) < 0)
			return KT_E_LIMIT;
	}
	while (!is_inside && out->len > 1 && out->ptr[out->len - 1] == '\n' &&
	    out->ptr[out->len - 2] == '\n')
		out->len--;
	return KT_OK;
}

static bool
is_same(const struct kt_config_node *a, const struct kt_config_node *b)
{
	const struct kt_config_node *x = a->first, *y = b->first;

	if (a->type != b->type || a->n != b->n || !kt_span_eq(a->key, b->key) ||
	    !kt_span_eq(a->text, b->text) || a->is_plain != b->is_plain)
		return false;
	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		if (!is_same(x, y))
			return false;
	}
	return x == NULL && y == NULL;
}

enum kt_rc
kt_lint_format(struct kt_config_diags *d, struct kt_arena *mem,
    struct kt_buf *out)
{
	const struct kt_config_node *before = kt_config_parse(0, mem, d), *after;
	struct kt_config_source *again = kt_arena_alloc(mem, sizeof(*again));
	const struct kt_config_source *was = d->files;
	struct kt_lint_lines in;

	if (before == NULL || kt_config_diags_any(d))
		return KT_E_PARSE;
	if (again == NULL || kt_lint_lines_of(before, mem, &in) < 0 ||
	    kt_lint_format_lines(d->files[0].bytes, &in, out) < 0)
		return KT_E_LIMIT;
	again->name = was->name;
	again->bytes = kt_buf_span(out);
	d->files = again;
	after = kt_config_parse(0, mem, d);
	d->files = was;
	if (d->is_starved)
		return KT_E_LIMIT;
	if (after == NULL || !is_same(before, after))
		KT_BUG("a formatted file says something else");
	return KT_OK;
}
