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

#define POOL_BYTES 16384 /* per connection; bounds the head as well */

/* Fills in the head at hand; NULL when it is let in.  Else it is refused. */
const struct kt_head_fault *kt_listen_head(struct kt_request *r,
    struct kt_head *head, const char *method, const char *version);
/* Whether kt_listen_head can see what this version of MHD changed. */
bool kt_listen_knows_layout(void);

/* MHD_URI_LOG: a request line came; makes the connection's request. */
void *kt_listen_on_target(
    void *self, const char *uri, struct MHD_Connection *mhd);
/* MHD_AccessHandlerCallback: head, pieces of the body, end. */
enum MHD_Result kt_listen_on_access(void *self, struct MHD_Connection *mhd,
    const char *url, const char *method, const char *version,
    const char *bytes, size_t *left, void **context);
/* MHD_RequestCompletedCallback: sent whole, or broken. */
void kt_listen_on_completed(void *self, struct MHD_Connection *mhd,
    void **context, enum MHD_RequestTerminationCode how);

#endif
