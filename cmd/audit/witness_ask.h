/*
 * witness_ask - asking a witness over HTTP.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a request of C2SP tlog-witness is posted.
 * Does not: believe the answer: kt_witness_keep() checks what was signed.
 * Promises: the answer and the time for it are bounded, and no other address
 *           is asked than the one that was given.
 */
#ifndef KT_WITNESS_ASK_H
#define KT_WITNESS_ASK_H
#include "base/base.h"

/*
 * `url` is what comes before /add-checkpoint.  *status is HTTP's; the answer
 * of a 409 is empty unless it is a size.  A failure: nobody answered.
 */
KT_MUSTCHECK enum kt_rc kt_witness_ask(const char *url,
    struct kt_span request, unsigned *status, struct kt_buf *answer,
    struct kt_err *err);

#endif
