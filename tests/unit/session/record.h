/*
 * record - scripts are run, recorded, read back and played.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TEST_RECORD_H
#define KT_TEST_RECORD_H
#include "replay/replay.h"
#include "session/write.h"
#include "tests/unit/exchange/drive.h"

static const uint8_t test_key[32] = "01234567890123456789012345678901";

/* A world with two programs more: one that records, one that replays. */
struct studio {
	struct world w;
	struct kt_program *recorder, *player;
	struct kt_scratch *recorder_scratch, *player_scratch;
	struct kt_look *look;
	struct kt_scrub scrub;
	struct kt_session_writer *writer;
	struct kt_buf file;
};

static inline struct kt_program *
program_for(struct world *w, enum kt_chain_use use)
{
	struct kt_err err = { 0 };
	struct kt_program_options o = { .secret = no_secret,
		.settings = w->settings, .detectors = w->detectors,
		.ndetectors = KT_NELEMS(w->detectors),
		.saved_detectors = shipped_database(), .use = use,
		.may_use_offline = true,
		.instance_key = KT_SPAN("0123456789abcdef0123456789abcdef") };
	struct kt_program *p = kt_program_new(&o, &err);

	if (p == NULL)
		printf("# %s\n", err.text);
	return p;
}

static inline void
studio_begin(struct studio *s)
{
	struct kt_session_head h = { .id = KT_SPAN("01TEST"),
		.kt = KT_SPAN("test"), .source = KT_SPAN("synthetic"),
		.policy_hash = kt_program_hash(s->w.program),
		.t0_us = 1700000000000000ull };

	kt_session_writer_free(&s->writer);
	h.targets = kt_program_targets(s->w.program, &h.ntargets);
	s->writer = kt_session_writer_new(&h, &s->scrub);
	kt_buf_reset(&s->file);
	ok(kt_session_write_head(s->writer, &s->file) == KT_OK);
}

static inline bool
studio_init(struct studio *s, const char *yaml, bool is_facts_only)
{
	memset(s, 0, sizeof(*s));
	if (!world_init(&s->w, yaml))
		return false;
	s->recorder = program_for(&s->w, KT_CHAIN_RECORD);
	s->player = program_for(&s->w, KT_CHAIN_REPLAY);
	if (s->recorder == NULL || s->player == NULL)
		return false;
	s->recorder_scratch = kt_scratch_new(s->recorder);
	s->player_scratch = kt_scratch_new(s->player);
	s->look = kt_look_new(s->recorder, s->recorder_scratch);
	s->scrub = (struct kt_scrub){ s->look, test_key, is_facts_only };
	kt_buf_init(&s->file, KT_SESSION_FILE_MAX);
	studio_begin(s);
	return true;
}

static inline void
studio_fini(struct studio *s)
{
	kt_session_writer_free(&s->writer);
	kt_buf_fini(&s->file);
	kt_look_free(&s->look);
	kt_scratch_free(&s->recorder_scratch);
	kt_scratch_free(&s->player_scratch);
	kt_program_free(&s->recorder);
	kt_program_free(&s->player);
	world_fini(&s->w);
}

/* Runs and records one call. */
static inline void
studio_call(struct studio *s, const struct script *script, struct result *r)
{
	struct kt_tape tape;
	struct kt_err err = { 0 };

	kt_tape_init(&tape, KT_SESSION_CALL_MAX);
	s->w.tape = &tape;
	result_init(r);
	run_script(&s->w, script, r);
	s->w.tape = NULL;
	if (!ok(kt_session_write_call(s->writer, &tape, &s->file, &err) == KT_OK))
		printf("# %s\n", err.text);
	kt_tape_fini(&tape);
}

/* Plays all that was recorded; returns how many calls changed. */
static inline size_t
studio_play(struct studio *s, size_t *ncalls, bool says_why)
{
	struct kt_replay r = { s->player, s->player_scratch };
	struct kt_session session;
	struct kt_err err = { 0 };
	size_t changed = 0;

	if (!ok(kt_session_read(&session, kt_buf_span(&s->file), &err) == KT_OK))
		printf("# %s\n", err.text);
	ok(session.cut_line == 0);
	*ncalls = session.ncalls;
	for (size_t i = 0; i < session.ncalls; i++) {
		const struct kt_session_call *c = &session.calls[i];
		struct kt_outcome was;
		struct kt_replayed now;
		enum kt_change change;

		ok(kt_outcome_read(&was, c->record, &err) == KT_OK);
		ok(kt_replay_call(&r, c, session.t0_us, &now, &err) == KT_OK);
		ok(now.has_ended);
		change = kt_outcome_compare(&was, &now.outcome);
		if (change != KT_CHANGE_NONE && says_why)
			printf("# %s\n# was: %.*s\n# now: %.*s\n",
			    kt_change_word(change), KT_SPAN_ARG(c->record),
			    (int)now.record.len, now.record.ptr);
		changed += change != KT_CHANGE_NONE;
		kt_buf_fini(&now.record);
	}
	kt_session_fini(&session);
	return changed;
}

#endif
