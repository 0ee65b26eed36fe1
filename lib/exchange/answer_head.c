/*
 * answer_head - the head of an answer, as it came and as it goes out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

#define HEADERS_ADDED_MAX 8

struct kt_span
kt_x_answer_header(const struct kt_exchange *x, struct kt_span name)
{
	return kt_header_find(x->answer_headers, x->nanswer_headers, name);
}

/* Lists the fields that a translation lost, for the client to see. */
static struct kt_span
write_losses(struct kt_exchange *x)
{
	const struct kt_translation *t = &x->translation;
	const struct {
		const char *word;
		const struct kt_span *at;
		unsigned n;
	} lists[] = { { "dropped=", t->dropped, t->ndropped },
		{ "approximated=", t->approximated, t->napproximated } };
	struct kt_span s = { 0 };
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&b, KT_HEAD_MAX / 4);
	for (size_t k = 0; k < KT_NELEMS(lists); k++) {
		for (unsigned i = 0; rc == KT_OK && i < lists[k].n; i++)
			rc = kt_buf_printf(&b, "%s%.*s", i > 0 ? "," :
			    k > 0 && b.len > 0 ? "; approximated=" : lists[k].word,
			    KT_SPAN_ARG(lists[k].at[i]));
	}
	if (b.len > 0 && kt_header_is_value(kt_buf_span(&b)))
		s = kt_arena_dup(x->mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return s;
}

void
kt_x_answer_head(struct kt_exchange *x, unsigned status, uint64_t length)
{
	size_t room = x->nanswer_headers + HEADERS_ADDED_MAX, n = 0;
	struct kt_header *h = kt_arena_array(x->mem, room, sizeof(*h));
	struct kt_order *o = kt_x_order(x, KT_ORDER_ANSWER_HEAD);
	struct kt_span losses;

	x->is_answer_begun = true;
	x->status = status;
	if (x->first_byte_mono == 0)
		x->first_byte_mono = x->now_mono;
	x->last_out_mono = x->now_mono;
	o->status = status;
	o->length = status == 204 || status == 304 ? 0 : length;
	if (h == NULL)
		return; /* an answer without headers is still the right answer */
	for (size_t i = 0; i < x->nanswer_headers; i++)
		(void)kt_x_header_add(h, &n, room, x->answer_headers[i].name,
		    x->answer_headers[i].value);
	/* Bytes of this request may still come: they must not be taken for
	 * the next one. */
	if (!x->is_request_complete)
		(void)kt_x_header_add(
		    h, &n, room, KT_SPAN("connection"), KT_SPAN("close"));
	if (kt_x_answer_header(x, KT_SPAN("request-id")).ptr == NULL &&
	    x->is_recorded && !x->is_answer_stream &&
	    x->client_format == KT_FORMAT_ANTHROPIC)
		(void)kt_x_header_add(h, &n, room, KT_SPAN("request-id"),
		    x->upstream_request_id.len ? x->upstream_request_id :
		    kt_span_of(x->call_id));
	/* Under the name that the client's SDK reads as well. */
	if (x->is_translated && x->client_format == KT_FORMAT_OPENAI &&
	    x->upstream_request_id.len > 0 &&
	    kt_x_answer_header(x, KT_SPAN("x-request-id")).ptr == NULL)
		(void)kt_x_header_add(h, &n, room, KT_SPAN("x-request-id"),
		    x->upstream_request_id);
	(void)kt_x_header_add(
	    h, &n, room, KT_SPAN("kt-call"), kt_span_of(x->call_id));
	if (x->receipt.len > 0)
		(void)kt_x_header_add(
		    h, &n, room, KT_SPAN("kt-audit"), x->receipt);
	if (x->is_offline && kt_x_answer_header(x, KT_SPAN("kt-offline")).ptr == NULL)
		(void)kt_x_header_add(
		    h, &n, room, KT_SPAN("kt-offline"), KT_SPAN("true"));
	losses = write_losses(x);
	if (losses.len > 0)
		(void)kt_x_header_add(
		    h, &n, room, KT_SPAN("x-kt-translation"), losses);
	o->headers = h;
	o->nheaders = n;
}
