/*
 * tally - the tokens of a request, counted here and once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

bool
kt_x_tally(struct kt_exchange *x, enum kt_format format, enum kt_family f)
{
	struct kt_tokenizer **t =
	    &x->scratch->tokenizers[kt_family_encoding(f)];
	struct kt_buf room;
	enum kt_rc rc;

	if (x->is_tallied && x->tallied == f)
		return true;
	if (*t == NULL && kt_tokenizer_new(t, kt_family_encoding(f)) < 0)
		return false;
	kt_buf_init(&room, KT_BODY_MAX);
	rc = kt_count_body(&x->tally, f, *t, format, &x->json,
	    kt_buf_span(&x->body), &room);
	kt_buf_fini(&room);
	x->is_tallied = rc == KT_OK;
	x->tallied = f;
	return x->is_tallied;
}
