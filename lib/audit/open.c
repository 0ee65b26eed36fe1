/*
 * open - the end of a call that never came to one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Its members are copied as they are spelt: what was known before the crash
 * is said in the same bytes, and nothing is made up for what was not.
 */
#include "audit/canon.h"
#include "audit/record.h"

struct ending {
	struct kt_buf *out;
	enum kt_rc rc;
	char opened[24];
	size_t next; /* of what is added */
	bool has_some;
};

static void
put(struct ending *e, struct kt_span name, struct kt_span value)
{
	if (e->rc == KT_OK)
		e->rc = kt_buf_printf(e->out, "%s\"%.*s\":", e->has_some ?
		    "," : "", KT_SPAN_ARG(name));
	if (e->rc == KT_OK)
		e->rc = kt_buf_add(e->out, value);
	e->has_some = true;
}

/* What comes before `name`, or all that is left where there is none. */
static void
put_added(struct ending *e, struct kt_span name)
{
	const struct {
		struct kt_span name, value;
	} added[] = {
		{ KT_SPAN("opened"), kt_span_of(e->opened) },
		{ KT_SPAN("outcome"), KT_SPAN("\"crash-unknown\"") },
		{ KT_SPAN("type"), KT_SPAN("\"call\"") },
	};

	for (; e->next < KT_NELEMS(added); e->next++) {
		struct kt_span a = added[e->next].name;
		size_t n = a.len < name.len ? a.len : name.len;
		int order = n > 0 ? memcmp(a.ptr, name.ptr, n) : 0;

		if (name.len > 0 &&
		    (order > 0 || (order == 0 && a.len > name.len)))
			return;
		put(e, a, added[e->next].value);
	}
}

static bool
see(void *arg, struct kt_span name, struct kt_span value)
{
	struct ending *e = arg;

	if (kt_audit_is_envelope(name) || kt_span_eq(name, KT_SPAN("type")))
		return true;
	put_added(e, name);
	put(e, name, value);
	return e->rc == KT_OK;
}

enum kt_rc
kt_audit_open_end(struct kt_span line, uint64_t index, struct kt_buf *out,
    struct kt_err *err)
{
	struct ending e = { .out = out };
	size_t from = out->len;
	enum kt_rc rc;

	(void)snprintf(e.opened, sizeof(e.opened), "%llu",
	    (unsigned long long)index);
	e.rc = kt_buf_addc(out, '{');
	rc = kt_audit_canon_check(line, see, &e, err);
	if (rc == KT_OK) {
		put_added(&e, (struct kt_span){ .ptr = NULL });
		if (e.rc == KT_OK)
			e.rc = kt_buf_addc(out, '}');
	}
	if (e.rc < 0)
		rc = kt_fail(err, e.rc, "no room for a record");
	if (rc < 0)
		out->len = from;
	return rc;
}
