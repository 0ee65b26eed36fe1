/*
 * lint - what is wrong, weak or without effect in a configuration.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the catalogue of codes (rules.def) and how each is found in the
 *           tree, in the settings and in the chain that they compile to.
 * Does not: open files, look up names, or need a secret: the same bytes give
 *           the same findings on every machine.
 * Promises: what the loader refuses is found here, and all of it in one run;
 *           work is linear in the bytes, but for rules that overlap, whose
 *           comparisons are bounded by KT_LINT_PAIRS_MAX, and then told.
 *           Answers about literals, sets, patterns with * and ?, and ranges
 *           are exact; about regular expressions they are tried on samples,
 *           and say so.
 */
#ifndef KT_LINT_H
#define KT_LINT_H
#include "detect/detect.h"
#include "report/report.h"

enum kt_lint_code {
#define KT_LINT_RULE(n, severity, preset, fix, title, why, help) KT_LINT_##n,
#include "lint/rules.def"
	KT_LINT_CODES,
};
enum kt_lint_preset {
	KT_LINT_RELAXED = 0, /* what the gateway would refuse */
	KT_LINT_DEFAULT,
	KT_LINT_STRICT,
};
extern const char *const kt_lint_presets[]; /* NULL-terminated */
/* All codes, in order; KT_LINT_CODES of them. */
extern const struct kt_report_rule kt_lint_rules[];
enum kt_lint_preset kt_lint_preset_of(enum kt_lint_code code);
enum kt_report_fix kt_lint_fix_of(enum kt_lint_code code);
/* Index of a code such as "KT301"; -1: there is none. */
int kt_lint_code_of(struct kt_span name);

/* Sources that are read as one configuration, later ones over earlier. */
struct kt_lint_unit {
	size_t first, n; /* in the report's sources */
};
/* The shipped detectors and what is beside them. */
struct kt_lint_detectors {
	const struct kt_detector *at;
	size_t n;
	struct kt_span saved; /* of kt_detect_save, or empty */
};

struct kt_settings;
struct kt_lint_options {
	const struct kt_lint_unit *units;
	size_t nunits;
	enum kt_lint_preset preset;
	bool is_on[KT_LINT_CODES]; /* see kt_lint_choose */
	struct kt_lint_detectors detectors;
	/*
	 * These and those that policies.detectors of a unit names, in mem.
	 * KT_E_IO: there is no such file.  NULL: nobody reads them, and
	 * names that they could define are not judged.
	 */
	enum kt_rc (*own)(void *arg, const struct kt_settings *s, size_t first,
	    struct kt_arena *mem, struct kt_lint_detectors *out,
	    struct kt_err *err);
	void *own_arg;
	char today[11];      /* YYYY-MM-DD: what has ended is an argument */
};
/*
 * Fills in is_on by the preset, then by lists such as "KT3,KT415": select
 * (when there is one) leaves only those, ignore takes out.  An unknown code
 * is KT_E_PARSE.
 */
KT_MUSTCHECK enum kt_rc kt_lint_choose(struct kt_lint_options *o,
    const char *select, const char *ignore, struct kt_err *err);

/*
 * Adds the findings to r, whose sources the units name, suppressions
 * applied.  KT_E_LIMIT: memory; then nothing may be concluded.
 */
KT_MUSTCHECK enum kt_rc kt_lint_run(const struct kt_lint_options *o,
    struct kt_report *r, struct kt_err *err);

/*
 * The text of a source with the edits of its findings made; those that
 * overlap an earlier one are left for the next run.  *n: how many findings
 * were mended.  After kt_report_close.
 */
KT_MUSTCHECK enum kt_rc kt_lint_mend(const struct kt_report *r, size_t file,
    enum kt_report_fix most, struct kt_buf *out, size_t *n);
/* Old and new as a patch for git apply. */
KT_MUSTCHECK enum kt_rc kt_lint_patch(struct kt_span name,
    struct kt_span before, struct kt_span after, struct kt_buf *out);
/*
 * Findings that are in a report of kt policy lint -o json are suppressed.
 * After kt_report_close.  *stale: how many of it there are no more.
 */
KT_MUSTCHECK enum kt_rc kt_lint_baseline(struct kt_report *r,
    struct kt_span json, size_t *stale, struct kt_err *err);

#endif
