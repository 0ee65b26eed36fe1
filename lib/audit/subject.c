/*
 * subject - chains of callers behind a fixed number of buckets.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains only grow at their heads, by compare-and-swap: a look-up, which
 * every call makes, needs no lock against an insertion, which few make.
 */
#include "audit/subject.h"

#define BUCKETS 1024

struct kt_audit_subjects {
	_Atomic(struct kt_audit_subject *) buckets[BUCKETS];
	_Atomic(struct kt_audit_subject *) fresh;
	atomic_bool are_held; /* all of them */
};

struct kt_audit_subjects *
kt_audit_subjects_new(void)
{
	return kt_alloc(sizeof(struct kt_audit_subjects));
}

void
kt_audit_subjects_free(struct kt_audit_subjects **sp)
{
	struct kt_audit_subjects *s = *sp;

	for (size_t i = 0; s != NULL && i < BUCKETS; i++) {
		struct kt_audit_subject *at = atomic_load(&s->buckets[i]);

		while (at != NULL) {
			struct kt_audit_subject *next = at->next;

			explicit_bzero(at->secret, sizeof(at->secret));
			kt_free(at);
			at = next;
		}
	}
	kt_free(s);
	*sp = NULL;
}

/* Callers choose no ids here: those who give them out do. */
static _Atomic(struct kt_audit_subject *) *
bucket_of(struct kt_audit_subjects *s, struct kt_span id)
{
	return &s->buckets[kt_hash(KT_HASH_BEGIN, id) % BUCKETS];
}

static struct kt_audit_subject *
find(struct kt_audit_subject *at, struct kt_span id)
{
	for (; at != NULL; at = at->next) {
		if (!atomic_load(&at->is_forgotten) && kt_span_eq(at->id, id))
			return at;
	}
	return NULL;
}

struct kt_audit_subject *
kt_audit_subject_find(struct kt_audit_subjects *s, struct kt_span id)
{
	return find(atomic_load(bucket_of(s, id)), id);
}

void
kt_audit_pseudonym(
    const uint8_t secret[KT_AUDIT_HASH], char out[KT_AUDIT_PSEUDONYM])
{
	uint8_t tag[KT_AUDIT_HASH];

	kt_audit_salt(secret, KT_SPAN(""), KT_SPAN("principal"), tag);
	out[0] = 'p';
	out[1] = ':';
	kt_hex(tag, (KT_AUDIT_PSEUDONYM - 3) / 2, out + 2);
}

/* *is_new: it was not there, and now is. */
static struct kt_audit_subject *
insert(struct kt_audit_subjects *s, struct kt_span id,
    const uint8_t secret[KT_AUDIT_HASH], bool *is_new)
{
	_Atomic(struct kt_audit_subject *) *bucket = bucket_of(s, id);
	struct kt_audit_subject *head = atomic_load(bucket), *other;
	struct kt_audit_subject *at = kt_alloc(sizeof(*at) + id.len);

	*is_new = false;
	if (at == NULL)
		return NULL;
	memcpy(at->secret, secret, sizeof(at->secret));
	kt_audit_pseudonym(secret, at->pseudonym);
	if (id.len > 0)
		memcpy(at + 1, id.ptr, id.len);
	at->id = (struct kt_span){ (const char *)(at + 1), id.len };
	do {
		other = find(head, id);
		if (other != NULL) {
			explicit_bzero(at->secret, sizeof(at->secret));
			kt_free(at);
			return other;
		}
		at->next = head;
	} while (!atomic_compare_exchange_weak(bucket, &head, at));
	*is_new = true;
	return at;
}

struct kt_audit_subject *
kt_audit_subject_load(struct kt_audit_subjects *s, struct kt_span id,
    const uint8_t secret[KT_AUDIT_HASH])
{
	bool is_new;

	return insert(s, id, secret, &is_new);
}

struct kt_audit_subject *
kt_audit_subject_add(struct kt_audit_subjects *s, struct kt_span id,
    const uint8_t secret[KT_AUDIT_HASH])
{
	struct kt_audit_subject *at = kt_audit_subject_find(s, id);
	bool is_new;

	if (at != NULL)
		return at;
	at = insert(s, id, secret, &is_new);
	if (at != NULL && is_new)
		kt_audit_subject_again(s, at);
	return at;
}

void
kt_audit_subject_again(
    struct kt_audit_subjects *s, struct kt_audit_subject *one)
{
	struct kt_audit_subject *head = atomic_load(&s->fresh);

	do
		one->fresh = head;
	while (!atomic_compare_exchange_weak(&s->fresh, &head, one));
}

struct kt_audit_subject *
kt_audit_subject_named(struct kt_audit_subjects *s, struct kt_span pseudonym)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct kt_audit_subject *at = atomic_load(&s->buckets[i]);

		for (; at != NULL; at = at->next) {
			if (!atomic_load(&at->is_forgotten) && kt_span_eq(
			    kt_span_of(at->pseudonym), pseudonym))
				return at;
		}
	}
	return NULL;
}

struct kt_audit_subject *
kt_audit_subjects_fresh(struct kt_audit_subjects *s)
{
	if (atomic_load(&s->fresh) == NULL)
		return NULL;
	return atomic_exchange(&s->fresh, NULL);
}

void
kt_audit_subject_forget(
    struct kt_audit_subject *s, const uint8_t random[KT_AUDIT_HASH])
{
	atomic_store(&s->is_forgotten, true);
	memcpy(s->secret, random, KT_AUDIT_HASH);
}

void
kt_audit_subjects_hold(struct kt_audit_subjects *s, bool is_all,
    kt_audit_covers_fn *covers, void *arg)
{
	atomic_store(&s->are_held, is_all);
	for (size_t i = 0; i < BUCKETS; i++) {
		struct kt_audit_subject *at = atomic_load(&s->buckets[i]);

		for (; at != NULL; at = at->next)
			atomic_store(&at->is_held,
			    covers(arg, kt_span_of(at->pseudonym)));
	}
}

bool
kt_audit_subject_is_held(
    const struct kt_audit_subjects *s, const struct kt_audit_subject *one)
{
	return atomic_load(&s->are_held) ||
	    (one != NULL && atomic_load(&one->is_held));
}
