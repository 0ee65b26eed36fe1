/*
 * keys - reading, making, replacing and forgetting keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The order is what makes the change of an epoch safe against a crash at any
 * point: key/epoch.next is durable, then the record that names it, then the
 * checkpoint over that record by the old key, then the old key is wiped, then
 * the new one takes its name.
 */
#include "cmd/log/keys.h"

#include <errno.h>

static enum kt_rc
path_of(const struct kt_keys *k, const char *name,
    char path[static KT_PATH_MAX], struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/%s", k->dir, name);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", k->dir);
	return KT_OK;
}

enum kt_rc
kt_keys_secret(const struct kt_disk_io *io, const char *path, bool may_make,
    uint8_t secret[KT_AUDIT_SEED], bool *is_new, struct kt_err *err)
{
	enum kt_rc rc;

	rc = kt_disk_read_secret(io, path, secret, KT_AUDIT_SEED, err);
	*is_new = rc == KT_E_IO && errno == ENOENT && may_make;
	if (!*is_new)
		return rc;
	if (kt_disk_random(secret, KT_AUDIT_SEED, err) < 0)
		return err->rc;
	return kt_disk_write_atomic(io, path,
	    (struct kt_span){ (char *)secret, KT_AUDIT_SEED }, 0600, err);
}

static enum kt_rc
take(struct kt_keys *k, struct kt_audit_signer *s, const char *file,
    struct kt_span name, bool may_make, bool *is_new, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	uint8_t seed[KT_AUDIT_SEED];
	enum kt_rc rc;

	if (path_of(k, file, path, err) < 0)
		return err->rc;
	rc = kt_keys_secret(k->io, path, may_make, seed, is_new, err);
	if (rc == KT_OK)
		rc = kt_audit_signer_init(s, name, seed, err);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

/* A '+' in it, as in "+epoch", would be no key name for C2SP. */
static enum kt_rc
take_epochs(struct kt_keys *k, struct kt_span name, bool is_fresh,
    struct kt_err *err)
{
	char text[KT_AUDIT_KEY_NAME];
	bool is_new;

	(void)snprintf(text, sizeof(text), "%.*s/epoch", KT_SPAN_ARG(name));
	name = kt_span_of(text);
	if (take(k, &k->epoch, "epoch.key", name, is_fresh, &is_new, err) < 0)
		return err->rc;
	if (take(k, &k->next, "epoch.next", name, false, &is_new, err) == KT_OK)
		return KT_OK;
	return err->rc == KT_E_IO && errno == ENOENT ? KT_OK : err->rc;
}

/* Made with the log; only its public part is needed again. */
static enum kt_rc
make_recovery(struct kt_keys *k, struct kt_span name, struct kt_err *err)
{
	struct kt_audit_signer s = { .state = NULL };
	char path[KT_PATH_MAX], text[KT_AUDIT_KEY_NAME];
	bool is_new;
	enum kt_rc rc;

	(void)snprintf(text, sizeof(text), "%.*s/recovery", KT_SPAN_ARG(name));
	rc = take(k, &s, "recovery.key", kt_span_of(text), true, &is_new, err);
	if (rc < 0)
		return rc;
	kt_audit_vkey_text(&s.vkey, k->recovery);
	kt_audit_signer_fini(&s);
	if (path_of(k, "recovery.vkey", path, err) < 0)
		return err->rc;
	return kt_disk_write_atomic(
	    k->io, path, kt_span_of(k->recovery), 0600, err);
}

static enum kt_rc
read_recovery(struct kt_keys *k, struct kt_err *err)
{
	struct kt_buf text;
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (path_of(k, "recovery.vkey", path, err) < 0)
		return err->rc;
	kt_buf_init(&text, 8192);
	rc = kt_disk_read_file(
	    k->io, path, sizeof(k->recovery) - 1, &text, err);
	if (rc == KT_OK)
		(void)snprintf(k->recovery, sizeof(k->recovery), "%.*s",
		    KT_SPAN_ARG(kt_buf_span(&text)));
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK;
	kt_buf_fini(&text);
	return rc;
}

enum kt_rc
kt_keys_open(struct kt_keys *k, const struct kt_disk_io *io, const char *dir,
    struct kt_span name, bool is_fresh, struct kt_err *err)
{
	int n;

	*k = (struct kt_keys){ .io = io };
	n = snprintf(k->dir, sizeof(k->dir), "%s/key", dir);
	if (n < 0 || (size_t)n >= sizeof(k->dir))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (take(k, &k->stable, "log.key", name, is_fresh, &k->is_new, err) <
	    0 || take_epochs(k, name, is_fresh, err) < 0 ||
	    (is_fresh ? make_recovery(k, name, err) :
	                read_recovery(k, err)) < 0) {
		kt_keys_close(k);
		return err->rc;
	}
	return KT_OK;
}

void
kt_keys_close(struct kt_keys *k)
{
	kt_audit_signer_fini(&k->stable);
	kt_audit_signer_fini(&k->epoch);
	kt_audit_signer_fini(&k->next);
}

enum kt_rc
kt_keys_make_next(struct kt_keys *k, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	uint8_t seed[KT_AUDIT_SEED];
	enum kt_rc rc;

	kt_audit_signer_fini(&k->next);
	if (path_of(k, "epoch.next", path, err) < 0)
		return err->rc;
	rc = kt_disk_random(seed, sizeof(seed), err);
	if (rc == KT_OK)
		rc = kt_disk_write_atomic(k->io, path,
		    (struct kt_span){ (char *)seed, sizeof(seed) }, 0600, err);
	if (rc == KT_OK)
		rc = kt_audit_signer_init(&k->next,
		    kt_span_of(k->epoch.vkey.name), seed, err);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

/* In place, so that the bytes themselves go and not only their name. */
static enum kt_rc
wipe(struct kt_keys *k, const char *path, struct kt_err *err)
{
	static const char zeros[KT_AUDIT_SEED];
	struct kt_disk_file f;
	enum kt_rc rc;

	rc = kt_disk_open(&f, k->io, path, KT_DISK_APPEND, err);
	if (rc < 0)
		return rc;
	f.size = 0;
	rc = kt_disk_append(&f, (struct kt_span){ zeros, sizeof(zeros) }, err);
	if (rc == KT_OK)
		rc = kt_disk_sync(&f, err);
	kt_disk_close(&f);
	return rc;
}

enum kt_rc
kt_keys_promote(struct kt_keys *k, struct kt_err *err)
{
	char old[KT_PATH_MAX], next[KT_PATH_MAX];

	if (path_of(k, "epoch.key", old, err) < 0 ||
	    path_of(k, "epoch.next", next, err) < 0 ||
	    wipe(k, old, err) < 0)
		return err->rc;
	if (k->io->rename(k->io->arg, next, old) < 0)
		return kt_fail(err, KT_E_IO, "%s: cannot be renamed: %s", next,
		    strerror(errno));
	kt_audit_signer_fini(&k->epoch);
	k->epoch = k->next;
	k->next.state = NULL;
	return kt_disk_sync_dir(k->io, k->dir, err);
}
