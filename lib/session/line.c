/*
 * line - lines of JSON, and the texts that are named in them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "session/line.h"

#include "audit/audit.h"

#define BLOBS_FIRST 1024 /* a power of two, as all sizes of the table */

void
kt_line_begin(struct kt_json_writer *j, struct kt_buf *out)
{
	kt_json_writer_init(j, out);
	kt_json_begin_object(j);
}

enum kt_rc
kt_line_end(struct kt_json_writer *j)
{
	kt_json_end_object(j);
	if (kt_json_written(j) < 0)
		return kt_json_written(j);
	return kt_buf_addc(j->out, '\n');
}

void
kt_line_kind(struct kt_json_writer *j, const char *kind)
{
	kt_json_named_cstr(j, "k", kind);
}

void
kt_line_text(struct kt_json_writer *j, const char *name, struct kt_span value)
{
	if (value.len == 0)
		return;
	kt_json_named_string(j, name, value);
}

void
kt_line_flag(struct kt_json_writer *j, const char *name, bool v)
{
	if (!v)
		return;
	kt_json_named_bool(j, name, true);
}

void
kt_line_fill(struct kt_json_writer *j, uint64_t n)
{
	kt_json_begin_object(j);
	kt_json_named_u64(j, "fill", n);
	kt_json_end_object(j);
}

/* ---- texts by name ---- */

uint64_t
kt_blob_name(struct kt_span text)
{
	uint8_t digest[KT_AUDIT_HASH];
	uint64_t name = 0;

	kt_audit_sha256(text, digest);
	for (int i = 0; i < 8; i++)
		name = name << 8 | digest[i];
	return name;
}

void
kt_blob_put_name(struct kt_json_writer *j, const char *member, uint64_t name)
{
	char text[20];

	(void)snprintf(text, sizeof(text), "b:%016llx", (unsigned long long)name);
	kt_json_named_cstr(j, member, text);
}

static size_t
slot_of(const struct kt_blobs *b, uint64_t name)
{
	size_t i = name & (b->cap - 1);

	while (b->v[i] != 0 && b->v[i] != name)
		i = (i + 1) & (b->cap - 1);
	return i;
}

static enum kt_rc
grow(struct kt_blobs *b)
{
	struct kt_blobs more = { .n = b->n,
		.cap = b->cap > 0 ? 2 * b->cap : BLOBS_FIRST };

	if (b->n * 2 < b->cap)
		return KT_OK;
	more.v = kt_alloc_array(more.cap, sizeof(*more.v));
	if (more.v == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < b->cap; i++) {
		if (b->v[i] != 0)
			more.v[slot_of(&more, b->v[i])] = b->v[i];
	}
	kt_free(b->v);
	*b = more;
	return KT_OK;
}

enum kt_rc
kt_blobs_add(struct kt_blobs *b, uint64_t name, bool *is_new)
{
	size_t at;

	*is_new = false;
	if (grow(b) < 0)
		return KT_E_LIMIT;
	at = slot_of(b, name);
	*is_new = b->v[at] != name;
	b->n += *is_new;
	b->v[at] = name;
	return KT_OK;
}

void
kt_blobs_fini(struct kt_blobs *b)
{
	kt_free(b->v);
	*b = (struct kt_blobs){ 0 };
}
