/*
 * report - how commands that find something hand it out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    -o FMT[:FILE], several of them, --fail-level, colours.
 * Does not: know what was looked for.
 * Promises: a file is written whole or not at all; what cannot be written is
 *           exit 3, never a clean end.
 */
#ifndef KT_CMD_REPORT_H
#define KT_CMD_REPORT_H
#include "cmd/cmd.h"
#include "report/format.h"

#define KT_CMD_OUTPUTS_MAX 16

struct kt_cmd_outputs {
	size_t n;
	struct {
		const struct kt_report_format *format;
		const char *path; /* NULL: standard output */
	} at[KT_CMD_OUTPUTS_MAX];
	struct kt_report_look look;
	enum kt_report_severity fail;
	bool never_fails;
};

enum { KT_OPT_FORMAT = 5000, KT_OPT_FAIL_LEVEL, KT_OPT_ALL };
/* For the options of a command that ends in kt_cmd_outputs_write. */
#define KT_OPT_REPORT_LINES \
	{ 'o', "output", "FMT", \
	  "text, short, json, sarif, junit, github, gitlab, tap or markdown; " \
	  "FMT:FILE writes a file; may be repeated" }, \
	{ KT_OPT_FORMAT, "format", "FMT", "as --output" }, \
	KT_OPT_JSON_LINE, \
	{ KT_OPT_FAIL_LEVEL, "fail-level", "LEVEL", \
	  "exit 1 from this severity on: error, warning, info or never" }, \
	{ KT_OPT_ALL, "all", NULL, "tell each finding, however many of a code" }

/* True: c was one of those options.  *misuse: what was wrong, or NULL. */
bool kt_cmd_outputs_take(struct kt_cmd_outputs *o, int c, const char *value,
    const char **misuse);
/* Writes the closed report everywhere and says how it ended. */
enum kt_exit kt_cmd_outputs_write(
    struct kt_cmd_outputs *o, const struct kt_report *r);

#endif
