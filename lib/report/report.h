/*
 * report - what was found, for people and for the programs that read after
 * us.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a finding is (rule, place, message, why, help, related
 *           places, edits) and how each format of formats.def writes it.
 * Does not: know any rule, open files, or decide what a finding means.
 * Promises: every format tells every finding that is not suppressed, sorted
 *           by file, line, column and code; text of the user's reaches a
 *           terminal without control characters; no excerpt shows what was
 *           hidden (kt_report_hide).
 *
 * Strings are borrowed unless said otherwise, and outlive the report.
 */
#ifndef KT_REPORT_H
#define KT_REPORT_H
#include "base/base.h"

enum kt_report_severity {
	KT_REPORT_INFO = 0,
	KT_REPORT_WARNING,
	KT_REPORT_ERROR,
};
extern const char *const kt_report_severities[]; /* NULL-terminated */

/* What a code stands for.  All texts without line feeds. */
struct kt_report_rule {
	const char *code;     /* "KT301" */
	enum kt_report_severity severity;
	const char *title;
	const char *why, *help; /* sentences for its page */
};

struct kt_report_source {
	struct kt_span name;  /* as messages show it */
	struct kt_span bytes; /* UTF-8 */
};

/* Counted in characters from 1.  The end is the first that is not part. */
struct kt_report_place {
	size_t file;          /* KT_REPORT_NOWHERE: no file */
	uint32_t line, column; /* line 0: the file as a whole */
	uint32_t end_line, end_column;
};
#define KT_REPORT_NOWHERE SIZE_MAX

struct kt_report_note {
	struct kt_report_place at;
	struct kt_span text;
	const struct kt_report_note *next;
};
/* Replaces a place by a text; several of one finding belong together. */
struct kt_report_edit {
	struct kt_report_place at;
	struct kt_span text;
	const struct kt_report_edit *next;
};
enum kt_report_fix { /* whether edits may be made without a person */
	KT_REPORT_FIX_NONE = 0,
	KT_REPORT_FIX_SAFE,   /* the file means the same afterwards */
	KT_REPORT_FIX_UNSAFE, /* probably what was meant */
};

struct kt_report_finding {
	const struct kt_report_rule *rule;
	enum kt_report_severity severity;
	struct kt_report_place at;
	struct kt_span message; /* one line; copied and made printable */
	struct kt_span why, help; /* the same; may be empty */
	struct kt_span subject; /* name of a test case, for machines; empty */
	struct kt_span suppressed; /* the reason; empty: it counts */
	bool is_firm;         /* no comment allows it */
	const struct kt_report_note *notes; /* in order */
	const struct kt_report_edit *edits;
	enum kt_report_fix fix;
	size_t serial;        /* in order of discovery */
	uint64_t print;       /* stays when lines move; see kt_report_close */
};
/* What was checked and found well: a file, or a named test. */
struct kt_report_pass {
	size_t file;
	struct kt_span subject;
	struct kt_span skipped; /* why it was not done; empty: it passed */
};

struct kt_report;
struct kt_report_options {
	const char *tool;     /* "kt policy lint" */
	const struct kt_report_source *sources;
	size_t nsources;
	const struct kt_report_rule *rules; /* all that may be told */
	size_t nrules;
};
/* NULL: no memory. */
struct kt_report *kt_report_new(const struct kt_report_options *o);
void kt_report_free(struct kt_report **r);

/*
 * A copy of f, to which notes and edits can be added; NULL when memory or
 * KT_REPORT_FINDINGS_MAX is exhausted, and kt_report_close tells.
 */
struct kt_report_finding *kt_report_add(
    struct kt_report *r, const struct kt_report_finding *f);
/* f may be NULL: then nothing happens. */
void kt_report_note(struct kt_report *r, struct kt_report_finding *f,
    struct kt_report_place at, const char *fmt, ...) KT_PRINTF(4, 5);
void kt_report_edit(struct kt_report *r, struct kt_report_finding *f,
    struct kt_report_place at, struct kt_span text);
void kt_report_pass(struct kt_report *r, const struct kt_report_pass *p);
/* From the place's start to its end nothing is shown in excerpts. */
void kt_report_hide(struct kt_report *r, struct kt_report_place at);
bool kt_report_hides(
    const struct kt_report *r, const struct kt_report_place *at);
/* Is anything of the file hidden? */
bool kt_report_is_hidden(const struct kt_report *r, size_t file);
/* A text that lives as long as the report; "" when there is no memory. */
struct kt_span kt_report_text(struct kt_report *r, const char *fmt, ...)
    KT_PRINTF(2, 3);
struct kt_arena *kt_report_mem(struct kt_report *r);

/* Sorts and gives prints.  KT_E_LIMIT: something was lost on the way. */
KT_MUSTCHECK enum kt_rc kt_report_close(struct kt_report *r, struct kt_err *err);

/* Afterwards: */
const struct kt_report_options *kt_report_options(const struct kt_report *r);
struct kt_report_finding *const *kt_report_findings(
    const struct kt_report *r, size_t *n);
const struct kt_report_pass *kt_report_passes(
    const struct kt_report *r, size_t *n);
/* Of the severity or a higher one, not suppressed. */
size_t kt_report_count(
    const struct kt_report *r, enum kt_report_severity at_least);
/* Byte offset of a place's start (or end) in its file's text. */
size_t kt_report_offset(
    const struct kt_report *r, const struct kt_report_place *at, bool is_end);

#endif
