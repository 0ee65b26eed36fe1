/*
 * holds - a few small files, read whenever they matter.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They are not kept in memory: a hold that was placed a moment ago counts,
 * and one that another process placed does, too.
 */
#include "config.h" /* memmem is an extension */
#include "cmd/log/holds.h"

#include <errno.h>

#define HOLD_MAX 4096
#define HOLDS_BYTES_MAX (4u << 20)

struct reading {
	const struct kt_log *log;
	struct kt_holds *to;
};

static bool
see_hold(void *arg, const char *name)
{
	struct reading *r = arg;
	char path[KT_PATH_MAX];
	struct kt_buf text;
	struct kt_err err;

	kt_buf_init(&text, 2 * HOLD_MAX);
	if (kt_log_path(r->log, path, &err, "hold/%s", name) < 0 ||
	    kt_disk_read_file(r->log->io, path, HOLD_MAX, &text, &err) < 0 ||
	    text.len == 0 ||
	    kt_buf_add(&r->to->subjects, kt_buf_span(&text)) < 0 ||
	    kt_buf_addc(&r->to->subjects, '\n') < 0)
		r->to->is_all = true;
	kt_buf_fini(&text);
	return !r->to->is_all;
}

void
kt_holds_read(struct kt_holds *h, const struct kt_log *log)
{
	struct reading r = { .log = log, .to = h };
	char dir[KT_PATH_MAX];
	struct kt_err err;

	*h = (struct kt_holds){ .is_all = false };
	kt_buf_init(&h->subjects, HOLDS_BYTES_MAX);
	if (kt_log_path(log, dir, &err, "hold") < 0 ||
	    (kt_disk_list(log->io, dir, see_hold, &r, &err) < 0 &&
		errno != ENOENT))
		h->is_all = true;
}

void
kt_holds_fini(struct kt_holds *h)
{
	kt_buf_fini(&h->subjects);
}

bool
kt_holds_cover(const struct kt_holds *h, struct kt_span subject)
{
	struct kt_span rest = kt_buf_span(&h->subjects), one;
	bool is_held = h->is_all;

	while (!is_held && kt_audit_take_line(&rest, &one))
		is_held = kt_span_eq(one, subject);
	return is_held;
}

bool
kt_holds_name(const struct kt_holds *h, struct kt_span line)
{
	struct kt_span rest = kt_buf_span(&h->subjects), one;
	bool is_held = h->is_all;

	while (!is_held && kt_audit_take_line(&rest, &one))
		is_held = memmem(
		    line.ptr, line.len, one.ptr, one.len) != NULL;
	return is_held;
}

static bool
covers(void *arg, struct kt_span pseudonym)
{
	return kt_holds_cover(arg, pseudonym);
}

void
kt_holds_tell(struct kt_log *log)
{
	struct kt_holds h;

	kt_holds_read(&h, log);
	kt_audit_subjects_hold(log->subjects, h.is_all, covers, &h);
	kt_holds_fini(&h);
}
