/*
 * verdict - one report in words, and what it is worth.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/verdict.h"

#include <time.h>

#include "audit/limits.h"
#include "cmd/audit/row.h"

/* By the witnesses who signed a checkpoint of at least so many records. */
static bool
has_quorum(const struct kt_verdict_told *t, uint64_t size)
{
	uint64_t seen = 0, n = 0;

	for (size_t i = 0; i < t->nwitnesses; i++) {
		if (t->witnesses[i].size < size)
			continue;
		seen |= UINT64_C(1) << i;
		n++;
	}
	return t->policy != NULL ? kt_audit_trust_is_met(t->policy, seen) :
				   n >= t->quorum;
}

static bool
is_quorum_met(const struct kt_verdict_told *t)
{
	return has_quorum(t, 1);
}

/* Where the clock went back since, there is no such time. */
uint64_t
kt_verdict_tail_us(const struct kt_audit_report *r)
{
	uint64_t from, to;

	return r->tail > 0 &&
	    kt_audit_time_parse(kt_span_of(r->newest_ts), &from) &&
	    kt_audit_time_parse(kt_span_of(r->course.last.ts), &to) &&
	    to > from ? to - from : 0;
}

/* The records that a quorum has seen. */
uint64_t
kt_verdict_quorum_size(const struct kt_verdict_told *t)
{
	uint64_t most = 0;

	for (size_t i = 0; i < t->nwitnesses; i++) {
		uint64_t size = t->witnesses[i].size;

		if (size > most && has_quorum(t, size))
			most = size;
	}
	return most;
}

/* Something is signed by keys that their owner has revoked. */
static bool
is_revoked(const struct kt_verdict_told *t)
{
	return t->revoked.is_there && t->revoked.index < t->report->size;
}

/* Somebody's signature was asked for, and nothing has it. */
static bool
is_unsigned(const struct kt_audit_report *r)
{
	return r->is_pinned && r->signed_checkpoints == 0;
}

/* Warnings that make an intact log a weaker one. */
size_t
kt_verdict_warnings(const struct kt_verdict_told *t,
    const char *texts[static KT_VERDICT_WARNINGS_MAX])
{
	const struct kt_audit_report *rep = t->report;
	size_t n = 0;

	if (!rep->has_key || is_unsigned(rep))
		texts[n++] = "unsigned";
	else if (!rep->is_pinned)
		texts[n++] = "key-not-pinned";
	if (rep->has_incomplete_tail)
		texts[n++] = "incomplete-tail";
	if (rep->tail > 0)
		texts[n++] = "uncheckpointed-tail";
	if (t->is_part)
		texts[n++] = "partial";
	if (t->quick != NULL)
		texts[n++] = "quick";
	if (!is_quorum_met(t))
		texts[n++] = "witness-quorum";
	if (t->revoked.is_there)
		texts[n++] = "revoked";
	if (t->revoked.has_other)
		texts[n++] = "other-revocation";
	if (t->dir->has_torn_note)
		texts[n++] = "incomplete-checkpoint";
	if (rep->tiled > 0)
		texts[n++] = "tiles-ahead";
	if (t->dir->newest.len == 0 && t->dir->notes.size > 0)
		texts[n++] = "newest-checkpoint-missing";
	if (rep->course.silences > 0)
		texts[n++] = "silence";
	if (rep->by_type[KT_AUDIT_TYPE_clock] > 0 || rep->course.backs > 0)
		texts[n++] = "clock-steps";
	if ((rep->durability & 1u << KT_AUDIT_DURABLE_ASYNC) != 0)
		texts[n++] = "async-durability";
	return n;
}

enum kt_exit
kt_verdict_exit(const struct kt_verdict_told *t)
{
	const struct kt_audit_report *rep = t->report;
	const char *texts[KT_VERDICT_WARNINGS_MAX];

	if (rep == NULL)
		return KT_EXIT_UNKNOWN;
	if (rep->nbreaks > 0)
		return KT_EXIT_NO;
	if (rep->has_unknown_version)
		return KT_EXIT_UNKNOWN;
	/* What was asked for by name. */
	if (!is_quorum_met(t) || is_revoked(t) || is_unsigned(rep))
		return KT_EXIT_WEAKER;
	return t->is_strict && kt_verdict_warnings(t, texts) > 0 ?
	    KT_EXIT_WEAKER : KT_EXIT_YES;
}

const char *
kt_verdict_word(enum kt_exit e)
{
	switch (e) {
	case KT_EXIT_YES:
		return "intact";
	case KT_EXIT_NO:
		return "tampered";
	case KT_EXIT_WEAKER:
		return "weak";
	case KT_EXIT_MISUSE:
	case KT_EXIT_UNKNOWN:
	case KT_EXIT_REFUSED:
		break;
	}
	return "undecided";
}

static void
tell_break(const struct kt_audit_break *b)
{
	char expected[2 * KT_AUDIT_HASH + 1], found[2 * KT_AUDIT_HASH + 1];

	(void)printf("break     %s at record %llu",
	    kt_audit_class_name(b->class), (unsigned long long)b->index);
	if (b->from != b->index)
		(void)printf(" or before, not before %llu",
		    (unsigned long long)b->from);
	(void)printf(": segment %llu, byte %llu, line %llu\n",
	    (unsigned long long)b->at.segment,
	    (unsigned long long)b->at.offset, (unsigned long long)b->at.line);
	if (!b->has_hashes)
		return;
	kt_hex(b->expected, KT_AUDIT_HASH, expected);
	kt_hex(b->found, KT_AUDIT_HASH, found);
	(void)printf("          expected %s\n          found    %s\n", expected,
	    found);
}

static void
tell_origin(const struct kt_audit_report *rep)
{
	char id[9];

	kt_hex(rep->key.id, sizeof(rep->key.id), id);
	(void)printf("origin    ");
	kt_row_put(kt_span_of(
	    rep->origin[0] != '\0' ? rep->origin : "unknown"));
	(void)printf("\n");
	if (rep->has_key)
		(void)printf("key       %s (%s), %llu epochs%s\n", id,
		    rep->is_pinned ? "pinned" : "the log's own, not pinned",
		    (unsigned long long)rep->epochs,
		    rep->nbreaks > 0 || rep->epochs == 0 ? "" :
		    rep->has_open_epoch ? ", the last but one not closed yet" :
		    ", continuous");
	else
		(void)printf("key       none: checkpoints are not signed\n");
}

static void
tell_counts(const struct kt_audit_report *rep)
{
	char hex[2 * KT_AUDIT_HASH + 1];

	(void)printf("records   [%llu, %llu) in %llu segments, ",
	    (unsigned long long)rep->first, (unsigned long long)rep->size,
	    (unsigned long long)rep->segments);
	kt_row_put(kt_span_of(rep->course.first.ts));
	(void)printf(" to ");
	kt_row_put(kt_span_of(rep->course.last.ts));
	(void)printf("\n ");
	for (int t = 0; t < KT_AUDIT_TYPES; t++) {
		if (rep->by_type[t] > 0)
			(void)printf("  %s %llu",
			    kt_audit_type_name((enum kt_audit_type)t),
			    (unsigned long long)rep->by_type[t]);
	}
	if (rep->pruned > 0 && kt_audit_report_is_told(rep))
		(void)printf("\npruned    [0, %llu), told by record %llu",
		    (unsigned long long)rep->pruned,
		    (unsigned long long)rep->retained_by);
	kt_hex(rep->newest_root, KT_AUDIT_HASH, hex);
	(void)printf("\ncheckpoints %llu of %llu match, %llu are signed, the "
	    "newest covers %llu\n          with root %s\n",
	    (unsigned long long)rep->checkpoints_ok,
	    (unsigned long long)rep->checkpoints,
	    (unsigned long long)rep->signed_checkpoints,
	    (unsigned long long)rep->newest_size, hex);
	(void)printf("unsigned  %llu records behind the newest checkpoint",
	    (unsigned long long)rep->tail);
	if (rep->tail > 0)
		(void)printf(", of %.6f s",
		    (double)kt_verdict_tail_us(rep) / 1e6);
	(void)printf("\n");
	if (rep->tiled > 0)
		(void)printf("tiles     tell of %llu records\n",
		    (unsigned long long)rep->tiled);
	if (rep->known_size > 0)
		(void)printf("known     agrees with the checkpoint of %llu "
		    "records\n", (unsigned long long)rep->known_size);
	if (rep->receipts > 0)
		(void)printf("receipts  %llu agree\n",
		    (unsigned long long)rep->receipts);
	(void)printf("durability");
	for (int d = 0; d < KT_AUDIT_DURABILITIES; d++) {
		if ((rep->durability & 1u << d) != 0)
			(void)printf(" %s", kt_audit_durability_name(
			    (enum kt_audit_durability)d));
	}
	(void)printf("\n");
}

static void
tell_clock(const struct kt_audit_course *c)
{
	if (c->backs == 0)
		(void)printf("clock     no step back, ");
	else
		(void)printf("clock     %llu steps back, the largest by %.6f s "
		    "at record %llu,\n          ", (unsigned long long)c->backs,
		    (double)c->back_us / 1e6, (unsigned long long)c->back_at);
	if (c->unsync == 0)
		(void)printf("synchronised all the time\n");
	else
		(void)printf("not synchronised for %llu records in %llu runs, "
		    "from record %llu on\n", (unsigned long long)c->unsync,
		    (unsigned long long)c->unsync_runs,
		    (unsigned long long)c->unsync_at);
	if (c->silence_us > 0)
		(void)printf("silence   %.6f s at most, before record %llu; %llu "
		    "over %u s\n", (double)c->silence_us / 1e6,
		    (unsigned long long)c->silence_at,
		    (unsigned long long)c->silences,
		    KT_AUDIT_SILENCE_US / 1000000);
}

/* What the log itself says is not there. */
static void
tell_lost(const struct kt_audit_report *rep)
{
	const struct kt_audit_course *c = &rep->course;

	if (rep->by_type[KT_AUDIT_TYPE_gap] > 0)
		(void)printf("lost      %llu records and %llu contents, by %llu "
		    "gap records\n", (unsigned long long)c->lost,
		    (unsigned long long)c->lost_contents,
		    (unsigned long long)rep->by_type[KT_AUDIT_TYPE_gap]);
	if (rep->by_type[KT_AUDIT_TYPE_recovery] > 0)
		(void)printf("recovered %llu times, %llu bytes cut off, %llu "
		    "calls unfinished\n", (unsigned long long)
		    rep->by_type[KT_AUDIT_TYPE_recovery],
		    (unsigned long long)c->bytes_cut,
		    (unsigned long long)c->unfinished);
	if (rep->by_type[KT_AUDIT_TYPE_erasure] > 0)
		(void)printf("erased    %llu callers' secrets, by %llu erasure "
		    "records\n", (unsigned long long)c->erased,
		    (unsigned long long)rep->by_type[KT_AUDIT_TYPE_erasure]);
}

static void
tell_witnesses(const struct kt_verdict_told *t)
{
	for (size_t i = 0; i < t->nwitnesses; i++) {
		const struct kt_witnessed *w = &t->witnesses[i];
		char when[32] = "";
		time_t at = (time_t)w->seconds;
		struct tm tm;

		if (w->size == 0) {
			(void)printf("witness   %s has signed nothing\n",
			    w->key.name);
			continue;
		}
		if (gmtime_r(&at, &tm) != NULL)
			(void)strftime(
			    when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		(void)printf("witness   %s signed %llu records at %s\n",
		    w->key.name, (unsigned long long)w->size, when);
	}
	if (t->nwitnesses == 0)
		return;
	if (t->policy != NULL && t->policy->quorum == 0) {
		(void)printf("quorum    none, by the policy\n");
		return;
	}
	if (t->policy != NULL)
		(void)printf("quorum    of the policy: ");
	else
		(void)printf("quorum    of %llu: ",
		    (unsigned long long)t->quorum);
	if (is_quorum_met(t))
		(void)printf("met, for %llu records\n",
		    (unsigned long long)kt_verdict_quorum_size(t));
	else
		(void)printf("not met\n");
}

static void
tell_not_proven(const struct kt_audit_report *rep)
{
	struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX];
	size_t n = kt_audit_not_proven(rep, limits);

	(void)printf("Not proven by this run:\n");
	for (size_t i = 0; i < n; i++)
		(void)printf("  %2d %s\n", limits[i].row, limits[i].text);
}

/* A part that is intact says nothing about the rest, and is not to look so. */
static const char *
extent_of(const struct kt_verdict_told *t)
{
	return t->quick != NULL ? " (quick)" : t->is_part ? " (partial)" : "";
}

static void
tell_unread(const struct kt_verdict_told *t)
{
	const struct kt_audit_report *rep = t->report;

	if (rep->tiled > 0 && rep->nbreaks == 0)
		(void)printf("     whether records %llu to %llu were cut, of "
		    "which there are tiles, or it was\n     copied while they "
		    "were written\n", (unsigned long long)rep->size,
		    (unsigned long long)rep->tiled - 1);
	if (t->quick != NULL)
		(void)printf("     what records 0 to %llu say: of their %zu "
		    "segments only the first records\n     were read, and %zu "
		    "of those have the root of a checkpoint (--quick)\n",
		    (unsigned long long)rep->first - 1, t->quick->skipped,
		    t->quick->agree);
	if (t->since > 0 && t->is_part && t->since == rep->known_size)
		(void)printf("     what lies before record %llu: it was not "
		    "read, and is what the trusted\n     checkpoint of %llu "
		    "records commits to\n", (unsigned long long)rep->first,
		    (unsigned long long)t->since);
	else if (t->is_part)
		(void)printf("     what lies before record %llu and from "
		    "record %llu on: it was not read\n",
		    (unsigned long long)rep->first,
		    (unsigned long long)rep->size);
}

enum kt_exit
kt_verdict_text(const struct kt_verdict_told *t)
{
	const struct kt_audit_report *rep = t->report;
	enum kt_exit e = kt_verdict_exit(t);
	const char *texts[KT_VERDICT_WARNINGS_MAX];
	size_t n;

	if (rep == NULL) {
		kt_say("%s", t->err->text);
		(void)printf("RESULT undecided %s\n", t->dir->dir);
		return e;
	}
	n = kt_verdict_warnings(t, texts);
	tell_origin(rep);
	tell_counts(rep);
	tell_clock(&rep->course);
	tell_lost(rep);
	tell_witnesses(t);
	for (size_t i = 0; i < t->nstamps; i++)
		(void)printf("stamped   the checkpoint of %llu records was there "
		    "at %s\n", (unsigned long long)t->stamps[i].size,
		    t->stamps[i].stamp.time);
	if (t->revoked.is_there)
		(void)printf("revoked   from record %llu on, by the recovery "
		    "key\n", (unsigned long long)t->revoked.index);
	if (rep->nbreaks == 0)
		(void)printf("chain ok  canonical ok  root ok\n");
	for (size_t i = 0; i < rep->nbreaks; i++)
		tell_break(&rep->breaks[i]);
	if (rep->more_breaks > 0)
		(void)printf("          and %zu more\n", rep->more_breaks);
	if (rep->nbreaks > 0 && rep->good > 0)
		(void)printf("good      up to record %llu\n",
		    (unsigned long long)rep->good - 1);
	if (n > 0)
		(void)printf("warnings ");
	for (size_t i = 0; i < n; i++)
		(void)printf(" %s%s", texts[i], i + 1 == n ? "\n" : "");
	tell_not_proven(rep);
	if (is_revoked(t))
		(void)printf("     who signed what from record %llu on: the keys "
		    "were revoked\n", (unsigned long long)t->revoked.index);
	tell_unread(t);
	(void)printf("RESULT %s%s %s\n", e == KT_EXIT_NO ? "TAMPERED" :
	    kt_verdict_word(e), extent_of(t), t->dir->dir);
	return e;
}
