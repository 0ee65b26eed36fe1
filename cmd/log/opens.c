/*
 * opens - sorted indices: as many as calls are under way, and the newest are
 * at the end, so that adding moves nothing and removing little.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/log/opens.h"

#include "audit/canon.h"

void
kt_opens_fini(struct kt_opens *o)
{
	kt_free(o->at);
	*o = (struct kt_opens){ .at = NULL };
}

void
kt_opens_add(struct kt_opens *o, uint64_t index)
{
	if (kt_grow((void **)&o->at, &o->cap, o->n + 1, sizeof(*o->at)) < 0) {
		if (o->floor == 0)
			o->floor = index + 1;
		return;
	}
	o->at[o->n++] = index;
}

void
kt_opens_remove(struct kt_opens *o, uint64_t index)
{
	size_t from = 0, to = o->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (o->at[mid] < index)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == o->n || o->at[from] != index)
		return;
	memmove(&o->at[from], &o->at[from + 1],
	    (o->n - from - 1) * sizeof(*o->at));
	o->n--;
}

bool
kt_opens_since(const struct kt_opens *o, uint64_t *index)
{
	if (o->n == 0 && o->floor == 0)
		return false;
	*index = o->n > 0 ? o->at[0] : o->floor - 1;
	if (o->floor > 0 && o->floor - 1 < *index)
		*index = o->floor - 1;
	return true;
}

/* ---- after a crash ---- */

void
kt_unfinished_init(struct kt_unfinished_list *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->n = 0;
}

void
kt_unfinished_fini(struct kt_unfinished_list *l)
{
	while (l->first != NULL) {
		struct kt_unfinished *u = l->first;

		l->first = u->next;
		kt_free(u);
	}
	kt_unfinished_init(l);
}

static enum kt_rc
add(struct kt_unfinished_list *l, uint64_t index, struct kt_span line,
    struct kt_err *err)
{
	struct kt_unfinished *u = kt_alloc(sizeof(*u) + line.len);

	if (u == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for open calls");
	u->index = index;
	u->len = line.len;
	memcpy(u->line, line.ptr, line.len);
	if (!kt_audit_member_of_text((struct kt_span){ u->line, u->len },
	    "call_id", &u->call_id)) {
		kt_free(u); /* an end could not name it */
		return KT_OK;
	}
	*l->last = u;
	l->last = &u->next;
	l->n++;
	return KT_OK;
}

static void
drop(struct kt_unfinished_list *l, struct kt_span line)
{
	struct kt_span id;

	if (!kt_audit_member_of_text(line, "call_id", &id))
		return;
	for (struct kt_unfinished **u = &l->first; *u != NULL;
	     u = &(*u)->next) {
		struct kt_unfinished *gone = *u;

		if (!kt_span_eq(gone->call_id, id))
			continue;
		*u = gone->next;
		if (l->last == &gone->next)
			l->last = u;
		l->n--;
		kt_free(gone);
		return;
	}
}

enum kt_rc
kt_unfinished_see(struct kt_unfinished_list *l, struct kt_span type,
    uint64_t index, struct kt_span line, struct kt_err *err)
{
	if (kt_span_eq(type, KT_SPAN("open")))
		return add(l, index, line, err);
	if (l->n > 0 && kt_span_eq(type, KT_SPAN("call")))
		drop(l, line);
	return KT_OK;
}
