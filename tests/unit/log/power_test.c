/*
 * Power goes at any call, and any subset of what was not synced is lost:
 * what was acknowledged is there, and the log is taken up and verifies.
 */
#include "config.h"
#include "audit/verify.h"
#include "cmd/audit/tiles.h"
#include "cmd/log/log.h"
#include "tests/unit/log/sim.h"
#include "tests/unit/tap.h"

#define SCRIPT 40
#define ROUNDS 3 /* power cuts in the life of one log */

static struct kt_err err;
static struct sim sim;

struct acked {
	uint64_t index;
	uint8_t leaf[32];
};
static struct acked acks[SCRIPT * ROUNDS];
static size_t nacks;

static struct kt_writer_opts
opts_of(void)
{
	return (struct kt_writer_opts){
		.io = &sim.io,
		.dir = KT_SPAN("log"),
		.deployment = KT_SPAN("kt"),
		.gateway = KT_SPAN("gw"),
		.segment_bytes = 5000,
	};
}

static void
play(struct kt_log *log, int records)
{
	for (int i = 0; i < records && !log->is_poisoned;) {
		struct acked batch[4];
		size_t n = 0, size = 1 + sim_next(&sim, 4);

		for (; n < size && i < records; n++, i++) {
			batch[n].index = log->chain.size;
			if (kt_log_add(log, KT_SPAN("{\"type\":\"call\"}"),
			    batch[n].leaf, &err) < 0)
				return;
		}
		if (kt_log_flush(log, &err) < 0)
			return;
		memcpy(acks + nacks, batch, n * sizeof(batch[0]));
		nacks += n;
		if (sim_next(&sim, 3) == 0 && kt_log_checkpoint(log, &err) < 0)
			return;
		if (sim_next(&sim, 2) == 0) /* nobody waits */
			kt_log_keep_partial_tiles(log);
		if (log->segment.size > log->segment_bytes &&
		    kt_log_rotate(log, &err) < 0)
			return;
	}
}

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

static uint8_t leaves[1000][32];
static size_t nleaves;

static void
collect(void *arg, const struct kt_audit_chain *c)
{
	(void)arg;
	if (nleaves < KT_NELEMS(leaves))
		memcpy(leaves[nleaves++], c->prev, 32);
}

/* What a verifier says of the disk as it is. */
static struct kt_audit_report
verify(void)
{
	struct kt_span notes = sim_read(&sim, "log/checkpoints"), text;
	struct kt_audit_evidence e = { .next = next_note, .arg = &notes,
		.newest = sim_read(&sim, "log/checkpoint"),
		.log_vkey = sim_read(&sim, "log/log.vkey") };
	struct kt_audit_report r;
	struct kt_audit_verify *v;

	nleaves = 0;
	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	kt_audit_verify_watch(v, collect, NULL);
	for (unsigned n = 0; n < 100; n++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "log/seg/%012u.jsonl", n);
		text = sim_read(&sim, path);
		if (text.ptr == NULL)
			break;
		kt_audit_verify_segment(v, n);
		ok(kt_audit_verify_feed(v, text, &err) == KT_OK);
	}
	r = *kt_audit_verify_finish(v);
	kt_audit_verify_free(&v);
	return r;
}

static bool
is_intact(void)
{
	static struct kt_audit_report r;
	bool holds;

	r = verify();
	holds = r.nbreaks == 0 && r.has_key && r.tail == 0;
	if (!holds)
		printf("# %s at %llu\n", r.nbreaks > 0 ?
		    kt_audit_class_name(r.breaks[0].class) : "no key",
		    r.nbreaks > 0 ?
		    (unsigned long long)r.breaks[0].index : 0ull);
	return holds;
}

static void
stop(struct kt_log *log)
{
	log->is_poisoned = true; /* as power leaves it: no good end */
	(void)kt_log_close(log, &err);
}

/* After the power is back: taken up, closed well, nothing told is lost. */
static bool
holds_still(struct kt_log *log, const struct kt_writer_opts *opts)
{
	bool holds = true;

	if (kt_log_open(log, opts, &err) < 0) {
		printf("# %s\n", err.text);
		return false;
	}
	holds = kt_log_close(log, &err) == KT_OK && is_intact();
	for (size_t i = 0; i < nacks && holds; i++)
		holds = acks[i].index < nleaves &&
		    memcmp(leaves[acks[i].index], acks[i].leaf, 32) == 0;
	return holds;
}

/* One log, cut off several times; false: it said why on the way. */
static bool
life(uint64_t seed)
{
	static struct kt_log log;
	struct kt_writer_opts opts = opts_of();
	bool holds = true;

	sim_init(&sim, seed);
	nacks = 0;
	for (int round = 0; round < ROUNDS && holds; round++) {
		sim.cut_at = 1 + sim_next(&sim, round == 0 ? 700 : 400);
		if (kt_log_open(&log, &opts, &err) == KT_OK) {
			play(&log, SCRIPT);
			stop(&log);
		}
		sim_cut(&sim);
	}
	holds = holds && holds_still(&log, &opts);
	if (!holds)
		printf("# seed %llu\n", (unsigned long long)seed);
	sim_fini(&sim);
	return holds;
}

static void
power_cut_at_any_call_loses_nothing_that_was_acknowledged(void)
{
	const char *lives = getenv("KT_LIVES");
	uint64_t n = 200;
	int bad = 0;

	if (lives != NULL)
		(void)kt_span_u64(kt_span_of(lives), &n);
	for (uint64_t seed = 1; seed <= n && bad < 5; seed++)
		bad += !life(seed);
	ok(bad == 0);
}

/* The first calls of a log, and every way in which a cut can leave it.
 * KT_BITS=12 takes a minute; by default the last bits are drawn. */
#define FEW 9

static uint64_t
bits(void)
{
	const char *said = getenv("KT_BITS");
	uint64_t n = 5;

	if (said != NULL)
		(void)kt_span_u64(kt_span_of(said), &n);
	return n;
}

static bool
every_way(const struct sim *at_cut, struct kt_log *log,
    const struct kt_writer_opts *opts, unsigned long *ways)
{
	uint64_t n = 1, most = bits();
	bool holds = true;

	for (uint64_t mask = 0; mask < n && holds; mask++) {
		sim_copy_disk(&sim, at_cut);
		sim.state += mask * 7919; /* other bits are drawn each time */
		/* The first one takes the most bits: all that is new is there. */
		sim.has_mask = true;
		sim.mask = ~(mask | (uint64_t)sim_next(&sim, 1u << 20) << most);
		if (mask == 0)
			sim.mask = UINT64_MAX;
		sim_cut(&sim);
		if (mask == 0)
			n = UINT64_C(1) <<
			    (sim.flips < most ? sim.flips : most);
		holds = holds_still(log, opts);
		if (!holds)
			printf("# mask %llx\n", (unsigned long long)mask);
		sim_fini(&sim);
		(*ways)++;
	}
	return holds;
}

static void
every_subset_of_up_to_12_unsynced_things_may_be_what_is_left(void)
{
	static struct kt_log log;
	static struct sim at_cut;
	struct kt_writer_opts opts = opts_of();
	unsigned long at, ways = 0;
	bool holds = true, is_over = false;

	opts.segment_bytes = 3000;
	for (at = 1; !is_over && holds; at++) {
		sim_init(&sim, 5);
		nacks = 0;
		sim.cut_at = at;
		if (kt_log_open(&log, &opts, &err) == KT_OK) {
			play(&log, FEW);
			stop(&log);
		}
		is_over = sim.calls < at;
		sim_copy_disk(&at_cut, &sim);
		sim_fini(&sim);
		holds = every_way(&at_cut, &log, &opts, &ways);
		if (!holds)
			printf("# cut at call %lu\n", at);
		sim_fini(&at_cut);
	}
	ok(holds && at > 100);
	printf("# %lu calls, %lu images\n", at - 1, ways);
}

/* Whether tiles tell of more records than there are: then it was cut. */
static bool
has_tiles_ahead(void)
{
	static struct kt_audit_report r;
	struct kt_audit_tile t = { .level = 0 };

	r = verify();
	t.index = r.size >> 8;
	if (r.nbreaks > 0 || (t.index << 8) + kt_tiles_width(
	    &sim.io, "log", &t) <= r.size)
		return false;
	printf("# tiles of %u records, and there are %llu\n",
	    kt_tiles_width(&sim.io, "log", &t), (unsigned long long)r.size);
	return true;
}

/* Around its 256th record the power goes; or with `cut` it is killed there,
 * and the power goes at that call of taking it up again, when what was written
 * may still be in memory only. */
static bool
fills_a_tile(uint64_t seed, unsigned long cut, uint64_t *full)
{
	static struct kt_log log;
	struct kt_writer_opts opts = opts_of();
	struct kt_audit_tile t = { .level = 0 };
	uint8_t leaf[32];
	bool holds = true;

	opts.segment_bytes = 1u << 20;
	opts.durability = KT_DURABILITY_ASYNC; /* written, and not synced */
	sim_init(&sim, seed);
	nacks = 0;
	ok(kt_log_open(&log, &opts, &err) == KT_OK);
	while (log.chain.size < 230 + sim_next(&sim, 20))
		ok(kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"), leaf,
		    &err) == KT_OK);
	ok(kt_log_checkpoint(&log, &err) == KT_OK);
	if (cut == 0)
		sim.cut_at = sim.calls + 1 + sim_next(&sim, 60);
	if (cut == 0)
		play(&log, SCRIPT);
	while (cut > 0 && log.chain.size < 270)
		ok(kt_log_add(&log, KT_SPAN("{\"type\":\"call\"}"), leaf,
		    &err) == KT_OK);
	(void)!kt_log_flush(&log, &err); /* the power may be gone */
	stop(&log);
	if (cut > 0) {
		sim.cut_at = sim.calls + cut;
		if (kt_log_open(&log, &opts, &err) == KT_OK)
			stop(&log);
	}
	sim_cut(&sim);
	nacks = 0; /* nothing was promised */
	*full += kt_tiles_width(&sim.io, "log", &t) == KT_AUDIT_TILE_WIDTH;
	holds = !has_tiles_ahead() && holds_still(&log, &opts) &&
	    !has_tiles_ahead();
	if (!holds)
		printf("# seed %llu\n", (unsigned long long)seed);
	sim_fini(&sim);
	return holds;
}

static void
tiles_never_tell_of_records_that_a_power_cut_took(void)
{
	uint64_t full = 0;
	int bad = 0;

	for (uint64_t seed = 1; seed <= 80 && bad < 5; seed++)
		bad += !fills_a_tile(seed, 0, &full);
	for (uint64_t seed = 1; seed <= 5 && bad < 5; seed++)
		for (unsigned long cut = 1; cut <= 60; cut++)
			bad += !fills_a_tile(seed, cut, &full);
	ok(bad == 0 && full > 20);
}

int
main(void)
{
	RUN(tiles_never_tell_of_records_that_a_power_cut_took);
	RUN(power_cut_at_any_call_loses_nothing_that_was_acknowledged);
	RUN(every_subset_of_up_to_12_unsynced_things_may_be_what_is_left);
	return done();
}
