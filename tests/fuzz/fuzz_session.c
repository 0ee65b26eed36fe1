/*
 * A session file of anybody: read or refused with its line; what was read is
 * played and compared without end only where it says nothing.  Encrypted, it
 * comes back as it was, and as anything else it is refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "session/seal.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[KT_SEAL_KEY] = "a key of thirty-two bytes length";
static const uint8_t salt[KT_SEAL_SALT] = "a salt of this one file";

/* The text as two frames, whole and with one byte changed. */
static void
seal(struct kt_span text)
{
	struct kt_buf sealed, out;
	struct kt_seal s;
	struct kt_err err = { 0 };
	size_t at = text.len > 0 ? (uint8_t)text.ptr[0] % text.len : 0;
	bool is_cut;

	kt_buf_init(&sealed, KT_SESSION_FILE_MAX);
	kt_buf_init(&out, KT_SESSION_FILE_MAX);
	/* Nothing of ours wrote it. */
	if (kt_seal_open(text, key, &out, &is_cut, &err) == KT_OK)
		abort();
	if (kt_seal_begin(&s, key, salt, &sealed, &err) < 0 ||
	    kt_seal_add(&s, kt_span_sub(text, 0, at), &sealed, &err) < 0 ||
	    kt_seal_add(&s, kt_span_sub(text, at, text.len), &sealed, &err) < 0 ||
	    kt_seal_open(kt_buf_span(&sealed), key, &out, &is_cut, &err) < 0 ||
	    is_cut || !kt_span_eq(kt_buf_span(&out), text))
		abort();
	sealed.ptr[KT_SEAL_SALT + at] ^= 1;
	if (kt_seal_open(kt_buf_span(&sealed), key, &out, &is_cut, &err) !=
	    KT_E_PARSE)
		abort();
	kt_seal_fini(&s);
	kt_buf_fini(&sealed);
	kt_buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_session s;
	struct kt_err err = { 0 };
	struct kt_span text = { (const char *)data, size };
	enum kt_rc rc = kt_session_read(&s, text, &err);

	seal(text);

	if (rc < 0 && strncmp(err.text, "line ", 5) != 0)
		abort();
	for (size_t i = 0; rc == KT_OK && i < s.ncalls; i++) {
		const struct kt_session_call *c = &s.calls[i];
		struct kt_buf b;

		if (i > 0 && c->n <= s.calls[i - 1].n)
			abort();
		if (c->method.len == 0 || c->path.len == 0)
			abort();
		kt_buf_init(&b, 1u << 20);
		/* Larger ones are refused: that is what the limit is for. */
		if (kt_session_join(c->pieces, c->npieces, &b) == KT_OK &&
		    kt_utf8_check(kt_buf_span(&b)) < b.len)
			abort();
		kt_buf_fini(&b);
		for (size_t e = 1; e < c->nevents; e++) {
			if (c->events[e].at_us < c->events[e - 1].at_us)
				abort();
		}
	}
	kt_session_fini(&s);
	return 0;
}
