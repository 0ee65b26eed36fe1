/*
 * witness_serve - one thread of libmicrohttpd and nothing of the gateway:
 * a witness has a handful of logs that ask it once a minute, and what is
 * simple is likely to be right.  One request per connection, so that no
 * disagreement about where a body ends can matter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/witness_serve.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cmd/audit/witness.h"
#include "cmd/cmd.h"
#include "cmd/gateway/bind.h"

#define PATH "/add-checkpoint"
#define POOL_BYTES 16384  /* of a connection; bounds the head */
#define CONNECTIONS_MAX 64
#define SILENCE_SECONDS 10
#define BODY_US 10000000 /* from the head to the end of the body */
#define DRAIN_MS 5000

struct asked {
	struct kt_buf body;
	uint64_t since_us;
};

static enum MHD_Result
reply(struct MHD_Connection *c, unsigned status, struct kt_span body,
    const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done = MHD_NO;

	if (r == NULL)
		return MHD_NO;
	if (MHD_add_response_header(r, "Content-Type", type) == MHD_YES &&
	    MHD_add_response_header(r, "Connection", "close") == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
		MHD_add_response_header(r, "Allow", "POST") == MHD_YES))
		done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result
say(struct MHD_Connection *c, unsigned status, const char *text)
{
	return reply(c, status, kt_span_of(text), "text/plain");
}

/* Somebody shows another history: whoever runs the witness has to know. */
static void
tell_fork(struct kt_span request)
{
	struct kt_audit_checkpoint cp;
	struct kt_err ignored; /* it was read before */
	size_t at = 0;

	while (at + 1 < request.len &&
	    (request.ptr[at] != '\n' || request.ptr[at + 1] != '\n'))
		at++;
	if (kt_audit_checkpoint_parse(kt_span_sub(request, at + 2,
	    request.len), &cp, &ignored) == KT_OK)
		kt_say("%.*s: a checkpoint of %llu records is no extension of "
		    "what was seen", KT_SPAN_ARG(cp.origin),
		    (unsigned long long)cp.size);
}

static enum MHD_Result
answer(const char *folder, struct MHD_Connection *c, struct kt_span request)
{
	enum kt_witness_status status;
	enum MHD_Result done;
	struct kt_buf text;
	struct kt_err err;
	enum kt_rc rc;

	kt_buf_init(&text, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_witness_add(folder, request, &status, &text, &err);
	if (rc < 0) {
		kt_say("%s: %s", folder, err.text);
		done = rc == KT_E_MISUSE ?
		    say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "busy\n") :
		    say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "cannot say\n");
	} else if (text.len > 0) {
		done = reply(c, status, kt_buf_span(&text),
		    status == KT_WITNESS_CONFLICT ? "text/x.tlog.size" :
						    "text/plain");
	} else {
		if (status == KT_WITNESS_INCONSISTENT)
			tell_fork(request);
		if (kt_buf_printf(
		    &text, "%s\n", kt_witness_meaning(status)) < 0)
			kt_buf_reset(&text); /* the status says it, too */
		done = reply(c, status, kt_buf_span(&text), "text/plain");
	}
	kt_buf_fini(&text);
	return done;
}

static enum MHD_Result
begin(void **context)
{
	struct asked *a = kt_alloc(sizeof(*a));

	if (a == NULL)
		return MHD_NO;
	kt_buf_init(&a->body, KT_WITNESS_REQUEST_MAX);
	a->since_us = kt_disk_mono_us();
	*context = a;
	return MHD_YES;
}

/* MHD_AccessHandlerCallback: the head, pieces of the body, the end. */
static enum MHD_Result
on_access(void *self, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *bytes, size_t *left,
    void **context)
{
	struct asked *a = *context;

	(void)version;
	if (a == NULL)
		return begin(context);
	if (*left > 0) {
		if (kt_disk_mono_us() - a->since_us > BODY_US ||
		    kt_buf_add(&a->body,
			(struct kt_span){ bytes, *left }) < 0)
			return MHD_NO; /* hangs up */
		*left = 0;
		return MHD_YES;
	}
	if (strcmp(url, PATH) != 0)
		return say(c, MHD_HTTP_NOT_FOUND, "POST " PATH "\n");
	if (strcmp(method, "POST") != 0)
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "POST " PATH "\n");
	return answer(self, c, kt_buf_span(&a->body));
}

static void
on_completed(void *self, struct MHD_Connection *c, void **context,
    enum MHD_RequestTerminationCode how)
{
	struct asked *a = *context;

	(void)self;
	(void)c;
	(void)how;
	if (a == NULL)
		return;
	kt_buf_fini(&a->body);
	kt_free(a);
	*context = NULL;
}

static void
hush(void *self, const char *fmt, va_list ap)
{
	(void)self; /* what strangers send is not for our log */
	(void)fmt;
	(void)ap;
}

static struct MHD_Daemon *
start(const char *folder, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
	        MHD_USE_ERROR_LOG | MHD_USE_ITC,
	    0, NULL, NULL, on_access, (void *)(uintptr_t)folder,
	    MHD_OPTION_EXTERNAL_LOGGER, hush, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_SECONDS,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* Nobody new is let in; who is in is answered, if that is soon. */
static void
drain(struct MHD_Daemon *d)
{
	const struct timespec pause = { 0, 10000000 };
	MHD_socket fd = MHD_quiesce_daemon(d);

	if (fd != MHD_INVALID_SOCKET)
		(void)close(fd); /* holds nothing to lose */
	for (int ms = 0; ms < DRAIN_MS; ms += 10) {
		const union MHD_DaemonInfo *info = MHD_get_daemon_info(
		    d, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

		if (info == NULL || info->num_connections == 0)
			break;
		(void)nanosleep(&pause, NULL); /* sooner does no harm */
	}
	MHD_stop_daemon(d);
}

enum kt_rc
kt_witness_serve(const char *folder, struct kt_config_address *address,
    struct kt_err *err)
{
	struct kt_audit_vkey key;
	struct MHD_Daemon *d;
	sigset_t set;
	int fd, got;

	if (kt_witness_key(folder, &key, err) < 0)
		return err->rc;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return kt_fail(err, KT_E_IO, "cannot block signals");
	(void)signal(SIGPIPE, SIG_IGN);
	if (kt_bind(address, &fd, 1, err) < 0)
		return err->rc;
	d = start(folder, fd);
	if (d == NULL) {
		(void)close(fd); /* holds nothing to lose */
		return kt_fail(err, KT_E_IO, "libmicrohttpd did not start");
	}
	kt_say("%s is listening on http://%s%s%s:%u", key.name,
	    address->is_v6 ? "[" : "", address->host, address->is_v6 ? "]" : "",
	    address->port);
	(void)sigwait(&set, &got); /* fails for no set of ours */
	drain(d);
	return KT_OK;
}
