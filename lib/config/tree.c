/*
 * tree - libyaml's events, not its documents: the document interface resolves
 * aliases (an alias bomb is then a tree), drops marks of keys and keeps the
 * last of two equal keys without a word.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <yaml.h>

#include "config/tree.h"

struct frame {
	struct kt_config_node *node;
	bool has_key;        /* in a mapping: the value comes next */
	struct kt_span key;  /* ptr NULL: the key was refused, drop the value */
	struct kt_config_place key_at;
};

struct reader {
	uint16_t file;
	struct kt_arena *mem;
	struct kt_config_diags *d;
	struct kt_config_node *root;
	struct frame stack[KT_CONFIG_DEPTH_MAX];
	size_t depth, nodes, documents;
	bool is_over;        /* the rest is not worth reading */
	bool is_broken;      /* what was read cannot be used either */
};

static struct kt_config_place
place(const struct reader *r, const yaml_mark_t *from, const yaml_mark_t *to)
{
	struct kt_config_place p = {
		.file = r->file,
		.line = (uint32_t)from->line + 1,
		.column = (uint32_t)from->column + 1,
		.len = 1,
	};

	if (to->line == from->line && to->column > from->column)
		p.len = (uint32_t)(to->column - from->column);
	return p;
}

static void
give_up(struct reader *r, enum kt_config_code code, struct kt_config_place at,
    const char *why)
{
	kt_config_diag(r->d, code, at, "%s", why);
	r->is_over = true;
	r->is_broken = code == KT_CONFIG_TOO_LARGE;
}

static void
starve(struct reader *r, struct kt_config_place at)
{
	kt_config_diag_starved(r->d, at);
	r->is_over = r->is_broken = true;
}

/* What no YAML text of ours may hold, before libyaml sees any of it. */
static const char *
forbidden(struct kt_span s, size_t len, uint32_t cp)
{
	if (len == 0)
		return "the text is not UTF-8";
	if (cp == 0xfeff)
		return "a byte order mark is not allowed";
	if (cp == '\r' && (s.len < 2 || s.ptr[1] != '\n'))
		return "a carriage return without a line feed is not allowed";
	if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') ||
	    (cp >= 0x7f && cp < 0xa0))
		return "a control character is not allowed";
	if (cp >= 0x2028 && cp <= 0x202e)
		return "an invisible line or direction mark is not allowed";
	if (cp >= 0x2066 && cp <= 0x2069)
		return "an invisible direction mark is not allowed";
	return NULL;
}

static bool
is_clean(struct reader *r, struct kt_span text)
{
	struct kt_config_place at = { r->file, 1, 1, 1 };
	uint32_t cp = 0;

	if (text.len > KT_CONFIG_BYTES_MAX) {
		kt_config_diag(r->d, KT_CONFIG_TOO_LARGE, at,
		    "the file has %zu bytes; at most %u are read", text.len,
		    KT_CONFIG_BYTES_MAX);
		return false;
	}
	for (size_t i = 0; i < text.len;) {
		struct kt_span rest = kt_span_sub(text, i, SIZE_MAX);
		size_t len = kt_utf8_decode(rest, &cp);
		const char *why = forbidden(rest, len, cp);

		if (why != NULL) {
			give_up(r, KT_CONFIG_TEXT, at, why);
			if (len > 0)
				kt_config_diag_help(r->d, "inside double quotes write "
				    "it as an escape, \"\\u%04x\"", (unsigned)cp);
			return false;
		}
		at.column++;
		if (cp == '\n') {
			at.line++;
			at.column = 1;
		}
		i += len;
	}
	return true;
}

static struct kt_config_node *
new_node(struct reader *r, enum kt_config_node_type type,
    struct kt_config_place at)
{
	struct kt_config_node *node;

	if (++r->nodes > KT_CONFIG_NODES_MAX) {
		give_up(r, KT_CONFIG_TOO_LARGE, at, "the file has too many values");
		return NULL;
	}
	node = kt_arena_alloc(r->mem, sizeof(*node));
	if (node == NULL) {
		starve(r, at);
		return NULL;
	}
	node->type = type;
	node->at = at;
	node->end_line = at.line;
	return node;
}

static void
append(struct kt_config_node *parent, struct kt_config_node *child)
{
	child->next = NULL;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

/* Where a finished or just opened value belongs; false: it is a key. */
static bool
attach(struct reader *r, struct kt_config_node *node)
{
	struct frame *f;

	if (r->depth == 0) {
		r->root = node;
		return true;
	}
	f = &r->stack[r->depth - 1];
	if (f->node->type == KT_CONFIG_NODE_LIST) {
		append(f->node, node);
		return true;
	}
	if (!f->has_key)
		return false;
	f->has_key = false;
	node->key = f->key;
	node->key_at = f->key_at;
	if (f->key.ptr != NULL)
		append(f->node, node);
	return true;
}

static void
take_key(struct reader *r, const struct kt_config_node *node)
{
	struct frame *f = &r->stack[r->depth - 1];

	f->has_key = true;
	f->key_at = node->at;
	f->key = node->text;
	if (node->type == KT_CONFIG_NODE_SCALAR && node->text.len > 0)
		return;
	f->key.ptr = NULL;
	kt_config_diag(r->d, KT_CONFIG_SYNTAX, node->at,
	    "a key must be a word, not %s",
	    node->type == KT_CONFIG_NODE_LIST ? "a list" :
	    node->type == KT_CONFIG_NODE_MAP ? "a mapping" : "nothing");
}

/* Sharing is refused, as a file then says what it seems to say. */
static void
refuse_extras(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	struct kt_config_place at = place(r, &e->start_mark, &e->end_mark);

	if (anchor != NULL) {
		kt_config_diag(r->d, KT_CONFIG_SYNTAX, at,
		    "anchors are not supported");
		kt_config_diag_help(r->d, "write the value out where it is used");
	}
	if (tag != NULL) {
		kt_config_diag(r->d, KT_CONFIG_SYNTAX, at,
		    "tags such as '!!str' are not supported");
		kt_config_diag_help(r->d, "put text in quotes");
	}
}

static bool
is_null(struct kt_span s)
{
	return s.len == 0 || kt_span_eq(s, KT_SPAN("~")) ||
	    kt_span_eq(s, KT_SPAN("null")) || kt_span_eq(s, KT_SPAN("Null")) ||
	    kt_span_eq(s, KT_SPAN("NULL"));
}

static void
on_scalar(struct reader *r, const yaml_event_t *e)
{
	struct kt_span text = { (const char *)e->data.scalar.value,
		e->data.scalar.length };
	bool is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct kt_config_node *node;

	refuse_extras(r, e, e->data.scalar.anchor, e->data.scalar.tag);
	node = new_node(r, KT_CONFIG_NODE_SCALAR,
	    place(r, &e->start_mark, &e->end_mark));
	if (node == NULL)
		return;
	node->is_plain = is_plain;
	node->end_line = (uint32_t)e->end_mark.line + 1;
	node->text = kt_arena_dup(r->mem, text);
	if (is_plain && is_null(text))
		node->type = KT_CONFIG_NODE_NULL;
	if (node->text.ptr == NULL)
		starve(r, node->at);
	else if (!attach(r, node))
		take_key(r, node);
}

static void
on_alias(struct reader *r, const yaml_event_t *e)
{
	struct kt_config_node *node = new_node(r, KT_CONFIG_NODE_NULL,
	    place(r, &e->start_mark, &e->end_mark));

	if (node == NULL)
		return;
	kt_config_diag(r->d, KT_CONFIG_SYNTAX, node->at,
	    "aliases are not supported");
	kt_config_diag_help(r->d, "write the value out where it is used");
	node->text = KT_SPAN("null");
	if (!attach(r, node))
		take_key(r, node);
}

static void
on_open(struct reader *r, const yaml_event_t *e, enum kt_config_node_type type)
{
	struct kt_config_node *node;

	if (type == KT_CONFIG_NODE_MAP)
		refuse_extras(r, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag);
	else
		refuse_extras(r, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag);
	node = new_node(r, type, place(r, &e->start_mark, &e->end_mark));
	if (node == NULL)
		return;
	if (r->depth == KT_CONFIG_DEPTH_MAX) {
		give_up(r, KT_CONFIG_TOO_LARGE, node->at,
		    "the file is nested too deeply");
		return;
	}
	if (!attach(r, node))
		take_key(r, node);
	r->stack[r->depth++] = (struct frame){ .node = node };
}

static int
by_key_then_place(const void *left, const void *right)
{
	const struct kt_config_node *a = *(struct kt_config_node *const *)left;
	const struct kt_config_node *b = *(struct kt_config_node *const *)right;
	size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
	int c = memcmp(a->key.ptr, b->key.ptr, len);

	if (c != 0)
		return c;
	if (a->key.len != b->key.len)
		return a->key.len < b->key.len ? -1 : 1;
	if (a->key_at.line != b->key_at.line)
		return a->key_at.line < b->key_at.line ? -1 : 1;
	return a->key_at.column < b->key_at.column ? -1 :
	    a->key_at.column > b->key_at.column;
}

static enum kt_rc
index_keys(struct kt_config_node *map, struct kt_arena *mem)
{
	size_t i = 0;

	if (map->n == 0)
		return KT_OK;
	map->by_key = kt_arena_array(mem, map->n, sizeof(*map->by_key));
	if (map->by_key == NULL)
		return KT_E_LIMIT;
	for (struct kt_config_node *c = map->first; c != NULL; c = c->next)
		map->by_key[i++] = c;
	qsort(map->by_key, map->n, sizeof(*map->by_key), by_key_then_place);
	return KT_OK;
}

/* Reports every repeated key and takes it out; the first one stays. */
static bool
drop_duplicates(struct reader *r, struct kt_config_node *map)
{
	struct kt_config_node *kept = map->first, *next;
	size_t dropped = 0, first = 0;

	for (size_t i = 1; i < map->n; i++) {
		struct kt_config_node *c = map->by_key[i];

		if (!kt_span_eq(c->key, map->by_key[first]->key)) {
			first = i;
			continue;
		}
		kt_config_diag(r->d, KT_CONFIG_DUPLICATE, c->key_at,
		    "'%.40s' is said twice, first in line %u", c->key.ptr,
		    (unsigned)map->by_key[first]->key_at.line);
		kt_config_diag_hide(r->d, c);
		kt_config_diag_hide(r->d, map->by_key[first]);
		c->n = SIZE_MAX; /* a mark, read and gone below */
		dropped++;
	}
	if (dropped == 0)
		return false;
	map->first = map->last = NULL;
	map->n = 0;
	for (; kept != NULL; kept = next) {
		next = kept->next;
		if (kept->n != SIZE_MAX)
			append(map, kept);
	}
	return true;
}

static void
on_close(struct reader *r, const yaml_event_t *e)
{
	struct frame *f = &r->stack[--r->depth];
	struct kt_config_node *node = f->node;
	bool is_flow = e->end_mark.index > e->start_mark.index;

	if (is_flow)
		node->end_line = (uint32_t)e->end_mark.line + 1;
	else if (node->last != NULL)
		node->end_line = node->last->end_line;
	if (node->type != KT_CONFIG_NODE_MAP)
		return;
	if (index_keys(node, r->mem) < 0 ||
	    (drop_duplicates(r, node) && index_keys(node, r->mem) < 0))
		starve(r, node->at);
}

static void
on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++r->documents > 1)
			give_up(r, KT_CONFIG_SYNTAX,
			    place(r, &e->start_mark, &e->end_mark),
			    "a file holds one document, and a second one begins here");
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(r, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, e);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(r, e, KT_CONFIG_NODE_MAP);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(r, e, KT_CONFIG_NODE_LIST);
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		on_close(r, e);
		break;
	case YAML_STREAM_END_EVENT:
		r->is_over = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/*
 * A line that cannot be read may hold anything: only a key is shown of it,
 * and nothing where it has none.
 */
static void
hide_rest(struct reader *r, struct kt_config_place at)
{
	struct kt_span bytes = r->d->files[r->file].bytes;
	struct kt_config_node value = { .at = at, .end_line = at.line };
	size_t from = 0, colon;

	for (uint32_t line = 1; line < at.line && from < bytes.len; line++)
		from += kt_span_find(kt_span_sub(bytes, from, SIZE_MAX), '\n') + 1;
	bytes = kt_span_sub(bytes, from, SIZE_MAX);
	bytes = kt_span_sub(bytes, 0, kt_span_find(bytes, '\n'));
	colon = kt_span_find(bytes, ':');
	value.at.column = 1;
	for (size_t i = 0; colon < bytes.len && i <= colon; i++)
		value.at.column += ((unsigned char)bytes.ptr[i] & 0xc0) != 0x80;
	kt_config_diag_hide(r->d, &value);
}

static void
on_error(struct reader *r, const yaml_parser_t *p)
{
	struct kt_config_place at = place(r, &p->problem_mark, &p->problem_mark);

	if (p->error == YAML_MEMORY_ERROR) {
		starve(r, at);
		return;
	}
	if (p->context != NULL)
		kt_config_diag(r->d, KT_CONFIG_SYNTAX, at, "not YAML: %s %s that "
		    "began in line %zu", p->problem ? p->problem : "cannot be read",
		    p->context, p->context_mark.line + 1);
	else
		kt_config_diag(r->d, KT_CONFIG_SYNTAX, at, "not YAML: %s",
		    p->problem ? p->problem : "cannot be read");
	hide_rest(r, at);
	r->is_over = true;
}

static void
read_events(struct reader *r, struct kt_span text)
{
	yaml_parser_t p;
	yaml_event_t e;

	if (!yaml_parser_initialize(&p)) {
		starve(r, (struct kt_config_place){ 0 });
		return;
	}
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text.ptr, text.len);
	while (!r->is_over) {
		if (!yaml_parser_parse(&p, &e)) {
			on_error(r, &p);
			break;
		}
		on_event(r, &e);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
}

struct kt_config_node *
kt_config_parse(uint16_t file, struct kt_arena *mem, struct kt_config_diags *d)
{
	struct reader r = { .file = file, .mem = mem, .d = d };
	struct kt_config_place start = { file, 1, 1, 1 };
	struct kt_span text = d->files[file].bytes;
	size_t before = d->n + d->dropped;

	if (!is_clean(&r, text))
		return NULL;
	read_events(&r, text.ptr != NULL ? text : KT_SPAN(""));
	if (r.is_broken || (d->n + d->dropped > before &&
	    (r.depth > 0 || r.root == NULL)))
		return NULL; /* stopped on the way */
	if (r.root == NULL || r.root->type == KT_CONFIG_NODE_NULL) {
		return new_node(&r, KT_CONFIG_NODE_MAP, start);
	} else if (r.root->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(d, KT_CONFIG_WRONG_TYPE, r.root->at,
		    "a configuration is a mapping of sections, not %s",
		    r.root->type == KT_CONFIG_NODE_LIST ? "a list" : "text");
		kt_config_diag_hide(d, r.root);
		return NULL;
	}
	return r.root;
}

const struct kt_config_node *
kt_config_get(const struct kt_config_node *map, struct kt_span key)
{
	size_t low = 0, high;

	if (map == NULL || map->type != KT_CONFIG_NODE_MAP)
		return NULL;
	high = map->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct kt_config_node *c = map->by_key[mid];
		size_t len = c->key.len < key.len ? c->key.len : key.len;
		int order = len ? memcmp(c->key.ptr, key.ptr, len) : 0;

		if (order == 0 && c->key.len == key.len)
			return c;
		if (order < 0 || (order == 0 && c->key.len < key.len))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct kt_config_node *
kt_config_merge(struct kt_config_node *base, struct kt_config_node *over,
    struct kt_arena *mem)
{
	struct kt_config_node *next, *old;
	size_t fresh = 0;

	if (base == NULL || base->type != KT_CONFIG_NODE_MAP ||
	    over->type != KT_CONFIG_NODE_MAP)
		return over;
	/* Found by the old index while new ones are only appended. */
	for (struct kt_config_node *c = over->first; c != NULL; c = next) {
		struct kt_config_node found = *base;

		next = c->next;
		found.n -= fresh;
		old = (struct kt_config_node *)kt_config_get(&found, c->key);
		if (old == NULL) {
			append(base, c);
			fresh++;
		} else if (old->type == KT_CONFIG_NODE_MAP &&
		    c->type == KT_CONFIG_NODE_MAP) {
			if (kt_config_merge(old, c, mem) == NULL)
				return NULL;
		} else {
			struct kt_config_node *after = old->next;

			*old = *c;
			old->next = after;
		}
	}
	if (fresh > 0 && index_keys(base, mem) < 0)
		return NULL;
	return base;
}
