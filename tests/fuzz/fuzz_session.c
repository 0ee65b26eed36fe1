/*
 * A session file of anybody: read or refused with its line; what was read is
 * played and compared without end only where it says nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_session s;
	struct kt_err err = { 0 };
	struct kt_span text = { (const char *)data, size };
	enum kt_rc rc = kt_session_read(&s, text, &err);

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
