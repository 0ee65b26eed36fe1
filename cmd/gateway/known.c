/*
 * known - sets of eight by hash, the oldest of a set makes room.  One lock:
 * only calls that name a file by its id come here.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>

#include "audit/audit.h"
#include "cmd/gateway/known.h"

#define SETS (KT_FILES_KNOWN_MAX / WAYS)
#define WAYS 8
#define TEXT_MAX 480 /* pages that were never written are not there */

struct entry {
	uint8_t key[KT_AUDIT_HASH];
	uint64_t added; /* 0: empty */
	char text[TEXT_MAX];
	size_t len;
};

struct kt_known {
	pthread_mutex_t lock;
	uint64_t n;
	struct entry sets[SETS][WAYS];
};

struct kt_known *
kt_known_new(void)
{
	struct kt_known *k = kt_alloc(sizeof(*k));

	if (k != NULL && pthread_mutex_init(&k->lock, NULL) != 0) {
		kt_free(k);
		return NULL;
	}
	return k;
}

void
kt_known_free(struct kt_known **k)
{
	if (*k == NULL)
		return;
	(void)pthread_mutex_destroy(&(*k)->lock); /* nobody holds it */
	kt_free(*k);
	*k = NULL;
}

static bool
key_of(struct kt_span id, struct kt_span program,
    uint8_t key[static KT_AUDIT_HASH])
{
	struct kt_audit_hash h;

	if (kt_audit_hash_init(&h, NULL) < 0)
		return false;
	kt_audit_hash_add(&h, program); /* of one length */
	kt_audit_hash_add(&h, id);
	kt_audit_hash_take(&h, key);
	kt_audit_hash_fini(&h);
	return true;
}

static struct entry *
set_of(struct kt_known *k, const uint8_t *key)
{
	return k->sets[(key[0] | key[1] << 8) % SETS];
}

static struct entry *
find(struct kt_known *k, const uint8_t *key)
{
	struct entry *set = set_of(k, key);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].added > 0 &&
		    memcmp(set[i].key, key, KT_AUDIT_HASH) == 0)
			return &set[i];
	return NULL;
}

static struct entry *
place(struct kt_known *k, const uint8_t *key)
{
	struct entry *set = set_of(k, key), *e = find(k, key);

	for (size_t i = 0; e == NULL && i < WAYS; i++)
		if (set[i].added == 0)
			e = &set[i];
	if (e != NULL)
		return e;
	e = set;
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].added < e->added)
			e = &set[i];
	return e;
}

void
kt_known_add(struct kt_known *k, struct kt_span id, struct kt_span program,
    struct kt_span text)
{
	uint8_t key[KT_AUDIT_HASH];
	struct entry *e;

	if (text.len > TEXT_MAX || !key_of(id, program, key))
		return;
	(void)pthread_mutex_lock(&k->lock); /* never fails for its kind */
	e = place(k, key);
	memcpy(e->key, key, sizeof(e->key));
	memcpy(e->text, text.ptr, text.len);
	e->len = text.len;
	e->added = ++k->n;
	(void)pthread_mutex_unlock(&k->lock); /* the same */
}

bool
kt_known_find(struct kt_known *k, struct kt_span id, struct kt_span program,
    struct kt_buf *out)
{
	uint8_t key[KT_AUDIT_HASH];
	struct entry *e;
	bool is_found = false;

	if (!key_of(id, program, key))
		return false;
	(void)pthread_mutex_lock(&k->lock); /* the same */
	e = find(k, key);
	if (e != NULL)
		is_found = kt_buf_add(
		    out, (struct kt_span){ e->text, e->len }) == KT_OK;
	(void)pthread_mutex_unlock(&k->lock); /* the same */
	return is_found;
}
