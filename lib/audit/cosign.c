/*
 * cosign - the same keys and lines as a log's, over another text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text begins with a line of its own, so that no signature of a log is
 * ever taken for a cosignature, nor the other way round.
 */
#include "audit/cosign.h"

#define TYPE 0x04
#define BLOB (4 + 8 + KT_AUDIT_SIG) /* id, time, signature */
#define DASH "\xe2\x80\x94 "

static void
key_id(struct kt_audit_vkey *k)
{
	uint8_t text[KT_AUDIT_KEY_NAME + 2 + KT_AUDIT_PUB];
	uint8_t digest[KT_AUDIT_HASH];
	size_t n = strlen(k->name);

	memcpy(text, k->name, n);
	text[n++] = '\n';
	text[n++] = TYPE;
	memcpy(text + n, k->pub, KT_AUDIT_PUB);
	kt_audit_sha256((struct kt_span){ (const char *)text,
	    n + KT_AUDIT_PUB }, digest);
	memcpy(k->id, digest, sizeof(k->id));
}

enum kt_rc
kt_audit_covkey_make(struct kt_audit_vkey *k, struct kt_span name,
    const uint8_t pub[KT_AUDIT_PUB], struct kt_err *err)
{
	if (kt_audit_vkey_make(k, name, pub, err) < 0)
		return err->rc;
	key_id(k);
	return KT_OK;
}

enum kt_rc
kt_audit_covkey_parse(
    struct kt_span text, struct kt_audit_vkey *k, struct kt_err *err)
{
	struct kt_span name, id, rest;
	uint8_t blob[1 + KT_AUDIT_PUB];
	char written[9];
	size_t n;

	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	n = kt_span_find(text, '+');
	name = kt_span_sub(text, 0, n);
	rest = kt_span_sub(text, n + 1, text.len);
	n = kt_span_find(rest, '+');
	id = kt_span_sub(rest, 0, n);
	rest = kt_span_sub(rest, n + 1, rest.len);
	if (!kt_audit_unbase64(rest, blob, sizeof(blob)) || blob[0] != TYPE)
		return kt_fail(err, KT_E_PARSE, "not a witness's key");
	if (kt_audit_covkey_make(k, name, blob + 1, err) < 0)
		return err->rc;
	kt_hex(k->id, sizeof(k->id), written);
	return kt_span_eq(id, kt_span_of(written)) ? KT_OK :
	    kt_fail(err, KT_E_PARSE, "a key that is not what its id says");
}

void
kt_audit_covkey_text(
    const struct kt_audit_vkey *k, char out[KT_AUDIT_VKEY_TEXT])
{
	uint8_t blob[1 + KT_AUDIT_PUB] = { TYPE };
	char id[9], base64[45];

	memcpy(blob + 1, k->pub, KT_AUDIT_PUB);
	kt_hex(k->id, sizeof(k->id), id);
	kt_audit_base64(blob, sizeof(blob), base64);
	(void)snprintf(
	    out, KT_AUDIT_VKEY_TEXT, "%s+%s+%s", k->name, id, base64);
}

/* What is signed: two lines in front of the checkpoint's own. */
static enum kt_rc
message(struct kt_span note, uint64_t seconds, struct kt_buf *out)
{
	struct kt_span text, lines;

	if (!kt_audit_note_split(note, &text, &lines))
		return KT_E_PARSE;
	if (kt_buf_printf(out, "cosignature/v1\ntime %llu\n",
	    (unsigned long long)seconds) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, text);
}

enum kt_rc
kt_audit_cosign(const struct kt_audit_signer *s, struct kt_span note,
    uint64_t seconds, struct kt_buf *out, struct kt_err *err)
{
	char line[4 * ((BLOB + 2) / 3) + 1];
	uint8_t blob[BLOB];
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, KT_AUDIT_NOTE_MAX);
	rc = message(note, seconds, &text);
	if (rc < 0)
		rc = kt_fail(err, rc, "not a checkpoint");
	memcpy(blob, s->vkey.id, 4);
	for (int i = 0; i < 8; i++)
		blob[4 + i] = (uint8_t)(seconds >> (56 - 8 * i));
	if (rc == KT_OK)
		rc = kt_audit_sign(s, kt_buf_span(&text), blob + 12, err);
	kt_audit_base64(blob, sizeof(blob), line);
	if (rc == KT_OK &&
	    kt_buf_printf(out, DASH "%s %s\n", s->vkey.name, line) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no room for a cosignature");
	kt_buf_fini(&text);
	return rc;
}

static bool
line_holds(const struct kt_audit_checker *c, struct kt_span note,
    struct kt_span base64, uint64_t *seconds)
{
	uint8_t blob[BLOB];
	struct kt_buf text;
	uint64_t time = 0;
	bool holds;

	if (!kt_audit_unbase64(base64, blob, sizeof(blob)) ||
	    memcmp(blob, c->vkey.id, 4) != 0)
		return false;
	for (int i = 0; i < 8; i++)
		time = time << 8 | blob[4 + i];
	kt_buf_init(&text, KT_AUDIT_NOTE_MAX);
	holds = message(note, time, &text) == KT_OK &&
	    kt_audit_signature_holds(c, kt_buf_span(&text), blob + 12);
	kt_buf_fini(&text);
	if (holds)
		*seconds = time;
	return holds;
}

bool
kt_audit_is_cosigned(
    const struct kt_audit_vkey *k, struct kt_span note, uint64_t *seconds)
{
	struct kt_span text, lines, name = kt_span_of(k->name);
	struct kt_audit_checker c;
	struct kt_err err;
	bool holds = false;

	if (!kt_audit_note_split(note, &text, &lines) ||
	    kt_audit_checker_init(&c, k, &err) < 0)
		return false;
	for (unsigned i = 0; lines.len > 0 && i < KT_AUDIT_SIGNATURES_MAX;
	    i++) {
		size_t n = kt_span_find(lines, '\n');
		struct kt_span line = kt_span_sub(lines, 0, n);

		lines = kt_span_sub(lines, n + 1, lines.len);
		line = kt_span_sub(line, sizeof(DASH) - 1, line.len);
		n = kt_span_find(line, ' ');
		if (kt_span_eq(kt_span_sub(line, 0, n), name))
			holds |= line_holds(&c, note,
			    kt_span_sub(line, n + 1, line.len), seconds);
	}
	kt_audit_checker_fini(&c);
	return holds;
}
