/*
 * clean - texts in which nothing was found, so that each is searched once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A conversation sends all its turns again with every turn, and structure
 * repeats names, types and roles.  Short ones of those are kept as they are;
 * of any other text only the SHA-256, with all that the search depends on: who
 * can make two texts of one hash can forge the record as well.  A scratch is
 * of one program, so a reload forgets everything.  Who measures time may learn
 * that somebody sent the same text before, as with any cache of prompts.
 */
#include "exchange/exchange_priv.h"

/* Sets of a few: the thirty short texts of one call, each at one place among
   512, would drive some of each other out with every call. */
#define SHORT_SETS 128
#define SHORT_WAYS 4
#define SHORT_BYTES 46
#define LABEL_BYTES 24
/* Sets again: of the texts of one long conversation each at one place, some
   would always drive each other out.  256 KB: fifty such conversations. */
#define LONG_SETS 2048
#define LONG_WAYS 4

struct short_text {
	uint8_t len, label_len;
	uint8_t component; /* each hears detectors of its own */
	char text[SHORT_BYTES];
	char label[LABEL_BYTES]; /* a name says what its value is */
};

struct kt_x_clean {
	struct kt_audit_hash hash;
	struct short_text shorts[SHORT_SETS][SHORT_WAYS];
	uint8_t next[SHORT_SETS]; /* way to be written */
	uint8_t longs[LONG_SETS][LONG_WAYS][KT_AUDIT_HASH];
	uint8_t next_long[LONG_SETS];
};

struct kt_x_clean *
kt_x_clean_new(void)
{
	struct kt_x_clean *c = kt_alloc(sizeof(*c));

	if (c != NULL && kt_audit_hash_init(&c->hash, NULL) < 0) {
		kt_free(c);
		return NULL;
	}
	return c;
}

void
kt_x_clean_free(struct kt_x_clean **cp)
{
	if (*cp == NULL)
		return;
	kt_audit_hash_fini(&(*cp)->hash);
	kt_free(*cp);
	*cp = NULL;
}

static uint32_t
mix(uint32_t h, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
	return h;
}

/* By the label too: a block has a member "text" and is of type "text". */
static size_t
short_set(const struct kt_x_text *t)
{
	uint32_t h = mix(2166136261u ^ t->component, t->label);

	h = mix(h * 16777619u, t->raw);
	return (h ^ h >> 16) % SHORT_SETS;
}

static bool
has_short(const struct kt_x_clean *c, const struct kt_x_text *t)
{
	const struct short_text *s = c->shorts[short_set(t)];

	for (size_t i = 0; i < SHORT_WAYS; i++)
		if (s[i].len == t->raw.len && s[i].component == t->component &&
		    kt_span_eq((struct kt_span){ s[i].text, s[i].len },
		        t->raw) &&
		    kt_span_eq((struct kt_span){ s[i].label, s[i].label_len },
		        t->label))
			return true;
	return false;
}

static void
keep_short(struct kt_x_clean *c, const struct kt_x_text *t)
{
	size_t set = short_set(t);
	struct short_text *s = &c->shorts[set][c->next[set]];

	c->next[set] = (uint8_t)((c->next[set] + 1) % SHORT_WAYS);
	s->len = (uint8_t)t->raw.len;
	s->component = (uint8_t)t->component;
	s->label_len = (uint8_t)t->label.len;
	memcpy(s->text, t->raw.ptr, t->raw.len);
	if (t->label.len > 0)
		memcpy(s->label, t->label.ptr, t->label.len);
}

/* Of the text, and of what else decides what is found in it. */
static void
hash_of(struct kt_x_clean *c, const struct kt_x_text *t,
    uint8_t hash[KT_AUDIT_HASH])
{
	const struct {
		uint64_t label_len;
		uint32_t component, has_escapes;
	} head = { t->label.len, t->component, t->has_escapes };

	kt_audit_hash_add(
	    &c->hash, (struct kt_span){ (const char *)&head, sizeof(head) });
	kt_audit_hash_add(&c->hash, t->label);
	kt_audit_hash_add(&c->hash, t->raw);
	kt_audit_hash_take(&c->hash, hash);
}

static size_t
long_set(const uint8_t hash[KT_AUDIT_HASH])
{
	return (hash[0] | (unsigned)hash[1] << 8) % LONG_SETS;
}

static bool
has_long(const struct kt_x_clean *c, const uint8_t hash[KT_AUDIT_HASH])
{
	const uint8_t (*h)[KT_AUDIT_HASH] = c->longs[long_set(hash)];

	for (size_t i = 0; i < LONG_WAYS; i++)
		if (memcmp(h[i], hash, KT_AUDIT_HASH) == 0)
			return true;
	return false;
}

static void
keep_long(struct kt_x_clean *c, const uint8_t hash[KT_AUDIT_HASH])
{
	size_t set = long_set(hash);

	memcpy(c->longs[set][c->next_long[set]], hash, KT_AUDIT_HASH);
	c->next_long[set] = (uint8_t)((c->next_long[set] + 1) % LONG_WAYS);
}

bool
kt_x_clean_has(struct kt_x_clean *c, const struct kt_x_text *t,
    struct kt_x_clean_key *key)
{
	key->is_short = kt_segment_is_fixed(t->kind) && !t->has_escapes &&
	    t->raw.len <= SHORT_BYTES && t->label.len <= LABEL_BYTES;
	if (key->is_short)
		return has_short(c, t);
	hash_of(c, t, key->hash);
	return has_long(c, key->hash);
}

void
kt_x_clean_keep(struct kt_x_clean *c, const struct kt_x_text *t,
    const struct kt_x_clean_key *key)
{
	if (key->is_short)
		keep_short(c, t);
	else
		keep_long(c, key->hash);
}
