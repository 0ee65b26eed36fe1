/*
 * drive - runs one exchange from a script and keeps all that it ordered.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The machine has no I/O, so a test is a request, an upstream's answer and a
 * way to cut both; what comes out is compared as bytes.
 */
#ifndef KT_TEST_DRIVE_H
#define KT_TEST_DRIVE_H
#include "disk/disk.h"
#include "exchange/exchange.h"
#include "exchange/program_priv.h"
#include "policy/policy.h"
#include "session/tape.h"
#include "tests/unit/tap.h"

struct world {
	struct kt_arena *mem;
	const struct kt_settings *settings;
	struct kt_program *program;
	struct kt_scratch *scratch;
	struct kt_config_diags diags;
	struct kt_config_source config, detectors[10];
	struct kt_buf bytes[10];
	struct kt_tape *tape; /* NULL: calls are not recorded */
};

struct script {
	const char *method, *target, *body;
	size_t body_len; /* 0: strlen */
	struct kt_header headers[16];
	size_t nheaders;
	unsigned status;
	const char *type, *answer;
	size_t answer_len;
	bool dies; /* the upstream breaks off after its bytes */
	size_t request_cut, answer_cut; /* piece size; 0: all at once */
	size_t request_at, answer_at;   /* one cut at this offset; 0: none */
	size_t arena_bytes;
	bool record_fails;
	/* The external classifier blocks what has these words; NULL: nobody
	   answers. */
	const char *guard_objects_to;
};

struct result {
	struct kt_buf up, out, record, open;
	unsigned status, up_calls, opens, records, cancels, turns;
	bool is_aborted, has_ended, had_head;
	char reason[64], decision[16], outcome[32];
	struct kt_buf up_head;
	char connection_close;
};

static inline bool
no_secret(void *arg, const struct kt_config_secret *ref, struct kt_arena *mem,
    struct kt_span *out)
{
	(void)arg, (void)mem;
	if (!kt_span_eq(ref->name, KT_SPAN("TEST_KEY")))
		return false;
	*out = KT_SPAN("sk-test-vendor-key");
	return true;
}

/* What the build made of the shipped detectors: to compile them again for
   each world takes longer than most tests. */
static inline struct kt_span
shipped_database(void)
{
	static struct kt_buf saved;
	const char *build = getenv("KT_BUILDDIR");
	struct kt_err err;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/detectors.ktd",
	    build != NULL ? build : ".");
	if (saved.ptr == NULL) {
		kt_buf_init(&saved, 16u << 20);
		if (kt_disk_read_file(
			&kt_disk_real, path, 16u << 20, &saved, &err) < 0)
			kt_buf_reset(&saved);
	}
	return kt_buf_span(&saved);
}

static inline bool
world_init(struct world *w, const char *yaml)
{
	/* In the order of the build, else its database is of no use. */
	static const char *const files[] = { "direct.weights",
		"indirect.weights", "injection.yaml", "medical.yaml",
		"national.yaml", "pii.yaml", "providers.yaml",
		"registers.yaml", "secrets.yaml", "services.yaml" };
	const struct kt_config_kind *kinds;
	struct kt_program_options o = { .secret = no_secret,
		.detectors = w->detectors, .ndetectors = KT_NELEMS(files),
		.instance_key = KT_SPAN("0123456789abcdef0123456789abcdef"),
		.may_use_offline = true };
	struct kt_err err = { 0 };
	size_t n;

	memset(w, 0, sizeof(*w));
	o.saved_detectors = shipped_database();
	w->mem = kt_arena_new(16u << 20);
	w->config = (struct kt_config_source){ KT_SPAN("test.yaml"),
		kt_span_of(yaml) };
	w->diags.files = &w->config;
	w->diags.files_n = 1;
	kinds = kt_policy_config_kinds(&n);
	if (kt_config_load(&w->settings, kinds, n, w->mem, &w->diags) < 0) {
		printf("# %s\n", w->diags.n ? w->diags.at[0].text : "no memory");
		return false;
	}
	for (size_t i = 0; i < KT_NELEMS(files); i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/policies/detectors/%s",
		    getenv("KT_SRCDIR") ? getenv("KT_SRCDIR") : ".", files[i]);
		kt_buf_init(&w->bytes[i], 1u << 20);
		if (kt_disk_read_file(&kt_disk_real, path, 1u << 20, &w->bytes[i],
		        &err) < 0) {
			printf("# %s\n", err.text);
			return false;
		}
		w->detectors[i] = (struct kt_config_source){
			kt_span_of(files[i]), kt_buf_span(&w->bytes[i]) };
	}
	o.settings = w->settings;
	w->program = kt_program_new(&o, &err);
	if (w->program == NULL) {
		printf("# %s\n", err.text);
		return false;
	}
	w->scratch = kt_scratch_new(w->program);
	return w->scratch != NULL;
}

static inline void
world_fini(struct world *w)
{
	kt_scratch_free(&w->scratch);
	kt_program_free(&w->program);
	for (size_t i = 0; i < KT_NELEMS(w->bytes); i++)
		kt_buf_fini(&w->bytes[i]);
	kt_arena_free(&w->mem);
}

static inline void
result_init(struct result *r)
{
	memset(r, 0, sizeof(*r));
	kt_buf_init(&r->up, 64u << 20);
	kt_buf_init(&r->out, 64u << 20);
	kt_buf_init(&r->record, 1u << 20);
	kt_buf_init(&r->open, 1u << 20);
	kt_buf_init(&r->up_head, 1u << 20);
}

static inline void
result_fini(struct result *r)
{
	kt_buf_fini(&r->up);
	kt_buf_fini(&r->out);
	kt_buf_fini(&r->record);
	kt_buf_fini(&r->open);
	kt_buf_fini(&r->up_head);
}

struct drive {
	struct kt_exchange *x;
	struct result *r;
	bool wants_turn, wants_record, is_up;
	uint64_t now;
	struct kt_tape *tape;
	uint32_t guard_job; /* asked; 0: not */
	struct kt_buf question;
};

static inline void
keep(struct kt_buf *b, struct kt_span s)
{
	if (kt_buf_add(b, s) < 0)
		abort();
}

static inline void
take_order(struct drive *d, const struct kt_order *o)
{
	switch (o->kind) {
	case KT_ORDER_UPSTREAM:
		d->r->up_calls++;
		d->is_up = true;
		kt_buf_reset(&d->r->up);
		for (size_t i = 0; i < o->npieces; i++)
			keep(&d->r->up, o->pieces[i]);
		keep(&d->r->up_head, o->path);
		keep(&d->r->up_head, KT_SPAN("\n"));
		for (size_t i = 0; i < o->nheaders; i++) {
			keep(&d->r->up_head, o->headers[i].name);
			keep(&d->r->up_head, KT_SPAN(": "));
			keep(&d->r->up_head, o->headers[i].value);
			keep(&d->r->up_head, KT_SPAN("\n"));
		}
		/* Without pieces it is an upload, which follows. */
		if (o->length != KT_LENGTH_CHUNKED && o->npieces > 0)
			ok(o->length == d->r->up.len);
		break;
	case KT_ORDER_UPSTREAM_BODY:
		keep(&d->r->up, o->bytes);
		break;
	case KT_ORDER_UPSTREAM_CANCEL:
		d->is_up = false;
		d->r->cancels++;
		break;
	case KT_ORDER_ANSWER_HEAD:
		ok(!d->r->had_head);
		d->r->had_head = true;
		d->r->status = o->status;
		break;
	case KT_ORDER_ANSWER_BODY:
		ok(d->r->had_head);
		keep(&d->r->out, o->bytes);
		break;
	case KT_ORDER_ANSWER_ABORT:
		d->r->is_aborted = true;
		break;
	case KT_ORDER_OPEN:
		ok(!d->is_up && d->r->records == 0);
		d->r->opens++;
		d->wants_record = true;
		keep(&d->r->open, o->bytes);
		break;
	case KT_ORDER_RECORD:
		d->r->records++;
		d->wants_record = true;
		keep(&d->r->record, o->bytes);
		break;
	case KT_ORDER_TURN:
		d->r->turns++;
		d->wants_turn = true;
		break;
	case KT_ORDER_END:
		d->r->has_ended = true;
		break;
	case KT_ORDER_JOB:
		if (o->job_kind != KT_JOB_GUARD)
			break;
		d->guard_job = o->job;
		kt_buf_reset(&d->question);
		for (size_t i = 0; i < o->npieces; i++)
			keep(&d->question, o->pieces[i]);
		break;
	case KT_ORDER_NONE:
	case KT_ORDER_UPSTREAM_FINISH:
	case KT_ORDER_UPSTREAM_PAUSE:
	case KT_ORDER_UPSTREAM_RESUME:
	case KT_ORDER_REQUEST_PAUSE:
	case KT_ORDER_REQUEST_RESUME:
	case KT_ORDER_ANSWER_END:
	case KT_ORDER_JOB_CANCEL:
	case KT_ORDER_DEADLINE:
		break;
	}
}

static inline void
feed(struct drive *d, struct kt_event ev)
{
	struct kt_order o;

	ev.mono_us = d->now;
	ev.wall_us = 1700000000000000ull + d->now;
	if (d->tape != NULL)
		kt_tape_event(d->tape, &ev);
	kt_exchange_feed(d->x, &ev);
	while (kt_exchange_next(d->x, &o)) {
		if (d->tape != NULL)
			kt_tape_order(d->tape, &o);
		take_order(d, &o);
	}
}

static inline void
feed_pieces(struct drive *d, enum kt_event_kind kind, struct kt_span bytes,
    size_t cut, size_t at)
{
	while (bytes.len > 0 && !d->r->has_ended) {
		size_t n = cut ? cut : bytes.len;
		char *copy;

		if (at > 0 && at < bytes.len)
			n = at;
		at = 0;
		n = n < bytes.len ? n : bytes.len;
		/* A copy of its own, so that ASan sees a span kept too long. */
		copy = malloc(n);
		memcpy(copy, bytes.ptr, n);
		feed(d, (struct kt_event){ .kind = kind,
		    .bytes = { copy, n } });
		free(copy);
		bytes = kt_span_sub(bytes, n, bytes.len);
	}
}

static inline bool
has(const struct kt_buf *b, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= b->len; i++) {
		if (memcmp(b->ptr + i, needle, n) == 0)
			return true;
	}
	return false;
}

static inline void
answer_guard(struct drive *d, const char *objects_to)
{
	uint32_t job = d->guard_job;

	d->guard_job = 0;
	if (job != 0 && objects_to != NULL)
		feed(d, (struct kt_event){ .kind = KT_EVENT_JOB_DONE, .job = job,
		    .bytes = has(&d->question, objects_to) ?
		        KT_SPAN("{\"decision\":\"block\"}") :
		        KT_SPAN("{\"decision\":\"pass\"}") });
}

static inline void
settle(struct drive *d, bool record_fails)
{
	while (d->wants_turn || d->wants_record) {
		if (d->wants_turn) {
			d->wants_turn = false;
			feed(d, (struct kt_event){ .kind = KT_EVENT_TURN });
		} else {
			d->wants_record = false;
			feed(d, (struct kt_event){ .kind = KT_EVENT_RECORDED,
			    .is_ok = !record_fails,
			    .bytes = KT_SPAN("test#1;00") });
		}
	}
}

static inline void
copy_word(char *to, size_t room, struct kt_span s)
{
	size_t n = s.len < room - 1 ? s.len : room - 1;

	if (n > 0)
		memcpy(to, s.ptr, n);
	to[n] = '\0';
}

static inline void
run_script(struct world *w, const struct script *s, struct result *r)
{
	struct kt_exchange_options o = { .program = w->program,
		.scratch = w->scratch, .is_audit_up = true,
		.peer.address = KT_SPAN("127.0.0.1"),
		.arena_bytes = s->arena_bytes };
	struct kt_span body = { s->body,
		s->body_len ? s->body_len : s->body ? strlen(s->body) : 0 };
	struct kt_span answer = { s->answer,
		s->answer_len ? s->answer_len : s->answer ? strlen(s->answer) : 0 };
	struct kt_header type = { KT_SPAN("content-type"),
		kt_span_of(s->type ? s->type : "application/json") };
	struct drive d = { .r = r, .tape = w->tape };
	struct kt_summary sum;

	kt_buf_init(&d.question, 1u << 20);

	memcpy(o.seed, "0123456789abcdef0123456789abcdef", 32);
	d.x = kt_exchange_new(&o);
	if (d.x == NULL)
		return;
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = kt_span_of(s->method ? s->method : "POST"),
	    .target = kt_span_of(s->target), .headers = s->headers,
	    .nheaders = s->nheaders, .has_body = body.len > 0 });
	feed_pieces(&d, KT_EVENT_REQUEST_BODY, body, s->request_cut,
	    s->request_at);
	if (!r->has_ended)
		feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
	settle(&d, s->record_fails);
	answer_guard(&d, s->guard_objects_to);
	settle(&d, s->record_fails);
	if (d.is_up) {
		feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_SENT });
		feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
		    .status = s->status ? s->status : 200, .headers = &type,
		    .nheaders = 1 });
		if (d.is_up)
			feed_pieces(&d, KT_EVENT_UPSTREAM_BODY, answer,
			    s->answer_cut, s->answer_at);
		if (d.is_up && s->dies)
			feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_FAIL,
			    .fault = KT_FAULT_RESET });
		else if (d.is_up)
			feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_END });
		answer_guard(&d, s->guard_objects_to);
		settle(&d, s->record_fails);
	}
	kt_exchange_summary(d.x, &sum);
	if (w->tape != NULL)
		kt_tape_end(w->tape, &sum);
	copy_word(r->reason, sizeof(r->reason), sum.reason);
	copy_word(r->decision, sizeof(r->decision), sum.decision);
	copy_word(r->outcome, sizeof(r->outcome), sum.outcome);
	kt_exchange_free(&d.x);
	kt_buf_fini(&d.question);
}

#endif
