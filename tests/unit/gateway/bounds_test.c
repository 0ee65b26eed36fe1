/*
 * Bounds of the way up: names and addresses that are remembered, connections
 * that are kept, transfers of one handle of libcurl.  The clock, the names
 * and libcurl's hand-over are this file's own, so that nothing is waited for
 * and each is counted.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/gateway/resolver.h"
#include "cmd/libcurl.h"
#include "tests/unit/gateway/heard.h"

/* ---- the clock ---- */

static time_t skew;

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	t->tv_sec += skew;
	return rc;
}

/*
 * ---- names: "n7" has one address, "many" has more than are kept, and "slow"
 * is found when the test says so ----
 */

static int lookups;
static sem_t slow;

int
getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	size_t n = strcmp(name, "many") == 0 ? KT_ADDRESSES_MAX + 3 : 1;
	struct {
		struct addrinfo ai;
		struct sockaddr_in at;
	} *all;
	struct in_addr numeric = { 0 };
	bool is_numeric = inet_pton(AF_INET, name, &numeric) == 1;

	(void)service;
	if ((hints->ai_flags & AI_NUMERICHOST) != 0 && !is_numeric)
		return EAI_NONAME;
	if (!is_numeric)
		lookups++;
	while (strcmp(name, "slow") == 0 && sem_wait(&slow) != 0)
		;
	all = calloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		all[i].at.sin_family = AF_INET;
		all[i].at.sin_addr.s_addr =
		    is_numeric ? numeric.s_addr : htonl(0x7f000001 + (uint32_t)i);
		all[i].ai = (struct addrinfo){ .ai_family = AF_INET,
			.ai_addrlen = sizeof(all[i].at),
			.ai_addr = (struct sockaddr *)&all[i].at,
			.ai_next = i + 1 < n ? &all[i + 1].ai : NULL };
	}
	*out = &all->ai;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	free(list);
}

static struct kt_addresses found;
static bool is_told;

static void
on_found(void *self, const struct kt_addresses *a, const char *why)
{
	(void)self, (void)why;
	found = *a;
	is_told = true;
}

static void
look_up(const char *name)
{
	is_told = false;
	ok(kt_resolver_ask(resolver, loop, name, 80, on_found, NULL) != NULL);
	for (int i = 0; i < 3000 && !is_told; i++)
		turn();
	ok(is_told && found.n > 0);
}

static bool
is_remembered(size_t i)
{
	struct kt_addresses a;
	char name[16];

	(void)snprintf(name, sizeof(name), "n%zu", i);
	return kt_resolver_find(resolver, name, 80, &a);
}

static void
of_many_addresses_the_first_are_tried(void)
{
	look_up("many");
	ok(found.n == KT_ADDRESSES_MAX);
	for (size_t i = 0; i < found.n; i++)
		ok(ntohl(found.list[i].at.v4.sin_addr.s_addr) == 0x7f000001 + i &&
		    ntohs(found.list[i].at.v4.sin_port) == 80);
}

static void
names_are_remembered_for_a_while_and_the_oldest_make_room(void)
{
	char name[16];

	for (size_t i = 0; i < KT_RESOLVER_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		look_up(name);
	}
	lookups = 0;
	for (size_t i = 0; i < KT_RESOLVER_NAMES_MAX; i++)
		ok(is_remembered(i));
	look_up("n0");
	ok(lookups == 0);
	look_up("another");
	ok(lookups == 1 && !is_remembered(0) && is_remembered(1));

	/* A second that began may be over at once. */
	skew += KT_RESOLVER_SECONDS - 2;
	ok(is_remembered(1));
	skew += 2;
	ok(!is_remembered(1));
	look_up("n1");
	ok(lookups == 2 && is_remembered(1));
}

static atomic_int posts;

void __real_kt_loop_post(struct kt_loop *to, struct kt_post *post);
void __wrap_kt_loop_post(struct kt_loop *to, struct kt_post *post);

void
__wrap_kt_loop_post(struct kt_loop *to, struct kt_post *post)
{
	posts++;
	__real_kt_loop_post(to, post);
}

/* Its loop may have ended meanwhile. */
static void
what_nobody_waits_for_is_not_told_to_the_loop(void)
{
	struct kt_lookup *l;
	struct kt_addresses a;

	ok(sem_init(&slow, 0, 0) == 0);
	posts = 0;
	l = kt_resolver_ask(resolver, loop, "slow", 80, on_found, NULL);
	if (!ok(l != NULL))
		return;
	kt_lookup_cancel(l);
	ok(sem_post(&slow) == 0);
	while (!kt_resolver_find(resolver, "slow", 80, &a))
		(void)poll(NULL, 0, 1);
	ok(posts == 0);
}

/* ---- connections ---- */

#define PEERS_MAX (KT_UPSTREAM_IDLE_MAX + 1)

static struct heard calls[PEERS_MAX];
static int peers[PEERS_MAX];
static size_t npeers;

/* A server that answers when it is told to. */
static int
listen_for(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, PEERS_MAX) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	npeers = 0;
	return fd;
}

/* All of n calls are under way at the same time, each on its connection. */
static void
ask_and_answer(int listener, struct kt_origin *origin, size_t n)
{
	char text[4096];

	for (size_t i = 0; i < n; i++)
		begin(&calls[i], origin);
	for (int i = 0; i < 3000 && npeers < n; i++) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			peers[npeers++] = fd;
		else
			turn();
	}
	ok(npeers == n);
	for (size_t i = 0; i < npeers; i++) {
		size_t len = 0;
		int waits = 3000;

		while (waits > 0 &&
		    (len < 5 || memcmp(text + len - 5, "hello", 5) != 0)) {
			ssize_t got = recv(peers[i], text + len,
			    sizeof(text) - len, MSG_DONTWAIT);

			if (got > 0)
				len += (size_t)got;
			else if (waits-- > 0)
				turn();
		}
		ok(send(peers[i], OK2, sizeof(OK2) - 1, MSG_NOSIGNAL) > 0);
	}
	for (size_t i = 0; i < n; i++) {
		wait_end(&calls[i]);
		ok(calls[i].end == WHOLE && heard(&calls[i], "200{hi"));
		forget(&calls[i]);
	}
}

static size_t
count_open(void)
{
	size_t n = 0;
	char c;

	for (size_t i = 0; i < npeers; i++)
		n += recv(peers[i], &c, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
	return n;
}

static void
hang_up(int listener, struct kt_origin **origin)
{
	kt_upstream_drop_idle(upstream);
	for (size_t i = 0; i < npeers; i++)
		(void)close(peers[i]); /* they have done their work */
	(void)close(listener);
	kt_origin_free(origin);
}

static void
so_many_connections_are_kept_for_so_long(void)
{
	uint16_t port;
	int listener = listen_for(&port);
	struct kt_origin *origin = origin_of(port, 60000);

	ask_and_answer(listener, origin, KT_UPSTREAM_IDLE_MAX + 1);
	turn();
	ok(count_open() == KT_UPSTREAM_IDLE_MAX);
	skew += KT_UPSTREAM_IDLE_SECONDS - 3;
	turn();
	ok(count_open() == KT_UPSTREAM_IDLE_MAX);
	skew += 3;
	turn();
	turn();
	ok(count_open() == 0);
	hang_up(listener, &origin);
}

/* ---- libcurl ---- */

#define MULTIS_MAX 4

static struct {
	void *multi;
	int n, most;
} multis[MULTIS_MAX];

static struct kt_curl real;

static void
hand_over(void *multi, int change)
{
	size_t i = 0;

	while (i < MULTIS_MAX && multis[i].multi != NULL &&
	    multis[i].multi != multi)
		i++;
	if (!ok(i < MULTIS_MAX))
		return;
	multis[i].multi = multi;
	multis[i].n += change;
	if (multis[i].n > multis[i].most)
		multis[i].most = multis[i].n;
}

static CURLMcode
add_handle(CURLM *multi, CURL *easy)
{
	hand_over(multi, 1);
	return real.multi_add_handle(multi, easy);
}

static CURLMcode
remove_handle(CURLM *multi, CURL *easy)
{
	hand_over(multi, -1);
	return real.multi_remove_handle(multi, easy);
}

/* ld --wrap: what is loaded goes through here. */
enum kt_rc __real_kt_curl_load(struct kt_curl *c, struct kt_err *err);
enum kt_rc __wrap_kt_curl_load(struct kt_curl *c, struct kt_err *err);

enum kt_rc
__wrap_kt_curl_load(struct kt_curl *c, struct kt_err *err)
{
	enum kt_rc rc = __real_kt_curl_load(&real, err);

	*c = real;
	c->multi_add_handle = add_handle;
	c->multi_remove_handle = remove_handle;
	return rc;
}

static void
transfers_beyond_a_handles_share_get_another_one(void)
{
	uint16_t port;
	int listener = listen_for(&port);
	struct kt_origin *origin;

	is_by_proxy = true;
	origin = origin_of(port, 60000);
	ask_and_answer(listener, origin, KT_CURL_SHARD + 1);
	ok(multis[0].most == KT_CURL_SHARD && multis[0].n == 0);
	ok(multis[1].most == 1 && multis[1].n == 0);
	ok(multis[2].multi == NULL);
	is_by_proxy = false;
	hang_up(listener, &origin);
}

int
main(void)
{
	set_up();
	RUN(of_many_addresses_the_first_are_tried);
	RUN(names_are_remembered_for_a_while_and_the_oldest_make_room);
	RUN(what_nobody_waits_for_is_not_told_to_the_loop);
	RUN(so_many_connections_are_kept_for_so_long);
	RUN(transfers_beyond_a_handles_share_get_another_one);
	tear_down();
	return done();
}
