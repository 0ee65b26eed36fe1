/*
 * judge - parts of a log, at the same time where that can be.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thread takes one segment after another; what the parts find is joined in
 * their order.  Any doubt, and one pass over all of it gives the answer: an
 * intact log is the case that has to be fast.
 */
#include "cmd/audit/judge.h"

#include <pthread.h>

#include "cmd/audit/ahead.h"
#include "cmd/audit/part.h"
#include "cmd/audit/pruned.h"

/* ---- parts ---- */

struct whole { /* what is the same for all parts */
	struct kt_judge *judge;
	const struct kt_range *range; /* NULL: all of it */
	struct kt_plan plan; /* n == 0: there is none */
	size_t first, end;   /* segments */
	struct kt_span pinned;
	const struct kt_audit_brought *brought;
	struct kt_audit_checkpoint newest; /* size 0: none, or no note */
	kt_audit_line_fn *each;
	void *each_arg;

	pthread_mutex_t lock; /* over all that follows, and the progress */
	size_t next;          /* to be taken */
	uint64_t bytes;       /* of the last segment of all */
	size_t joined;        /* those before it are in `sum` */
	struct kt_audit_report **done; /* by segment; NULL: not yet */
	struct kt_audit_report *sum;
	bool is_doubtful, has_torn_note;
	bool is_at_once; /* set before there are threads */
};

static void
show_progress(void *arg, uint64_t bytes)
{
	struct whole *w = arg;
	struct kt_judge *j = w->judge;

	if (j->progress == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock); /* a plain one does not fail */
	j->read_bytes += bytes;
	j->progress(j->progress_arg, j->read_bytes, j->dir.bytes);
	(void)pthread_mutex_unlock(&w->lock); /* as above */
}

/* The index where segment k begins, and where the log ends, no index. */
static uint64_t
index_of(const struct whole *w, size_t k)
{
	return k < w->plan.n ? w->plan.at[k].index : UINT64_MAX;
}

static bool
has_newest(const struct whole *w, size_t first, size_t end)
{
	bool is_last = end == w->judge->dir.nsegments;

	if (w->newest.size == 0)
		return is_last;
	return w->newest.size > index_of(w, first) &&
	    (is_last || w->newest.size <= index_of(w, end));
}

/* What a part can compare of what the reviewer brought. */
static struct kt_audit_brought
brought_of(const struct whole *w, size_t first, size_t end)
{
	struct kt_audit_brought all = { .nknown = 0 }, out = all;
	uint64_t from = index_of(w, first), to = index_of(w, end);

	if (w->brought == NULL)
		return out;
	all = out = *w->brought;
	while (out.nknown > 0 && first > 0 && out.known->size <= from)
		out.known++, out.nknown--;
	while (out.nknown > 0 && all.known[all.nknown - 1].size > to)
		all.nknown--, out.nknown--;
	while (out.nreceipts > 0 && out.receipts->index < from)
		out.receipts++, out.nreceipts--;
	while (out.nreceipts > 0 &&
	    all.receipts[all.nreceipts - 1].index >= to)
		all.nreceipts--, out.nreceipts--;
	return out;
}

/* Where the log begins, or what a retention record left of it. */
static bool
is_beginning(const struct whole *w, size_t first)
{
	return first == 0 && w->range == NULL;
}

static enum kt_rc
verify(struct whole *w, size_t first, size_t end, struct kt_part_told *told,
    struct kt_err *err)
{
	const struct kt_audit_dir *d = &w->judge->dir;
	struct kt_part p = { .dir = d, .first = first, .end = end,
		.notes_to = UINT64_MAX, .pinned = w->pinned,
		.brought = w->brought, .newest = kt_buf_span(&d->newest),
		.each = w->each, .each_arg = w->each_arg,
		.progress = show_progress, .progress_arg = w };
	struct kt_audit_brought brought;

	if (w->plan.n == 0)
		return kt_part_verify(&p, told, err);
	brought = brought_of(w, first, end);
	p.brought = &brought;
	p.is_one_of_many = w->is_at_once;
	if (!is_beginning(w, first))
		p.header = kt_buf_span(&w->plan.at[first].header);
	p.notes_from = w->plan.at[first].notes;
	if (end < w->plan.n) {
		p.next = kt_buf_span(&w->plan.at[end].header);
		p.notes_to = w->plan.at[end].notes;
	}
	if (!has_newest(w, first, end))
		p.newest = (struct kt_span){ .ptr = NULL };
	return kt_part_verify(&p, told, err);
}

/* ---- threads ---- */

/* With the lock.  In order, whichever part was ready first. */
static void
join_ready(struct whole *w)
{
	while (w->joined < w->end && w->done[w->joined] != NULL) {
		struct kt_audit_report *r = w->done[w->joined];

		w->done[w->joined++] = NULL;
		if (w->sum == NULL) {
			w->sum = r;
			continue;
		}
		if (!kt_audit_report_join(w->sum, r))
			w->is_doubtful = true;
		kt_free(r);
	}
}

static void *
work(void *arg)
{
	struct whole *w = arg;
	struct kt_part_told told;
	struct kt_err err;

	(void)pthread_mutex_lock(&w->lock); /* a plain one does not fail */
	while (w->next < w->end && !w->is_doubtful) {
		size_t k = w->next++;
		enum kt_rc rc;

		(void)pthread_mutex_unlock(&w->lock); /* as above */
		rc = verify(w, k, k + 1, &told, &err);
		(void)pthread_mutex_lock(&w->lock); /* as above */
		w->done[k] = told.report;
		if (rc < 0 || told.report->nbreaks > 0 ||
		    (k + 1 < w->end && !told.leads_on))
			w->is_doubtful = true;
		if (k + 1 == w->end) {
			w->has_torn_note = told.has_torn_note;
			w->bytes = told.bytes;
		}
		join_ready(w);
	}
	(void)pthread_mutex_unlock(&w->lock); /* as above */
	return NULL;
}

/* False: nothing is known yet, and one thread has to do it. */
static bool
verify_at_once(struct whole *w)
{
	pthread_t threads[KT_JOBS_MAX];
	unsigned n = 0, jobs = w->judge->jobs;
	size_t segments = w->end - w->first;

	if (jobs > segments)
		jobs = (unsigned)segments;
	if (jobs > KT_JOBS_MAX)
		jobs = KT_JOBS_MAX;
	w->done = kt_alloc_array(w->end, sizeof(w->done[0]));
	if (w->done == NULL || jobs < 2)
		return false;
	w->next = w->joined = w->first;
	w->is_at_once = true;
	while (n + 1 < jobs &&
	    pthread_create(&threads[n], NULL, work, w) == 0)
		n++;
	(void)work(w); /* this thread is one of them */
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL); /* ours, and joinable */
	return !w->is_doubtful && w->joined == w->end &&
	    (w->range != NULL || kt_audit_report_is_told(w->sum));
}

/* ---- all of it ---- */

/* Segments that are missing have to be seen by one who sees all. */
static bool
is_without_gap(const struct kt_audit_dir *d)
{
	return d->nsegments > 0 && d->segments[d->nsegments - 1] -
	    d->segments[0] == d->nsegments - 1;
}

static enum kt_rc
make_plan(struct whole *w, struct kt_err *err)
{
	struct kt_judge *j = w->judge;
	struct kt_err ignored; /* the one pass says what is wrong */

	w->end = j->dir.nsegments;
	if (w->range != NULL) {
		if (kt_plan_make(&w->plan, &j->dir, err) < 0)
			return err->rc;
		return kt_plan_range(
		    &w->plan, w->range, &w->first, &w->end, err);
	}
	if (j->jobs < 2 || w->each != NULL || !is_without_gap(&j->dir) ||
	    kt_plan_make(&w->plan, &j->dir, &ignored) < 0)
		kt_plan_fini(&w->plan);
	return KT_OK;
}

static enum kt_rc
verify_all(struct whole *w, struct kt_err *err)
{
	struct kt_judge *j = w->judge;
	struct kt_part_told told;

	if (make_plan(w, err) < 0)
		return err->rc;
	if (w->plan.n > 0 && w->each == NULL && verify_at_once(w)) {
		j->report = w->sum;
		j->dir.has_torn_note = w->has_torn_note;
		w->sum = NULL;
		return KT_OK;
	}
	if (w->range == NULL)
		kt_plan_fini(&w->plan);
	w->is_at_once = false;
	j->read_bytes = 0;
	if (verify(w, w->first, w->end, &told, err) < 0)
		return err->rc;
	j->report = told.report;
	j->dir.has_torn_note = told.has_torn_note;
	w->bytes = told.bytes;
	return KT_OK;
}

/*
 * From the segment on that the newest checkpoint ends in.  False: something
 * speaks against the log, or nothing is left out; then all of it is read.
 */
static bool
verify_end(struct whole *w)
{
	struct kt_judge *j = w->judge;
	struct kt_range end = { .from = w->newest.size - 1, .to = UINT64_MAX };
	struct kt_part_told told = { .report = NULL };
	struct kt_err ignored; /* the one pass says what is wrong */

	if (w->newest.size == 0 || !is_without_gap(&j->dir))
		return false;
	w->range = &end;
	j->was_quick = make_plan(w, &ignored) == KT_OK && w->first > 0 &&
	    kt_plan_roots(&w->plan, &j->dir, &j->agree, &ignored) == KT_OK &&
	    verify(w, w->first, w->end, &told, &ignored) == KT_OK &&
	    told.report->nbreaks == 0 && !told.report->has_unknown_version;
	j->skipped = w->first;
	w->range = NULL;
	w->first = 0;
	kt_plan_fini(&w->plan);
	if (j->was_quick) {
		j->report = told.report;
		j->dir.has_torn_note = told.has_torn_note;
		w->bytes = told.bytes;
	} else {
		kt_free(told.report);
		j->read_bytes = 0;
	}
	return j->was_quick;
}

const struct kt_audit_report *
kt_judge(struct kt_judge *j, const char *dir, struct kt_span pinned,
    const struct kt_audit_brought *brought, kt_audit_line_fn *each, void *arg)
{
	struct whole w = { .judge = j, .range = j->range, .pinned = pinned,
		.brought = brought, .each = each, .each_arg = arg };
	struct kt_err ignored; /* what is no note is the verifier's to report */

	j->report = NULL;
	j->was_part = false;
	j->read_bytes = 0;
	j->err.rc = KT_OK;
	if (kt_audit_dir_open(&j->dir, dir, &j->err) < 0 ||
	    kt_audit_dir_list(&j->dir, &j->err) < 0)
		return NULL;
	if (kt_audit_checkpoint_parse(
	    kt_buf_span(&j->dir.newest), &w.newest, &ignored) < 0)
		w.newest.size = 0;
	if (pthread_mutex_init(&w.lock, NULL) != 0) {
		(void)kt_fail(&j->err, KT_E_LIMIT, "no memory for a lock");
		return NULL;
	}
	if (!j->is_quick || !verify_end(&w))
		(void)!verify_all(&w, &j->err); /* then there is no report */
	if (j->report != NULL && w.end == j->dir.nsegments)
		kt_ahead_compare(&j->dir, w.bytes, j->report);
	if (j->report != NULL && brought != NULL && j->range == NULL &&
	    kt_pruned_compare(&j->dir, brought, j->report, &j->err) < 0) {
		kt_free(j->report);
		j->report = NULL;
	}
	j->was_part = j->range != NULL && (w.first > 0 ||
	    w.end < j->dir.nsegments || j->dir.segments[0] > 0);
	(void)pthread_mutex_destroy(&w.lock); /* nobody holds it */
	for (size_t k = 0; w.done != NULL && k < w.end; k++)
		kt_free(w.done[k]);
	kt_free(w.done);
	kt_free(w.sum);
	kt_plan_fini(&w.plan);
	return j->report;
}

void
kt_judge_fini(struct kt_judge *j)
{
	kt_free(j->report);
	j->report = NULL;
	kt_audit_dir_close(&j->dir);
}
