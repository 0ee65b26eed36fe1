/*
 * replay - between the command line, the threads and what is told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the sessions of a run, the configurations of its two sides, and
 *           the rows that threads leave behind.
 * Does not: play or compare: that is lib/replay.
 * Promises: rows and what is told of them do not depend on the number of
 *           threads.
 */
#ifndef KT_CMD_REPLAY_H
#define KT_CMD_REPLAY_H
#include <pthread.h>
#include <stdatomic.h>

#include "cmd/files.h"
#include "cmd/report.h"
#include "cmd/session/file.h"
#include "replay/filter.h"
#include "replay/replay.h"

#define KT_REPLAY_JOBS_MAX 256
#define KT_REPLAY_VARIANTS_MAX 16
/* Source of a session that was made of audit records. */
#define KT_REPLAY_OF_LOG "import:audit"
#define KT_REPLAY_POLICIES_MAX 64 /* bits of a word */

enum kt_replay_side_id { KT_REPLAY_NEW = 0, KT_REPLAY_OLD };
/* A configuration: what does not change from session to session. */
struct kt_replay_side {
	char *paths[KT_CONFIG_FILES_MAX];
	size_t npaths;
	struct kt_cmd_files config, detectors;
	struct kt_cmd_settings settings;
};
/* Programs differ by which targets had no secret. */
struct kt_replay_variant {
	struct kt_span unavailable; /* ids, each with a line feed; owned */
	struct kt_program *programs[2];
	/* What the new one listens to, in lines "id digest"; owned. */
	struct kt_buf heard;
	/* Its policies that ask for more than findings, with what their
	   settings hash to; the same form. */
	struct kt_buf settled;
	struct kt_err err; /* rc < 0: it does not run */
};

struct kt_replay_row { /* of a call that did not come out as it was */
	uint64_t n;
	size_t line;
	enum kt_change change; /* NONE: it cannot be judged */
	bool is_hypothetical, is_made_up;
	char unknown[96]; /* why */
	struct kt_outcome from, to;
};
struct kt_replay_session {
	char id[65];
	size_t ncalls, cut_line, nrows, cap, nindeterminate;
	uint64_t nlost;
	uint64_t matched, decided; /* policies of the chain, by their place */
	struct kt_replay_row *rows;
	struct kt_err err; /* rc < 0: it could not be read or played */
};

struct kt_replay_run {
	const struct kt_cmd *self;
	struct kt_cmd_outputs out;
	struct kt_session_paths paths;
	struct kt_session_key key;
	struct kt_replay_side sides[2];
	bool has_old, is_strict, counts_all, has_explained, has_coverage,
	    only_changes;
	struct kt_replay_filter filter;
	uint64_t sample, seed; /* sample 0: all sessions */
	bool fails[KT_NCHANGES];
	uint64_t jobs;
	const char *approvals_path, *explain, *key_path;

	struct kt_buf saved;
	pthread_mutex_t lock; /* of the variants */
	struct kt_replay_variant variants[KT_REPLAY_VARIANTS_MAX];
	size_t nvariants;
	atomic_size_t next, done;
	struct kt_replay_session *sessions;
};

KT_MUSTCHECK enum kt_rc kt_replay_load(
    struct kt_replay_run *r, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_replay_run(
    struct kt_replay_run *r, struct kt_err *err);
void kt_replay_free(struct kt_replay_run *r);
/* The variant of a session; compiled when it is the first. */
const struct kt_replay_variant *kt_replay_variant_of(struct kt_replay_run *r,
    const struct kt_session *s, struct kt_err *err);
/* Prints one call, rule by rule. */
void kt_replay_explain(const struct kt_session *s,
    const struct kt_session_call *c, struct kt_span from, struct kt_span to,
    const struct kt_replay_row *row);
/* Leaves so many sessions, chosen by their names and the seed. */
KT_MUSTCHECK enum kt_rc kt_replay_sample(
    struct kt_replay_run *r, struct kt_err *err);
enum kt_exit kt_replay_tell(struct kt_replay_run *r);

#endif
