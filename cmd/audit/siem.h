/*
 * siem - a record as others' programs for security events read it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    OCSF and CEF as far as records have something to say in them.
 * Does not: trust a byte of a record; print.
 * Promises: one line per record; nothing in it that is not in the record;
 *           names are escaped as each format says, so that none of them ends
 *           a field or begins another.
 */
#ifndef KT_SIEM_H
#define KT_SIEM_H
#include "base/base.h"

#define KT_SIEM_OCSF "1.6.0" /* the version of the schema */
/* Bytes of one line: a record, each byte of which may become seven. */
#define KT_SIEM_LINE_MAX (8u * KT_AUDIT_LINE_MAX)

/* Appends the line with its LF.  KT_E_PARSE: it is not a record. */
typedef enum kt_rc kt_siem_fn(
    struct kt_span line, struct kt_buf *out, struct kt_err *err);
KT_MUSTCHECK kt_siem_fn kt_siem_ocsf, kt_siem_cef;
/* "ocsf", "cef"; NULL: there is no such format. */
kt_siem_fn *kt_siem_find(const char *format);

#endif
