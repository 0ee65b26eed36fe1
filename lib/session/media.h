/*
 * media - what was read in pictures and documents, as facts of a session.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which job read which medium of a request, and that a medium
 *           itself is never kept: its number stands where it was.
 * Does not: read media, or ask for them.
 * Promises: texts are scrubbed like those of the request; a job that nobody
 *           answered is a fact, too.
 */
#ifndef KT_SESSION_MEDIA_H
#define KT_SESSION_MEDIA_H
#include "session/line.h"
#include "session/scrub.h"
#include "session/session.h"
#include "session/tape.h"

/* What stands where a medium was: letters, so that it still looks like one. */
#define KT_MEDIUM_MARK "ktmedium"
#define KT_MEDIUM_MARK_LEN 16 /* with eight digits of its number */
KT_MUSTCHECK enum kt_rc kt_medium_mark(struct kt_buf *out, uint32_t number);

/* Lines of a call: what its jobs came to. */
KT_MUSTCHECK enum kt_rc kt_session_write_media(const struct kt_tape *t,
    const struct kt_scrub *s, struct kt_blobs *blobs, uint64_t n,
    struct kt_buf *out);
/* What the job of this order came to, as it was answered; KT_E_PARSE: it was
 * not asked then. */
KT_MUSTCHECK enum kt_rc kt_session_answer_of(const struct kt_session_call *c,
    const struct kt_order *o, struct kt_buf *out);

#endif
