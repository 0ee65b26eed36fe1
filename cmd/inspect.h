/*
 * inspect - how what was found is told: for people and for machines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the members of an answer of kt inspect, and underlines.
 * Does not: inspect, read files or exit.
 * Promises: no control character of a text reaches a terminal.
 */
#ifndef KT_CMD_INSPECT_H
#define KT_CMD_INSPECT_H
#include "exchange/look.h"

/* One text or body that was looked at.  All is borrowed. */
struct kt_cmd_looked {
	struct kt_span id; /* as JSON; empty writes null */
	struct kt_span text;
	const struct kt_json *json; /* the body's index; NULL: a text */
	const struct kt_looked *looked; /* NULL: it could not be inspected */
	/* With --redacted; looked->action BLOCK: nothing goes on. */
	const struct kt_buf *redacted;
};
/* One line of JSON. */
KT_MUSTCHECK enum kt_rc kt_cmd_inspect_json(
    const struct kt_cmd_looked *in, struct kt_buf *out);
/* For people; is_terminal underlines, is_colored adds colour. */
KT_MUSTCHECK enum kt_rc kt_cmd_inspect_text(const struct kt_cmd_looked *in,
    bool is_terminal, bool is_colored, struct kt_buf *out);

#endif
