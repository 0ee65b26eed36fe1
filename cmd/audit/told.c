/*
 * told - bounded, since what is told is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/told.h"

#define TOLD_MAX (16u << 20)

void
kt_told_begin(struct kt_told *t)
{
	kt_buf_init(&t->out, TOLD_MAX);
	kt_audit_put_begin(&t->put, &t->out);
	t->put.text_max = KT_PATH_MAX;
}

void
kt_told_end(struct kt_told *t)
{
	struct kt_err err;

	if (kt_audit_put_finish(&t->put, &err) == KT_OK)
		(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&t->out)));
	else
		kt_say("%s", err.text);
	kt_buf_fini(&t->out);
}

const char *
kt_told_word(enum kt_exit e)
{
	return e == KT_EXIT_YES ? "done" : e == KT_EXIT_NO ? "no" :
	    e == KT_EXIT_REFUSED ? "refused" : "undecided";
}
