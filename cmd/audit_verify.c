/*
 * audit verify - reads an audit directory and says what it proves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints are read before the segments are listed, so that a gateway may
 * go on writing meanwhile: the records they cover are there by then.
 * "Could not read" is its own answer and never looks like the other two.
 */
#include <errno.h>

#include "audit/canon.h"
#include "audit/verify.h"
#include "cmd/cmd.h"
#include "disk/disk.h"

#define READ_BYTES (256u << 10)

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	{ KT_OPT_LONG, "strict", NULL,
	    "exit 4 when intact, but not signed or with a tail" },
};

struct run {
	const char *dir;
	bool is_strict, is_json;
	char path[KT_PATH_MAX];
	/* The list of checkpoints, up to the size it had at first. */
	struct kt_disk_file notes;
	uint64_t notes_at;
	struct kt_buf notes_text;
	struct kt_span notes_rest;
	bool has_read_error, has_torn_note;
	/* The numbers of the segment files. */
	uint64_t *segments;
	size_t nsegments, segments_cap;
	struct kt_err err;
};

static const char *
path_of(struct run *r, const char *name)
{
	int n = snprintf(r->path, sizeof(r->path), "%s/%s", r->dir, name);

	return n >= 0 && (size_t)n < sizeof(r->path) ? r->path : "";
}

/* ---- checkpoints ---- */

static bool
more_notes(struct run *r)
{
	uint64_t left = r->notes.size - r->notes_at;
	size_t n = left < READ_BYTES ? (size_t)left : READ_BYTES, got;

	kt_buf_shift(&r->notes_text, r->notes_text.len - r->notes_rest.len);
	r->notes_rest = kt_buf_span(&r->notes_text);
	if (n == 0)
		return false;
	if (kt_buf_reserve(&r->notes_text, n) < 0 ||
	    kt_disk_read_at(&r->notes, r->notes_at,
		r->notes_text.ptr + r->notes_text.len, n, &got, &r->err) < 0) {
		r->has_read_error = true;
		return false;
	}
	r->notes_at += got;
	r->notes_text.len += got;
	r->notes_rest = kt_buf_span(&r->notes_text);
	return got > 0;
}

static bool
next_note(void *arg, struct kt_span *note)
{
	struct run *r = arg;

	while (!kt_audit_notes_next(&r->notes_rest, note)) {
		if (more_notes(r))
			continue;
		r->has_torn_note = r->notes_rest.len > 0;
		return false;
	}
	return true;
}

/* A directory without the file is a log without checkpoints. */
static enum kt_rc
open_notes(struct run *r, struct kt_buf *newest)
{
	enum kt_rc rc;

	rc = kt_disk_read_file(&kt_disk_real, path_of(r, "checkpoint"), 65536,
	    newest, &r->err);
	if (rc < 0 && errno != ENOENT)
		return rc;
	rc = kt_disk_open(&r->notes, &kt_disk_real, path_of(r, "checkpoints"),
	    KT_DISK_READ, &r->err);
	return rc < 0 && errno != ENOENT ? rc : KT_OK;
}

/* ---- segments ---- */

static bool
see_segment(void *arg, const char *name)
{
	struct run *r = arg;
	struct kt_span s = kt_span_of(name);
	uint64_t n;

	if (s.len != 18 || !kt_span_ends(s, KT_SPAN(".jsonl")) ||
	    !kt_span_u64(kt_span_sub(s, 0, 12), &n))
		return true;
	if (kt_grow((void **)&r->segments, &r->segments_cap, r->nsegments + 1,
	    sizeof(*r->segments)) < 0) {
		r->has_read_error = true;
		(void)kt_fail(&r->err, KT_E_LIMIT, "no memory");
		return false;
	}
	r->segments[r->nsegments++] = n;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum kt_rc
read_segment(struct run *r, struct kt_audit_verify *v, uint64_t number)
{
	struct kt_disk_file f;
	struct kt_buf piece;
	char name[40];
	uint64_t at = 0;
	size_t got = 1;
	enum kt_rc rc;

	(void)snprintf(name, sizeof(name), "seg/%012llu.jsonl",
	    (unsigned long long)number);
	rc = kt_disk_open(&f, &kt_disk_real, path_of(r, name), KT_DISK_READ,
	    &r->err);
	if (rc < 0)
		return rc;
	kt_buf_init(&piece, READ_BYTES);
	rc = kt_buf_reserve(&piece, READ_BYTES);
	kt_audit_verify_segment(v, number);
	while (rc == KT_OK && got > 0) {
		rc = kt_disk_read_at(
		    &f, at, piece.ptr, READ_BYTES, &got, &r->err);
		if (rc == KT_OK)
			rc = kt_audit_verify_feed(
			    v, (struct kt_span){ piece.ptr, got }, &r->err);
		at += got;
	}
	kt_buf_fini(&piece);
	kt_disk_close(&f);
	return rc < 0 ? kt_wrap(&r->err, "%s", r->path) : KT_OK;
}

static enum kt_rc
read_segments(struct run *r, struct kt_audit_verify *v, bool has_notes)
{
	enum kt_rc rc;

	rc = kt_disk_list(
	    &kt_disk_real, path_of(r, "seg"), see_segment, r, &r->err);
	if (rc < 0 && (errno != ENOENT || !has_notes))
		return rc;
	if (r->has_read_error)
		return r->err.rc;
	if (r->nsegments == 0 && !has_notes)
		return kt_fail(&r->err, KT_E_IO, "%s: no audit log", r->dir);
	if (r->nsegments > 0)
		qsort(r->segments, r->nsegments, sizeof(*r->segments),
		    by_number);
	for (size_t i = 0; i < r->nsegments; i++) {
		if (read_segment(r, v, r->segments[i]) < 0)
			return r->err.rc;
	}
	return KT_OK;
}

/* ---- telling ---- */

/* Warnings that make an intact log a weaker one. */
static size_t
warnings(const struct run *r, const struct kt_audit_report *rep,
    const char *texts[static 4])
{
	size_t n = 0;

	texts[n++] = "unsigned";
	if (rep->has_incomplete_tail)
		texts[n++] = "incomplete-tail";
	if (rep->tail > 0)
		texts[n++] = "uncheckpointed-tail";
	if (r->has_torn_note)
		texts[n++] = "incomplete-checkpoint";
	return n;
}

static enum kt_exit
exit_of(const struct run *r, const struct kt_audit_report *rep)
{
	if (rep == NULL)
		return KT_EXIT_UNKNOWN;
	if (rep->nbreaks > 0)
		return KT_EXIT_NO;
	if (rep->has_unknown_version)
		return KT_EXIT_UNKNOWN;
	/* Not signed is weaker than what strict asks for. */
	return r->is_strict ? KT_EXIT_WEAKER : KT_EXIT_YES;
}

static const char *
result_of(enum kt_exit e)
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

static void
put_lists(struct kt_audit_put *p, const struct kt_audit_report *rep)
{
	kt_audit_put_name(p, "last_good");
	if (rep->good > 0)
		kt_audit_put_int(p, rep->good - 1);
	else
		kt_audit_put_null(p);
	kt_audit_put_name(p, "not_proven");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < kt_audit_not_proven_n; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(
		    p, "row", (uint64_t)kt_audit_not_proven[i].row);
		kt_audit_member_text(
		    p, "text", kt_span_of(kt_audit_not_proven[i].text));
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
put_report(const struct run *r, struct kt_audit_put *p,
    const struct kt_audit_report *rep)
{
	char hex[2 * KT_AUDIT_HASH + 1];
	const char *texts[4];
	size_t n = warnings(r, rep, texts);

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
	kt_audit_put_close(p, '}');
	kt_audit_member_text(p, "dir", kt_span_of(r->dir));
	kt_audit_put_name(p, "first_bad");
	if (rep->nbreaks > 0)
		put_break(p, &rep->breaks[0]);
	else
		kt_audit_put_null(p);
	put_lists(p, rep);
	put_records(p, rep);
	kt_audit_member_text(p, "result", kt_span_of(result_of(
	    exit_of(r, rep))));
	kt_audit_member_int(p, "size", rep->size);
	kt_audit_member_int(p, "unsigned_tail", rep->tail);
	kt_audit_put_name(p, "warnings");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < n; i++)
		kt_audit_put_text(p, kt_span_of(texts[i]));
	kt_audit_put_close(p, ']');
}

static enum kt_exit
tell_json(const struct run *r, const struct kt_audit_report *rep)
{
	struct kt_audit_put p;
	struct kt_buf out;
	struct kt_err err;
	enum kt_exit e = exit_of(r, rep);

	kt_buf_init(&out, 1u << 20);
	kt_audit_put_begin(&p, &out);
	if (rep != NULL) {
		put_report(r, &p, rep);
	} else {
		kt_audit_member_text(&p, "dir", kt_span_of(r->dir));
		kt_audit_member_text(&p, "error", kt_span_of(r->err.text));
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
tell_counts(const struct kt_audit_report *rep)
{
	char hex[2 * KT_AUDIT_HASH + 1];

	(void)printf("origin    %s (not signed)\n",
	    rep->origin[0] != '\0' ? rep->origin : "unknown");
	(void)printf("records   [%llu, %llu) in %llu segments, %s to %s\n ",
	    (unsigned long long)rep->first, (unsigned long long)rep->size,
	    (unsigned long long)rep->segments, rep->first_ts, rep->last_ts);
	for (int t = 0; t < KT_AUDIT_TYPES; t++) {
		if (rep->by_type[t] > 0)
			(void)printf("  %s %llu",
			    kt_audit_type_name((enum kt_audit_type)t),
			    (unsigned long long)rep->by_type[t]);
	}
	kt_hex(rep->newest_root, KT_AUDIT_HASH, hex);
	(void)printf("\ncheckpoints %llu of %llu match, the newest covers %llu "
	    "with root %s\n", (unsigned long long)rep->checkpoints_ok,
	    (unsigned long long)rep->checkpoints,
	    (unsigned long long)rep->newest_size, hex);
	(void)printf("tail      %llu records beyond it\n",
	    (unsigned long long)rep->tail);
}

static enum kt_exit
tell_text(const struct run *r, const struct kt_audit_report *rep)
{
	enum kt_exit e = exit_of(r, rep);
	const char *texts[4];
	size_t n;

	if (rep == NULL) {
		kt_say("%s", r->err.text);
		(void)printf("RESULT undecided %s\n", r->dir);
		return e;
	}
	n = warnings(r, rep, texts);
	tell_counts(rep);
	if (rep->nbreaks == 0)
		(void)printf("chain ok  canonical ok  root ok\n");
	for (size_t i = 0; i < rep->nbreaks; i++)
		tell_break(&rep->breaks[i]);
	if (rep->more_breaks > 0)
		(void)printf("          and %zu more\n", rep->more_breaks);
	if (rep->nbreaks > 0 && rep->good > 0)
		(void)printf("good      up to record %llu\n",
		    (unsigned long long)rep->good - 1);
	(void)printf("warnings ");
	for (size_t i = 0; i < n; i++)
		(void)printf(" %s", texts[i]);
	(void)printf("\nNot proven by this run:\n");
	for (size_t i = 0; i < kt_audit_not_proven_n; i++)
		(void)printf("  %2d %s\n", kt_audit_not_proven[i].row,
		    kt_audit_not_proven[i].text);
	(void)printf("RESULT %s %s\n", e == KT_EXIT_NO ? "TAMPERED" :
	    result_of(e), r->dir);
	return e;
}

/* ---- one directory ---- */

static const struct kt_audit_report *
judge(struct run *r, struct kt_audit_verify **v, struct kt_buf *newest)
{
	const struct kt_audit_report *rep;

	if (open_notes(r, newest) < 0 ||
	    kt_audit_verify_new(v, kt_buf_span(newest), next_note, r,
		&r->err) < 0)
		return NULL;
	if (read_segments(r, *v, newest->len > 0 || r->notes.fd >= 0) < 0)
		return NULL;
	rep = kt_audit_verify_finish(*v);
	return r->has_read_error ? NULL : rep;
}

static enum kt_exit
verify_dir(struct run *r)
{
	const struct kt_audit_report *rep;
	struct kt_audit_verify *v = NULL;
	struct kt_buf newest;
	enum kt_exit e;

	r->notes = (struct kt_disk_file)KT_DISK_FILE_INIT;
	kt_buf_init(&newest, 1u << 18);
	kt_buf_init(&r->notes_text, 4 * READ_BYTES);
	rep = judge(r, &v, &newest);
	e = r->is_json ? tell_json(r, rep) : tell_text(r, rep);
	kt_audit_verify_free(&v);
	kt_disk_close(&r->notes);
	kt_buf_fini(&r->notes_text);
	kt_buf_fini(&newest);
	kt_free(r->segments);
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

enum kt_exit
kt_cmd_audit_verify(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	const char *dir = getenv("KT_AUDIT_DIR");
	enum kt_exit e = KT_EXIT_YES;
	struct run base = { .is_strict = false }, r;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == KT_OPT_JSON)
			base.is_json = true;
		else
			base.is_strict = true;
	}
	base.dir = dir != NULL && dir[0] != '\0' ? dir : "./audit";
	for (int i = args.operand; i < argc || i == args.operand; i++) {
		r = base;
		if (i < argc)
			r.dir = argv[i];
		e = worse(e, verify_dir(&r));
	}
	if (fflush(stdout) != 0) {
		kt_say("standard output cannot be written");
		e = KT_EXIT_UNKNOWN;
	}
	return e;
}
