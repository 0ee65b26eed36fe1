/*
 * report - every output is made in memory first, so that a report that does
 * not fit leaves no half of one behind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/report.h"
#include "disk/disk.h"

#define TEXT_MAX (256u << 20)

static const char *
take_format(struct kt_cmd_outputs *o, const char *value)
{
	struct kt_span s = kt_span_of(value);
	size_t colon = kt_span_find(s, ':');
	const struct kt_report_format *f =
	    kt_report_format_named(kt_span_sub(s, 0, colon));

	if (f == NULL)
		return "the formats are text, short, json, sarif, junit, github, "
		       "gitlab, tap, markdown";
	if (o->n == KT_CMD_OUTPUTS_MAX)
		return "too many outputs";
	o->at[o->n].format = f;
	o->at[o->n++].path = colon < s.len ? value + colon + 1 : NULL;
	return NULL;
}

static const char *
take_level(struct kt_cmd_outputs *o, const char *value)
{
	o->never_fails = strcmp(value, "never") == 0;
	for (int i = 0; kt_report_severities[i] != NULL; i++) {
		if (strcmp(value, kt_report_severities[i]) != 0)
			continue;
		o->fail = (enum kt_report_severity)i;
		return NULL;
	}
	return o->never_fails ? NULL :
	    "the levels are error, warning, info and never";
}

bool
kt_cmd_outputs_take(struct kt_cmd_outputs *o, int c, const char *value,
    const char **misuse)
{
	*misuse = NULL;
	switch (c) {
	case 'o':
	case KT_OPT_FORMAT:
		*misuse = take_format(o, value);
		return true;
	case KT_OPT_JSON:
		*misuse = take_format(o, "json");
		return true;
	case KT_OPT_FAIL_LEVEL:
		*misuse = take_level(o, value);
		return true;
	case KT_OPT_ALL:
		o->look.is_all = true;
		return true;
	default:
		return false;
	}
}

static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0');
}

static enum kt_rc
put(const struct kt_buf *b, const char *path)
{
	struct kt_err err;

	if (path != NULL) {
		if (kt_disk_replace(&kt_disk_real, path, kt_buf_span(b), 0644,
		    &err) == KT_OK)
			return KT_OK;
		kt_say("%s", err.text);
		return KT_E_IO;
	}
	return kt_print(kt_buf_span(b)) ? KT_OK : KT_E_IO;
}

enum kt_exit
kt_cmd_outputs_write(struct kt_cmd_outputs *o, const struct kt_report *r)
{
	bool has_failed = false;

	if (o->n == 0)
		o->at[o->n++].format = kt_report_format_named(KT_SPAN("text"));
	for (size_t i = 0; i < o->n; i++) {
		struct kt_report_look look = o->look;
		struct kt_buf b;

		kt_buf_init(&b, TEXT_MAX);
		look.is_coloured = o->at[i].path == NULL && wants_colour();
		if (o->at[i].format->write(r, &look, &b) < 0) {
			kt_say("the report does not fit into memory");
			has_failed = true;
		} else if (put(&b, o->at[i].path) < 0) {
			has_failed = true;
		}
		kt_buf_fini(&b);
	}
	if (has_failed)
		return KT_EXIT_UNKNOWN;
	return !o->never_fails && kt_report_count(r, o->fail) > 0 ? KT_EXIT_NO :
	    KT_EXIT_YES;
}
