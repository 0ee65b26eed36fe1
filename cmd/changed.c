/*
 * changed - runs git by its arguments; only the lines "@@ -a,b +c,d @@" of
 * what it says are read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <libgen.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/changed.h"

#define OUTPUT_MAX (64u << 20)

/* Output of "git -C DIR ARGS...", and whether it ended well. */
static enum kt_rc
ask(char *const *argv, struct kt_buf *out, int *status, struct kt_err *err)
{
	int ends[2];
	pid_t child;
	ssize_t n;

	if (pipe(ends) != 0)
		return kt_fail(err, KT_E_IO, "no pipe: %m");
	child = fork();
	if (child == 0) {
		(void)dup2(ends[1], STDOUT_FILENO); /* git then fails, and tells */
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(ends[1]);
	if (child < 0) {
		(void)close(ends[0]);
		return kt_fail(err, KT_E_IO, "no process: %m");
	}
	do {
		if (kt_buf_reserve(out, 65536) < 0)
			break;
		n = read(ends[0], out->ptr + out->len, 65536);
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	(void)close(ends[0]);
	while (waitpid(child, status, 0) < 0 && errno == EINTR)
		;
	return KT_OK;
}

static bool
read_number(struct kt_span *s, uint32_t *out)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < s->len && s->ptr[digits] >= '0' && s->ptr[digits] <= '9')
		digits++;
	if (!kt_span_u64(kt_span_sub(*s, 0, digits), &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	*s = kt_span_sub(*s, digits, SIZE_MAX);
	return true;
}

/* "@@ -1,2 +3,4 @@": from 3 on, 4 lines. */
static enum kt_rc
read_hunk(struct kt_cmd_changed *c, struct kt_span line)
{
	size_t plus = kt_span_find(line, '+');
	uint32_t first, n = 1;

	if (!kt_span_starts(line, KT_SPAN("@@ ")))
		return KT_OK;
	line = kt_span_sub(line, plus + 1, SIZE_MAX);
	if (!read_number(&line, &first))
		return KT_E_PARSE;
	if (line.len > 0 && line.ptr[0] == ',') {
		line = kt_span_sub(line, 1, SIZE_MAX);
		if (!read_number(&line, &n))
			return KT_E_PARSE;
	}
	if (kt_grow((void **)&c->hunks, &c->cap, c->n + 1, sizeof(*c->hunks)) < 0)
		return KT_E_LIMIT;
	c->hunks[c->n].first = first;
	c->hunks[c->n++].n = n;
	return KT_OK;
}

enum kt_rc
kt_cmd_changed_since(struct kt_cmd_changed *c, const char *commit,
    const char *path, struct kt_err *err)
{
	char git[] = "git", dash_c[] = "-C", diff[] = "diff", u0[] = "-U0",
	     plain[] = "--no-color", no_ext[] = "--no-ext-diff", end[] = "--",
	     ls[] = "ls-files", strict[] = "--error-unmatch";
	char dir[KT_PATH_MAX], name[KT_PATH_MAX], rev[256], *d, *b;
	struct kt_span rest;
	struct kt_buf out;
	enum kt_rc rc;
	int status = 0;

	*c = (struct kt_cmd_changed){ 0 };
	(void)snprintf(dir, sizeof(dir), "%s", path);
	(void)snprintf(name, sizeof(name), "%s", path);
	(void)snprintf(rev, sizeof(rev), "%s", commit);
	if (rev[0] == '-')
		return kt_fail(err, KT_E_MISUSE, "'%s' is not a commit", rev);
	d = dirname(dir);
	b = basename(name);
	kt_buf_init(&out, OUTPUT_MAX);
	rc = ask((char *[]){ git, dash_c, d, ls, strict, end, b, NULL }, &out,
	    &status, err);
	c->is_new = rc == KT_OK && status != 0;
	kt_buf_reset(&out);
	if (rc == KT_OK)
		rc = ask((char *[]){ git, dash_c, d, diff, u0, plain, no_ext, rev,
		    end, b, NULL }, &out, &status, err);
	if (rc == KT_OK && status != 0)
		rc = kt_fail(err, KT_E_IO, "git cannot compare %s with '%s'", path,
		    rev);
	for (rest = kt_buf_span(&out); rest.len > 0 && rc == KT_OK;) {
		size_t lf = kt_span_find(rest, '\n');

		rc = read_hunk(c, kt_span_sub(rest, 0, lf));
		if (rc < 0)
			(void)kt_fail(err, rc, "git said something else"); /* err */
		rest = kt_span_sub(rest, lf + 1, SIZE_MAX);
	}
	kt_buf_fini(&out);
	return rc;
}

bool
kt_cmd_changed_has(const struct kt_cmd_changed *c, uint32_t line)
{
	for (size_t i = 0; i < c->n; i++) {
		if (line >= c->hunks[i].first &&
		    line - c->hunks[i].first < c->hunks[i].n)
			return true;
	}
	return c->is_new;
}

void
kt_cmd_changed_fini(struct kt_cmd_changed *c)
{
	kt_free(c->hunks);
	*c = (struct kt_cmd_changed){ 0 };
}
