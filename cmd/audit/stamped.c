/*
 * stamped - reading, with bounds that no honest answer comes near.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/stamped.h"

#define ANSWER_MAX (64u << 10)
#define TRUSTED_MAX (1u << 20)

enum kt_rc
kt_stamp_of_file(const char *path, const char *ca, struct kt_buf *answer,
    struct kt_audit_stamp *out, struct kt_err *err)
{
	struct kt_buf trusted;
	enum kt_rc rc;

	kt_buf_init(&trusted, 2 * TRUSTED_MAX);
	rc = kt_disk_read_file(&kt_disk_real, ca, TRUSTED_MAX, &trusted, err);
	if (rc == KT_OK)
		rc = kt_disk_read_file(
		    &kt_disk_real, path, ANSWER_MAX, answer, err);
	if (rc == KT_OK && kt_audit_stamp_read(kt_buf_span(answer),
	    kt_buf_span(&trusted), out, err) < 0)
		rc = kt_wrap(err, "%s", path);
	kt_buf_fini(&trusted);
	return rc;
}
