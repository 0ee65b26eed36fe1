/*
 * report_priv - what the formats share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_REPORT_PRIV_H
#define KT_REPORT_PRIV_H
#include "json/write.h"
#include "report/format.h"

/* One sentence of how much there is, for the end of a report. */
struct kt_span kt_report_summary(const struct kt_report *r,
    char room[static 160]);
bool kt_report_has_bytes(const struct kt_report *r, size_t file);
struct kt_span kt_report_line(
    const struct kt_report *r, size_t file, uint32_t line);
/* First column of a line that excerpts leave out; UINT32_MAX: none. */
uint32_t kt_report_hidden_from(
    const struct kt_report *r, size_t file, uint32_t line);
/* An excerpt of a line that is at hand; its caret line is left open. */
KT_MUSTCHECK enum kt_rc kt_report_excerpt_line(struct kt_buf *out,
    struct kt_span text, uint32_t line, uint32_t column, uint32_t len,
    uint32_t from_hidden);
/* Name of the file, printable, or of the tool when there is none. */
struct kt_span kt_report_file(const struct kt_report *r, size_t file);
/* The same as the bytes that open it. */
struct kt_span kt_report_path(const struct kt_report *r, size_t file);
void kt_report_hex(uint64_t print, char hex[static 17]);

#define KT_REPORT_FORMAT(fn, name, readers) \
	kt_report_write_fn kt_report_write_##fn;
#include "report/formats.def"

#endif
