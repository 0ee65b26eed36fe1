/*
 * format - the forms in which a report is written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which formats there are (formats.def) and what each asks of its
 *           text: escapes, order, bounds.
 * Does not: print; the caller has the stream.
 * Promises: the same report gives the same bytes; what is written is whole
 *           or KT_E_LIMIT.
 */
#ifndef KT_REPORT_FORMAT_H
#define KT_REPORT_FORMAT_H
#include "report/report.h"

struct kt_report_look { /* of the formats for people */
	bool is_coloured;
	bool is_all;         /* else at most KT_REPORT_PER_CODE_MAX of a code */
};
typedef enum kt_rc kt_report_write_fn(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out);
struct kt_report_format {
	const char *name, *readers;
	kt_report_write_fn *write;
};
extern const struct kt_report_format kt_report_formats[];
extern const size_t kt_report_nformats;
/* NULL: there is none of that name. */
const struct kt_report_format *kt_report_format_named(struct kt_span name);

/*
 * The line of a place with a caret below, cut where from_hidden (a column)
 * begins; nothing when that is the whole line.
 */
KT_MUSTCHECK enum kt_rc kt_report_excerpt(struct kt_buf *out,
    struct kt_span bytes, uint32_t line, uint32_t column, uint32_t len,
    uint32_t from_hidden);
/* What is not text to look at becomes '?', a line feed a blank. */
KT_MUSTCHECK enum kt_rc kt_report_add_clean(
    struct kt_buf *out, struct kt_span text);

#endif
