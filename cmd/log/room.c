/*
 * room - a file of no content, and a glance at the disk now and then.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reserve is blocks and not a number that is compared with what is free:
 * others write to the disk as well, between the comparison and the record.
 */
#include "cmd/log/room.h"

#include "audit/marks.h"

/* ---- the reserve ---- */

/* Of a small disk an eighth. */
static uint64_t
reserve_of(const struct kt_log *log)
{
	struct kt_disk_space s;

	if (log->io->space(log->io->arg, log->dir, &s) < 0 ||
	    (s.free + s.used) / 8 >= KT_AUDIT_RESERVE)
		return KT_AUDIT_RESERVE;
	return (s.free + s.used) / 8;
}

enum kt_rc
kt_room_hold(struct kt_log *log, struct kt_err *err)
{
	struct kt_disk_file f;
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (log->has_reserve)
		return KT_OK;
	if (kt_log_path(log, path, err, "reserve") < 0 ||
	    kt_disk_open(&f, log->io, path, KT_DISK_APPEND, err) < 0)
		return err->rc;
	rc = kt_disk_allocate(&f, reserve_of(log), err);
	kt_disk_close(&f);
	log->has_reserve = true;
	if (rc == KT_OK)
		return KT_OK;
	kt_room_release(log); /* of a part of it */
	return kt_wrap(err, "%s", path);
}

void
kt_room_release(struct kt_log *log)
{
	struct kt_err ignored;
	char path[KT_PATH_MAX];

	if (log->has_reserve &&
	    kt_log_path(log, path, &ignored, "reserve") == KT_OK)
		(void)log->io->unlink(log->io->arg, path); /* held again else */
	log->has_reserve = false;
}

/* ---- alarms ---- */

static unsigned
alarm_at(unsigned percent)
{
	return percent < KT_AUDIT_SPACE_CRITICAL ? KT_AUDIT_SPACE_CRITICAL :
	    percent < KT_AUDIT_SPACE_LOW ? KT_AUDIT_SPACE_LOW : 0;
}

static void
say(const struct kt_log *log, unsigned percent)
{
	char text[200];

	if (log->say == NULL)
		return;
	if (log->alarm > 0)
		(void)snprintf(text, sizeof(text), "%u %% of the disk are "
		    "free, less than %u: when it is full, calls are not "
		    "recorded", percent, log->alarm);
	else
		(void)snprintf(text, sizeof(text),
		    "%u %% of the disk are free again", percent);
	log->say(text);
}

void
kt_room_begin(struct kt_log *log)
{
	unsigned percent = kt_disk_free_percent(log->io, log->dir);

	log->alarm = alarm_at(percent);
	if (log->alarm > 0)
		say(log, percent);
}

void
kt_room_look(struct kt_log *log)
{
	unsigned percent = kt_disk_free_percent(log->io, log->dir);
	unsigned alarm = alarm_at(percent);
	struct kt_err ignored; /* it was said, and calls matter more */

	if (alarm == log->alarm || ((alarm == 0 || alarm > log->alarm) &&
	    log->alarm > 0 && percent < log->alarm + KT_AUDIT_SPACE_POINTS))
		return;
	log->alarm = alarm;
	say(log, percent);
	kt_buf_reset(&log->body);
	if (kt_audit_space_write(percent, alarm, &log->body, &ignored) ==
	    KT_OK)
		(void)!kt_log_add_own(log, &ignored);
}
