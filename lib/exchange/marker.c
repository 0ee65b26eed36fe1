/*
 * marker - what stands where something was found, as the place takes it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text may be JSON, with JSON in its strings: an argument of a tool that is
 * a document.  A value in there was escaped for each string around it, so it
 * is taken up without and written with as many escapes as the new place asks
 * for.  Markers that JSON writes as they are need to know nothing of that.
 * All places of a text are looked up in one go, because one may have as many
 * as it has words.
 */
#include "detect/search.h"
#include "exchange/exchange_priv.h"
#include "json/text.h"
#include "json/write.h"

#define DEPTH_MAX 4
#define UNKNOWN 255 /* begins as JSON does and is none, or is too deep */

static char
first_of(struct kt_span *text, const char *skip)
{
	while (text->len > 0 && text->ptr[0] != '\0' &&
	    strchr(skip, text->ptr[0]) != NULL)
		*text = kt_span_sub(*text, 1, text->len);
	return text->len > 0 ? text->ptr[0] : '\0';
}

/* It begins as JSON does, though it may end as something else. */
static bool
is_like_json(struct kt_span text)
{
	char c = '\0';

	if (kt_json_begins(text))
		c = first_of(&text, "\xef\xbb\xbf \t\r\n[");
	if (c == '{') {
		text = kt_span_sub(text, 1, text.len);
		return first_of(&text, " \t\r\n") == '"';
	}
	return c != '\0' && strchr("\"-0123456789", c) != NULL;
}

/* Does JSON write it as it is? */
static bool
is_same_in_json(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == '"' ||
		    s.ptr[i] == '\\')
			return false;
	return true;
}

/* The offset in what raw says of one in raw. */
static size_t
said_at(const struct kt_json_map *map, struct kt_span raw, struct kt_span said,
    size_t at)
{
	size_t low = 0, high = said.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kt_json_map_raw(map, raw, middle) < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds one for each string of text that a place stands in. */
static void
go_in(struct kt_exchange *x, struct kt_span text, size_t *at, uint8_t *depths,
    size_t n, uint8_t depth)
{
	struct kt_json j;
	size_t i = 0;

	if (n == 0 || !kt_json_begins(text))
		return;
	kt_json_init(&j, KT_BODY_MAX);
	kt_x_seed_json(x, &j);
	if (depth == DEPTH_MAX || kt_json_parse(&j, text, NULL) < 0) {
		if (is_like_json(text))
			memset(depths, UNKNOWN, n);
		i = n;
	}
	for (uint32_t node = 1; i < n && node < j.count; node++) {
		struct kt_span raw = kt_json_string(&j, text, node), said;
		size_t start = j.nodes[node].start + 1, first;
		struct kt_json_map map = { 0 };

		if (kt_json_type(&j, node) != KT_JSON_STRING &&
		    kt_json_type(&j, node) != KT_JSON_NAME)
			continue;
		while (i < n && at[i] < start)
			i++;
		if (i == n || at[i] >= start + raw.len)
			continue;
		first = i;
		if (kt_json_unescape(raw, x->turn, &said, &map) < 0)
			said = (struct kt_span){ 0 };
		for (; i < n && at[i] < start + raw.len; i++) {
			depths[i] = said.ptr != NULL ? depth + 1 : UNKNOWN;
			at[i] = said_at(&map, raw, said, at[i] - start);
		}
		go_in(x, said, at + first, depths + first, i - first, depth + 1);
	}
	kt_json_fini(&j);
}

static uint8_t
depth_of(struct kt_exchange *x, struct kt_x_markers *m, size_t i)
{
	size_t *at;

	if (m->depths != NULL)
		return m->depths[i];
	at = kt_arena_array(x->turn, m->n, sizeof(*at));
	m->depths = kt_arena_array(x->turn, m->n, sizeof(*m->depths));
	if (at == NULL || m->depths == NULL) {
		m->depths = NULL;
		return UNKNOWN;
	}
	for (size_t k = 0; k < m->n; k++)
		at[k] = m->found[k].start;
	go_in(x, m->text, at, m->depths, m->n, 0);
	return m->depths[i];
}

/* What a value says, whatever strings it stood in. */
static struct kt_span
taken_up(struct kt_exchange *x, struct kt_x_markers *m, size_t i,
    struct kt_span matched)
{
	struct kt_span said = matched;
	uint8_t depth = is_same_in_json(matched) ? 0 : depth_of(x, m, i);

	for (; depth != UNKNOWN && depth > 0; depth--)
		if (kt_json_unescape(said, x->turn, &said, NULL) < 0)
			return matched;
	return said;
}

/* As the inside of a JSON string, in place. */
static enum kt_rc
escape(struct kt_buf *b)
{
	struct kt_buf plain = *b;
	enum kt_rc rc;

	kt_buf_init(b, plain.limit);
	rc = kt_json_write_escaped(b, kt_buf_span(&plain));
	kt_buf_fini(&plain);
	return rc;
}

/* For the strings around it in the text itself. */
static enum kt_rc
put_down(struct kt_exchange *x, struct kt_x_markers *m, size_t i,
    bool is_restored, struct kt_span matched, struct kt_buf *b)
{
	uint8_t depth = is_same_in_json(kt_buf_span(b)) ? 0 :
	    depth_of(x, m, i);
	enum kt_rc rc = KT_OK;

	if (depth == UNKNOWN && is_restored) {
		kt_buf_shift(b, b->len);
		return kt_buf_add(b, matched);
	}
	if (depth == UNKNOWN || depth == 0)
		depth = (m->found[i].disguise & KT_DISGUISE_ESCAPE) != 0;
	for (; rc == KT_OK && depth > 0; depth--)
		rc = escape(b);
	return rc;
}

struct kt_span
kt_x_marker(struct kt_exchange *x, struct kt_x_markers *m, size_t i,
    const struct kt_policy *by, struct kt_arena *mem)
{
	const struct kt_finding *f = &m->found[i];
	struct kt_span s = { 0 }, matched =
	    kt_span_sub(m->text, f->start, f->end - f->start);
	bool is_restored = kt_x_vault_restores(x, m->v, by);
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, KT_EVENT_MAX);
	rc = kt_x_mark(x, m->v, by, f, by->kind->restores && !is_restored ?
	    taken_up(x, m, i, matched) : matched, &b);
	if (rc == KT_OK)
		rc = put_down(x, m, i, is_restored, matched, &b);
	if (rc == KT_OK && !m->is_plain)
		rc = escape(&b);
	if (rc == KT_OK)
		s = kt_arena_dup(mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return s;
}

/* ---- texts that are not all there ---- */

void
kt_x_quoting_go(struct kt_x_quoting *q, struct kt_span text)
{
	if (q->at == 0)
		q->is_json = is_like_json(text);
	for (size_t i = 0; i < text.len && q->is_json; i++) {
		char c = text.ptr[i];

		if (q->is_in_string && q->at + i == q->from)
			q->first = c;
		if (c == '"' && !q->is_escaped) {
			q->is_in_string = !q->is_in_string;
			q->from = q->at + i + 1;
		}
		q->is_escaped = c == '\\' && !q->is_escaped;
	}
	q->at += text.len;
}

struct kt_span
kt_x_quoting_put(struct kt_exchange *x, const struct kt_x_quoting *q,
    struct kt_span matched, struct kt_span s)
{
	struct kt_span out = { 0 };
	struct kt_buf b;

	if (!q->is_json || is_same_in_json(s))
		return s;
	/* In a string of a string, or in none. */
	if (!q->is_in_string || (q->from < q->at &&
	        (q->first == '{' || q->first == '[')))
		return matched;
	kt_buf_init(&b, KT_EVENT_MAX);
	if (kt_json_write_escaped(&b, s) == KT_OK)
		out = kt_arena_dup(x->turn, kt_buf_span(&b));
	kt_buf_fini(&b);
	return out;
}
