/*
 * offline_put - how the formats of the offline model cut and name things.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/offline_priv.h"

struct kt_span
kt_offline_cut(struct kt_span text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
		max--;
	return kt_span_sub(text, 0, max);
}

struct kt_span
kt_offline_piece(struct kt_span *rest)
{
	struct kt_span piece = kt_offline_cut(*rest, KT_OFFLINE_PIECE);

	*rest = kt_span_sub(*rest, piece.len, rest->len - piece.len);
	return piece;
}

void
kt_offline_put_id(struct kt_json_writer *w, const char *name,
    const char *prefix, const struct kt_offline_turn *t, size_t i)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "%s%016llx%02zx", prefix,
	    (unsigned long long)t->seed, i); /* prefixes are short */
	kt_json_named_cstr(w, name, id);
}
