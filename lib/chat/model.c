/*
 * model - names of models, without their trimmings.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "chat/model.h"

struct kt_span
kt_model_bare(struct kt_span name)
{
	static const struct kt_span vendor = KT_SPAN_INIT("anthropic.");
	size_t at;

	while ((at = kt_span_find(name, '/')) < name.len)
		name = kt_span_sub(name, at + 1, name.len);
	for (at = 0; at + vendor.len < name.len; at++) {
		struct kt_span rest = kt_span_sub(name, at, name.len);

		if (kt_span_starts(rest, vendor))
			return kt_span_sub(rest, vendor.len, rest.len);
	}
	return name;
}

bool
kt_model_begins(struct kt_span name, struct kt_span prefix)
{
	char last, next;

	if (!kt_span_starts(name, prefix))
		return false;
	if (prefix.len == 0 || prefix.len == name.len)
		return true;
	last = prefix.ptr[prefix.len - 1];
	next = name.ptr[prefix.len];
	return !(last >= '0' && last <= '9' && next >= '0' && next <= '9');
}
