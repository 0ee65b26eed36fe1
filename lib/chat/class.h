/*
 * class - the classes that findings and records carry.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the names and the default order, from class.def.
 * Does not: know what makes a text belong to a class.
 * Promises: names never change once released; a set fits one word.
 */
#ifndef KT_CLASS_H
#define KT_CLASS_H
#include "base/base.h"

enum kt_class {
#define KT_CLASS(id, name, meaning) KT_CLASS_##id,
#include "chat/class.def"
	KT_NCLASSES,
};
typedef uint32_t kt_class_set;
#define KT_CLASS_BIT(c) ((kt_class_set)1 << (c))
/* Beside the order: never compared with the classes of data. */
#define KT_CLASS_THREATS \
	(KT_CLASS_BIT(KT_CLASS_PROMPT_INJECTION) | \
	    KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE))

const char *kt_class_name(enum kt_class c);
/* The classes of data in their order, then NULL. */
extern const char *const kt_class_data_names[];
/* The classes of data above one of them; below NONE: all of them. */
kt_class_set kt_classes_above(int c);
/* False leaves *out alone. */
bool kt_class_of(struct kt_span name, enum kt_class *out);
/* The highest class of data in the set by the default order. */
enum kt_class kt_class_highest(kt_class_set set);

#endif
