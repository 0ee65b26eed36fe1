/*
 * The first byte says how the rest is cut and whether HEAD was asked.  However
 * it is cut, the parts are the same; body bytes come from the input in order;
 * after an end nothing more is taken.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
	struct kt_buf text;
	size_t taken;
	bool is_ended;
	int rc, eof;
};

static void
note(struct seen *seen, const struct kt_http1_part *part)
{
	enum kt_rc rc = KT_OK;

	if (seen->is_ended)
		KT_BUG("a part after the end");
	seen->is_ended = part->got == KT_HTTP1_END;
	if (part->got == KT_HTTP1_BODY)
		rc = kt_buf_add(&seen->text, part->body);
	if (part->got == KT_HTTP1_HEAD)
		rc = kt_buf_printf(&seen->text, "%d %zu\n", part->head.status,
		    part->head.n_headers);
	for (size_t i = 0; part->got == KT_HTTP1_HEAD &&
	    i < part->head.n_headers && rc == KT_OK; i++)
		rc = kt_buf_add(&seen->text, part->head.headers[i].value);
	if (rc < 0)
		KT_BUG("more came out than went in");
}

static void
run(struct seen *seen, struct kt_span all, size_t step,
    enum kt_http1_asked asked)
{
	struct kt_http1_part part;
	struct kt_http1 h;

	*seen = (struct seen){ 0 };
	kt_buf_init(&seen->text, 2 * all.len + 64);
	kt_http1_init(&h, asked);
	for (size_t at = 0; at < all.len && seen->rc == 0 && !seen->is_ended;
	     at += step) {
		struct kt_span in = kt_span_sub(all, at, step);

		while ((seen->rc = kt_http1_next(&h, &in, &part, NULL)) > 0)
			note(seen, &part);
		if (seen->rc == 0 && in.len > 0 && !seen->is_ended)
			KT_BUG("stopped before the input was taken");
		seen->taken = (size_t)(in.ptr - all.ptr);
	}
	seen->eof = kt_http1_eof(&h, NULL);
	if (seen->is_ended && seen->eof != KT_OK)
		KT_BUG("complete, but not at its end");
	kt_http1_fini(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span in = { (const char *)bytes + 1, len - 1 };
	struct seen whole, cut;
	enum kt_http1_asked asked;

	if (len < 2 || len > 65536)
		return 0;
	asked = bytes[0] & 128 ? KT_HTTP1_ASKED_HEAD : KT_HTTP1_ASKED_ANY;
	run(&whole, in, in.len, asked);
	run(&cut, in, 1 + bytes[0] % 32, asked);
	if (whole.rc != cut.rc || whole.eof != cut.eof ||
	    whole.is_ended != cut.is_ended ||
	    (whole.is_ended && whole.taken != cut.taken) ||
	    !kt_span_eq(kt_buf_span(&whole.text), kt_buf_span(&cut.text)))
		KT_BUG("the cutting changed the parts");
	kt_buf_fini(&whole.text);
	kt_buf_fini(&cut.text);
	return 0;
}
