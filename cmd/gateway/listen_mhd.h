/*
 * listen_mhd - the one door to libmicrohttpd: what it calls, and what it is
 * asked for a head.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    listen.c has a daemon and its connections, listen_head.c judges a
 *           head by the bytes that lie there, listen_call.c is told a request
 *           and hands its answer over.
 * Does not: leave cmd/gateway/listen*.c; request.c wakes what was suspended here.
 * Promises: the bounds below are those of a connection.
 */
#ifndef KT_LISTEN_MHD_H
#define KT_LISTEN_MHD_H
#include <microhttpd.h>

#include "cmd/gateway/listen_priv.h"

/*
 * Of a connection, for the head of a request, what MHD makes of it, and the
 * head of the answer: an upstream's, what a translation says of itself, and
 * the few fields of our own.  MHD wipes the pool between two requests, so all
 * of it is resident, and a stream may cost 48 KiB.
 */
#define POOL_BYTES 24576
#define POOL_ANSWER_BYTES (KT_ANSWER_HEAD_MAX + KT_HEAD_MAX / 4 + 512)
#define POOL_FIELD_BYTES 64 /* that MHD adds to a field or a cookie */

/* Fills in the head at hand; NULL when it is let in.  Else it is refused. */
const struct kt_head_fault *kt_listen_head(struct kt_request *r,
    struct kt_head *head, const char *method, const char *version);
/* Whether kt_listen_head can see what this version of MHD changed. */
bool kt_listen_knows_layout(void);

/* MHD_URI_LOG: a request line came; makes the connection's request. */
void *kt_listen_on_target(
    void *self, const char *uri, struct MHD_Connection *mhd);
/* Whether MHD gives this status for a request line by itself. */
bool kt_listen_is_of_line(unsigned status);
/* MHD_AccessHandlerCallback: head, pieces of the body, end. */
enum MHD_Result kt_listen_on_access(void *self, struct MHD_Connection *mhd,
    const char *url, const char *method, const char *version,
    const char *bytes, size_t *left, void **context);
/* MHD_RequestCompletedCallback: sent whole, or broken. */
void kt_listen_on_completed(void *self, struct MHD_Connection *mhd,
    void **context, enum MHD_RequestTerminationCode how);

#endif
