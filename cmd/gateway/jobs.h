/*
 * jobs - slow work that exchanges order, done beside the loop.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    who does which kind of job, and how to wait for it on a loop.
 * Does not: know what an answer means; the exchange does.
 * Promises: every job is answered once, also when it cannot be done (by an
 *           empty answer), unless it is dropped before; on_done never runs
 *           inside kt_jobs_start or kt_jobs_drop.
 */
#ifndef KT_JOBS_H
#define KT_JOBS_H
#include "cmd/gateway/known.h"
#include "cmd/gateway/loop.h"
#include "cmd/gateway/upstream.h"
#include "exchange/exchange.h"

struct kt_jobs; /* of one worker */
/* What they are done with; all of it outlives them. */
struct kt_jobs_options {
	struct kt_loop *loop;
	const char *media; /* the path of kt-media, copied; NULL: none */
	struct kt_known *known;
	struct kt_upstream *upstream;
};
struct kt_jobs *kt_jobs_new(const struct kt_jobs_options *o);
void kt_jobs_free(struct kt_jobs **jobs); /* when no job is left */

/* Something of the list can be taken. */
typedef void kt_jobs_fn(void *self);
struct kt_job;
struct kt_job_list { /* of one call; starts zeroed */
	struct kt_job *first;
	kt_jobs_fn *on_done;
	void *self;
};
/* Its pieces last until the job was taken or dropped.  origin: of its target,
 * if it has one. */
void kt_jobs_start(struct kt_jobs *jobs, struct kt_job_list *list,
    const struct kt_order *o, const struct kt_program *p,
    struct kt_origin *origin);
/* One that is done; bytes last until the next call for this list. */
bool kt_jobs_take(struct kt_jobs *jobs, struct kt_job_list *list,
    uint32_t *id, struct kt_span *bytes);
void kt_jobs_drop(struct kt_jobs *jobs, struct kt_job_list *list, uint32_t id);
void kt_jobs_drop_all(struct kt_jobs *jobs, struct kt_job_list *list);

#endif
