/*
 * audit verify - reads an audit directory and says what it proves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * "Could not read" is its own answer and never looks like the other two.
 */
#include <unistd.h>

#include "audit/canon.h"
#include "audit/trust.h"
#include "audit/verify.h"
#include "cmd/audit/bundle.h"
#include "cmd/audit/gathered.h"
#include "cmd/audit/held.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/since.h"
#include "cmd/audit/verdict.h"
#include "cmd/audit/witness.h"
#include "cmd/cmd.h"
#include "disk/disk.h"

#define PROGRESS_BYTES (32u << 20)

enum { STRICT = KT_OPT_LONG, VKEY, KNOWN, RECEIPT, JOBS, FROM, TO, SINCE,
	UNTIL, SEGMENT, SINCE_CHECKPOINT, QUICK, POSTGRES, ORIGIN, WITNESS,
	QUORUM, POLICY, INVENTORY, REVOCATION, TIME_STAMP, TSA_CA };

#define POLICY_BYTES (256u << 10) /* keys, names and URLs of the most of each */

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	{ STRICT, "strict", NULL, "exit 4 when intact, but with a warning" },
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	{ KNOWN, "known-checkpoint", "FILE",
	    "a checkpoint kept elsewhere; may be repeated" },
	{ RECEIPT, "receipt", "TEXT",
	    "a receipt, or a file of them; may be repeated" },
	{ JOBS, "jobs", "N", "segments read at a time (one per core)" },
	{ FROM, "from", "INDEX", "only segments with records from this on" },
	{ TO, "to", "INDEX", "and up to this one" },
	{ SINCE, "since", "TIME", "only segments not before, such as 2026-11" },
	{ UNTIL, "until", "TIME", "and before" },
	{ SEGMENT, "segment", "N", "only the segment of this number" },
	{ SINCE_CHECKPOINT, "since-checkpoint", "FILE",
	    "only what came after this checkpoint, which is trusted" },
	{ QUICK, "quick", NULL, "only the end, and say what was not read" },
	{ POSTGRES, "postgres", "URL",
	    "logs in a database instead of directories; or a file with it" },
	{ ORIGIN, "origin", "PATTERN", "of these the ones so named" },
	{ WITNESS, "witness", "KEY",
	    "a witness that has to have signed; may be repeated" },
	{ QUORUM, "quorum", "N", "so many of them are enough (all)" },
	{ POLICY, "policy", "FILE",
	    "keys, witnesses and quorum as C2SP tlog-policy says" },
	{ TIME_STAMP, "time-stamp", "FILE",
	    "of a known checkpoint: kt audit anchor; may be repeated" },
	{ TSA_CA, "tsa-ca", "FILE", "certificates that it is trusted by" },
	{ REVOCATION, "revocation", "FILE",
	    "what kt audit key revoke wrote, kept elsewhere" },
	{ INVENTORY, "inventory", "FILE",
	    "names or keys of the logs that there have to be" },
};

/* Ways to read less than all: one at a time. */
enum { BY_RANGE = 1, BY_SEGMENT = 2, BY_CHECKPOINT = 4, BY_END = 8 };

/* What the command line brings, the same for every directory. */
struct run {
	bool is_strict, is_json;
	uint64_t jobs;
	struct kt_range range;
	unsigned by; /* bits of them */
	struct kt_since since;
	const char *postgres, *origin;
	struct kt_witnessed witnesses[KT_WITNESSES_MAX];
	uint64_t nwitnesses, quorum;
	struct kt_buf policy_text; /* empty: there is no policy */
	struct kt_audit_trust policy;
	bool has_inventory;
	struct kt_buf inventory; /* names or keys, a line each */
	struct kt_buf seen;      /* names and keys, a line each */
	struct kt_buf vkey, revocation;
	struct kt_held held;
	size_t nlogs; /* that are looked at */
	struct kt_err err;
};

/* ---- one directory ---- */

/*
 * The key to trust: of several in a policy the one that is the log's own, or
 * has its name.  Where none is, any will tell that it is not.
 */
static struct kt_span
pinned_of(const struct run *r, struct kt_span own_text, const char *origin,
    char text[static KT_AUDIT_VKEY_TEXT])
{
	const struct kt_audit_trust *p = &r->policy;
	struct kt_audit_vkey own;
	struct kt_err ignored; /* it is none of those in the policy */
	bool has_own = kt_audit_vkey_parse(own_text, &own, &ignored) == KT_OK;
	size_t k = 0;

	if (p->nlogs == 0)
		return kt_buf_span(&r->vkey);
	for (size_t i = 0; i < p->nlogs; i++) {
		if ((has_own && memcmp(own.pub, p->logs[i].pub,
		    KT_AUDIT_PUB) == 0) ||
		    (origin != NULL && strcmp(origin, p->logs[i].name) == 0))
			k = i;
	}
	kt_audit_vkey_text(&p->logs[k], text);
	return kt_span_of(text);
}

/* Which log is it, and by which key? */
static enum kt_rc
know_dir(const struct run *r, const char *dir,
    char text[static KT_AUDIT_VKEY_TEXT], struct kt_span *pinned,
    char origin[static KT_HELD_ORIGIN], struct kt_err *err)
{
	struct kt_audit_dir d;
	struct kt_audit_checkpoint cp;
	struct kt_audit_vkey own;
	struct kt_err ignored; /* then the other one tells, or nobody does */
	enum kt_rc rc = kt_audit_dir_open(&d, dir, err);

	*pinned = pinned_of(r, kt_buf_span(&d.log_vkey), NULL, text);
	origin[0] = '\0';
	if (kt_audit_checkpoint_parse(
	    kt_buf_span(&d.newest), &cp, &ignored) == KT_OK)
		(void)snprintf(origin, KT_HELD_ORIGIN, "%.*s",
		    KT_SPAN_ARG(cp.origin));
	else if (kt_audit_vkey_parse(
	    kt_buf_span(&d.log_vkey), &own, &ignored) == KT_OK)
		(void)snprintf(origin, KT_HELD_ORIGIN, "%s", own.name);
	kt_audit_dir_close(&d);
	return rc;
}

static bool
is_part(const struct run *r)
{
	return (r->by & ~BY_END) != 0;
}

/* On a terminal, a line that the answer overwrites. */
static void
show_progress(void *arg, uint64_t read, uint64_t all)
{
	uint64_t *shown = arg;

	if (read - *shown < PROGRESS_BYTES)
		return;
	*shown = read;
	(void)fprintf(stderr, "\r%llu of %llu MiB",
	    (unsigned long long)(read >> 20), (unsigned long long)(all >> 20));
}

static void
note_seen(struct run *r, struct kt_audit_report *report)
{
	char vkey[KT_AUDIT_VKEY_TEXT] = "";

	if (report == NULL)
		return;
	report->has_inventory = r->has_inventory;
	if (report->has_key)
		kt_audit_vkey_text(&report->key, vkey);
	/* A log whose name has no room is told as missing. */
	(void)!kt_buf_printf(&r->seen, "%s\n%s\n", report->origin, vkey);
}

/*
 * What witnesses have seen of this log is known from elsewhere, as a
 * checkpoint that a reviewer brings is.
 */
static void
add_witnessed(struct run *r, const char *dir, struct kt_held_part *held)
{
	for (size_t i = 0; i < r->nwitnesses; i++) {
		struct kt_witnessed *w = &r->witnesses[i];

		kt_witness_read(dir, w);
		if (w->size == 0)
			continue;
		held->known[held->nknown].size = w->size;
		memcpy(held->known[held->nknown++].root, w->root,
		    KT_AUDIT_HASH);
	}
	kt_held_sort(held->known, held->nknown);
}

/* What was brought, and what lies in the directory (NULL: there is none). */
static void
take_revoked(struct run *r, const char *dir, struct kt_judge *j,
    struct kt_verdict_told *told)
{
	if (told->report == NULL)
		return;
	if (r->revocation.len > 0)
		kt_revoked_take(&told->revoked, told->report,
		    kt_buf_span(&r->revocation));
	if (dir != NULL && kt_revoked_read(
	    &told->revoked, told->report, dir, &j->err) < 0)
		told->report = NULL;
}

static const struct kt_audit_trust *
policy_of(const struct run *r)
{
	return r->policy_text.len > 0 ? &r->policy : NULL;
}

static enum kt_exit
tell(const struct run *r, const struct kt_verdict_told *told)
{
	return r->is_json ? kt_verdict_json(told) : kt_verdict_text(told);
}

static enum kt_exit
tell_undecided(const struct run *r, const char *dir)
{
	struct kt_audit_dir none;
	struct kt_verdict_told told = { .dir = &none, .err = &r->err };
	enum kt_exit e;

	kt_audit_dir_none(&none, dir);
	e = tell(r, &told);
	kt_audit_dir_close(&none);
	return e;
}

static enum kt_exit
verify_dir(struct run *r, const char *dir)
{
	struct kt_held_part held = { .nknown = 0 };
	struct kt_audit_brought brought;
	uint64_t shown = 0;
	struct kt_judge j = { .progress_arg = &shown,
		.jobs = (unsigned)r->jobs, .is_quick = r->by == BY_END,
		.range = is_part(r) ? &r->range : NULL };
	struct kt_verdict_told told = { .dir = &j.dir, .err = &j.err,
		.is_strict = r->is_strict,
		.stamps = held.stamps,
		.witnesses = r->witnesses, .nwitnesses = r->nwitnesses,
		.quorum = r->quorum, .policy = policy_of(r) };
	char vkey[KT_AUDIT_VKEY_TEXT], origin[KT_HELD_ORIGIN];
	struct kt_span pinned;
	enum kt_exit e;

	if (know_dir(r, dir, vkey, &pinned, origin, &r->err) < 0 ||
	    kt_held_of(&r->held, origin, r->nlogs == 1, KT_WITNESSES_MAX,
		&held, &r->err) < 0 ||
	    (r->by == BY_CHECKPOINT && kt_since_check(
		&r->since, dir, pinned, &r->err) < 0)) {
		kt_held_part_fini(&held);
		return tell_undecided(r, dir);
	}
	add_witnessed(r, dir, &held);
	brought = (struct kt_audit_brought){ held.known, held.nknown,
		held.receipts, held.nreceipts };
	told.nstamps = held.nstamps;
	if (isatty(STDERR_FILENO))
		j.progress = show_progress;
	if (r->by == BY_CHECKPOINT) {
		told.since = r->since.cp.size;
		brought.known = &r->since.cp;
		brought.nknown = 1;
	}
	told.report = kt_judge(&j, dir, pinned, &brought, NULL, NULL);
	told.is_part = j.was_part;
	if (j.was_quick)
		told.quick = &j;
	if (r->by == BY_CHECKPOINT && told.report != NULL &&
	    kt_since_was_met(&r->since, told.report, &j.err) < 0)
		told.report = NULL;
	if (r->by == BY_RANGE && told.report != NULL && told.report->nbreaks ==
	    0 && r->range.from > 0 && r->range.from >= told.report->size) {
		(void)kt_fail(&j.err, KT_E_MISUSE, "there are no such records");
		told.report = NULL;
	}
	take_revoked(r, dir, &j, &told);
	note_seen(r, j.report);
	if (shown > 0)
		(void)fprintf(stderr, "\r%*s\r", 40, "");
	e = tell(r, &told);
	kt_judge_fini(&j);
	kt_held_part_fini(&held);
	return e;
}

static enum kt_exit
could_not(const struct kt_err *err)
{
	kt_say("%s", err->text);
	return KT_EXIT_UNKNOWN;
}

static enum kt_exit
verify_one_gathered(struct run *r, struct kt_gathered *g, const char *origin)
{
	struct kt_held_part held;
	struct kt_audit_brought brought;
	struct kt_judge j = { .progress = NULL };
	struct kt_verdict_told told = { .dir = &j.dir, .err = &j.err,
		.is_strict = r->is_strict,
		.stamps = held.stamps, .policy = policy_of(r) };
	char vkey[KT_AUDIT_VKEY_TEXT];
	struct kt_span pinned = pinned_of(r, KT_SPAN(""), origin, vkey);
	enum kt_exit e;

	if (kt_held_of(&r->held, origin, false, 0, &held, &r->err) < 0) {
		kt_held_part_fini(&held);
		return could_not(&r->err);
	}
	brought = (struct kt_audit_brought){ held.known, held.nknown,
		held.receipts, held.nreceipts };
	told.nstamps = held.nstamps;
	told.report = kt_gathered_judge(
	    g, &j, origin, pinned, &brought, NULL, NULL);
	take_revoked(r, NULL, &j, &told);
	note_seen(r, j.report);
	e = tell(r, &told);
	kt_judge_fini(&j);
	kt_held_part_fini(&held);
	return e;
}

/* Of two answers the one that must not go unseen. */
static enum kt_exit
worse(enum kt_exit a, enum kt_exit b)
{
	static const enum kt_exit order[] = {
		KT_EXIT_NO, KT_EXIT_UNKNOWN, KT_EXIT_WEAKER,
	};

	for (size_t i = 0; i < KT_NELEMS(order); i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return KT_EXIT_YES;
}

/* How much of a log, and by how many. */
static enum kt_rc
take_extent(struct run *r, int opt, const char *value)
{
	struct kt_span text = kt_span_of(value);
	bool holds = true;
	unsigned by = BY_RANGE;

	switch (opt) {
	case JOBS:
		holds = kt_span_u64(text, &r->jobs) && r->jobs > 0 &&
		    r->jobs <= KT_JOBS_MAX;
		return holds ? KT_OK : kt_fail(&r->err, KT_E_MISUSE,
		    "--jobs: '%s' is not 1 to %d", value, KT_JOBS_MAX);
	case FROM:
		holds = kt_span_u64(text, &r->range.from);
		break;
	case TO:
		holds = kt_span_u64(text, &r->range.to);
		break;
	case SINCE:
	case UNTIL:
		if (!kt_audit_time_take(value, opt == SINCE ?
		    &r->range.since : &r->range.until))
			return kt_fail(&r->err, KT_E_MISUSE, "'%s' is no "
			    "time: " KT_AUDIT_TIME_FORM, value);
		break;
	case SEGMENT:
		by = BY_SEGMENT;
		r->range.has_segment = true;
		holds = kt_span_u64(text, &r->range.segment);
		break;
	case SINCE_CHECKPOINT:
		by = BY_CHECKPOINT;
		if (kt_since_read(&r->since, value, &r->err) < 0)
			return r->err.rc;
		r->range.from = r->since.cp.size - 1;
		break;
	case POSTGRES:
		r->postgres = value;
		return KT_OK;
	default:
		r->origin = value;
		return KT_OK;
	}
	r->by |= by;
	return holds ? KT_OK :
	    kt_fail(&r->err, KT_E_MISUSE, "'%s' is no number", value);
}

static enum kt_rc
add_witness(struct run *r, const char *value)
{
	struct kt_buf text;
	enum kt_rc rc;

	if (r->nwitnesses == KT_WITNESSES_MAX)
		return kt_fail(&r->err, KT_E_MISUSE, "more than %d witnesses",
		    KT_WITNESSES_MAX);
	kt_buf_init(&text, 4u << 20);
	rc = kt_text_or_file(value, &text, &r->err);
	if (rc == KT_OK)
		rc = kt_audit_covkey_parse(kt_buf_span(&text),
		    &r->witnesses[r->nwitnesses++].key, &r->err);
	kt_buf_fini(&text);
	return rc;
}

static enum kt_rc
read_policy(struct run *r, const char *path)
{
	kt_buf_fini(&r->policy_text); /* of one that was named before */
	kt_buf_init(&r->policy_text, 2 * POLICY_BYTES);
	if (kt_disk_read_file(&kt_disk_real, path, POLICY_BYTES,
	    &r->policy_text, &r->err) < 0)
		return r->err.rc;
	if (kt_audit_trust_parse(
	    kt_buf_span(&r->policy_text), &r->policy, &r->err) < 0)
		return kt_wrap(&r->err, "%s", path);
	return KT_OK;
}

static enum kt_rc
take_option(struct run *r, int opt, const char *value)
{
	switch (opt) {
	case KT_OPT_JSON:
		r->is_json = true;
		return KT_OK;
	case QUICK:
		r->by |= BY_END;
		return KT_OK;
	case STRICT:
		r->is_strict = true;
		return KT_OK;
	case VKEY:
		return kt_text_or_file(value, &r->vkey, &r->err);
	case KNOWN:
		return kt_held_checkpoint(&r->held, value, &r->err);
	case RECEIPT:
		return kt_held_receipts(&r->held, value, &r->err);
	case WITNESS:
		return add_witness(r, value);
	case POLICY:
		return read_policy(r, value);
	case TIME_STAMP:
		return kt_held_stamp(&r->held, value, &r->err);
	case TSA_CA:
		r->held.tsa_ca = value;
		return KT_OK;
	case REVOCATION:
		return kt_disk_read_file(&kt_disk_real, value,
		    KT_AUDIT_NOTE_MAX, &r->revocation, &r->err);
	case INVENTORY:
		r->has_inventory = true;
		return kt_disk_read_file(&kt_disk_real, value, 1u << 20,
		    &r->inventory, &r->err);
	case QUORUM:
		return kt_span_u64(kt_span_of(value), &r->quorum) &&
		    r->quorum > 0 ? KT_OK : kt_fail(&r->err, KT_E_MISUSE,
		    "'%s' is no number", value);
	default:
		return take_extent(r, opt, value);
	}
}

static unsigned
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > KT_JOBS_MAX ? KT_JOBS_MAX : (unsigned)n;
}

static enum kt_exit
verify_gathered(struct run *r)
{
	struct kt_gathered g;
	enum kt_exit e = KT_EXIT_YES;
	const char *origin;
	size_t n = 0;

	if (kt_gathered_open(&g, r->postgres) < 0) {
		e = could_not(&g.err);
	} else {
		while ((origin = kt_gathered_next(&g, r->origin)) != NULL) {
			e = worse(e, verify_one_gathered(r, &g, origin));
			n++;
		}
		if (n == 0) {
			kt_say("there is no such log in the database");
			e = KT_EXIT_UNKNOWN;
		}
	}
	kt_gathered_close(&g);
	return e;
}

static void
tell_missing(struct run *r, struct kt_span name)
{
	struct kt_audit_put p;
	struct kt_buf out;

	if (!r->is_json) {
		(void)printf("RESULT MISSING %.*s\n", KT_SPAN_ARG(name));
		return;
	}
	kt_buf_init(&out, 1u << 16);
	kt_audit_put_begin(&p, &out);
	kt_audit_member_text(&p, "origin", name);
	kt_audit_member_text(&p, "result", KT_SPAN("missing"));
	if (kt_audit_put_finish(&p, &r->err) == KT_OK)
		(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	kt_buf_fini(&out);
}

/* A log that ought to be there and is not is what row 7 is about. */
static enum kt_exit
check_inventory(struct run *r, enum kt_exit e)
{
	struct kt_span rest = kt_buf_span(&r->inventory), name, seen, one;

	while (kt_text_line(&rest, &name)) {
		bool is_there = false;

		if (name.len == 0 || *name.ptr == '#')
			continue;
		for (seen = kt_buf_span(&r->seen); kt_text_line(&seen, &one);)
			is_there |= kt_span_eq(one, name);
		if (is_there)
			continue;
		e = worse(e, KT_EXIT_NO);
		tell_missing(
		    r, kt_span_sub(name, 0, kt_span_find(name, '+')));
	}
	return e;
}

static enum kt_exit
verify_all(struct run *r, int argc, char **argv, int operand)
{
	enum kt_exit e = KT_EXIT_YES;
	int dirs = r->postgres == NULL ? 1 : 0; /* at least */
	const char *foreign;

	r->nlogs = argc > operand + dirs ? (size_t)(argc - operand) : 1;
	if (r->postgres != NULL) {
		r->nlogs++; /* or more */
		e = verify_gathered(r);
	}
	for (int i = operand; i < argc || i < operand + dirs; i++)
		e = worse(e, verify_dir(r,
		    kt_audit_dir_default(i < argc ? argv[i] : NULL)));
	e = check_inventory(r, e);
	foreign = kt_held_unused(&r->held);
	if (foreign != NULL) {
		kt_say("a checkpoint or receipt is of %s: it is none of these "
		    "logs", foreign);
		e = worse(e, KT_EXIT_UNKNOWN);
	}
	if (fflush(stdout) != 0) {
		kt_say("standard output cannot be written");
		e = KT_EXIT_UNKNOWN;
	}
	return e;
}

/* What cannot be asked together; NULL: it can. */
static const char *
misuse_of(const struct run *r)
{
	bool is_less = r->by != 0;
	bool has_witnesses = r->nwitnesses + r->policy.nwitnesses > 0;

	if (r->policy_text.len > 0 &&
	    (r->vkey.len > 0 || r->nwitnesses > 0 || r->quorum > 0))
		return "--policy says which keys, witnesses and quorum";
	if (r->quorum > r->nwitnesses)
		return "fewer witnesses than the quorum";
	if ((r->by & (r->by - 1)) != 0)
		return "--quick, --segment, --since-checkpoint or a range: one "
		       "of them";
	if (has_witnesses && (is_less || r->postgres != NULL))
		return "witnesses are held against the whole of a directory";
	if (is_less && r->held.nknown + r->held.nreceipts > 0)
		return "what was kept elsewhere is held against the whole log, "
		       "not a part of it";
	if (is_less && r->postgres != NULL)
		return "a part is of a directory";
	if ((r->held.nstamps > 0) != (r->held.tsa_ca != NULL))
		return "--time-stamp and --tsa-ca go together";
	return NULL;
}

/* Its witnesses are asked as those of --witness are. */
static void
take_policy(struct run *r)
{
	for (size_t i = 0; i < r->policy.nwitnesses; i++)
		r->witnesses[i].key = r->policy.witnesses[i];
	if (r->policy.nwitnesses > 0)
		r->nwitnesses = r->policy.nwitnesses;
}

static void
forget(struct run *r)
{
	kt_buf_fini(&r->policy_text);
	kt_buf_fini(&r->vkey);
	kt_buf_fini(&r->inventory);
	kt_buf_fini(&r->revocation);
	kt_buf_fini(&r->seen);
	kt_since_fini(&r->since);
	kt_held_fini(&r->held);
}

enum kt_exit
kt_cmd_audit_verify(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .jobs = cores(), .range = { .to = UINT64_MAX } };
	enum kt_exit e = KT_EXIT_YES;
	const char *why;
	int opt;

	kt_buf_init(&r.vkey, 4u << 20);
	kt_buf_init(&r.inventory, 4u << 20);
	kt_buf_init(&r.revocation, 4 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&r.seen, 64u << 20);
	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP) {
			e = args.exit;
			break;
		}
		if (take_option(&r, opt, args.value) < 0) {
			e = r.err.rc == KT_E_MISUSE ?
			    kt_misuse(self, "%s", r.err.text) :
			    could_not(&r.err);
			break;
		}
	}
	if (r.quorum == 0)
		r.quorum = r.nwitnesses;
	why = misuse_of(&r);
	take_policy(&r);
	if (opt == KT_ARGS_END && why != NULL)
		e = kt_misuse(self, "%s", why);
	else if (opt == KT_ARGS_END && kt_held_finish(&r.held, &r.err) < 0)
		e = could_not(&r.err);
	else if (opt == KT_ARGS_END)
		e = verify_all(&r, argc, argv, args.operand);
	forget(&r);
	return e;
}
