/*
 * linger - lets a client that is still sending read its refusal.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that closing a socket with unread bytes resets it, and a reset
 *           can overtake the answer.
 * Does not: keep what it reads.
 * Promises: a connection lingers for KT_LINGER_SECONDS at most.
 */
#ifndef KT_LINGER_H
#define KT_LINGER_H
#include "cmd/gateway/loop.h"

#define KT_LINGER_SECONDS 2

struct kt_linger {
	struct kt_loop *loop;
	struct kt_lingering *first;
};
/* Takes a duplicate of fd, whose sending side is done with. */
void kt_linger_add(struct kt_linger *l, int fd);
void kt_linger_fini(struct kt_linger *l);

#endif
