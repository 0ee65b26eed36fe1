/*
 * stamped - a time stamp as it lies in a file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where the bytes are that audit/stamp.h reads.
 * Does not: say what is stamped.
 * Promises: a stamp that is not by somebody trusted is an error.
 */
#ifndef KT_STAMPED_H
#define KT_STAMPED_H
#include "audit/stamp.h"
#include "disk/disk.h"

struct kt_stamped { /* a checkpoint that was there at a time */
	uint64_t size;
	struct kt_audit_stamp stamp;
};
/* `answer` gets the bytes.  KT_E_PARSE: see kt_audit_stamp_read. */
KT_MUSTCHECK enum kt_rc kt_stamp_of_file(const char *path, const char *ca,
    struct kt_buf *answer, struct kt_audit_stamp *out, struct kt_err *err);

#endif
