/*
 * verdict_json - one report as JSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same facts as in words, by the canonical writer: two runs over the same
 * directory can be compared byte by byte.
 */
#include "audit/canon.h"
#include "audit/limits.h"
#include "cmd/audit/verdict.h"

static void
put_break(struct kt_audit_put *p, const struct kt_audit_break *b)
{
	char hex[2 * KT_AUDIT_HASH + 1];

	kt_audit_put_open(p, '{');
	kt_audit_member_text(
	    p, "class", kt_span_of(kt_audit_class_name(b->class)));
	if (b->has_hashes) {
		kt_hex(b->expected, KT_AUDIT_HASH, hex);
		kt_audit_member_text(p, "expected", kt_span_of(hex));
		kt_hex(b->found, KT_AUDIT_HASH, hex);
		kt_audit_member_text(p, "found", kt_span_of(hex));
	}
	kt_audit_member_int(p, "from", b->from);
	kt_audit_member_int(p, "index", b->index);
	kt_audit_member_int(p, "line", b->at.line);
	kt_audit_member_int(p, "offset", b->at.offset);
	kt_audit_member_int(p, "segment", b->at.segment);
	kt_audit_put_close(p, '}');
}

/* Where it happened, or null where it never did. */
static void
put_at(struct kt_audit_put *p, const char *name, uint64_t n, uint64_t at)
{
	kt_audit_put_name(p, name);
	if (n > 0)
		kt_audit_put_int(p, at);
	else
		kt_audit_put_null(p);
}

static void
put_clock(struct kt_audit_put *p, const struct kt_audit_course *c)
{
	kt_audit_put_name(p, "clock");
	kt_audit_put_open(p, '{');
	put_at(p, "back_at", c->backs, c->back_at);
	kt_audit_member_int(p, "back_us", c->back_us);
	kt_audit_member_int(p, "backs", c->backs);
	kt_audit_member_int(p, "unsync", c->unsync);
	put_at(p, "unsync_at", c->unsync, c->unsync_at);
	kt_audit_member_int(p, "unsync_runs", c->unsync_runs);
	kt_audit_put_close(p, '}');
}

static void
put_silence(struct kt_audit_put *p, const struct kt_audit_course *c)
{
	kt_audit_put_name(p, "silence");
	kt_audit_put_open(p, '{');
	put_at(p, "at", c->silence_us, c->silence_at);
	kt_audit_member_int(p, "over", c->silences);
	kt_audit_member_int(p, "us", c->silence_us);
	kt_audit_put_close(p, '}');
}

static void
put_lost(struct kt_audit_put *p, const struct kt_audit_course *c)
{
	kt_audit_put_name(p, "lost");
	kt_audit_put_open(p, '{');
	kt_audit_member_int(p, "bytes_cut", c->bytes_cut);
	kt_audit_member_int(p, "contents", c->lost_contents);
	kt_audit_member_int(p, "erased", c->erased);
	kt_audit_member_int(p, "records", c->lost);
	kt_audit_member_int(p, "unfinished", c->unfinished);
	kt_audit_put_close(p, '}');
}

static void
put_lists(struct kt_audit_put *p, const struct kt_audit_report *rep)
{
	struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX];
	size_t n = kt_audit_not_proven(rep, limits);
	char vkey[KT_AUDIT_VKEY_TEXT];

	kt_audit_put_name(p, "key");
	if (rep->has_key) {
		kt_audit_vkey_text(&rep->key, vkey);
		kt_audit_put_open(p, '{');
		kt_audit_member_bool(p, "continuous",
		    rep->nbreaks == 0 && !rep->has_open_epoch);
		kt_audit_member_int(p, "epochs", rep->epochs);
		kt_audit_member_bool(p, "pinned", rep->is_pinned);
		kt_audit_member_text(p, "vkey", kt_span_of(vkey));
		kt_audit_put_close(p, '}');
	} else {
		kt_audit_put_null(p);
	}
	kt_audit_member_int(p, "known_size", rep->known_size);
	kt_audit_put_name(p, "last_good");
	if (rep->good > 0)
		kt_audit_put_int(p, rep->good - 1);
	else
		kt_audit_put_null(p);
	put_lost(p, &rep->course);
	kt_audit_put_name(p, "not_proven");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < n; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "row", (uint64_t)limits[i].row);
		kt_audit_member_text(p, "text", kt_span_of(limits[i].text));
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
	kt_audit_member_text(p, "origin", kt_span_of(rep->origin));
}

/* In the order of names, as the canonical writer wants them. */
static void
put_records(struct kt_audit_put *p, const struct kt_audit_report *rep)
{
	bool is_done[KT_AUDIT_TYPES] = { false };

	kt_audit_put_name(p, "records");
	kt_audit_put_open(p, '{');
	for (int k = 0; k < KT_AUDIT_TYPES; k++) {
		int next = -1;

		for (int t = 0; t < KT_AUDIT_TYPES; t++) {
			if (!is_done[t] && (next < 0 ||
			    strcmp(kt_audit_type_name((enum kt_audit_type)t),
			    kt_audit_type_name((enum kt_audit_type)next)) < 0))
				next = t;
		}
		is_done[next] = true;
		if (rep->by_type[next] > 0)
			kt_audit_member_int(p,
			    kt_audit_type_name((enum kt_audit_type)next),
			    rep->by_type[next]);
	}
	kt_audit_put_close(p, '}');
}

static void
put_durability(struct kt_audit_put *p, const struct kt_audit_report *rep)
{
	kt_audit_put_name(p, "durability");
	kt_audit_put_open(p, '[');
	for (int d = 0; d < KT_AUDIT_DURABILITIES; d++) {
		if ((rep->durability & 1u << d) != 0)
			kt_audit_put_text(p, kt_span_of(
			    kt_audit_durability_name(
				(enum kt_audit_durability)d)));
	}
	kt_audit_put_close(p, ']');
}

static void
put_report(const struct kt_verdict_told *t, struct kt_audit_put *p)
{
	const struct kt_audit_report *rep = t->report;
	char hex[2 * KT_AUDIT_HASH + 1];
	const char *texts[KT_VERDICT_WARNINGS_MAX];
	size_t n = kt_verdict_warnings(t, texts);

	kt_audit_put_name(p, "breaks");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < rep->nbreaks; i++)
		put_break(p, &rep->breaks[i]);
	kt_audit_put_close(p, ']');
	kt_audit_put_name(p, "checkpoints");
	kt_audit_put_open(p, '{');
	kt_audit_member_int(p, "count", rep->checkpoints);
	kt_audit_member_int(p, "newest_size", rep->newest_size);
	kt_hex(rep->newest_root, KT_AUDIT_HASH, hex);
	kt_audit_member_text(p, "root", kt_span_of(hex));
	kt_audit_member_int(p, "signed", rep->signed_checkpoints);
	kt_audit_put_close(p, '}');
	put_clock(p, &rep->course);
	kt_audit_member_text(p, "dir", kt_span_of(t->dir->dir));
	put_durability(p, rep);
	kt_audit_member_int(p, "first", rep->first);
	kt_audit_put_name(p, "first_bad");
	if (rep->nbreaks > 0)
		put_break(p, &rep->breaks[0]);
	else
		kt_audit_put_null(p);
	put_lists(p, rep);
	kt_audit_put_name(p, "pruned");
	if (rep->pruned > 0 && kt_audit_report_is_told(rep)) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "by", rep->retained_by);
		kt_audit_member_int(p, "size", rep->pruned);
		kt_audit_put_close(p, '}');
	} else {
		kt_audit_put_null(p);
	}
	kt_audit_put_name(p, "quick");
	if (t->quick != NULL) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "agree", t->quick->agree);
		kt_audit_member_int(p, "skipped", t->quick->skipped);
		kt_audit_put_close(p, '}');
	} else {
		kt_audit_put_null(p);
	}
	kt_audit_member_int(p, "quorum_size", kt_verdict_quorum_size(t));
	kt_audit_member_int(p, "receipts", rep->receipts);
	put_records(p, rep);
	kt_audit_member_text(p, "result", kt_span_of(kt_verdict_word(
	    kt_verdict_exit(t))));
	kt_audit_put_name(p, "revoked");
	if (t->revoked.is_there)
		kt_audit_put_int(p, t->revoked.index);
	else
		kt_audit_put_null(p);
	put_silence(p, &rep->course);
	kt_audit_put_name(p, "since_checkpoint");
	if (t->since > 0)
		kt_audit_put_int(p, t->since);
	else
		kt_audit_put_null(p);
	kt_audit_member_int(p, "size", rep->size);
	put_at(p, "tiled", rep->tiled, rep->tiled);
	kt_audit_put_name(p, "time_stamps");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < t->nstamps; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "size", t->stamps[i].size);
		kt_audit_member_text(
		    p, "time", kt_span_of(t->stamps[i].stamp.time));
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
	kt_audit_member_int(p, "unsigned_tail", rep->tail);
	kt_audit_member_int(p, "unsigned_us", kt_verdict_tail_us(rep));
	kt_audit_put_name(p, "warnings");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < n; i++)
		kt_audit_put_text(p, kt_span_of(texts[i]));
	kt_audit_put_close(p, ']');
	kt_audit_put_name(p, "witnesses");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < t->nwitnesses; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_text(
		    p, "name", kt_span_of(t->witnesses[i].key.name));
		kt_audit_member_int(p, "size", t->witnesses[i].size);
		kt_audit_member_int(p, "time",
		    t->witnesses[i].size > 0 ? t->witnesses[i].seconds : 0);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

enum kt_exit
kt_verdict_json(const struct kt_verdict_told *t)
{
	struct kt_audit_put p;
	struct kt_buf out;
	struct kt_err err;
	enum kt_exit e = kt_verdict_exit(t);

	kt_buf_init(&out, 1u << 20);
	kt_audit_put_begin(&p, &out);
	if (t->report != NULL) {
		put_report(t, &p);
	} else {
		kt_audit_member_text(&p, "dir", kt_span_of(t->dir->dir));
		kt_audit_member_text(&p, "error", kt_span_of(t->err->text));
		kt_audit_member_text(&p, "result", KT_SPAN("undecided"));
	}
	if (kt_audit_put_finish(&p, &err) < 0) {
		kt_say("%s", err.text);
		e = KT_EXIT_UNKNOWN;
	} else {
		(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	}
	kt_buf_fini(&out);
	return e;
}
