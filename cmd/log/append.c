/*
 * append - records into the open segment.
 * SPDX-License-Identifier: Apache-2.0
 *
 * After a failed write or sync nothing is tried again on that descriptor:
 * the kernel may have dropped the dirty pages, and a second sync would
 * report success without them.  The log is poisoned instead, and
 * kt_log_reopen() starts over from the last bytes known to be durable.
 */
#include "cmd/log/log.h"

#include "audit/marks.h"
#include "cmd/log/vault.h"

#include <errno.h>

/* What the kernel says of its clock is asked for so often: a checkpoint's
   time, so that it costs nothing per record. */
#define CLOCK_US 1000000

/* A clock that moves less is being steered, not set. */
#define STEP_US 500000

enum kt_rc
kt_log_path(const struct kt_log *log, char path[static KT_PATH_MAX],
    struct kt_err *err, const char *fmt, ...)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/", log->dir), m;
	va_list ap;

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", log->dir);
	va_start(ap, fmt);
	m = vsnprintf(path + n, (size_t)(KT_PATH_MAX - n), fmt, ap);
	va_end(ap);
	if (m < 0 || m >= KT_PATH_MAX - n)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", log->dir);
	return KT_OK;
}

enum kt_rc
kt_log_segment_path(const struct kt_log *log, uint64_t number,
    char path[static KT_PATH_MAX], struct kt_err *err)
{
	return kt_log_path(log, path, err, "seg/%012llu.jsonl",
	    (unsigned long long)number);
}

bool
kt_log_lacks_space(void)
{
	return errno == ENOSPC || errno == EDQUOT;
}

enum kt_rc
kt_log_poison(struct kt_log *log, struct kt_err *err)
{
	log->is_full = kt_log_lacks_space();
	log->is_poisoned = true;
	log->why = *err;
	return kt_wrap(err, "audit log '%s'", log->dir);
}

static enum kt_rc
write_batch(struct kt_log *log, struct kt_err *err)
{
	if (log->is_poisoned)
		return kt_fail(err, KT_E_IO, "audit log is down");
	if (log->batch.len == 0)
		return KT_OK;
	if (kt_disk_append(&log->segment, kt_buf_span(&log->batch), err) < 0)
		return kt_log_poison(log, err);
	kt_buf_reset(&log->batch);
	return KT_OK;
}

enum kt_rc
kt_log_add(struct kt_log *log, struct kt_span body,
    uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err)
{
	struct kt_audit_envelope env = {
		.boot = kt_span_of(log->boot),
		.origin = kt_span_of(
		    log->origin[0] != '\0' ? log->origin : log->name),
	};
	struct kt_disk_time now;

	if (log->batch.len >= KT_LOG_BATCH_MAX && write_batch(log, err) < 0)
		return err->rc;
	log->io->now(log->io->arg, &now);
	if (log->clock_at == 0 || now.mono_us - log->clock_at >= CLOCK_US) {
		log->io->clock(log->io->arg, &log->clock);
		log->clock_at = now.mono_us;
	}
	env.clk = log->clock.is_synced ? KT_AUDIT_CLOCK_SYNC :
	    KT_AUDIT_CLOCK_UNSYNC;
	env.clk_us = log->clock.offset_us;
	env.ts_us = now.real_us;
	env.mono_us = now.mono_us;
	return kt_audit_seal(&log->chain, &env, body, &log->batch, leaf, err);
}

enum kt_rc
kt_log_sync(struct kt_log *log, struct kt_err *err)
{
	if (write_batch(log, err) < 0)
		return err->rc;
	if (log->durable == log->chain.size)
		return KT_OK;
	if (kt_disk_sync(&log->segment, err) < 0) {
		(void)kt_wrap(err, "segment %llu",
		    (unsigned long long)log->number);
		return kt_log_poison(log, err);
	}
	log->durable = log->chain.size;
	log->durable_bytes = log->segment.size;
	return KT_OK;
}

/* A step of the wall clock is a record, so that times can be judged later. */
static void
note_clock(struct kt_log *log)
{
	struct kt_disk_time now;
	struct kt_err ignored; /* the records that wait matter more */
	int64_t is, step;

	log->io->now(log->io->arg, &now);
	is = (int64_t)now.real_us - (int64_t)now.mono_us;
	step = is - log->clock_us;
	log->clock_us = is;
	if (step > -STEP_US && step < STEP_US)
		return;
	kt_buf_reset(&log->body);
	if (kt_audit_clock_write(step, &log->body, &ignored) == KT_OK)
		(void)!kt_log_add_own(log, &ignored);
}

enum kt_rc
kt_log_flush(struct kt_log *log, struct kt_err *err)
{
	if (log->batch.len > 0)
		note_clock(log);
	if (kt_vault_store(log->subjects, log->io, log->dir, err) < 0)
		return kt_log_poison(log, err);
	switch (log->durability) {
	case KT_DURABILITY_COMMIT:
	case KT_DURABILITY_STRICT:
		return kt_log_sync(log, err);
	case KT_DURABILITY_ASYNC:
		return write_batch(log, err);
	}
	return kt_fail(err, KT_E_MISUSE, "unknown durability");
}

enum kt_rc
kt_log_add_own(struct kt_log *log, struct kt_err *err)
{
	uint8_t leaf[KT_AUDIT_HASH];
	enum kt_rc rc = kt_log_add(log, kt_buf_span(&log->body), leaf, err);

	kt_buf_reset(&log->body);
	return rc;
}
