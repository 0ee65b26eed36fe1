/*
 * class - the names, generated from class.def so that no second list exists.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "chat/class.h"

static const char *const names[] = {
#define KT_CLASS(id, name, meaning) [KT_CLASS_##id] = (name),
#include "chat/class.def"
};

const char *const kt_class_data_names[] = {
#define KT_CLASS(id, name, meaning) name,
#define KT_THREAT(id, name, meaning)
#include "chat/class.def"
	NULL,
};

kt_class_set
kt_classes_above(int c)
{
	const kt_class_set data =
	    (KT_CLASS_BIT(KT_NCLASSES) - 1) & ~KT_CLASS_THREATS;

	return c < 0 ? data : data & ~((KT_CLASS_BIT(c) << 1) - 1);
}

const char *
kt_class_name(enum kt_class c)
{
	if ((unsigned)c >= KT_NELEMS(names))
		KT_BUG("a class that is not in class.def");
	return names[c];
}

bool
kt_class_of(struct kt_span name, enum kt_class *out)
{
	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		if (kt_span_eq(name, kt_span_of(names[i]))) {
			*out = (enum kt_class)i;
			return true;
		}
	}
	return false;
}

enum kt_class
kt_class_highest(kt_class_set set)
{
	set &= ~KT_CLASS_THREATS;
	for (unsigned c = KT_NCLASSES; c-- > 0;)
		if (set & KT_CLASS_BIT(c))
			return (enum kt_class)c;
	return KT_CLASS_NONE;
}
