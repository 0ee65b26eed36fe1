/*
 * resolver - getaddrinfo blocks for as long as a name server likes, so it
 * runs on two threads: one name that hangs does not stop the others.  A
 * resolver library with its own sockets would need no thread, and would
 * not know nsswitch.conf, /etc/hosts or the local stub.  The threads are
 * detached and share the memory by count, so that ending never waits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include "cmd/gateway/resolver.h"

#define THREADS 2

struct kt_lookup {
	struct kt_lookup *next;
	struct kt_post post;
	struct kt_resolver *resolver;
	struct kt_loop *loop; /* under the lock; NULL: it may be gone */
	kt_lookup_fn *fn;     /* NULL: nobody waits any more */
	void *self;
	uint16_t port;
	struct kt_addresses found;
	int why; /* of getaddrinfo */
	char host[256];
};

struct name {
	char host[256];
	struct kt_addresses found; /* of any port */
	time_t until;
};

struct kt_resolver {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	struct kt_lookup *first, **last;
	struct name names[KT_RESOLVER_NAMES_MAX];
	size_t next_name;
	int users; /* threads, and the owner */
	bool is_closed;
};

static time_t
now_seconds(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* a constant at worst */
	return t.tv_sec;
}

static void
set_port(struct kt_addresses *a, uint16_t port)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->list[i].at.any.sa_family == AF_INET6)
			a->list[i].at.v6.sin6_port = htons(port);
		else
			a->list[i].at.v4.sin_port = htons(port);
	}
}

/* The result of getaddrinfo(3). */
static int
look_up(const char *host, int flags, struct kt_addresses *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
	struct addrinfo *list, *ai;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	out->n = 0;
	if (rc != 0)
		return rc;
	for (ai = list; ai != NULL && out->n < KT_ADDRESSES_MAX; ai = ai->ai_next) {
		struct kt_address *to = &out->list[out->n];

		if (ai->ai_addrlen > sizeof(to->at) ||
		    (ai->ai_family != AF_INET && ai->ai_family != AF_INET6))
			continue;
		memcpy(&to->at, ai->ai_addr, ai->ai_addrlen);
		to->len = ai->ai_addrlen;
		out->n++;
	}
	freeaddrinfo(list);
	return 0;
}

/* With the lock held. */
static bool
recall(struct kt_resolver *r, const char *host, struct kt_addresses *out)
{
	time_t now = now_seconds();

	for (size_t i = 0; i < KT_RESOLVER_NAMES_MAX; i++) {
		if (strcmp(r->names[i].host, host) == 0 &&
		    r->names[i].until > now) {
			*out = r->names[i].found;
			return true;
		}
	}
	return false;
}

static void
remember(struct kt_resolver *r, const struct kt_lookup *l)
{
	struct name *name = &r->names[r->next_name++ % KT_RESOLVER_NAMES_MAX];

	memcpy(name->host, l->host, sizeof(name->host));
	name->found = l->found;
	name->until = now_seconds() + KT_RESOLVER_SECONDS;
}

bool
kt_resolver_find(struct kt_resolver *r, const char *host, uint16_t port,
    struct kt_addresses *out)
{
	bool is_found = look_up(host, AI_NUMERICHOST, out) == 0;

	if (!is_found) {
		(void)pthread_mutex_lock(&r->lock); /* cannot fail: a plain one */
		is_found = recall(r, host, out);
		(void)pthread_mutex_unlock(&r->lock);
	}
	set_port(out, port);
	return is_found;
}

/* On the asking loop. */
static void
deliver(void *self)
{
	struct kt_lookup *l = self;

	set_port(&l->found, l->port);
	if (l->fn != NULL)
		l->fn(l->self, &l->found,
		    l->why != 0 ? gai_strerror(l->why) : "no usable address");
	kt_free(l);
}

static void
leave(struct kt_resolver *r)
{
	bool is_last = --r->users == 0;

	(void)pthread_mutex_unlock(&r->lock);
	if (!is_last)
		return;
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_cond_destroy(&r->asked);
	kt_free(r);
}

static void *
serve(void *arg)
{
	struct kt_resolver *r = arg;

	(void)pthread_mutex_lock(&r->lock);
	while (!r->is_closed) {
		struct kt_lookup *l = r->first;

		if (l == NULL) {
			(void)pthread_cond_wait(&r->asked, &r->lock);
			continue;
		}
		r->first = l->next;
		if (r->first == NULL)
			r->last = &r->first;
		if (!recall(r, l->host, &l->found)) {
			(void)pthread_mutex_unlock(&r->lock);
			l->why = look_up(l->host, AI_ADDRCONFIG, &l->found);
			(void)pthread_mutex_lock(&r->lock);
			if (l->found.n > 0)
				remember(r, l);
		}
		if (r->is_closed || l->loop == NULL)
			kt_free(l);
		else
			kt_loop_post(l->loop, &l->post);
	}
	leave(r);
	return NULL;
}

static bool
start_thread(struct kt_resolver *r)
{
	sigset_t all, before;
	pthread_t thread;
	bool is_started;

	/* Signals are for the thread that waits for them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	is_started = pthread_create(&thread, NULL, serve, r) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (is_started)
		(void)pthread_detach(thread);
	return is_started;
}

enum kt_rc
kt_resolver_new(struct kt_resolver **out, struct kt_err *err)
{
	struct kt_resolver *r = kt_alloc(sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a resolver");
	r->last = &r->first;
	if (pthread_mutex_init(&r->lock, NULL) != 0 ||
	    pthread_cond_init(&r->asked, NULL) != 0) {
		kt_free(r);
		return kt_fail(err, KT_E_IO, "cannot make a lock");
	}
	(void)pthread_mutex_lock(&r->lock);
	r->users = 1;
	for (int i = 0; i < THREADS; i++)
		r->users += start_thread(r) ? 1 : 0;
	if (r->users == 1) {
		leave(r);
		return kt_fail(err, KT_E_IO, "cannot start a thread");
	}
	(void)pthread_mutex_unlock(&r->lock);
	*out = r;
	return KT_OK;
}

void
kt_resolver_free(struct kt_resolver **resolver)
{
	struct kt_resolver *r = *resolver;

	if (r == NULL)
		return;
	*resolver = NULL;
	(void)pthread_mutex_lock(&r->lock);
	r->is_closed = true;
	while (r->first != NULL) {
		struct kt_lookup *next = r->first->next;

		kt_free(r->first);
		r->first = next;
	}
	(void)pthread_cond_broadcast(&r->asked);
	leave(r);
}

struct kt_lookup *
kt_resolver_ask(struct kt_resolver *r, struct kt_loop *loop, const char *host,
    uint16_t port, kt_lookup_fn *fn, void *self)
{
	struct kt_lookup *l = kt_alloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	l->post.fn = deliver;
	l->post.self = l;
	l->resolver = r;
	l->loop = loop;
	l->fn = fn;
	l->self = self;
	l->port = port;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	(void)pthread_mutex_lock(&r->lock);
	*r->last = l;
	r->last = &l->next;
	(void)pthread_cond_signal(&r->asked);
	(void)pthread_mutex_unlock(&r->lock);
	return l;
}

void
kt_lookup_cancel(struct kt_lookup *lookup)
{
	struct kt_resolver *r = lookup->resolver;

	lookup->fn = NULL; /* it may have been posted already */
	(void)pthread_mutex_lock(&r->lock); /* cannot fail: a plain one */
	lookup->loop = NULL;
	(void)pthread_mutex_unlock(&r->lock); /* the same */
}
