/*
 * linger - a duplicate of the descriptor keeps the socket open after its
 * owner closed it; what comes is read and dropped until the client has seen
 * the end, or time is up.  Failing to linger is harmless: the client may see
 * a reset instead of its answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gateway/linger.h"

struct kt_lingering {
	struct kt_linger *all;
	struct kt_lingering *next, **link;
	struct kt_watch watch;
	struct kt_timer timer;
};

static void
end(void *self)
{
	struct kt_lingering *g = self;

	kt_watch_del(g->all->loop, &g->watch);
	kt_timer_del(g->all->loop, &g->timer);
	(void)close(g->watch.fd); /* nothing of ours is in it */
	*g->link = g->next;
	if (g->next != NULL)
		g->next->link = g->link;
	kt_free(g);
}

static void
on_bytes(void *self, uint32_t events)
{
	struct kt_lingering *g = self;
	char dropped[16384];
	ssize_t n;

	(void)events;
	do
		n = recv(g->watch.fd, dropped, sizeof(dropped), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		end(g);
}

void
kt_linger_add(struct kt_linger *l, int fd)
{
	struct kt_lingering *g = kt_alloc(sizeof(*g));
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (g == NULL || own < 0 ||
	    kt_watch_add(l->loop, &g->watch, own, EPOLLIN | EPOLLRDHUP,
	        on_bytes, g, NULL) < 0) {
		if (own >= 0)
			(void)close(own); /* the owner's stays */
		kt_free(g);
		return;
	}
	g->all = l;
	g->next = l->first;
	g->link = &l->first;
	if (g->next != NULL)
		g->next->link = &g->next;
	l->first = g;
	if (kt_timer_set(l->loop, &g->timer,
	        kt_loop_now(l->loop) + KT_LINGER_SECONDS * 1000000, end, g) < 0)
		end(g);
}

void
kt_linger_fini(struct kt_linger *l)
{
	while (l->first != NULL)
		end(l->first);
}
