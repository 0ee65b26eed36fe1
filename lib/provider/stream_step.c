/*
 * stream_step - what the three grammars share: members, keys and parts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream_priv.h"

uint32_t
kt_stream_member(
    const struct kt_stream_step *s, uint32_t object, const char *name)
{
	return kt_json_member(s->json, s->text, object, kt_span_of(name));
}

enum kt_rc
kt_stream_refuse(struct kt_stream_step *s, const char *why)
{
	return kt_fail(s->err, KT_E_PARSE, "event: %s", why);
}

void
kt_stream_take_usage(struct kt_stream_step *s, struct kt_usage usage)
{
	if (usage.is_known)
		s->r->usage = usage;
	s->out->facts.usage =
	    usage.is_known ? usage : (struct kt_usage){ 0 };
}

void
kt_stream_grow(struct kt_part *part, uint64_t block)
{
	part->block = block;
	if (part->kind == KT_PART_WHOLE)
		part->kind = KT_PART_DELTA;
}

/* a below 2^30, b below 2^24. */
uint64_t
kt_stream_key(uint64_t a, uint64_t b, unsigned slot)
{
	return (uint64_t)1 << 62 | a << 32 | b << 8 | slot;
}

uint64_t
kt_stream_odd_key(uint64_t a, uint64_t b, uint64_t trail)
{
	uint64_t h = trail ^ (a * 0x9e3779b97f4a7c15u) ^
	    (b * 0xc2b2ae3d27d4eb4fu);

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	return (uint64_t)1 << 63 | (h ^ h >> 32) >> 1;
}

static size_t
count_strings(const struct kt_json *json)
{
	size_t found = 0;

	for (uint32_t n = 1; n < json->count; n++)
		found += json->nodes[n].type == KT_JSON_STRING;
	return found;
}

enum kt_rc
kt_stream_collect(struct kt_stream_step *s, kt_grow_fn *grow)
{
	static const enum kt_part_kind kinds[] = {
		[KT_SEGMENT_FIXED] = KT_PART_FIXED,
		[KT_SEGMENT_TEXT] = KT_PART_WHOLE,
		[KT_SEGMENT_SIGNED] = KT_PART_SIGNED,
		[KT_SEGMENT_OPAQUE] = KT_PART_OPAQUE,
		[KT_SEGMENT_NAME] = KT_PART_FIXED,
	};
	size_t n = count_strings(s->json);
	struct kt_segments it;
	struct kt_segment seg;
	struct kt_part *parts;

	if (n == 0)
		return KT_OK;
	parts = kt_arena_array(s->mem, n, sizeof(*parts));
	if (parts == NULL)
		return kt_fail(s->err, KT_E_LIMIT, "event: too many strings");
	kt_segments_init_event(&it, s->r->format, s->json, s->text);
	while (kt_segments_next(&it, &seg)) {
		struct kt_part *p = &parts[s->out->nparts++];

		p->node = seg.node;
		p->component = seg.component;
		p->kind = kinds[seg.kind];
		if (grow != NULL && grow(s, &it.leaf, p) < 0)
			return s->err->rc;
	}
	s->out->parts = parts;
	return KT_OK;
}
