/*
 * run - assembles the gateway and keeps house: signals, reloads, the end.
 *
 * The main thread has a loop of its own and no clients, so that compiling a
 * configuration never delays a request.  The order of starting is the order
 * of trust: read and check everything, take the audit log, compile, bind,
 * then say so; the order of stopping is the reverse.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* sched_getaffinity is an extension */

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/audit/revoked.h"
#include "cmd/cmd.h"
#include "cmd/files.h"
#include "cmd/gateway/bind.h"
#include "cmd/gateway/recorder.h"
#include "cmd/gateway/worker.h"
#include "cmd/log/keeper.h"
#include "cmd/log/pidfile.h"
#include "cmd/log/ship.h"
#include "disk/disk.h"
#include "policy/policy.h"

#define LISTEN_MAX 16
#define SIGNALS 5 /* that are taken */
#define TOKENS_CHECK_US 1000000
#define KEEP_BLOCK_BYTES (4 << 20)
#define KEEP_BYTES (8 << 20) /* per worker */

struct gateway {
	char *policies[KT_CONFIG_FILES_MAX];
	size_t npolicies;
	char *listens[LISTEN_MAX];
	size_t nlistens;
	const char *audit_dir, *tokens_file, *record_dir;
	uint64_t nworkers;
	bool is_json, may_be_open;

	struct kt_config_address addresses[LISTEN_MAX];
	size_t naddresses;
	struct kt_loop *loop;
	struct kt_watch signals;
	struct kt_timer tokens_timer;
	struct stat tokens_refused; /* told of, or those in force */
	struct kt_edition *edition;
	struct kt_tls *tls;
	struct kt_writer *writer;
	struct kt_ship *ship;
	struct kt_resolver *resolver;
	struct kt_known *known;
	struct kt_drift *drift;
	struct kt_recorder *recorder; /* NULL: nothing is recorded */
	struct kt_keeper *keeper;     /* NULL: no contents are kept */
	struct kt_worker *workers[KT_CONFIG_WORKERS_MAX];
	uint8_t instance_key[KT_AUDIT_HASH];
	int signal_fd, pid_fd;
	size_t nrunning;      /* workers */
	bool is_draining, is_aborting;
};

static void stop(struct gateway *g);

/* The process. */

static void
harden(void)
{
	struct rlimit files;

	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* since Linux 3.5 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* No core file and no debugger sees the keys in memory. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* fewer clients then */
	}
}

/*
 * A body of a megabyte is the usual one; giving its pages back after each
 * call and taking new ones costs more than to copy it.
 */
static void
keep_pages(void)
{
	/* Refused values leave the defaults, which are only slower. */
	(void)mallopt(M_MMAP_THRESHOLD, KEEP_BLOCK_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
}

static size_t
connections_max(const struct gateway *g)
{
	struct rlimit files = { .rlim_cur = 1024 };
	uint64_t each;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	/* One for the client, one upstream, and some for files. */
	each = files.rlim_cur / 2 / g->nworkers;
	return each < 64 ? 64 : each > 100000 ? 100000 : (size_t)each;
}

static uint64_t
cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (uint64_t)CPU_COUNT(&set);
}

/* Starting. */

static enum kt_rc
read_edition(struct gateway *g, const struct kt_edition *in_force,
    struct kt_edition **out, struct kt_err *err)
{
	struct kt_edition_options o = { .paths = g->policies,
		.npaths = g->npolicies, .tokens_file = g->tokens_file,
		.home = g->loop, .in_force = in_force };

	return kt_edition_read(out, &o, err);
}

static enum kt_rc
read_addresses(struct gateway *g, struct kt_err *err)
{
	const struct kt_config_strings *from =
	    &kt_edition_settings(g->edition)->gateway.listen;
	size_t n = g->nlistens > 0 ? g->nlistens : from->n;

	if (n > LISTEN_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d addresses to "
		    "listen on", LISTEN_MAX);
	for (size_t i = 0; i < n; i++) {
		struct kt_span text = g->nlistens > 0
		    ? kt_span_of(g->listens[i]) : from->at[i];

		if (!kt_config_address(text, &g->addresses[i]))
			return kt_fail(err, KT_E_PARSE, "cannot listen on '%.*s':"
			    " not of the form 127.0.0.1:8080 or [::1]:8080",
			    KT_SPAN_ARG(text));
	}
	g->naddresses = n;
	return KT_OK;
}

/* Whoever reaches an open gateway spends the vendor's key. */
static enum kt_rc
check_openness(const struct gateway *g, const struct kt_edition *e,
    struct kt_err *err)
{
	const struct kt_target *targets;
	size_t n;
	bool is_reachable = false, has_key = false;

	targets = kt_program_targets(kt_edition_program(e), &n);
	for (size_t i = 0; i < n; i++)
		has_key |= targets[i].key.len > 0;
	for (size_t i = 0; i < g->naddresses; i++)
		is_reachable |= !g->addresses[i].is_loopback;
	if (g->may_be_open || !is_reachable || !has_key ||
	    kt_edition_settings(e)->auth.mode != KT_CONFIG_AUTH_NONE)
		return KT_OK;
	return kt_fail(err, KT_E_MISUSE, "auth.mode is none and a vendor key is "
	    "set: everybody who reaches this address could spend it.  Use "
	    "auth.mode tokens, listen on 127.0.0.1, or say --allow-open");
}

static const char *
audit_dir(const struct gateway *g)
{
	struct kt_config_audit audit =
	    kt_policy_audit(kt_edition_settings(g->edition));
	const char *from_env = getenv("KT_AUDIT_DIR");

	if (g->audit_dir != NULL)
		return g->audit_dir;
	if (audit.directory.len > 0)
		return audit.directory.ptr;
	return from_env != NULL && *from_env != '\0' ? from_env : "audit";
}

/* The host's name, as far as a log's name may hold it. */
static struct kt_span
host_name(char name[static 64])
{
	size_t n = 0;

	if (gethostname(name, 64) != 0)
		return KT_SPAN("gateway");
	name[63] = '\0';
	for (const char *c = name; *c != '\0'; c++)
		if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9') || *c == '-')
			name[n++] = *c;
	return n > 0 ? (struct kt_span){ name, n } : KT_SPAN("gateway");
}

static void
tell_evidence(const char *text)
{
	kt_say("evidence: %s", text);
}

static enum kt_rc
open_log(struct gateway *g, struct kt_err *err)
{
	static const enum kt_durability modes[] = {
		[KT_CONFIG_COMMIT] = KT_DURABILITY_COMMIT,
		[KT_CONFIG_STRICT] = KT_DURABILITY_STRICT,
		[KT_CONFIG_ASYNC] = KT_DURABILITY_ASYNC,
	};
	const struct kt_settings *s = kt_edition_settings(g->edition);
	char host[64], path[KT_PATH_MAX];
	struct kt_writer_opts o = {
		.io = &kt_disk_real,
		.dir = kt_span_of(audit_dir(g)),
		.deployment = KT_SPAN("kt"),
		.gateway = host_name(host),
		.durability = modes[kt_policy_audit(s).durability],
		.software = KT_SPAN("kt " PACKAGE_VERSION),
		.policy_version = s->pack.version,
		.say = tell_evidence,
	};

	if (kt_disk_mkdir(&kt_disk_real, audit_dir(g), 0700, err) < 0)
		return err->rc;
	(void)snprintf(path, sizeof(path), "%s/" KT_PIDFILE_NAME, audit_dir(g));
	if (kt_pidfile_take(&g->pid_fd, path, err) < 0)
		return err->rc;
	(void)snprintf(path, sizeof(path), "%s/" KT_REVOKED_FILE, audit_dir(g));
	if (access(path, F_OK) == 0)
		return kt_fail(err, KT_E_MISUSE, "audit log %s: its keys were "
		    "revoked; kt audit recover --accept-loss sets it aside",
		    audit_dir(g));
	if (kt_writer_start(&g->writer, &o, err) < 0)
		return kt_wrap(err, "audit log %s", audit_dir(g));
	kt_writer_commit_key(g->writer, g->instance_key);
	return KT_OK;
}

/* Copies of the evidence for queries: nobody waits for them. */
static enum kt_rc
start_ship(struct gateway *g, struct kt_err *err)
{
	struct kt_config_audit audit =
	    kt_policy_audit(kt_edition_settings(g->edition));
	struct kt_arena *mem;
	struct kt_span url;
	enum kt_rc rc;

	if (audit.ship.node == NULL)
		return KT_OK;
	mem = kt_arena_new(1u << 16);
	if (mem == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (!kt_edition_secret(&audit.ship.postgres, mem, &url))
		rc = kt_fail(err, KT_E_MISUSE, "audit.ship.postgres: '%.*s' "
		    "is not set or cannot be read",
		    KT_SPAN_ARG(audit.ship.postgres.name));
	else
		rc = kt_ship_start(
		    &g->ship, audit_dir(g), url, tell_evidence, err);
	kt_arena_free(&mem);
	return rc;
}

/* Where sessions are written, as this edition has it; NULL: they are not. */
static const char *
record_dir(const struct gateway *g, const struct kt_edition *e)
{
	const struct kt_config_recording *r =
	    &kt_edition_settings(e)->recording;

	if (g->record_dir != NULL)
		return g->record_dir;
	return r->node != NULL ? r->directory.ptr : NULL;
}

static enum kt_rc
start_recorder(struct gateway *g, struct kt_err *err)
{
	struct kt_recorder_options o = { .dir = record_dir(g, g->edition),
		.key = g->instance_key };

	return o.dir == NULL ? KT_OK :
	                       kt_recorder_start(&g->recorder, &o, err);
}

static bool
keeps_content(const struct kt_edition *e)
{
	return kt_policy_audit(kt_edition_settings(e)).content !=
	    KT_CONFIG_CONTENT_NONE;
}

static enum kt_rc
start_keeper(struct gateway *g, struct kt_err *err)
{
	struct kt_keeper_options o = { .io = &kt_disk_real,
		.dir = audit_dir(g), .writer = g->writer,
		.tell = tell_evidence };

	return !keeps_content(g->edition) ? KT_OK :
	                                    kt_keeper_start(&g->keeper, &o, err);
}

static enum kt_rc
compile(struct gateway *g, struct kt_edition *e, const char *cause,
    struct kt_err *err)
{
	struct kt_span key = { (const char *)g->instance_key,
		sizeof(g->instance_key) };

	if (record_dir(g, e) != NULL)
		kt_edition_will_record(e);
	if (kt_edition_compile(e, key, err) < 0 ||
	    check_openness(g, e, err) < 0)
		return err->rc;
	return kt_writer_policy(g->writer,
	    kt_program_hash(kt_edition_program(e)),
	    kt_edition_settings(e)->pack.version, kt_span_of(cause), err);
}

static void
on_worker_over(void *self)
{
	struct gateway *g = self;

	if (--g->nrunning == 0)
		kt_loop_stop(g->loop);
	else if (!g->is_draining)
		stop(g); /* one broke: the others would serve a part */
}

/* One set of descriptors per address, one descriptor of each per worker. */
static enum kt_rc
start_workers(struct gateway *g, struct kt_err *err)
{
	int by_address[LISTEN_MAX][KT_CONFIG_WORKERS_MAX];
	char media[KT_CMD_PATH_MAX];
	bool has_media = kt_cmd_find_program("kt-media", media);
	enum kt_rc rc = KT_OK;

	for (size_t a = 0; a < g->naddresses && rc == KT_OK; a++)
		rc = kt_bind(&g->addresses[a], by_address[a],
		    (size_t)g->nworkers, err);
	for (size_t i = 0; i < g->nworkers && rc == KT_OK; i++) {
		int fds[LISTEN_MAX];
		struct kt_worker_options o = { .writer = g->writer,
			.resolver = g->resolver, .tls = g->tls,
			.recorder = g->recorder, .keeper = g->keeper,
			.fds = fds, .nfds = g->naddresses,
			.connections_max = connections_max(g),
			.media = has_media ? media : NULL, .known = g->known,
			.drift = g->drift,
			.is_json = g->is_json, .home = g->loop,
			.on_over = on_worker_over, .self = g };

		for (size_t a = 0; a < g->naddresses; a++)
			fds[a] = by_address[a][i];
		rc = kt_worker_start(&g->workers[i], &o, g->edition, err);
		g->nrunning += rc == KT_OK;
	}
	return rc;
}

/* What people read. */

static void
print_policies(const struct gateway *g)
{
	const char *name;

	for (size_t i = 0; (name = kt_edition_name(g->edition, i)) != NULL; i++)
		(void)fprintf(stderr, "  %-9s %s%s\n", i == 0 ? "policy" : "",
		    name, kt_edition_is_starter(g->edition) ?
		        "  (the shipped starter)" : "");
}

static void
print_targets(const struct gateway *g)
{
	size_t n;
	const struct kt_target *t =
	    kt_program_targets(kt_edition_program(g->edition), &n);

	for (size_t i = 0; i < n; i++) {
		bool is_offline = t[i].provider == KT_PROVIDER_OFFLINE;

		(void)fprintf(stderr, "  %-9s %.*s%s%.*s%.*s%s\n",
		    i == 0 ? "targets" : "", KT_SPAN_ARG(t[i].id),
		    is_offline ? "" : t[i].is_https ? "  https://" : "  http://",
		    is_offline ? 0 : (int)t[i].host_header.len,
		    t[i].host_header.ptr,
		    is_offline ? 0 : (int)t[i].base_path.len,
		    t[i].base_path.ptr, t[i].is_available ? "" :
		                                           "  (unavailable)");
	}
}

static void
print_banner(const struct gateway *g)
{
	size_t n;
	const struct kt_span *warnings =
	    kt_program_warnings(kt_edition_program(g->edition), &n);

	(void)fprintf(stderr, "kt %s\n", PACKAGE_VERSION);
	print_policies(g);
	print_targets(g);
	(void)fprintf(stderr, "  %-9s %s\n  %-9s %llu\n", "evidence",
	    audit_dir(g), "workers", (unsigned long long)g->nworkers);
	if (g->recorder != NULL)
		(void)fprintf(stderr, "  %-9s %s\n", "sessions",
		    record_dir(g, g->edition));
	if (kt_writer_is_new(g->writer))
		(void)fprintf(stderr, "  %-9s %s\n  %-9s (new: keep it where "
		    "this machine cannot write, and give it to\n  %-9s kt audit "
		    "verify --vkey)\n  %-9s %s/key/recovery.key (new: take it "
		    "away from this machine;\n  %-9s kt audit key revoke needs "
		    "it)\n", "key", kt_writer_vkey(g->writer), "", "",
		    "recovery", audit_dir(g), "");
	for (size_t i = 0; i < n; i++)
		(void)fprintf(stderr, "  %-9s %.*s\n", "warning",
		    KT_SPAN_ARG(warnings[i]));
	if (kt_detect_engine_misses())
		(void)fprintf(stderr, "  %-9s libhs misses matches of "
		    "detectors of your own: install libhyperscan5\n",
		    "warning");
}

static void
print_ready(const struct gateway *g)
{
	for (size_t i = 0; i < g->naddresses; i++) {
		const struct kt_config_address *a = &g->addresses[i];

		(void)fprintf(stderr, "kt: listening on http%s://%s%s%s:%u\n",
		    g->tls != NULL ? "s" : "", a->is_v6 ? "[" : "", a->host,
		    a->is_v6 ? "]" : "", a->port);
	}
}

/* While it runs. */

static enum kt_rc
hand_over(struct gateway *g, struct kt_edition *e, struct kt_err *err)
{
	struct kt_seat *seats[KT_CONFIG_WORKERS_MAX] = { NULL };
	bool is_full = true;

	/* All seats before the first is given: all workers or none. */
	for (size_t i = 0; i < g->nworkers; i++) {
		seats[i] = kt_seat_new(e);
		is_full &= seats[i] != NULL;
	}
	for (size_t i = 0; i < g->nworkers; i++) {
		if (is_full)
			kt_worker_adopt(g->workers[i], seats[i]);
		else
			kt_seat_free(&seats[i]);
	}
	return is_full ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory for the new configuration");
}

/* Policies are in force already: an old certificate does not keep them. */
static void
renew_tls(struct gateway *g, const struct kt_edition *next)
{
	const struct kt_config_tls *tls =
	    &kt_edition_settings(next)->gateway.tls;
	struct kt_err err = { 0 };

	if (g->tls != NULL && tls->node != NULL &&
	    kt_tls_renew(g->tls, tls, &err) < 0)
		kt_say("the certificate in use stays: %s", err.text);
}

/* What the next one says and the gateway does not do before it ends. */
static void
tell_what_waits(const struct gateway *g, const struct kt_edition *next)
{
	static const char when[] = "when the gateway is started again";
	bool has_tls = kt_edition_settings(next)->gateway.tls.node != NULL;

	if (record_dir(g, next) != NULL && g->recorder == NULL)
		kt_say("recording begins %s", when);
	if (keeps_content(next) && g->keeper == NULL)
		kt_say("contents are kept %s", when);
	if (has_tls != (g->tls != NULL))
		kt_say("TLS towards clients %s %s",
		    has_tls ? "begins" : "ends", when);
}

static void
tell_warnings(const struct kt_edition *e)
{
	size_t n;
	const struct kt_span *warnings =
	    kt_program_warnings(kt_edition_program(e), &n);

	for (size_t i = 0; i < n; i++)
		kt_say("warning: %.*s", KT_SPAN_ARG(warnings[i]));
}

/* As of the files, or of those in force with the tokens of now. */
static enum kt_rc
take_up(struct gateway *g, const struct kt_edition *in_force,
    const char *cause, struct kt_err *err)
{
	struct kt_edition *e = NULL, *old = g->edition;

	if (read_edition(g, in_force, &e, err) < 0 ||
	    compile(g, e, cause, err) < 0 || hand_over(g, e, err) < 0) {
		kt_edition_free(&e);
		return err->rc;
	}
	if (in_force == NULL) {
		renew_tls(g, e);
		tell_what_waits(g, e);
		tell_warnings(e);
	}
	g->edition = e;
	kt_edition_free(&old);
	kt_say("reloaded %s%s (%s)", kt_edition_name(e, 0),
	    kt_edition_name(e, 1) != NULL ? " and others" : "", cause);
	return KT_OK;
}

static void
reload(struct gateway *g)
{
	struct kt_err err = { 0 };

	if (!g->is_draining && take_up(g, NULL, "reload", &err) < 0)
		kt_say("not reloaded, the configuration in force stays: %s",
		    err.text);
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Tried until it is done: a token that was revoked must not stay valid. */
static void
take_tokens(struct gateway *g, const struct stat *now)
{
	struct kt_err err = { 0 };

	if (g->is_draining || take_up(g, g->edition, "tokens", &err) == KT_OK)
		return;
	if (!is_same_file(now, &g->tokens_refused))
		kt_say("the tokens in force stay, tried again every second: %s",
		    err.text);
	g->tokens_refused = *now;
}

static void
look_at_tokens(void *self)
{
	struct gateway *g = self;
	const char *path = kt_edition_tokens_file(g->edition);
	struct stat now;

	if (path != NULL) {
		if (stat(path, &now) < 0)
			now = (struct stat){ 0 }; /* who reads it says so */
		if (!is_same_file(&now, kt_edition_tokens_seen(g->edition)))
			take_tokens(g, &now);
	}
	if (kt_timer_set(g->loop, &g->tokens_timer,
	        kt_loop_now(g->loop) + TOKENS_CHECK_US, look_at_tokens, g) < 0)
		kt_say("no memory: changed tokens take effect by a reload only");
}

static void
stop(struct gateway *g)
{
	uint64_t drain_us = (uint64_t)kt_edition_settings(g->edition)
	    ->gateway.drain_seconds * 1000000;

	if (g->is_aborting)
		return;
	if (g->is_draining) {
		g->is_aborting = true;
		kt_say("asked again: breaking off what is under way");
		for (size_t i = 0; i < g->nworkers; i++)
			kt_worker_abort(g->workers[i]);
		return;
	}
	g->is_draining = true;
	kt_say("stopping: finishing what is under way");
	for (size_t i = 0; i < g->nworkers; i++)
		kt_worker_drain(g->workers[i], drain_us);
}

/*
 * One read takes all that are pending, each at most once.  What comes
 * meanwhile waits for the next turn: between two reloads the edition that
 * was replaced must be freed, and SIGHUP must not keep SIGTERM waiting.
 */
static void
on_signal(void *self, uint32_t events)
{
	struct gateway *g = self;
	struct signalfd_siginfo info[SIGNALS];
	ssize_t n = read(g->signal_fd, info, sizeof(info));

	(void)events;
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(info[0]); i++) {
		if (info[i].ssi_signo == SIGHUP)
			reload(g);
		else if (info[i].ssi_signo == SIGUSR1)
			kt_writer_rotate(g->writer);
		else if (info[i].ssi_signo == SIGUSR2)
			kt_writer_orders(g->writer);
		else
			stop(g);
	}
}

/* Before the first thread, so that all inherit the mask. */
static enum kt_rc
take_signals(struct gateway *g, struct kt_err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return kt_fail(err, KT_E_IO, "cannot block signals");
	g->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (g->signal_fd < 0)
		return kt_fail(err, KT_E_IO, "signalfd: %s", strerror(errno));
	return kt_watch_add(g->loop, &g->signals, g->signal_fd, EPOLLIN,
	    on_signal, g, err);
}

/* From the command line to the end. */

static enum kt_rc
start(struct gateway *g, struct kt_err *err)
{
	enum kt_rc rc = kt_loop_new(&g->loop, err);
	const struct kt_settings *s;

	if (rc == KT_OK)
		rc = take_signals(g, err);
	if (rc == KT_OK)
		rc = read_edition(g, NULL, &g->edition, err);
	if (rc == KT_OK)
		rc = read_addresses(g, err);
	if (rc < 0)
		return rc;
	s = kt_edition_settings(g->edition);
	if (g->nworkers == 0)
		g->nworkers = s->gateway.workers > 0
		    ? (uint64_t)s->gateway.workers : cores();
	if (g->nworkers > KT_CONFIG_WORKERS_MAX)
		g->nworkers = KT_CONFIG_WORKERS_MAX;
	if (s->gateway.tls.node != NULL)
		rc = kt_tls_new(&g->tls, &s->gateway.tls, err);
	if (rc == KT_OK)
		rc = open_log(g, err);
	if (rc == KT_OK)
		rc = compile(g, g->edition, "start", err);
	if (rc == KT_OK)
		rc = start_ship(g, err);
	if (rc == KT_OK)
		rc = kt_resolver_new(&g->resolver, err);
	if (rc == KT_OK && (g->known = kt_known_new()) == NULL)
		rc = kt_fail(err, KT_E_LIMIT, "no memory for file ids");
	if (rc == KT_OK && (g->drift = kt_drift_new()) == NULL)
		rc = kt_fail(err, KT_E_LIMIT, "no memory for token ratios");
	if (rc == KT_OK)
		rc = start_recorder(g, err);
	if (rc == KT_OK)
		rc = start_keeper(g, err);
	if (rc == KT_OK)
		rc = start_workers(g, err);
	return rc;
}

/* Also after a start that failed half-way. */
static enum kt_rc
finish(struct gateway *g, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < g->nworkers; i++)
		if (g->workers[i] != NULL)
			kt_worker_drain(g->workers[i], 0);
	for (size_t i = 0; i < g->nworkers; i++)
		kt_worker_join(&g->workers[i]);
	kt_recorder_stop(&g->recorder);
	kt_keeper_stop(&g->keeper);
	kt_resolver_free(&g->resolver);
	kt_known_free(&g->known);
	kt_drift_free(&g->drift);
	if (g->writer != NULL)
		rc = kt_writer_stop(&g->writer, err);
	kt_ship_stop(&g->ship);
	kt_edition_free(&g->edition);
	kt_tls_free(&g->tls);
	if (g->loop != NULL)
		kt_timer_del(g->loop, &g->tokens_timer);
	kt_loop_free(&g->loop);
	if (g->signal_fd >= 0)
		(void)close(g->signal_fd); /* holds nothing to lose */
	if (g->pid_fd >= 0)
		(void)close(g->pid_fd); /* gives the lock back */
	return rc;
}

static enum kt_exit
serve(struct gateway *g)
{
	struct kt_err err = { 0 }, end_err = { 0 };
	enum kt_rc rc = start(g, &err);

	if (rc == KT_OK) {
		print_banner(g);
		g->tokens_refused = *kt_edition_tokens_seen(g->edition);
		look_at_tokens(g);
		print_ready(g);
		rc = kt_loop_run(g->loop, &err);
	}
	if (finish(g, &end_err) < 0) {
		kt_say("the end of the audit log: %s", end_err.text);
		if (rc == KT_OK)
			return KT_EXIT_UNKNOWN;
	}
	if (rc == KT_OK)
		return KT_EXIT_YES;
	kt_say("not started: %s", err.text);
	return rc == KT_E_PARSE || rc == KT_E_MISUSE ? KT_EXIT_NO
	                                             : KT_EXIT_UNKNOWN;
}

enum {
	POLICY_CONFIG = KT_OPT_LONG, LISTEN, AUDIT_DIR, TOKENS_FILE, WORKERS,
	LOG_FORMAT, ALLOW_OPEN, RECORD
};
static const struct kt_opt opts[] = {
	{ POLICY_CONFIG, "policy-config", "FILE",
	    "configuration; later files override earlier ones" },
	{ LISTEN, "listen", "ADDRESS",
	    "instead of gateway.listen; port 0 picks one" },
	{ AUDIT_DIR, "audit-dir", "DIR", "instead of audit.directory" },
	{ RECORD, "record", "DIR",
	    "write sessions for kt replay; instead of recording.directory" },
	{ TOKENS_FILE, "tokens-file", "FILE", "instead of auth.tokens_file" },
	{ WORKERS, "workers", "N", "threads (default: one per core)" },
	{ LOG_FORMAT, "log-format", "FORMAT", "text (default) or json" },
	{ ALLOW_OPEN, "allow-open", NULL,
	    "serve without authentication on other than loopback" },
};

/* KT_EXIT_YES: taken. */
static enum kt_exit
take_option(struct gateway *g, const struct kt_args *args, int c)
{
	char *value = (char *)(uintptr_t)args->value; /* of argv */

	if (c == POLICY_CONFIG && g->npolicies < KT_NELEMS(g->policies))
		g->policies[g->npolicies++] = value;
	else if (c == LISTEN && g->nlistens < LISTEN_MAX)
		g->listens[g->nlistens++] = value;
	else if (c == POLICY_CONFIG || c == LISTEN)
		return kt_misuse(args->cmd, "too many of one option");
	else if (c == AUDIT_DIR)
		g->audit_dir = value;
	else if (c == TOKENS_FILE)
		g->tokens_file = value;
	else if (c == RECORD)
		g->record_dir = value;
	else if (c == ALLOW_OPEN)
		g->may_be_open = true;
	else if (c == WORKERS) {
		if (!kt_span_u64(kt_span_of(value), &g->nworkers) ||
		    g->nworkers < 1 || g->nworkers > KT_CONFIG_WORKERS_MAX)
			return kt_misuse(args->cmd,
			    "--workers takes 1 to %d", KT_CONFIG_WORKERS_MAX);
	} else {
		g->is_json = strcmp(value, "json") == 0;
		if (!g->is_json && strcmp(value, "text") != 0)
			return kt_misuse(args->cmd,
			    "--log-format is text or json, not '%s'", value);
	}
	return KT_EXIT_YES;
}

enum kt_exit
kt_cmd_gateway_run(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct gateway *g = kt_alloc(sizeof(*g));
	enum kt_exit exit = KT_EXIT_YES;
	int c = KT_ARGS_END;

	if (g == NULL) {
		kt_say("not started: no memory");
		return KT_EXIT_UNKNOWN;
	}
	g->signal_fd = g->pid_fd = -1;
	while (exit == KT_EXIT_YES &&
	    (c = kt_args_next(&args)) != KT_ARGS_END && c != KT_ARGS_STOP)
		exit = take_option(g, &args, c);
	if (c == KT_ARGS_STOP)
		exit = args.exit;
	else if (exit == KT_EXIT_YES && args.operand < argc)
		exit = kt_misuse(self, "unexpected '%s'", argv[args.operand]);
	else if (exit == KT_EXIT_YES) {
		harden();
		keep_pages();
		exit = serve(g);
	}
	kt_free(g);
	return exit;
}
