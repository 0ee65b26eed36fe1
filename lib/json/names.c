/*
 * names - finds equal names without comparing each with each.
 *
 * Every name leaves a hash on a stack when it closes, while it is still in
 * the cache; its object looks at them when it closes itself.  Objects are
 * nested, so one stack serves all that are open.  Few names are compared by
 * pairs of hashes; more go through a table of twice their number.  The hash
 * is seeded, but safety does not rest on the seed: when probing costs more
 * than chance can explain, the object is refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json_priv.h"
#include "json/text.h"

#define PAIRS_MAX 8
#define PROBES_PER_NAME 16

struct name {
	uint32_t hash, node;
};

static uint64_t
mix(uint64_t h, uint64_t word)
{
	__uint128_t m = (__uint128_t)(h ^ word) * UINT64_C(0xa0761d6478bd642f);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint32_t
finish(uint64_t h, uint64_t len)
{
	h = mix(h ^ UINT64_C(0xe7037ed1a0b428db), len);
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t
hash_plain(uint64_t seed, struct kt_span s)
{
	uint64_t h = seed, word;
	size_t i;

	for (i = 0; s.len - i >= 8; i += 8) {
		memcpy(&word, s.ptr + i, 8);
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, s.ptr + i, s.len - i);
	return finish(mix(h, word), s.len);
}

/* The same number for the same text, however it was escaped. */
static uint32_t
hash_escaped(uint64_t seed, struct kt_span s)
{
	struct kt_json_letters l = kt_json_letters_of(s);
	unsigned char eight[8] = { 0 };
	uint64_t h = seed, word;
	size_t len = 0;
	int c;

	while ((c = kt_json_letter(&l)) >= 0) {
		eight[len++ % 8] = (unsigned char)c;
		if (len % 8 == 0) {
			memcpy(&word, eight, 8);
			h = mix(h, word);
			memset(eight, 0, 8);
		}
	}
	memcpy(&word, eight, 8);
	return finish(mix(h, word), len);
}

static struct kt_span
name_text(const struct kt_json *j, const char *text, uint32_t node)
{
	const struct kt_json_node *n = &j->nodes[node];

	return (struct kt_span){
		.ptr = text + n->start + 1,
		.len = n->end - n->start - 2,
	};
}

enum kt_rc
kt_json_names_push(struct kt_json *j, const char *text, uint32_t node)
{
	struct kt_span s = name_text(j, text, node);
	struct name name = {
		.hash = j->nodes[node].has_escapes ? hash_escaped(j->seed, s)
						   : hash_plain(j->seed, s),
		.node = node,
	};

	return kt_buf_add(&j->names,
	    (struct kt_span){ .ptr = (const char *)&name, .len = sizeof(name) });
}

static bool
is_equal(
    const struct kt_json *j, const char *text, struct name a, struct name b)
{
	struct kt_span s, t;

	if (a.hash != b.hash)
		return false;
	s = name_text(j, text, a.node);
	t = name_text(j, text, b.node);
	if (!j->nodes[a.node].has_escapes && !j->nodes[b.node].has_escapes)
		return kt_span_eq(s, t);
	return kt_json_text_eq(s, t);
}

static uint32_t
search_pairs(const struct kt_json *j, const char *text,
    const struct name *names, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (is_equal(j, text, names[k], names[i]))
				return names[i].node;
		}
	}
	return 0;
}

/* Open addressing; a slot holds the index of a name plus one. */
static enum kt_rc
search_table(struct kt_json *j, const char *text, const struct name *names,
    size_t n, uint32_t *twice)
{
	size_t size = 32, probes = PROBES_PER_NAME * n;
	uint32_t *slots;

	while (size < 2 * n)
		size *= 2;
	j->table.len = 0;
	if (kt_buf_reserve(&j->table, size * sizeof(*slots)) < 0)
		return KT_E_LIMIT;
	slots = (uint32_t *)(void *)j->table.ptr;
	memset(slots, 0, size * sizeof(*slots));
	for (size_t i = 0; i < n; i++) {
		size_t at = names[i].hash & (size - 1);

		for (; slots[at] != 0; at = (at + 1) & (size - 1)) {
			if (is_equal(j, text, names[slots[at] - 1], names[i])) {
				*twice = names[i].node;
				return KT_OK;
			}
			if (probes-- == 0)
				return KT_E_LIMIT;
		}
		slots[at] = (uint32_t)i + 1;
	}
	return KT_OK;
}

enum kt_rc
kt_json_names_pop(
    struct kt_json *j, const char *text, uint32_t below, uint32_t *twice)
{
	size_t n = (j->names.len - below) / sizeof(struct name);
	const struct name *names;
	enum kt_rc rc = KT_OK;

	*twice = 0;
	j->names.len = below;
	if (n < 2)
		return KT_OK;
	names = (const struct name *)(const void *)(j->names.ptr + below);
	if (n <= PAIRS_MAX)
		*twice = search_pairs(j, text, names, n);
	else
		rc = search_table(j, text, names, n, twice);
	return rc;
}
