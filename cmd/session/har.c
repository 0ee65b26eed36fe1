/*
 * har - sessions from what a browser or a proxy wrote down, and back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * HAR 1.2 has neither the pieces of a stream nor a decision: an imported
 * call is one piece, and is compared by kt replay --against.
 */
#include "auth/auth.h"
#include "cmd/cmd.h"
#include "cmd/session/audit.h"
#include "cmd/session/file.h"
#include "cmd/session/scrubber.h"
#include "config.h"
#include "disk/disk.h"
#include "json/json.h"
#include "json/text.h"
#include "json/write.h"
#include "provider/surface.h"
#include "session/write.h"

#define STEP_US 1000 /* between two events nobody timed */

/* ---- import ---- */

struct import {
	struct kt_scrubber by;
	struct kt_session_key key;
	struct kt_buf text;
	struct kt_json json;
	struct kt_arena *mem;
	struct kt_session_writer *writer;
	struct kt_buf out;
	uint64_t t0_us, nskipped;
};

static uint32_t
find(const struct import *m, uint32_t object, const char *name)
{
	return kt_json_member(
	    &m->json, kt_buf_span(&m->text), object, kt_span_of(name));
}

static struct kt_span
text_of(const struct import *m, uint32_t object, const char *name)
{
	uint32_t n = find(m, object, name);
	struct kt_span raw, out = { 0 };

	if (kt_json_type(&m->json, n) != KT_JSON_STRING)
		return out;
	raw = kt_json_string(&m->json, kt_buf_span(&m->text), n);
	return kt_json_unescape(raw, m->mem, &out, NULL) == KT_OK ? out :
	    (struct kt_span){ 0 };
}

/* Browsers write the time of their place, with "+02:00" at its end. */
static uint64_t
utc(uint64_t seconds, struct kt_span s)
{
	struct kt_span z = kt_span_sub(s, s.len - 6, 6);
	uint64_t h, min;

	if (s.len < 25 || (z.ptr[0] != '+' && z.ptr[0] != '-') ||
	    !kt_span_u64(kt_span_sub(z, 1, 2), &h) || h > 23 ||
	    !kt_span_u64(kt_span_sub(z, 4, 2), &min) || min > 59)
		return seconds;
	min += h * 60;
	if (z.ptr[0] == '-')
		return seconds + min * 60;
	return seconds > min * 60 ? seconds - min * 60 : 0;
}

/* Microseconds of what stands behind the seconds; more digits are left out. */
static uint64_t
fraction(struct kt_span s)
{
	uint64_t us = 0, digit = 100000;

	if (s.len < 20 || s.ptr[19] != '.')
		return 0;
	for (size_t i = 20; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
	     i++, digit /= 10)
		us += (uint64_t)(s.ptr[i] - '0') * digit;
	return us;
}

/* When it began; a day without a time is the epoch. */
static uint64_t
when(struct kt_span s)
{
	char text[21];
	uint64_t seconds = 0;

	(void)snprintf(text, sizeof(text), "%.19sZ",
	    s.len >= 19 ? s.ptr : "1970-01-01T00:00:00");
	(void)kt_auth_when_parse(kt_span_of(text), &seconds); /* the epoch */
	return utc(seconds, s) * 1000000 + fraction(s);
}

/* The earliest of all: HAR asks for no order. */
static uint64_t
begin_of(const struct import *m, uint32_t n)
{
	uint64_t first = 0;

	for (; n != 0; n = kt_json_next(&m->json, n)) {
		uint64_t at = when(text_of(m, n, "startedDateTime"));

		if (at > 0 && (first == 0 || at < first))
			first = at;
	}
	return first;
}

static size_t
headers_of(const struct import *m, uint32_t object, struct kt_header *out)
{
	uint32_t list = find(m, object, "headers");
	size_t n = 0;

	for (uint32_t i = kt_json_first(&m->json, list);
	     i != 0 && n < KT_HEADERS_MAX; i = kt_json_next(&m->json, i)) {
		out[n].name = text_of(m, i, "name");
		out[n].value = kt_span_trim(text_of(m, i, "value"));
		if (kt_header_is_name(out[n].name) &&
		    kt_header_is_value(out[n].value))
			n++;
	}
	return n;
}

/* What stands behind the host. */
static struct kt_span
path_of(struct kt_span url)
{
	size_t i = 0;

	while (i + 2 < url.len && memcmp(url.ptr + i, "://", 3) != 0)
		i++;
	if (i + 2 < url.len)
		url = kt_span_sub(url, i + 3, url.len);
	return kt_span_sub(url, kt_span_find(url, '/'), url.len);
}

static enum kt_format
format_of(enum kt_endpoint e)
{
	enum kt_format f = kt_endpoint_format(e);

	return f == KT_FORMAT_RESPONSES ? KT_FORMAT_OPENAI : f;
}

static void
tape_request(struct import *m, struct kt_tape *t, uint32_t entry,
    struct kt_span path, uint64_t at_us)
{
	uint32_t request = find(m, entry, "request");
	struct kt_span body = text_of(m, find(m, request, "postData"), "text");
	struct kt_header headers[KT_HEADERS_MAX];
	struct kt_event ev = { .kind = KT_EVENT_REQUEST_HEAD,
		.mono_us = STEP_US, .wall_us = at_us, .target = path,
		.method = text_of(m, request, "method"), .headers = headers,
		.nheaders = headers_of(m, request, headers),
		.has_body = body.len > 0 };

	kt_tape_event(t, &ev);
	kt_tape_event(t, &(struct kt_event){ .kind = KT_EVENT_REQUEST_BODY,
	    .mono_us = STEP_US, .bytes = body });
	kt_tape_event(t, &(struct kt_event){ .kind = KT_EVENT_REQUEST_END,
	    .mono_us = STEP_US });
}

/* Some that write HAR leave the header out and tell the type of the content. */
static void
add_type(const struct import *m, uint32_t content, struct kt_header *headers,
    size_t *n)
{
	struct kt_span type = text_of(m, content, "mimeType");
	struct kt_span name = KT_SPAN("content-type");

	for (size_t i = 0; i < *n; i++)
		if (kt_span_caseeq(headers[i].name, name))
			return;
	if (*n < KT_HEADERS_MAX && type.len > 0 && kt_header_is_value(type))
		headers[(*n)++] = (struct kt_header){ name, type };
}

static void
tape_answer(struct import *m, struct kt_tape *t, uint32_t entry,
    enum kt_endpoint endpoint)
{
	uint32_t response = find(m, entry, "response");
	struct kt_target target = { .id = KT_SPAN("imported"),
		.format = format_of(endpoint) };
	struct kt_header headers[KT_HEADERS_MAX];
	struct kt_event ev = { .kind = KT_EVENT_UPSTREAM_HEAD,
		.mono_us = 2 * STEP_US, .headers = headers,
		.nheaders = headers_of(m, response, headers) };
	uint64_t status = 0;

	(void)kt_json_u64(&m->json, kt_buf_span(&m->text),
	    find(m, response, "status"), &status); /* 0: there was none */
	ev.status = (unsigned)status;
	add_type(m, find(m, response, "content"), headers, &ev.nheaders);
	kt_tape_order(t, &(struct kt_order){ .kind = KT_ORDER_UPSTREAM,
	    .target = &target });
	if (status < 100 || status > 999) {
		kt_tape_event(t, &(struct kt_event){
		    .kind = KT_EVENT_UPSTREAM_FAIL, .mono_us = 2 * STEP_US,
		    .fault = KT_FAULT_RESET });
		return;
	}
	kt_tape_event(t, &ev);
	kt_tape_event(t, &(struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
	    .mono_us = 3 * STEP_US,
	    .bytes = text_of(m, find(m, response, "content"), "text") });
	kt_tape_event(t, &(struct kt_event){ .kind = KT_EVENT_UPSTREAM_END,
	    .mono_us = 3 * STEP_US });
}

static enum kt_rc
import_entry(struct import *m, uint32_t entry, struct kt_err *err)
{
	uint32_t request = find(m, entry, "request");
	struct kt_span path = path_of(text_of(m, request, "url"));
	uint64_t at_us = when(text_of(m, entry, "startedDateTime"));
	struct kt_summary sum = { .is_call = true,
		.caller = { .id = KT_SPAN("imported"),
		    .kind = KT_SPAN("unknown"), .auth_method = KT_SPAN("none") } };
	struct kt_surface surface;
	struct kt_tape t;
	enum kt_rc rc;

	kt_surface(&surface, text_of(m, request, "method"), path, NULL, 0);
	if (kt_endpoint_format(surface.endpoint) == KT_FORMAT_NONE) {
		m->nskipped++; /* pictures and style sheets of a page */
		return KT_OK;
	}
	if (at_us < m->t0_us)
		at_us = m->t0_us; /* it tells no time */
	sum.endpoint = kt_span_of(kt_endpoint_name(surface.endpoint));
	kt_tape_init(&t, KT_SESSION_CALL_MAX);
	tape_request(m, &t, entry, path, at_us);
	tape_answer(m, &t, entry, surface.endpoint);
	kt_tape_end(&t, &sum);
	rc = kt_session_write_call(m->writer, &t, &m->out, err);
	kt_tape_fini(&t);
	return rc;
}

static enum kt_rc
import_all(struct import *m, struct kt_err *err)
{
	uint32_t log = find(m, kt_json_root(&m->json), "log");
	uint32_t list = find(m, log, "entries"), n = kt_json_first(&m->json, list);
	struct kt_session_head head = { .kt = KT_SPAN(PACKAGE_VERSION),
		.source = KT_SPAN("import:har"), .policy_hash = KT_SPAN("none") };
	char id[24];

	if (kt_json_type(&m->json, list) != KT_JSON_ARRAY)
		return kt_fail(err, KT_E_PARSE, "not a HAR file: it has no "
		    "log.entries");
	head.t0_us = m->t0_us = begin_of(m, n);
	(void)snprintf(id, sizeof(id), "har-%llu",
	    (unsigned long long)(head.t0_us / 1000000));
	head.id = kt_span_of(id);
	m->writer = kt_session_writer_new(&head, &m->by.scrub);
	if (m->writer == NULL ||
	    kt_session_write_head(m->writer, &m->out) < 0)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	for (; n != 0; n = kt_json_next(&m->json, n)) {
		if (import_entry(m, n, err) < 0)
			return err->rc;
		if (kt_arena_is_full(m->mem))
			return kt_fail(err, KT_E_LIMIT, "more than fits");
	}
	return KT_OK;
}

static enum kt_rc
import_file(struct import *m, const char *from, const char *to,
    struct kt_err *err)
{
	if (kt_scrubber_open(&m->by, err) < 0 ||
	    kt_disk_read_file(&kt_disk_real, from, KT_SESSION_FILE_MAX, &m->text,
	        err) < 0)
		return err->rc;
	if (kt_json_parse(&m->json, kt_buf_span(&m->text), err) < 0 ||
	    import_all(m, err) < 0)
		return kt_wrap(err, "%s", from);
	return kt_session_file_save(to, kt_buf_span(&m->out), &m->key, err);
}

enum kt_exit
kt_cmd_session_import(const struct kt_cmd *self, int argc, char **argv)
{
	enum { OUT = KT_OPT_LONG, FROM };
	static const struct kt_opt opts[] = { KT_OPT_POLICY_LINE,
		KT_OPT_SESSION_KEY_LINE,
		{ FROM, "from", "SOURCE", "har (default) or audit" },
		{ OUT, "out", "FILE", "where the session is written" } };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct import *m = kt_alloc(sizeof(*m));
	struct kt_err err = { .text = "" };
	enum kt_exit status = KT_EXIT_YES;
	const char *out = NULL, *key_path = NULL, *from = "har";
	int c;

	if (m == NULL)
		return KT_EXIT_UNKNOWN;
	while ((c = kt_args_next(&args)) != KT_ARGS_END && c != KT_ARGS_STOP) {
		if (c == OUT)
			out = args.value;
		else if (c == FROM)
			from = args.value;
		else if (c == KT_OPT_SESSION_KEY)
			key_path = args.value;
		else if (m->by.npolicies < KT_CONFIG_FILES_MAX - 1)
			m->by.policies[m->by.npolicies++] = args.value;
	}
	kt_buf_init(&m->text, KT_SESSION_FILE_MAX);
	kt_buf_init(&m->out, KT_SESSION_FILE_MAX);
	kt_json_init(&m->json, KT_SESSION_FILE_MAX);
	m->mem = kt_arena_new(2 * (size_t)KT_SESSION_FILE_MAX);
	if (c == KT_ARGS_STOP)
		status = args.exit;
	else if (out == NULL || argc - args.operand != 1)
		status = kt_misuse(self, "--out FILE and a HAR file or an audit "
		    "directory must follow");
	else if (strcmp(from, "har") != 0 && strcmp(from, "audit") != 0)
		status = kt_misuse(self, "--from takes har or audit");
	else if (kt_session_key_read(&m->key, key_path, &err) < 0 ||
	    m->mem == NULL) {
		kt_say("%s", err.text);
		status = KT_EXIT_UNKNOWN;
	} else if (strcmp(from, "audit") == 0) {
		status = kt_session_import_log(&(struct kt_session_of_log){
		    m->by.policies, m->by.npolicies, argv[args.operand], out,
		    &m->key });
	} else if (import_file(m, argv[args.operand], out, &err) < 0) {
		kt_say("%s", err.text);
		status = KT_EXIT_UNKNOWN;
	} else {
		(void)printf("%zu calls imported, %llu entries are none\n",
		    kt_session_written(m->writer),
		    (unsigned long long)m->nskipped);
	}
	kt_session_writer_free(&m->writer);
	kt_scrubber_close(&m->by);
	kt_session_key_fini(&m->key);
	kt_arena_free(&m->mem);
	kt_json_fini(&m->json);
	kt_buf_fini(&m->text);
	kt_buf_fini(&m->out);
	kt_free(m);
	return status;
}

/* ---- export ---- */

/* Pairs of names and values, which HAR has several lists of. */
static void
put_pair(struct kt_json_writer *j, struct kt_span name, struct kt_span value)
{
	kt_json_begin_object(j);
	kt_json_named_string(j, "name", name);
	kt_json_named_string(j, "value", value);
	kt_json_end_object(j);
}

/* Required of a request and of an answer.  Cookies are not recorded. */
static void
put_message(struct kt_json_writer *j, const struct kt_header *h, size_t n,
    size_t body_bytes)
{
	kt_json_named_cstr(j, "httpVersion", "HTTP/1.1");
	kt_json_named_array(j, "cookies");
	kt_json_end_array(j);
	kt_json_named_array(j, "headers");
	for (size_t i = 0; i < n; i++)
		put_pair(j, h[i].name, h[i].value);
	kt_json_end_array(j);
	kt_json_named_raw(j, "headersSize", KT_SPAN("-1")); /* not known */
	kt_json_named_u64(j, "bodySize", body_bytes);
}

static void
put_type(struct kt_json_writer *j, const struct kt_header *h, size_t n)
{
	kt_json_named_string(j, "mimeType",
	    kt_header_find(h, n, KT_SPAN("content-type")));
}

/* HAR wants a whole address; who was asked is not always recorded. */
static void
put_url(struct kt_json_writer *j, const struct kt_session_call *c)
{
	struct kt_span host = kt_header_find(
	    c->headers, c->nheaders, KT_SPAN("host"));
	struct kt_buf url;

	kt_buf_init(&url, KT_SESSION_LINE_MAX);
	if (host.len == 0)
		host = KT_SPAN("localhost");
	if (kt_buf_printf(&url, "http%s://%.*s%.*s", c->is_tls ? "s" : "",
	    KT_SPAN_ARG(host), KT_SPAN_ARG(c->path)) < 0)
		j->rc = KT_E_LIMIT;
	kt_json_named_string(j, "url", kt_buf_span(&url));
	kt_buf_fini(&url);
}

static void
put_query(struct kt_json_writer *j, struct kt_span path)
{
	size_t at = kt_span_find(path, '?');

	kt_json_named_array(j, "queryString");
	while (at < path.len) {
		struct kt_span one = kt_span_sub(path, at + 1, path.len);
		size_t equals;

		one = kt_span_sub(one, 0, kt_span_find(one, '&'));
		equals = kt_span_find(one, '=');
		at += 1 + one.len;
		if (one.len > 0)
			put_pair(j, kt_span_sub(one, 0, equals), equals < one.len ?
			    kt_span_sub(one, equals + 1, one.len) : KT_SPAN(""));
	}
	kt_json_end_array(j);
}

static void
put_request(struct kt_json_writer *j, const struct kt_session_call *c)
{
	struct kt_buf room;

	kt_buf_init(&room, KT_SESSION_CALL_MAX);
	if (kt_session_join(c->pieces, c->npieces, &room) < 0)
		j->rc = KT_E_LIMIT;
	kt_json_named_object(j, "request");
	kt_json_named_string(j, "method", c->method);
	put_url(j, c);
	put_query(j, c->path);
	put_message(j, c->headers, c->nheaders, room.len);
	if (c->has_body) {
		kt_json_named_object(j, "postData");
		put_type(j, c->headers, c->nheaders);
		kt_json_named_string(j, "text", kt_buf_span(&room));
		kt_json_end_object(j);
	}
	kt_json_end_object(j);
	kt_buf_fini(&room);
}

/* head: of the last attempt, or NULL when nobody answered. */
static void
put_answer(struct kt_json_writer *j, const struct kt_session_call *c,
    const struct kt_session_event *head)
{
	static const struct kt_session_event none;
	struct kt_buf room;

	kt_buf_init(&room, KT_SESSION_CALL_MAX);
	for (size_t i = head ? (size_t)(head - c->events) : c->nevents;
	     i < c->nevents; i++) {
		if (kt_session_join(c->events[i].pieces, c->events[i].npieces,
		    &room) < 0)
			j->rc = KT_E_LIMIT;
	}
	head = head ? head : &none;
	kt_json_named_object(j, "response");
	kt_json_named_u64(j, "status", head->n);
	kt_json_named_cstr(j, "statusText", "");
	put_message(j, head->headers, head->nheaders, room.len);
	kt_json_named_object(j, "content");
	kt_json_named_u64(j, "size", room.len);
	put_type(j, head->headers, head->nheaders);
	kt_json_named_string(j, "text", kt_buf_span(&room));
	kt_json_end_object(j);
	kt_json_named_cstr(j, "redirectURL", "");
	kt_json_end_object(j);
	kt_buf_fini(&room);
}

/* In milliseconds, of which the time is the sum. */
static void
put_times(struct kt_json_writer *j, const struct kt_session_call *c,
    const struct kt_session_event *head)
{
	uint64_t up = c->nevents > 0 ? c->events[0].at_us / 1000 : 0;
	uint64_t last = c->nevents > 0 ?
	    c->events[c->nevents - 1].at_us / 1000 : 0;
	uint64_t first = head ? head->at_us / 1000 : last;

	kt_json_named_u64(j, "time", last);
	kt_json_named_object(j, "timings");
	kt_json_named_u64(j, "send", up);
	kt_json_named_u64(j, "wait", first - up);
	kt_json_named_u64(j, "receive", last - first);
	kt_json_end_object(j);
}

static void
put_entry(struct kt_json_writer *j, const struct kt_session *s,
    const struct kt_session_call *c)
{
	const struct kt_session_event *head = NULL;
	uint64_t at_us = s->t0_us + c->at_us;
	char t[21], begin[32];

	for (size_t i = 0; i < c->nevents; i++) {
		if (c->events[i].kind == KT_SESSION_HEAD)
			head = &c->events[i];
	}
	kt_auth_when_print(at_us / 1000000, t);
	(void)snprintf(begin, sizeof(begin), "%.19s.%03uZ", t,
	    (unsigned)(at_us / 1000 % 1000));
	kt_json_begin_object(j);
	kt_json_named_cstr(j, "startedDateTime", begin);
	put_times(j, c, head);
	put_request(j, c);
	put_answer(j, c, head);
	kt_json_named_object(j, "cache");
	kt_json_end_object(j);
	kt_json_end_object(j);
}

static enum kt_rc
export(const struct kt_session *s, struct kt_buf *out)
{
	struct kt_json_writer j;

	kt_json_writer_init(&j, out);
	kt_json_begin_object(&j);
	kt_json_named_object(&j, "log");
	kt_json_named_cstr(&j, "version", "1.2");
	kt_json_named_object(&j, "creator");
	kt_json_named_cstr(&j, "name", "kt");
	kt_json_named_cstr(&j, "version", PACKAGE_VERSION);
	kt_json_end_object(&j);
	kt_json_named_array(&j, "entries");
	for (size_t i = 0; i < s->ncalls; i++)
		put_entry(&j, s, &s->calls[i]);
	kt_json_end_array(&j);
	kt_json_end_object(&j);
	kt_json_end_object(&j);
	return kt_json_written(&j);
}

enum kt_exit
kt_cmd_session_export(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = { KT_OPT_SESSION_KEY_LINE };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_session_file f;
	struct kt_session_key key = { .is_there = false };
	struct kt_err err = { .text = "" };
	enum kt_exit status = KT_EXIT_YES;
	const char *key_path = NULL;
	struct kt_buf out;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		key_path = args.value;
	}
	if (argc - args.operand != 1)
		return kt_misuse(self, "a session must follow");
	if (kt_session_key_read(&key, key_path, &err) < 0 ||
	    kt_session_file_open(&f, argv[args.operand], &key, &err) < 0) {
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	kt_buf_init(&out, 2 * (size_t)KT_SESSION_FILE_MAX);
	if (export(&f.session, &out) < 0) {
		kt_say("%s is larger than what is exported", argv[args.operand]);
		status = KT_EXIT_UNKNOWN;
	} else if (fwrite(out.ptr, 1, out.len, stdout) != out.len ||
	    fputc('\n', stdout) == EOF || fflush(stdout) != 0) {
		kt_say("standard output cannot be written");
		status = KT_EXIT_UNKNOWN;
	}
	kt_buf_fini(&out);
	kt_session_file_close(&f);
	kt_session_key_fini(&key);
	return status;
}
