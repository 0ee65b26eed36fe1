/*
 * audit tail - the last records, and those to come.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each line is held against the one before it: who watches a log sees the
 * moment at which it stops being one.
 */
#include <errno.h>
#include <poll.h>

#include "audit/canon.h"
#include "cmd/audit/find.h"
#include "cmd/audit/row.h"
#include "cmd/audit/siem.h"
#include "cmd/cmd.h"

#define LOOK_MS 250
#define LAST 10

enum { FORMAT = KT_OPT_LONG };

static const struct kt_opt options[] = {
	{ FORMAT, "format", "FORMAT", "table (default), json, ocsf or cef" },
	KT_OPT_JSON_LINE,
	{ 'f', "follow", NULL, "go on with the records to come" },
	{ 'n', "lines", "N", "how many to begin with (default 10)" },
};

struct tail {
	struct kt_audit_dir dir;
	struct kt_audit_lines lines;
	struct kt_disk_file f;
	uint64_t segment, at; /* read so far */
	uint64_t next, print_from;
	uint8_t prev[KT_AUDIT_HASH];
	bool has_prev, is_json, is_broken;
	kt_siem_fn *event; /* NULL: a row, or as it is */
	struct kt_buf text;
	struct kt_err err;
};

static void
print(struct tail *t, struct kt_span line)
{
	struct kt_err ignored; /* it was found to be a record */

	kt_buf_reset(&t->text);
	if (t->is_json)
		(void)printf("%.*s\n", KT_SPAN_ARG(line));
	else if (t->event == NULL)
		kt_row(line);
	else if (t->event(line, &t->text, &ignored) == KT_OK)
		(void)fwrite(t->text.ptr, 1, t->text.len, stdout);
}

static bool
see(void *arg, struct kt_span line)
{
	struct tail *t = arg;
	struct kt_audit_line l;
	uint8_t prev[KT_AUDIT_HASH];

	if (kt_audit_line_parse(line, &l, &t->err) < 0 || !l.is_whole ||
	    !kt_unhex(l.prev, prev, sizeof(prev)) ||
	    (t->has_prev && (l.i != t->next ||
	    memcmp(prev, t->prev, sizeof(prev)) != 0))) {
		t->is_broken = true;
		return false;
	}
	kt_audit_leaf_of(line, t->prev);
	t->has_prev = true;
	t->next = l.i + 1;
	if (l.i >= t->print_from)
		print(t, line);
	return true;
}

/* What the open segment has got since. */
static enum kt_rc
read_on(struct tail *t)
{
	struct kt_buf piece;
	size_t got = 1;
	enum kt_rc rc;

	kt_buf_init(&piece, KT_AUDIT_DIR_READ);
	rc = kt_buf_reserve(&piece, KT_AUDIT_DIR_READ);
	if (rc < 0)
		rc = kt_fail(&t->err, rc, "no memory");
	while (rc == KT_OK && got > 0 && !t->is_broken) {
		rc = kt_disk_read_at(&t->f, t->at, piece.ptr,
		    KT_AUDIT_DIR_READ, &got, &t->err);
		t->at += got;
		(void)kt_audit_lines_feed(&t->lines,
		    (struct kt_span){ piece.ptr, rc == KT_OK ? got : 0 });
	}
	kt_buf_fini(&piece);
	if (t->lines.is_too_long)
		t->is_broken = true;
	return rc;
}

/* Where one is missing, the record behind it tells that it does not follow. */
static uint64_t
number_behind(const struct tail *t)
{
	for (size_t k = 0; k < t->dir.nsegments; k++) {
		if (t->dir.segments[k] > t->segment)
			return t->dir.segments[k];
	}
	return t->segment + 1;
}

/*
 * The next segment; a line that was left half is cut, as by recovery.  False:
 * it is not there yet, or t->err tells why it cannot be read.
 */
static bool
next_segment(struct tail *t)
{
	uint64_t number = number_behind(t);
	struct kt_disk_file f;

	if (kt_audit_dir_segment(&t->dir, number, &f, &t->err) < 0) {
		if (errno == ENOENT)
			t->err.rc = KT_OK;
		return false;
	}
	if (read_on(t) < 0) { /* what came between the last look and now */
		kt_disk_close(&f);
		return false;
	}
	kt_disk_close(&t->f);
	t->f = f;
	t->segment = number;
	t->at = 0;
	kt_buf_reset(&t->lines.part);
	return true;
}

static enum kt_rc
follow(struct tail *t)
{
	for (;;) {
		if (read_on(t) < 0)
			return t->err.rc;
		if (t->is_broken)
			return KT_E_PARSE;
		if (next_segment(t))
			continue;
		if (t->err.rc < 0)
			return t->err.rc;
		if (fflush(stdout) != 0)
			return kt_fail(&t->err, KT_E_IO,
			    "standard output cannot be written");
		(void)poll(NULL, 0, LOOK_MS); /* a pause, however short */
	}
}

static bool
count(void *arg, struct kt_span line)
{
	struct kt_audit_line l;
	struct kt_err ignored; /* see() will say it */
	uint64_t *next = arg;

	if (kt_audit_line_parse(line, &l, &ignored) == KT_OK && l.is_whole)
		*next = l.i + 1;
	return true;
}

/* From a segment that has the first record to print, or the last one. */
static enum kt_rc
begin(struct tail *t, uint64_t lines)
{
	struct kt_audit_dir *d = &t->dir;
	struct kt_audit_lines all;
	uint64_t size = 0;
	size_t k = d->nsegments;
	enum kt_rc rc = KT_OK;

	if (k == 0)
		return kt_fail(&t->err, KT_E_IO, "%s: no records", d->dir);
	for (bool is_first = true; k > 0 && rc == KT_OK; is_first = false) {
		uint64_t next = 0;

		kt_audit_lines_init(&all, count, &next);
		rc = kt_audit_dir_read(
		    d, d->segments[--k], kt_audit_lines_feed, &all, &t->err);
		kt_audit_lines_fini(&all);
		if (is_first || size == 0)
			size = next;
		if (next + lines <= size)
			break;
	}
	t->print_from = size > lines ? size - lines : 0;
	t->segment = d->segments[k];
	return rc < 0 ? rc :
	    kt_audit_dir_segment(d, t->segment, &t->f, &t->err);
}

static enum kt_rc
tail(struct tail *t, const char *dir, uint64_t lines, bool follows)
{
	if (kt_audit_dir_open(&t->dir, dir, &t->err) < 0 ||
	    kt_audit_dir_list(&t->dir, &t->err) < 0 || begin(t, lines) < 0)
		return t->err.rc;
	if (!t->is_json && t->event == NULL)
		kt_row_head();
	if (follows)
		return follow(t);
	do {
		if (read_on(t) < 0)
			return t->err.rc;
	} while (!t->is_broken && next_segment(t));
	return t->is_broken ? KT_E_PARSE : t->err.rc;
}

static bool
take_format(struct tail *t, const char *format)
{
	t->is_json = strcmp(format, "json") == 0;
	t->event = kt_siem_find(format);
	return t->is_json || t->event != NULL || strcmp(format, "table") == 0;
}

enum kt_exit
kt_cmd_audit_tail(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct tail t = { .err = { .rc = KT_OK } };
	bool follows = false;
	uint64_t lines = LAST;
	enum kt_rc rc;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == 'f')
			follows = true;
		else if (opt == 'n' &&
		    !kt_span_u64(kt_span_of(args.value), &lines))
			return kt_misuse(self, "'%s' is no number",
			    args.value);
		else if (opt == KT_OPT_JSON)
			t.is_json = true;
		else if (opt == FORMAT && !take_format(&t, args.value))
			return kt_misuse_word(self, "format", args.value,
			    (const char *const[]){
			    "table", "json", "ocsf", "cef", NULL });
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	t.f.fd = t.dir.notes.fd = -1;
	kt_audit_lines_init(&t.lines, see, &t);
	kt_buf_init(&t.text, KT_SIEM_LINE_MAX);
	rc = tail(&t, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL), lines, follows);
	if (fflush(stdout) != 0)
		rc = kt_fail(&t.err, KT_E_IO,
		    "standard output cannot be written");
	if (t.is_broken)
		kt_say("record %llu does not follow: see kt audit verify",
		    (unsigned long long)t.next);
	else if (rc < 0)
		kt_say("%s", t.err.text);
	kt_disk_close(&t.f);
	kt_audit_lines_fini(&t.lines);
	kt_buf_fini(&t.text);
	kt_audit_dir_close(&t.dir);
	return t.is_broken ? KT_EXIT_NO : rc < 0 ? KT_EXIT_UNKNOWN :
						   KT_EXIT_YES;
}
