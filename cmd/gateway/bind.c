/*
 * bind - Linux asks every socket of a port for SO_REUSEPORT at the time
 * another one binds, and forms the group that shares connections at listen.
 * So the first socket binds without it, which fails if anybody is there, then
 * gets it, and only then the others bind and all listen.  A probe that is
 * closed again before the real bind would leave a gap for another process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gateway/bind.h"

#define BACKLOG 1024

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t
name_of(const struct kt_config_address *a, union name *name)
{
	*name = (union name){ 0 };
	if (a->is_v6) {
		name->v6.sin6_family = AF_INET6;
		name->v6.sin6_port = htons(a->port);
		(void)inet_pton(AF_INET6, a->host, &name->v6.sin6_addr);
		return sizeof(name->v6);
	}
	name->v4.sin_family = AF_INET;
	name->v4.sin_port = htons(a->port);
	(void)inet_pton(AF_INET, a->host, &name->v4.sin_addr);
	return sizeof(name->v4);
}

static int
turn_on(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one));
}

static enum kt_rc
bind_one(struct kt_config_address *a, int *fd, bool is_first,
    struct kt_err *err)
{
	union name name;
	socklen_t len = name_of(a, &name);

	*fd = socket(name.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return kt_fail(err, KT_E_IO, "%s", strerror(errno));
	/* An address:port of the other family is somebody else's. */
	if ((a->is_v6 && turn_on(*fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0) ||
	    turn_on(*fd, SOL_SOCKET, SO_REUSEADDR) != 0 ||
	    (!is_first && turn_on(*fd, SOL_SOCKET, SO_REUSEPORT) != 0) ||
	    bind(*fd, &name.any, len) != 0 ||
	    (is_first && turn_on(*fd, SOL_SOCKET, SO_REUSEPORT) != 0) ||
	    getsockname(*fd, &name.any, &len) != 0)
		return kt_fail(err, KT_E_IO, "%s", strerror(errno));
	a->port = ntohs(a->is_v6 ? name.v6.sin6_port : name.v4.sin_port);
	return KT_OK;
}

enum kt_rc
kt_bind(struct kt_config_address *address, int *fds, size_t n,
    struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	for (size_t i = 0; i < n && rc == KT_OK; i++)
		rc = bind_one(address, &fds[i], i == 0, err);
	for (size_t i = 0; i < n && rc == KT_OK; i++)
		if (listen(fds[i], BACKLOG) != 0)
			rc = kt_fail(err, KT_E_IO, "%s", strerror(errno));
	if (rc == KT_OK)
		return KT_OK;
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]); /* holds nothing to lose */
	return kt_wrap(err, "cannot listen on %s%s%s:%u",
	    address->is_v6 ? "[" : "", address->host, address->is_v6 ? "]" : "",
	    address->port);
}
