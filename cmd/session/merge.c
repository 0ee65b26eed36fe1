/*
 * merge - several sessions become one, in the order of their calls.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/session/file.h"
#include "session/copy.h"

struct item { /* a call and when it began */
	const struct kt_session_call *call;
	uint64_t wall_us;
	size_t file;
};

static int
in_order(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->wall_us != b->wall_us)
		return a->wall_us < b->wall_us ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->call->n < b->call->n ? -1 : a->call->n > b->call->n;
}

static enum kt_rc
write_items(const struct kt_session *s, const struct item *v, size_t n,
    const char *path, const struct kt_session_key *key, struct kt_err *err)
{
	struct kt_session_copy *copy = kt_session_copy_new();
	struct kt_buf out;
	enum kt_rc rc = copy != NULL ? KT_OK : KT_E_LIMIT;
	uint64_t t0 = n > 0 ? v[0].wall_us : s->t0_us;

	kt_buf_init(&out, KT_SESSION_FILE_MAX);
	if (rc == KT_OK)
		rc = kt_session_copy_head(s, s->id, t0, &out);
	for (size_t i = 0; i < n && rc == KT_OK; i++)
		rc = kt_session_copy_call(
		    copy, v[i].call, i + 1, v[i].wall_us - t0, &out);
	if (rc < 0)
		(void)kt_fail(err, rc, "larger than a session may be");
	else
		rc = kt_session_file_save(path, kt_buf_span(&out), key, err);
	kt_buf_fini(&out);
	kt_session_copy_free(&copy);
	return rc;
}

static enum kt_rc
merge(const struct kt_session_file *f, size_t n, char *const *names,
    const char *path, const struct kt_session_key *key, struct kt_err *err)
{
	struct item *v;
	size_t ncalls = 0, k = 0;
	enum kt_rc rc;

	for (size_t i = 0; i < n; i++) {
		ncalls += f[i].session.ncalls;
		if (!kt_session_is_alike(&f[0].session, &f[i].session))
			return kt_fail(err, KT_E_MISUSE, "%s was recorded by "
			    "another policy or other detectors than %s",
			    names[i], names[0]);
	}
	v = kt_alloc_array(ncalls + 1, sizeof(*v));
	if (v == NULL)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < f[i].session.ncalls; c++)
			v[k++] = (struct item){ &f[i].session.calls[c],
				f[i].session.t0_us + f[i].session.calls[c].at_us,
				i };
	}
	if (k > 1)
		qsort(v, k, sizeof(*v), in_order);
	rc = write_items(&f[0].session, v, k, path, key, err);
	kt_free(v);
	return rc;
}

enum kt_exit
kt_cmd_session_merge(const struct kt_cmd *self, int argc, char **argv)
{
	enum { OUT = KT_OPT_LONG };
	static const struct kt_opt opts[] = { KT_OPT_SESSION_KEY_LINE,
		{ OUT, "out", "FILE", "where the session is written" } };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_session_paths paths = { 0 };
	struct kt_session_file *f = NULL;
	struct kt_err err = { .text = "" };
	struct kt_session_key key = { .is_there = false };
	const char *out = NULL, *key_path = NULL;
	size_t n = 0;
	enum kt_rc rc;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == OUT)
			out = args.value;
		else
			key_path = args.value;
	}
	if (out == NULL || args.operand == argc)
		return kt_misuse(self, "--out FILE and sessions must follow");
	rc = kt_session_key_read(&key, key_path, &err);
	for (int i = args.operand; i < argc && rc == KT_OK; i++)
		rc = kt_session_paths_add(&paths, argv[i], &err);
	if (rc == KT_OK &&
	    (f = kt_alloc_array(paths.n + 1, sizeof(*f))) == NULL)
		rc = kt_fail(&err, KT_E_LIMIT, "out of memory");
	for (n = 0; rc == KT_OK && n < paths.n; n++)
		rc = kt_session_file_open(&f[n], paths.at[n], &key, &err);
	if (rc < 0 && n > 0)
		n--; /* that one has nothing to close */
	if (rc == KT_OK)
		rc = merge(f, n, paths.at, out, &key, &err);
	for (size_t i = 0; f != NULL && i < n; i++)
		kt_session_file_close(&f[i]);
	kt_free(f);
	kt_session_paths_fini(&paths);
	kt_session_key_fini(&key);
	if (rc == KT_OK)
		return KT_EXIT_YES;
	kt_say("%s", err.text);
	return KT_EXIT_UNKNOWN;
}
