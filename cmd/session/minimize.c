/*
 * minimize - the least of a call that still comes out otherwise.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Elements of the request's lists are left out, many at once and then fewer;
 * what is left out stays out as long as the change is the same one and the
 * same is found.
 */
#include "cmd/replay/replay.h"
#include "detect/standin.h"
#include "json/json.h"
#include "json/write.h"
#include "session/copy.h"

struct search {
	struct kt_replay_run *r;
	const struct kt_replay_variant *v;
	struct kt_scratch *scratch;
	const struct kt_session *s;
	struct kt_session_call call; /* as it is tried */
	struct kt_session_piece piece;
	struct kt_buf raw;           /* of the piece */
	enum kt_change change;
	struct kt_outcome from, to;  /* of the whole call */
	uint64_t tries;
	bool has_standin;
};

static enum kt_rc
outcome(struct search *q, const struct kt_session_call *c,
    struct kt_outcome *to, struct kt_err *err)
{
	struct kt_replay play = { q->v->programs[KT_REPLAY_NEW], q->scratch };
	struct kt_replayed now;
	enum kt_rc rc = kt_replay_call(&play, c, q->s->t0_us, &now, err);

	*to = now.outcome;
	kt_buf_fini(&now.record);
	q->tries++;
	return rc;
}

/* The body with this text: does it still change in the same way? */
static bool
is_same_change(struct search *q, struct kt_span body)
{
	struct kt_outcome to;
	struct kt_err err;

	kt_buf_reset(&q->raw);
	if (kt_json_write_escaped(&q->raw, body) < 0)
		return false;
	q->piece = (struct kt_session_piece){ .raw = kt_buf_span(&q->raw) };
	q->call.pieces = &q->piece;
	q->call.npieces = 1;
	return outcome(q, &q->call, &to, &err) == KT_OK &&
	    kt_outcome_compare(&q->from, &to) == q->change &&
	    strcmp(to.decision, q->to.decision) == 0 &&
	    strcmp(to.rules, q->to.rules) == 0 &&
	    strcmp(to.redactions, q->to.redactions) == 0 &&
	    strcmp(to.flags, q->to.flags) == 0 &&
	    /* What the one side blocked and the other does not look for. */
	    kt_standin_is_in(body) == q->has_standin;
}

/* text without the elements [from, to) of a list. */
static enum kt_rc
without(const struct kt_json *j, struct kt_span text, uint32_t list,
    size_t from, size_t to, struct kt_buf *out)
{
	size_t i = 0;
	bool has_any = false;
	enum kt_rc rc = kt_buf_add(
	    out, kt_span_sub(text, 0, j->nodes[list].start + 1));

	for (uint32_t n = kt_json_first(j, list); n != 0 && rc == KT_OK;
	     n = kt_json_next(j, n), i++) {
		if (i >= from && i < to)
			continue;
		if (has_any)
			rc = kt_buf_addc(out, ',');
		if (rc == KT_OK)
			rc = kt_buf_add(out, kt_json_raw(j, text, n));
		has_any = true;
	}
	return rc < 0 ? rc : kt_buf_add(out, kt_span_sub(
	    text, j->nodes[list].end - 1, text.len));
}

static size_t
length(const struct kt_json *j, uint32_t list)
{
	size_t n = 0;

	for (uint32_t i = kt_json_first(j, list); i != 0; i = kt_json_next(j, i))
		n++;
	return n;
}

/* Leaves out `step` elements at a time wherever that is possible. */
static enum kt_rc
shrink(struct search *q, struct kt_buf *body, const char *name, size_t step)
{
	struct kt_json j;
	enum kt_rc rc = KT_OK;
	size_t at = 0;

	kt_json_init(&j, KT_BODY_MAX);
	for (;;) {
		struct kt_span text = kt_buf_span(body);
		uint32_t list;
		struct kt_buf less;

		if (kt_json_parse(&j, text, NULL) < 0)
			break; /* no JSON: there is nothing to leave out */
		list = kt_json_member(
		    &j, text, kt_json_root(&j), kt_span_of(name));
		if (kt_json_type(&j, list) != KT_JSON_ARRAY ||
		    at >= length(&j, list))
			break;
		kt_buf_init(&less, KT_BODY_MAX);
		rc = without(&j, text, list, at, at + step, &less);
		if (rc == KT_OK && is_same_change(q, kt_buf_span(&less))) {
			struct kt_buf swap = *body;

			*body = less;
			less = swap;
		} else {
			at += step;
		}
		kt_buf_fini(&less);
		if (rc < 0)
			break;
	}
	kt_json_fini(&j);
	return rc;
}

static enum kt_rc
minimize(struct search *q, const struct kt_session_call *c, struct kt_err *err)
{
	static const char *const lists[] = { "messages", "input", "tools",
		"system" };
	struct kt_buf body;
	enum kt_rc rc;

	kt_buf_init(&body, KT_BODY_MAX);
	rc = kt_session_join(c->pieces, c->npieces, &body);
	q->call = *c;
	q->has_standin = kt_standin_is_in(kt_buf_span(&body));
	for (size_t step = 64; step > 0 && rc == KT_OK; step /= 2) {
		for (size_t i = 0; i < KT_NELEMS(lists) && rc == KT_OK; i++)
			rc = shrink(q, &body, lists[i], step);
	}
	/* The last that was tried need not be the one that is kept. */
	if (rc == KT_OK && !is_same_change(q, kt_buf_span(&body)))
		rc = KT_E_PARSE;
	kt_buf_fini(&body);
	return rc == KT_OK ? rc : kt_fail(err, rc, "call %llu cannot be played "
	    "in part", (unsigned long long)c->n);
}

/* The call that was named, else the first that changes. */
static const struct kt_session_call *
find_call(struct search *q, uint64_t want, struct kt_err *err)
{
	for (size_t i = 0; i < q->s->ncalls; i++) {
		const struct kt_session_call *c = &q->s->calls[i];

		if (want != 0 && c->n != want)
			continue;
		if (kt_outcome_read(&q->from, c->record, err) < 0 ||
		    outcome(q, c, &q->to, err) < 0)
			return NULL;
		q->change = kt_outcome_compare(&q->from, &q->to);
		if (q->change != KT_CHANGE_NONE)
			return c;
	}
	(void)kt_fail(err, KT_E_PARSE, want ? "call %llu does not change" :
	    "no call changes", (unsigned long long)want); /* in err */
	return NULL;
}

static enum kt_rc
write_out(const struct search *q, const char *path, struct kt_err *err)
{
	struct kt_session_copy *copy = kt_session_copy_new();
	struct kt_buf out;
	enum kt_rc rc = copy != NULL ? KT_OK : KT_E_LIMIT;

	kt_buf_init(&out, KT_SESSION_FILE_MAX);
	if (rc == KT_OK)
		rc = kt_session_copy_head(q->s, q->s->id, q->s->t0_us, &out);
	if (rc == KT_OK)
		rc = kt_session_copy_call(
		    copy, &q->call, q->call.n, q->call.at_us, &out);
	if (rc < 0)
		(void)kt_fail(err, rc, "out of memory"); /* in err */
	else
		rc = kt_session_file_save(
		    path, kt_buf_span(&out), &q->r->key, err);
	kt_buf_fini(&out);
	kt_session_copy_free(&copy);
	return rc;
}

static enum kt_rc
run(struct kt_replay_run *r, const char *from, const char *to, uint64_t want,
    struct kt_err *err)
{
	struct kt_session_file f;
	struct search q = { .r = r };
	const struct kt_session_call *c = NULL;
	enum kt_rc rc = kt_session_file_open(&f, from, &r->key, err);

	if (rc < 0)
		return rc;
	q.s = &f.session;
	kt_buf_init(&q.raw, KT_SESSION_LINE_MAX);
	q.v = kt_replay_variant_of(r, q.s, err);
	q.scratch = q.v ? kt_scratch_new(q.v->programs[KT_REPLAY_NEW]) : NULL;
	if (q.scratch != NULL)
		c = find_call(&q, want, err);
	else if (q.v != NULL)
		(void)kt_fail(err, KT_E_LIMIT, "out of memory"); /* in err */
	rc = c != NULL ? minimize(&q, c, err) : err->rc;
	if (rc == KT_OK)
		rc = write_out(&q, to, err);
	if (rc == KT_OK)
		(void)printf("%.*s#%llu: %s, %llu tries\n",
		    KT_SPAN_ARG(q.s->id), (unsigned long long)c->n,
		    kt_change_word(q.change), (unsigned long long)q.tries);
	kt_scratch_free(&q.scratch);
	kt_buf_fini(&q.raw);
	kt_session_file_close(&f);
	return rc;
}

enum kt_exit
kt_cmd_session_minimize(const struct kt_cmd *self, int argc, char **argv)
{
	enum { OUT = KT_OPT_LONG };
	static const struct kt_opt opts[] = { KT_OPT_POLICY_LINE,
		KT_OPT_SESSION_KEY_LINE,
		{ OUT, "out", "FILE", "where the session is written" } };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_replay_run *r = kt_alloc(sizeof(*r));
	struct kt_err err = { .text = "" };
	enum kt_exit status = KT_EXIT_YES;
	const char *out = NULL, *key_path = NULL;
	uint64_t want = 0;
	int c;

	if (r == NULL)
		return KT_EXIT_UNKNOWN;
	while ((c = kt_args_next(&args)) != KT_ARGS_END && c != KT_ARGS_STOP) {
		struct kt_replay_side *s = &r->sides[KT_REPLAY_NEW];

		if (c == OUT)
			out = args.value;
		else if (c == KT_OPT_SESSION_KEY)
			key_path = args.value;
		else if (s->npaths < KT_CONFIG_FILES_MAX - 1)
			s->paths[s->npaths++] = args.value;
	}
	if (c == KT_ARGS_STOP)
		status = args.exit;
	else if (out == NULL || argc - args.operand < 1 ||
	    argc - args.operand > 2 ||
	    (argc - args.operand == 2 && (!kt_span_u64(
	        kt_span_of(argv[args.operand + 1]), &want) || want == 0)))
		status = kt_misuse(self, "--out FILE, a session and perhaps the "
		    "number of a call must follow");
	else if (kt_session_key_read(&r->key, key_path, &err) < 0 ||
	    kt_replay_load(r, &err) < 0 ||
	    run(r, argv[args.operand], out, want, &err) < 0) {
		kt_say("%s", err.text);
		status = KT_EXIT_UNKNOWN;
	}
	kt_replay_free(r);
	kt_free(r);
	return status;
}
