/*
 * member - looking into a line that has been checked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * By the checker itself and not by a second parser: what is shown of a record
 * is then what was found canonical.
 */
#include "audit/canon.h"

struct wanted {
	struct kt_span name, value;
	bool is_found;
};

static bool
see(void *arg, struct kt_span name, struct kt_span value)
{
	struct wanted *w = arg;

	if (!kt_span_eq(name, w->name))
		return true;
	w->value = value;
	w->is_found = true;
	return false;
}

bool
kt_audit_member(
    struct kt_span object, const char *path, struct kt_span *value)
{
	struct kt_span rest = kt_span_of(path);
	struct kt_err err;

	while (rest.len > 0) {
		size_t n = kt_span_find(rest, '.');
		struct wanted w = { .name = kt_span_sub(rest, 0, n) };

		if (object.len == 0 || object.ptr[0] != '{')
			return false;
		/* It fails where see() stops it: that is the find. */
		if (kt_audit_canon_check(object, see, &w, &err) < 0 &&
		    !w.is_found)
			return false;
		if (!w.is_found)
			return false;
		object = w.value;
		rest = kt_span_sub(rest, n + 1, rest.len);
	}
	*value = object;
	return true;
}

bool
kt_audit_member_of_text(
    struct kt_span object, const char *path, struct kt_span *value)
{
	if (!kt_audit_member(object, path, value) || value->len < 2 ||
	    value->ptr[0] != '"')
		return false;
	*value = kt_span_sub(*value, 1, value->len - 2);
	return true;
}
