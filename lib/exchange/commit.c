/*
 * commit - commitments to content, which say nothing without a salt.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

static bool
is_plain(const struct kt_exchange *x)
{
	return x->program->audit.hash_mode != 0;
}

/* Of the caller's secret: erasing the caller unlinks what it is made for. */
static void
make_salt(const struct kt_exchange *x, struct kt_span field,
    uint8_t salt[KT_AUDIT_HASH])
{
	struct kt_span id = kt_span_of(x->call_id);

	if (x->subject != NULL)
		kt_audit_salt(x->subject->secret, id, field, salt);
	else
		kt_audit_mac_salt(&x->scratch->mac, id, field, salt);
}

struct kt_span
kt_x_commit(struct kt_exchange *x, struct kt_span field, struct kt_span content)
{
	uint8_t salt[KT_AUDIT_HASH];
	char text[KT_AUDIT_COMMIT_TEXT];
	struct kt_audit_hash h;

	if (field.ptr == NULL || kt_audit_hash_init(&h, NULL) < 0)
		return (struct kt_span){ 0 };
	make_salt(x, field, salt);
	kt_audit_commit_begin(&h, salt);
	kt_audit_hash_add(&h, content);
	kt_audit_commit_end(&h, text);
	kt_audit_hash_fini(&h);
	return kt_arena_dup(x->mem, kt_span_of(text));
}

void
kt_x_commit_begin(struct kt_exchange *x, struct kt_span field)
{
	uint8_t salt[KT_AUDIT_HASH];

	if (is_plain(x))
		return;
	make_salt(x, field, salt);
	kt_audit_commit_begin(&x->hash, salt);
}

void
kt_x_commit_end(struct kt_exchange *x, char out[KT_AUDIT_COMMIT_TEXT])
{
	uint8_t digest[KT_AUDIT_HASH];

	if (!is_plain(x)) {
		kt_audit_commit_end(&x->hash, out);
		return;
	}
	kt_audit_hash_take(&x->hash, digest);
	memcpy(out, "sha256:", 7);
	kt_hex(digest, sizeof(digest), out + 7);
}

/* Only where it is kept as it went up: hashing a request costs something. */
void
kt_x_commit_pieces(struct kt_exchange *x)
{
	if (x->program->audit.content != KT_CONFIG_CONTENT_REDACTED ||
	    x->surface.endpoint == KT_ENDPOINT_FILES || !x->has_hash)
		return;
	kt_x_commit_begin(x, KT_SPAN("content"));
	for (size_t i = 0; i < x->npieces; i++)
		kt_audit_hash_add(&x->hash, x->pieces[i]);
	kt_x_commit_end(x, x->content_commit);
}

void
kt_x_upload_digest(struct kt_exchange *x)
{
	if (x->request_commit[0] == '\0')
		kt_x_commit_end(x, x->request_commit);
	x->request_counts.bytes[KT_COMPONENT_FILES] = x->bytes_in;
}
