/*
 * drift - two sums for each model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both sums are halved when they are large, so that what is newer counts for
 * more; they share one word, so that no reader sees one without the other.
 */
#include "token/drift.h"

#include <stdatomic.h>

#define NAME_MAX_BYTES 63
#define WINDOW (1u << 20) /* tokens that were counted */

struct model {
	atomic_int state; /* 0: free, 1: being named, 2: named */
	char name[NAME_MAX_BYTES + 1];
	_Atomic uint64_t sums; /* local << 32 | reported */
};
struct kt_drift {
	struct model models[KT_DRIFT_MODELS_MAX];
};

struct kt_drift *
kt_drift_new(void)
{
	return kt_alloc(sizeof(struct kt_drift));
}

void
kt_drift_free(struct kt_drift **d)
{
	kt_free(*d);
	*d = NULL;
}

static bool
is_named(const struct model *m, struct kt_span name)
{
	return atomic_load(&m->state) == 2 &&
	    kt_span_eq(kt_span_of(m->name), name);
}

/* Two threads may name one model twice; then the first of them is used. */
static struct model *
find_or_name(struct kt_drift *d, struct kt_span name)
{
	for (size_t i = 0; i < KT_DRIFT_MODELS_MAX; i++) {
		struct model *m = &d->models[i];
		int none = 0;

		if (is_named(m, name))
			return m;
		if (!atomic_compare_exchange_strong(&m->state, &none, 1))
			continue;
		memcpy(m->name, name.ptr, name.len);
		atomic_store(&m->state, 2);
		return m;
	}
	return NULL;
}

/* What was noted last counts in full, and does not push out all before it. */
static uint64_t
add(uint64_t sums, uint64_t local, uint64_t reported)
{
	uint64_t l = (sums >> 32) + local, r = (sums & UINT32_MAX) + reported;

	while (l >= WINDOW) {
		l /= 2;
		r /= 2;
	}
	return l << 32 | (r < UINT32_MAX ? r : UINT32_MAX);
}

void
kt_drift_note(struct kt_drift *d, struct kt_span model, uint64_t local,
    uint64_t reported)
{
	struct model *m;
	uint64_t old;

	/* Nobody reports such numbers in good faith, or calls a model so. */
	if (local == 0 || local > KT_BODY_MAX || reported > UINT32_MAX / 2 ||
	    model.len == 0 || model.len > NAME_MAX_BYTES ||
	    memchr(model.ptr, '\0', model.len) != NULL)
		return;
	m = find_or_name(d, model);
	if (m == NULL)
		return;
	old = atomic_load(&m->sums);
	while (!atomic_compare_exchange_weak(
	    &m->sums, &old, add(old, local, reported)))
		continue;
}

unsigned
kt_drift_permille(const struct kt_drift *d, struct kt_span model)
{
	for (size_t i = 0; i < KT_DRIFT_MODELS_MAX; i++) {
		uint64_t sums, permille;

		if (!is_named(&d->models[i], model))
			continue;
		sums = atomic_load(&d->models[i].sums);
		if (sums >> 32 == 0)
			break;
		permille = (sums & UINT32_MAX) * 1000 / (sums >> 32);
		return permille < KT_DRIFT_LEAST ? KT_DRIFT_LEAST :
		    permille > KT_DRIFT_MOST     ? KT_DRIFT_MOST :
		                                   (unsigned)permille;
	}
	return 1000;
}
