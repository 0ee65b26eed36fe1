/*
 * witness - one small file per log.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	witness.key     the private key, 32 bytes
 *	witness.vkey    the public one, C2SP
 *	logs            verifier keys of the logs that may ask, one a line
 *	seen/HEX        the checkpoint last cosigned, by SHA-256 of its origin
 *	lock
 */
#include "cmd/audit/witness.h"

#include "audit/proof.h"

#include <errno.h>

#define LOGS_MAX (1u << 20)

static enum kt_rc
path_of(const char *folder, const char *name, char path[static KT_PATH_MAX],
    struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/%s", folder, name);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", folder);
	return KT_OK;
}

static enum kt_rc
read_one(const char *folder, const char *name, size_t limit,
    struct kt_buf *to, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (path_of(folder, name, path, err) < 0)
		return err->rc;
	return kt_disk_read_file(&kt_disk_real, path, limit, to, err);
}

static enum kt_rc
write_one(const char *folder, const char *name, struct kt_span bytes,
    unsigned mode, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (path_of(folder, name, path, err) < 0)
		return err->rc;
	return kt_disk_write_atomic(&kt_disk_real, path, bytes, mode, err);
}

/* ---- its folder ---- */

static enum kt_rc
read_signer(const char *folder, struct kt_audit_signer *s, struct kt_err *err)
{
	uint8_t seed[KT_AUDIT_SEED];
	struct kt_audit_vkey key;
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	s->state = NULL;
	if (kt_witness_key(folder, &key, err) < 0 ||
	    path_of(folder, "witness.key", path, err) < 0 ||
	    kt_disk_read_secret(
		&kt_disk_real, path, seed, sizeof(seed), err) < 0)
		return err->rc;
	rc = kt_audit_signer_init(s, kt_span_of(key.name), seed, err);
	explicit_bzero(seed, sizeof(seed));
	if (rc == KT_OK)
		s->vkey = key; /* of the type that cosigns */
	return rc;
}

enum kt_rc
kt_witness_key(
    const char *folder, struct kt_audit_vkey *key, struct kt_err *err)
{
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 1u << 16);
	rc = read_one(folder, "witness.vkey", 4096, &text, err);
	if (rc == KT_OK)
		rc = kt_audit_covkey_parse(kt_buf_span(&text), key, err);
	kt_buf_fini(&text);
	return rc;
}

static enum kt_rc
make_key(const char *folder, struct kt_span name, struct kt_err *err)
{
	uint8_t seed[KT_AUDIT_SEED];
	struct kt_audit_signer s = { .state = NULL };
	struct kt_audit_vkey key;
	char text[KT_AUDIT_VKEY_TEXT];
	enum kt_rc rc;

	if (kt_disk_random(seed, sizeof(seed), err) < 0)
		return err->rc;
	rc = kt_audit_signer_init(&s, name, seed, err);
	if (rc == KT_OK)
		rc = kt_audit_covkey_make(&key, name, s.vkey.pub, err);
	if (rc == KT_OK)
		rc = write_one(folder, "witness.key",
		    (struct kt_span){ (const char *)seed, sizeof(seed) }, 0600,
		    err);
	if (rc == KT_OK) {
		kt_audit_covkey_text(&key, text);
		rc = write_one(
		    folder, "witness.vkey", kt_span_of(text), 0644, err);
	}
	kt_audit_signer_fini(&s);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

enum kt_rc
kt_witness_init(const char *folder, struct kt_span name, struct kt_err *err)
{
	struct kt_audit_vkey key;
	char path[KT_PATH_MAX];

	if (kt_disk_mkdir(&kt_disk_real, folder, 0700, err) < 0 ||
	    path_of(folder, "seen", path, err) < 0 ||
	    kt_disk_mkdir(&kt_disk_real, path, 0700, err) < 0)
		return err->rc;
	if (kt_witness_key(folder, &key, err) == KT_OK)
		return kt_fail(
		    err, KT_E_MISUSE, "%s: has a key already", folder);
	return make_key(folder, name, err);
}

static enum kt_rc
read_logs(const char *folder, struct kt_buf *logs, struct kt_err *err)
{
	if (read_one(folder, "logs", LOGS_MAX, logs, err) < 0)
		kt_buf_reset(logs); /* none yet */
	return KT_OK;
}

enum kt_rc
kt_witness_trust(
    const char *folder, struct kt_span vkey, struct kt_err *err)
{
	struct kt_audit_vkey key;
	char text[KT_AUDIT_VKEY_TEXT];
	struct kt_buf logs;
	enum kt_rc rc;

	if (kt_audit_vkey_parse(vkey, &key, err) < 0 ||
	    kt_witness_key(folder, &(struct kt_audit_vkey){ "" }, err) < 0)
		return err->rc;
	kt_audit_vkey_text(&key, text);
	kt_buf_init(&logs, 2 * LOGS_MAX);
	rc = read_logs(folder, &logs, err);
	if (rc == KT_OK && kt_buf_printf(&logs, "%s\n", text) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "too many logs");
	if (rc == KT_OK)
		rc = write_one(folder, "logs", kt_buf_span(&logs), 0644, err);
	kt_buf_fini(&logs);
	return rc;
}

/* ---- a request ---- */

struct request {
	uint64_t old;
	struct kt_audit_path path;
	struct kt_span note;
	struct kt_audit_checkpoint cp;
};

static bool
parse(struct kt_span text, struct request *r)
{
	struct kt_span line;
	struct kt_err ignored;

	*r = (struct request){ .old = 0 };
	if (!kt_audit_take_line(&text, &line) ||
	    !kt_span_starts(line, KT_SPAN("old ")))
		return false;
	line = kt_span_sub(line, 4, line.len);
	if (!kt_span_u64(line, &r->old) ||
	    (line.len > 1 && *line.ptr == '0'))
		return false;
	while (kt_audit_take_line(&text, &line) && line.len > 0) {
		if (r->path.n == 63 || !kt_audit_unbase64(line,
		    r->path.hash[r->path.n++], KT_AUDIT_HASH))
			return false;
	}
	r->note = text;
	return kt_audit_checkpoint_parse(text, &r->cp, &ignored) == KT_OK &&
	    r->old <= r->cp.size;
}

/* KT_WITNESS_ADDED: one of the logs that may ask has signed it. */
static enum kt_witness_status
check_log(const char *folder, const struct request *r)
{
	enum kt_witness_status status = KT_WITNESS_UNKNOWN;
	struct kt_span rest, line;
	struct kt_audit_vkey key;
	struct kt_audit_checker c;
	struct kt_buf logs;
	struct kt_err err;

	kt_buf_init(&logs, 2 * LOGS_MAX);
	(void)!read_logs(folder, &logs, &err); /* then there are none */
	rest = kt_buf_span(&logs);
	while (status != KT_WITNESS_ADDED && kt_audit_take_line(&rest, &line)) {
		if (kt_audit_vkey_parse(line, &key, &err) < 0 ||
		    !kt_span_eq(r->cp.origin, kt_span_of(key.name)))
			continue;
		status = KT_WITNESS_UNSIGNED;
		if (kt_audit_checker_init(&c, &key, &err) < 0)
			continue;
		if (kt_audit_note_check(&c, r->note) == KT_AUDIT_SIGNED_GOOD)
			status = KT_WITNESS_ADDED;
		kt_audit_checker_fini(&c);
	}
	kt_buf_fini(&logs);
	return status;
}

static enum kt_witness_status
check_growth(const struct request *r, const struct kt_audit_checkpoint *seen)
{
	if (r->old != seen->size)
		return KT_WITNESS_CONFLICT;
	if (r->old == 0)
		return r->path.n == 0 ? KT_WITNESS_ADDED :
					KT_WITNESS_INCONSISTENT;
	if (r->old == r->cp.size)
		return memcmp(seen->root, r->cp.root, KT_AUDIT_HASH) != 0 ?
		    KT_WITNESS_CONFLICT :
		    r->path.n == 0 ? KT_WITNESS_ADDED :
				     KT_WITNESS_INCONSISTENT;
	return kt_audit_consistency_holds(r->old, seen->root, r->cp.size,
	    r->cp.root, &r->path) ? KT_WITNESS_ADDED :
				    KT_WITNESS_INCONSISTENT;
}

static void
name_of(struct kt_span origin, char name[static 80])
{
	uint8_t digest[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];

	kt_audit_sha256(origin, digest);
	kt_hex(digest, sizeof(digest), hex);
	(void)snprintf(name, 80, "seen/%s", hex);
}

/* Under the lock: look, compare, keep, and only then sign. */
static enum kt_rc
add(const char *folder, const struct request *r,
    enum kt_witness_status *status, struct kt_buf *answer, struct kt_err *err)
{
	struct kt_audit_checkpoint seen = { .size = 0 };
	struct kt_audit_signer s;
	struct kt_disk_time now;
	struct kt_buf note;
	char name[80];
	enum kt_rc rc;

	name_of(r->cp.origin, name);
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = read_one(folder, name, KT_AUDIT_NOTE_MAX, &note, err);
	if (rc == KT_OK)
		rc = kt_audit_checkpoint_parse(
		    kt_buf_span(&note), &seen, err);
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK; /* the first of this log */
	if (rc == KT_OK)
		*status = check_growth(r, &seen);
	if (rc == KT_OK && *status == KT_WITNESS_CONFLICT &&
	    kt_buf_printf(answer, "%llu\n",
		(unsigned long long)seen.size) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no room for an answer");
	if (rc == KT_OK && *status == KT_WITNESS_ADDED) {
		rc = write_one(folder, name, r->note, 0600, err);
		kt_disk_now(&now);
		if (rc == KT_OK)
			rc = read_signer(folder, &s, err);
		if (rc == KT_OK) {
			rc = kt_audit_cosign(&s, r->note,
			    now.real_us / 1000000, answer, err);
			kt_audit_signer_fini(&s);
		}
	}
	kt_buf_fini(&note);
	return rc;
}

enum kt_rc
kt_witness_add(const char *folder, struct kt_span text,
    enum kt_witness_status *status, struct kt_buf *answer, struct kt_err *err)
{
	struct kt_disk_file lock;
	char path[KT_PATH_MAX];
	struct request r;
	enum kt_rc rc;

	*status = KT_WITNESS_MALFORMED;
	if (!parse(text, &r))
		return KT_OK;
	*status = check_log(folder, &r);
	if (*status != KT_WITNESS_ADDED)
		return KT_OK;
	if (path_of(folder, "lock", path, err) < 0 ||
	    kt_disk_open(&lock, &kt_disk_real, path, KT_DISK_APPEND, err) < 0)
		return err->rc;
	rc = kt_disk_lock(&lock, err);
	if (rc == KT_OK)
		rc = add(folder, &r, status, answer, err);
	kt_disk_close(&lock);
	return rc;
}

const char *
kt_witness_meaning(enum kt_witness_status s)
{
	switch (s) {
	case KT_WITNESS_ADDED:
		return "signed";
	case KT_WITNESS_MALFORMED:
		return "not a request";
	case KT_WITNESS_UNSIGNED:
		return "not signed by the log's key";
	case KT_WITNESS_UNKNOWN:
		return "not a log that is trusted here";
	case KT_WITNESS_CONFLICT:
		return "another size was seen last, or another root of this "
		       "size";
	case KT_WITNESS_INCONSISTENT:
		return "not an extension of what was seen";
	}
	return "unknown";
}

/* ---- the log's side ---- */

enum kt_rc
kt_witness_request(struct kt_audit_dir *d, uint64_t old, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_path path = { .n = 0 };
	struct kt_audit_checkpoint cp;
	char text[45];

	if (kt_audit_checkpoint_parse(kt_buf_span(&d->newest), &cp, err) < 0)
		return err->rc;
	if (old > 0 && old < cp.size &&
	    kt_audit_dir_prove_older(d, old, &cp, &path, err) < 0)
		return err->rc;
	if (kt_buf_printf(out, "old %llu\n", (unsigned long long)old) < 0)
		return kt_fail(err, KT_E_LIMIT, "no room for a request");
	for (unsigned i = 0; i < path.n; i++) {
		kt_audit_base64(path.hash[i], KT_AUDIT_HASH, text);
		if (kt_buf_printf(out, "%s\n", text) < 0)
			return kt_fail(
			    err, KT_E_LIMIT, "no room for a request");
	}
	if (kt_buf_addc(out, '\n') < 0 ||
	    kt_buf_add(out, kt_buf_span(&d->newest)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no room for a request");
	return KT_OK;
}

static void
file_of(const struct kt_audit_vkey *key, char name[static 32])
{
	char id[9];

	kt_hex(key->id, sizeof(key->id), id);
	(void)snprintf(name, 32, "witness/%s", id);
}

enum kt_rc
kt_witness_keep(const struct kt_audit_dir *d, struct kt_span text,
    struct kt_span answer, const struct kt_audit_vkey *key,
    struct kt_err *err)
{
	char name[32], path[KT_PATH_MAX];
	struct request r;
	struct kt_buf note;
	uint64_t seconds;
	enum kt_rc rc;

	if (!parse(text, &r))
		return kt_fail(err, KT_E_PARSE, "not a request");
	if (path_of(d->dir, "witness", path, err) < 0 ||
	    kt_disk_mkdir(&kt_disk_real, path, 0700, err) < 0)
		return err->rc;
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_buf_add(&note, r.note);
	if (rc == KT_OK)
		rc = kt_buf_add(&note, answer);
	if (rc < 0)
		(void)kt_fail(err, rc, "an answer too long");
	else if (!kt_audit_is_cosigned(key, kt_buf_span(&note), &seconds))
		rc = kt_fail(err, KT_E_PARSE,
		    "the answer is no cosignature by %s", key->name);
	file_of(key, name);
	if (rc == KT_OK)
		rc = write_one(d->dir, name, kt_buf_span(&note), 0644, err);
	kt_buf_fini(&note);
	return rc;
}

void
kt_witness_read(const char *dir, struct kt_witnessed *w)
{
	struct kt_audit_checkpoint cp;
	struct kt_buf note;
	struct kt_err ignored; /* then it has said nothing */
	char name[32];

	w->size = 0;
	file_of(&w->key, name);
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	if (read_one(dir, name, KT_AUDIT_NOTE_MAX, &note, &ignored) == KT_OK &&
	    kt_audit_is_cosigned(&w->key, kt_buf_span(&note), &w->seconds) &&
	    kt_audit_checkpoint_parse(
		kt_buf_span(&note), &cp, &ignored) == KT_OK) {
		w->size = cp.size;
		memcpy(w->root, cp.root, KT_AUDIT_HASH);
	}
	kt_buf_fini(&note);
}
