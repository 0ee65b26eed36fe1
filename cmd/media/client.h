/*
 * client - the program that reads media, from the side of who asks it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how kt-media is started, and that one socket carries one
 *           question and its answer.
 * Does not: look at a question or an answer; lib/media does.
 * Promises: nothing is started before the first question; a worker that died
 *           is started again at the next one; it gets no descriptor and no
 *           variable of ours but what is listed in client.c.
 */
#ifndef KT_MEDIA_CLIENT_H
#define KT_MEDIA_CLIENT_H
#include "base/base.h"
#include "media/ask.h"

#define KT_MEDIA_CONTROL_FD 3 /* of the worker, SOCK_SEQPACKET */

struct kt_media_client; /* of one thread */
/* path: of kt-media.  languages: what the engine for letters is to know, as
 * "eng+deu"; empty: English.  Both are copied. */
struct kt_media_client *kt_media_client_new(
    const char *path, struct kt_span languages);
void kt_media_client_free(struct kt_media_client **c);

/* One question under way.  fd is to be watched for what _wants says. */
struct kt_media_talk {
	int fd;
	struct kt_span pieces[2]; /* the caller's, until it is over */
	size_t sent;
	struct kt_buf answer;
};
enum kt_media_step { KT_MEDIA_MORE, KT_MEDIA_DONE, KT_MEDIA_LOST };
/* Never waits for the worker.  KT_E_IO: it cannot be started. */
KT_MUSTCHECK enum kt_rc kt_media_talk_begin(struct kt_media_client *c,
    struct kt_media_talk *t, const struct kt_span pieces[2],
    struct kt_err *err);
short kt_media_talk_wants(const struct kt_media_talk *t); /* POLLIN, POLLOUT */
/* Sends and receives as much as goes at once. */
enum kt_media_step kt_media_talk_step(struct kt_media_talk *t);
void kt_media_talk_end(struct kt_media_talk *t); /* at any time */

/* All of it, for who has nothing else to do; < 0: no answer came. */
KT_MUSTCHECK enum kt_rc kt_media_client_ask(struct kt_media_client *c,
    const struct kt_span pieces[2], struct kt_buf *answer,
    struct kt_err *err);

#endif
