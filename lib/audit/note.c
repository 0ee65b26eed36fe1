/*
 * note - checkpoints as C2SP signed notes: their text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines of text and not JSON: witnesses, monitors and other people's tools
 * read this format already, and a signature covers it byte by byte.
 */
#include "audit/key.h"

#define ROOT_TEXT 44 /* base64 of 32 bytes */

enum kt_rc
kt_audit_checkpoint_write(struct kt_audit_chain *c, struct kt_span origin,
    struct kt_buf *out, struct kt_err *err)
{
	uint8_t root[KT_AUDIT_HASH];
	char text[ROOT_TEXT + 1];

	kt_audit_chain_root(c, root);
	kt_audit_base64(root, KT_AUDIT_HASH, text);
	if (kt_buf_printf(out, "%.*s\n%llu\n%s\n\n", KT_SPAN_ARG(origin),
	    (unsigned long long)c->size, text) < 0)
		return kt_fail(err, KT_E_LIMIT, "no room for a checkpoint");
	return KT_OK;
}

bool
kt_audit_take_line(struct kt_span *text, struct kt_span *line)
{
	size_t n = kt_span_find(*text, '\n');

	if (n == text->len)
		return false;
	*line = kt_span_sub(*text, 0, n);
	*text = kt_span_sub(*text, n + 1, text->len);
	return true;
}

static bool
is_signature(struct kt_span line)
{
	return kt_span_starts(line, KT_SPAN("\xe2\x80\x94 "));
}

/* Stricter than C2SP: an origin is printed, and may be anybody's. */
static bool
is_origin(struct kt_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	}
	return text.len > 0;
}

enum kt_rc
kt_audit_checkpoint_parse(struct kt_span note, struct kt_audit_checkpoint *cp,
    struct kt_err *err)
{
	struct kt_span size, root, line;

	if (note.len == 0) /* nothing speaks against what is not there */
		return kt_fail(err, KT_E_IO, "there is no checkpoint");
	if (!kt_audit_take_line(&note, &cp->origin) ||
	    !kt_audit_take_line(&note, &size) ||
	    !kt_audit_take_line(&note, &root))
		return kt_fail(err, KT_E_PARSE, "checkpoint: incomplete");
	if (!is_origin(cp->origin))
		return kt_fail(err, KT_E_PARSE, "checkpoint: no origin");
	if (!kt_span_u64(size, &cp->size) ||
	    (size.len > 1 && size.ptr[0] == '0'))
		return kt_fail(err, KT_E_PARSE, "checkpoint: no size");
	if (!kt_audit_unbase64(root, cp->root, KT_AUDIT_HASH))
		return kt_fail(err, KT_E_PARSE, "checkpoint: no root");
	/* No extension lines: we write none, and one could hide a note. */
	if (!kt_audit_take_line(&note, &line) || line.len > 0)
		return kt_fail(err, KT_E_PARSE, "checkpoint: no empty line");
	while (kt_audit_take_line(&note, &line)) {
		if (!is_signature(line))
			return kt_fail(err, KT_E_PARSE,
			    "checkpoint: text after the signatures");
	}
	if (note.len > 0)
		return kt_fail(err, KT_E_PARSE, "checkpoint: cut short");
	return KT_OK;
}

bool
kt_audit_notes_next(struct kt_span *text, struct kt_span *note)
{
	struct kt_span rest = *text, line;

	do {
		if (!kt_audit_take_line(&rest, &line))
			return false;
	} while (line.len > 0);
	*note = kt_span_sub(*text, 0, (size_t)(rest.ptr - text->ptr));
	while (kt_audit_take_line(&rest, &line)) {
		if (line.len == 0) {
			*text = rest;
			return true;
		}
		*note = kt_span_sub(*text, 0, (size_t)(rest.ptr - text->ptr));
	}
	return false;
}
