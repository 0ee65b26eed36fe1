/*
 * run - programs of both sides, and the threads that play.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/replay/replay.h"
#include "exchange/look.h"

#define TEXT_MAX (4u << 20)

/* ---- programs ---- */

enum kt_rc
kt_replay_load(struct kt_replay_run *r, struct kt_err *err)
{
	(void)pthread_mutex_init(&r->lock, NULL); /* cannot fail on Linux */
	kt_cmd_saved_detectors(&r->saved);
	for (int i = 0; i <= (r->has_old ? 1 : 0); i++) {
		struct kt_replay_side *s = &r->sides[i];

		if (kt_cmd_files_policy(&s->config, s->paths, s->npaths, err) < 0 ||
		    kt_cmd_settings_load(&s->settings, &s->config, err) < 0 ||
		    kt_cmd_files_detectors(&s->detectors, s->settings.settings,
		        s->config.names, err) < 0)
			return err->rc;
	}
	return KT_OK;
}

#define OFFLINE "offline" /* as the target is called that needs no key */

struct secrets {
	const struct kt_settings *settings;
	struct kt_span unavailable;
};

static bool
is_listed(struct kt_span rest, struct kt_span id)
{
	while (rest.len > 0) {
		size_t n = kt_span_find(rest, '\n');

		if (kt_span_eq(kt_span_sub(rest, 0, n), id))
			return true;
		rest = kt_span_sub(rest, n + 1, rest.len);
	}
	return false;
}

/* Whether there was one is recorded, not what it was. */
static bool
find_secret(void *arg, const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out)
{
	const struct secrets *s = arg;
	const struct kt_config_items *all = &s->settings->providers.targets;
	const struct kt_config_target *t = all->at;

	(void)mem;
	for (size_t i = 0; i < all->n; i++) {
		if (&t[i].secret_key_ref == ref &&
		    is_listed(s->unavailable, t[i].id))
			return false;
	}
	*out = KT_SPAN("replay");
	return true;
}

/*
 * A gateway of targets without secrets would not start, and what it would
 * do is asked all the same: then it has them.
 */
static bool
is_any_left(const struct secrets *s)
{
	const struct kt_config_items *all = &s->settings->providers.targets;
	const struct kt_config_target *t = all->at;

	for (size_t i = 0; i < all->n; i++) {
		if (!is_listed(s->unavailable, t[i].id))
			return true;
	}
	return false;
}

static struct kt_program *
compile(struct kt_replay_run *r, const struct kt_replay_side *side,
    struct kt_span unavailable, struct kt_err *err)
{
	struct secrets secrets = { side->settings.settings, unavailable };
	struct kt_program_options o = { .settings = side->settings.settings,
		.detectors = side->detectors.sources,
		.ndetectors = side->detectors.n,
		.saved_detectors = kt_buf_span(&r->saved),
		.secret = find_secret, .secret_arg = &secrets,
		.instance_key = KT_SPAN("0123456789abcdef0123456789abcdef"),
		.may_use_offline = is_listed(unavailable, KT_SPAN(OFFLINE)),
		.use = KT_CHAIN_REPLAY };

	if (!o.may_use_offline && !is_any_left(&secrets))
		secrets.unavailable = KT_SPAN("");
	return kt_program_new(&o, err);
}

static enum kt_rc
list_heard(struct kt_replay_variant *v, struct kt_err *err)
{
	const struct kt_program *p = v->programs[KT_REPLAY_NEW];
	struct kt_scratch *scratch = kt_scratch_new(p);
	struct kt_look *look = scratch ? kt_look_new(p, scratch) : NULL;
	const struct kt_detector *d;
	enum kt_rc rc = look != NULL ? KT_OK : KT_E_LIMIT;

	kt_buf_init(&v->heard, TEXT_MAX);
	for (size_t i = 0; rc == KT_OK &&
	     (d = kt_look_detector(look, i)) != NULL; i++) {
		char digest[17];

		if (!kt_look_hears(look, i) || (d->pattern != NULL &&
		        kt_span_starts(kt_span_of(d->pattern), KT_SPAN("<kt"))))
			continue;
		kt_session_digest(d, digest);
		rc = kt_buf_printf(&v->heard, "%s %s\n", d->id, digest);
	}
	kt_look_free(&look);
	kt_scratch_free(&scratch);
	return rc == KT_OK ? rc : kt_fail(err, rc, "no memory");
}

/* These go by what was found, which a record tells. */
static const char *const by_findings[] = { "audit-logger",
	"data-routing-policy", "dlp-filter", "phi-detector", "pii-detector",
	"prompt-injection", "secret-scanner" };

static enum kt_rc
list_settled(struct kt_replay_variant *v, const struct kt_settings *s,
    struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	kt_buf_init(&v->settled, TEXT_MAX);
	for (size_t i = 0; i < s->policies.links_n && rc == KT_OK; i++) {
		const struct kt_config_link *l = &s->policies.links[i];
		bool is_by_findings = false;
		struct kt_buf b;

		for (size_t k = 0; k < KT_NELEMS(by_findings); k++)
			is_by_findings |= strcmp(
			    l->kind->name, by_findings[k]) == 0;
		if (is_by_findings)
			continue;
		kt_buf_init(&b, TEXT_MAX);
		rc = kt_config_show(
		    l->kind->table, l->settings, KT_CONFIG_JSON, &b);
		if (rc == KT_OK)
			rc = kt_buf_printf(&v->settled, "policy:%s %016llx\n",
			    l->kind->name, (unsigned long long)kt_hash(
			        KT_HASH_BEGIN, kt_buf_span(&b)));
		kt_buf_fini(&b);
	}
	return rc == KT_OK ? rc : kt_fail(err, rc, "no memory");
}

static enum kt_rc
make_variant(struct kt_replay_run *r, struct kt_replay_variant *v,
    struct kt_err *err)
{
	for (int i = 0; i <= (r->has_old ? 1 : 0); i++) {
		v->programs[i] =
		    compile(r, &r->sides[i], v->unavailable, err);
		if (v->programs[i] == NULL)
			return err->rc;
	}
	return list_heard(v, err) < 0 ? err->rc :
	    list_settled(v, r->sides[KT_REPLAY_NEW].settings.settings, err);
}

/* No target had a secret; that cannot change while a gateway runs. */
static bool
was_offline(const struct kt_session *s)
{
	struct kt_outcome o = { .target = "" };
	struct kt_err err;

	for (size_t i = 0; i < s->ncalls && o.target[0] == '\0'; i++) {
		if (kt_outcome_read(&o, s->calls[i].record, &err) < 0)
			return false; /* told when it is played */
	}
	return strcmp(o.target, OFFLINE) == 0;
}

static struct kt_span
unavailable_of(const struct kt_session *s, struct kt_buf *b)
{
	for (size_t i = 0; i < s->nunavailable; i++) {
		if (kt_buf_add(b, s->unavailable[i]) < 0 ||
		    kt_buf_addc(b, '\n') < 0)
			kt_buf_reset(b); /* absurdly many: as if there were none */
	}
	if (s->nunavailable > 0 && was_offline(s) &&
	    kt_buf_add(b, KT_SPAN(OFFLINE "\n")) < 0)
		kt_buf_reset(b);
	return kt_buf_span(b);
}

/* A new one; what is wrong with it is told to each session that needs it. */
static struct kt_replay_variant *
add_variant(struct kt_replay_run *r, struct kt_span list, struct kt_err *err)
{
	struct kt_replay_variant *v;

	if (r->nvariants == KT_REPLAY_VARIANTS_MAX) {
		(void)kt_fail(err, KT_E_LIMIT, "sessions of more than %d sets "
		    "of targets", KT_REPLAY_VARIANTS_MAX); /* in err */
		return NULL;
	}
	v = &r->variants[r->nvariants++];
	v->unavailable.ptr = kt_alloc(list.len + 1);
	if (v->unavailable.ptr == NULL) {
		(void)kt_fail(&v->err, KT_E_LIMIT, "no memory"); /* in it */
		return v;
	}
	v->unavailable.len = list.len;
	if (list.len > 0)
		memcpy((char *)(uintptr_t)v->unavailable.ptr, list.ptr, list.len);
	(void)make_variant(r, v, &v->err); /* in it */
	return v;
}

static const struct kt_replay_variant *
find_variant(struct kt_replay_run *r, struct kt_span list, struct kt_err *err)
{
	struct kt_replay_variant *v = NULL;

	for (size_t i = 0; i < r->nvariants && v == NULL; i++) {
		if (kt_span_eq(r->variants[i].unavailable, list))
			v = &r->variants[i];
	}
	if (v == NULL)
		v = add_variant(r, list, err);
	if (v == NULL || v->err.rc == KT_OK)
		return v;
	*err = v->err;
	return NULL;
}

const struct kt_replay_variant *
kt_replay_variant_of(struct kt_replay_run *r, const struct kt_session *s,
    struct kt_err *err)
{
	const struct kt_replay_variant *v;
	struct kt_buf b;

	kt_buf_init(&b, TEXT_MAX);
	(void)pthread_mutex_lock(&r->lock); /* ours: cannot fail */
	v = find_variant(r, unavailable_of(s, &b), err);
	(void)pthread_mutex_unlock(&r->lock);
	kt_buf_fini(&b);
	return v;
}

/* The first of a list that this session does not have so; empty: none. */
static struct kt_span
first_unknown(struct kt_span rest, const struct kt_session *s)
{
	while (rest.len > 0) {
		size_t n = kt_span_find(rest, '\n');
		struct kt_span line = kt_span_sub(rest, 0, n);
		size_t blank = kt_span_find(line, ' ');
		struct kt_span id = kt_span_sub(line, 0, blank);
		bool is_known = false;

		rest = kt_span_sub(rest, n + 1, rest.len);
		for (size_t i = 0; i < s->ndetectors && !is_known; i++)
			is_known = kt_span_eq(s->detectors[i].id, id) &&
			    kt_span_eq(s->detectors[i].digest,
			        kt_span_sub(line, blank + 1, line.len));
		if (!is_known)
			return id;
	}
	return (struct kt_span){ 0 };
}

/*
 * Why a call cannot be judged: a detector that the new configuration asks did
 * not look.  NULL: it can.
 */
static const char *
why_unknown(const struct kt_replay_variant *v, const struct kt_session *s,
    char why[static 96])
{
	struct kt_span id = first_unknown(kt_buf_span(&v->heard), s);

	if (id.len > 0) {
		(void)snprintf(why, 96, "detector %.*s did not look when this "
		    "was recorded", KT_SPAN_ARG(id));
		return why;
	}
	if (kt_span_eq(s->source, KT_SPAN(KT_REPLAY_OF_LOG)))
		id = first_unknown(kt_buf_span(&v->settled), s);
	if (id.len == 0)
		return NULL;
	(void)snprintf(why, 96, "%.*s asks for more than a record tells",
	    KT_SPAN_ARG(id));
	return why;
}

/* ---- one session ---- */

struct hand { /* of one thread */
	struct kt_replay_run *r;
	struct kt_scratch *scratch[KT_REPLAY_VARIANTS_MAX][2];
};

static enum kt_rc
play(struct hand *h, const struct kt_replay_variant *v, int side,
    const struct kt_session *s, const struct kt_session_call *c,
    struct kt_replayed *out, struct kt_err *err)
{
	struct kt_scratch **scratch =
	    &h->scratch[v - h->r->variants][side];
	struct kt_replay play = { .program = v->programs[side] };

	if (*scratch == NULL)
		*scratch = kt_scratch_new(v->programs[side]);
	if (*scratch == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	play.scratch = *scratch;
	return kt_replay_call(&play, c, s->t0_us, out, err);
}

static struct kt_replay_row *
add_row(struct kt_replay_session *to, const struct kt_session_call *c)
{
	void *p = to->rows;
	struct kt_replay_row *row;

	if (kt_grow(&p, &to->cap, to->nrows + 1, sizeof(*row)) < 0)
		return NULL;
	to->rows = p;
	row = &to->rows[to->nrows++];
	row->n = c->n;
	row->line = c->line;
	return row;
}

/* Has this conversation gone another way already? */
static bool
has_diverged(const struct kt_session *s, const struct kt_replay_session *to,
    const struct kt_session_call *c)
{
	for (size_t i = to->nrows; i-- > 0;) {
		const struct kt_replay_row *row = &to->rows[i];
		size_t k = 0;

		if (row->change == KT_CHANGE_NONE ||
		    row->change >= KT_CHANGE_REWORDED)
			continue;
		while (s->calls[k].n != row->n)
			k++;
		if (s->calls[k].conversation.len > 0 &&
		    kt_span_eq(s->calls[k].conversation, c->conversation))
			return true;
	}
	return false;
}

static bool
is_asked_for(const struct kt_replay_run *r, const struct kt_session *s,
    const struct kt_session_call *c)
{
	struct kt_span want = kt_span_of(r->explain);
	size_t hash = kt_span_find(want, '#');
	uint64_t n = 0;

	return kt_span_eq(kt_span_sub(want, 0, hash), s->id) &&
	    kt_span_u64(kt_span_sub(want, hash + 1, want.len), &n) && n == c->n;
}

/* Which policies of the chain had something to say. */
static enum kt_rc
cover(const struct kt_replay_run *r, const struct kt_replayed *now,
    struct kt_replay_session *to, struct kt_err *err)
{
	const struct kt_settings *s = r->sides[KT_REPLAY_NEW].settings.settings;
	struct kt_session_call c = { .record = kt_buf_span(&now->record) };

	for (size_t i = 0; i < s->policies.links_n &&
	     i < KT_REPLAY_POLICIES_MAX; i++) {
		const char *name = s->policies.links[i].kind->name;
		struct kt_replay_filter f = { .n = 0 };
		char want[80];
		bool fits;

		(void)snprintf(want, sizeof(want), "policy=%s", name);
		if (!kt_replay_filter_add(&f, kt_span_of(want)))
			continue;
		if (kt_replay_filter_fits(&f, &c, &fits, err) < 0)
			return err->rc;
		if (fits)
			to->matched |= UINT64_C(1) << i;
		if (strcmp(now->outcome.policy, name) == 0)
			to->decided |= UINT64_C(1) << i;
	}
	return KT_OK;
}

static enum kt_rc
compare(struct hand *h, const struct kt_replay_variant *v,
    const struct kt_session *s, const struct kt_session_call *c,
    const char *unknown, struct kt_replay_session *to, struct kt_err *err)
{
	struct kt_replayed old = { 0 }, new = { 0 };
	struct kt_outcome from;
	struct kt_span said = c->record;
	struct kt_replay_row *row, none = { 0 };
	enum kt_change change = KT_CHANGE_NONE;
	enum kt_rc rc = KT_OK;

	if (h->r->has_old) {
		rc = play(h, v, KT_REPLAY_OLD, s, c, &old, err);
		said = kt_buf_span(&old.record);
	}
	if (rc == KT_OK)
		rc = play(h, v, KT_REPLAY_NEW, s, c, &new, err);
	if (rc == KT_OK && h->r->has_coverage)
		rc = cover(h->r, &new, to, err);
	if (rc == KT_OK)
		rc = kt_outcome_read(&from, said, err);
	if (rc == KT_OK)
		change = kt_outcome_compare(&from, &new.outcome);
	if (c->is_withheld)
		unknown = "a part of it was not recorded";
	else if (!c->has_gaps && !s->is_facts_only)
		unknown = NULL;
	if (said.len == 0 && rc == KT_OK && !h->r->has_old) {
		unknown = "no decision was recorded: use --against";
		change = KT_CHANGE_NONE;
	}
	if (new.lacks_fact) {
		unknown = "it asks for work that was not done then";
		change = KT_CHANGE_NONE;
	}
	if (!new.has_ended)
		unknown = "it waits for something that was not recorded";
	if (rc == KT_OK && h->r->explain != NULL) {
		row = &none;
		row->change = change;
		row->is_made_up = new.is_answer_made_up;
		if (unknown != NULL)
			(void)snprintf(row->unknown, sizeof(row->unknown), "%s",
			    unknown);
		row->from = from;
		row->to = new.outcome;
		kt_replay_explain(s, c, said, kt_buf_span(&new.record), row);
		h->r->has_explained = true;
	} else if (rc == KT_OK &&
	    (change != KT_CHANGE_NONE || unknown != NULL)) {
		bool is_hypothetical = has_diverged(s, to, c);

		row = add_row(to, c);
		if (row == NULL)
			rc = kt_fail(err, KT_E_LIMIT, "no memory");
		else {
			row->change = change;
			row->is_hypothetical = is_hypothetical;
			row->is_made_up = new.is_answer_made_up;
			if (unknown != NULL)
				(void)snprintf(row->unknown,
				    sizeof(row->unknown), "%s", unknown);
			row->from = from;
			row->to = new.outcome;
			to->nindeterminate += change == KT_CHANGE_NONE;
		}
	}
	kt_buf_fini(&old.record);
	kt_buf_fini(&new.record);
	return rc;
}

static enum kt_rc
play_session(struct hand *h, const struct kt_session *s,
    struct kt_replay_session *to, struct kt_err *err)
{
	const struct kt_replay_variant *v =
	    kt_replay_variant_of(h->r, s, err);
	const char *unknown;
	char why[96];

	if (v == NULL)
		return err->rc;
	unknown = why_unknown(v, s, why);
	(void)snprintf(to->id, sizeof(to->id), "%.*s", KT_SPAN_ARG(s->id));
	to->cut_line = s->cut_line;
	to->nlost = s->nlost;
	for (size_t i = 0; i < s->ncalls; i++) {
		bool fits;

		if (h->r->explain != NULL && !is_asked_for(h->r, s, &s->calls[i]))
			continue;
		if (kt_replay_filter_fits(
		        &h->r->filter, &s->calls[i], &fits, err) < 0)
			return kt_wrap(err, "line %zu", s->calls[i].line);
		if (!fits)
			continue;
		to->ncalls++;
		if (compare(h, v, s, &s->calls[i], unknown, to, err) < 0)
			return kt_wrap(err, "line %zu", s->calls[i].line);
	}
	return KT_OK;
}

static void
one(struct hand *h, size_t i)
{
	struct kt_replay_session *to = &h->r->sessions[i];
	struct kt_session_file f;

	if (kt_session_file_open(&f, h->r->paths.at[i], &h->r->key, &to->err) < 0)
		return;
	if (play_session(h, &f.session, to, &to->err) < 0)
		(void)kt_wrap(&to->err, "%s", h->r->paths.at[i]); /* in err */
	kt_session_file_close(&f);
}

static void
show_progress(struct kt_replay_run *r)
{
	size_t done = atomic_fetch_add(&r->done, 1) + 1;

	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r%zu of %zu sessions%s", done,
		    r->paths.n, done == r->paths.n ? "\r\033[K" : "");
}

static void *
work(void *self)
{
	struct hand *h = self;

	for (;;) {
		size_t i = atomic_fetch_add(&h->r->next, 1);

		if (i >= h->r->paths.n)
			break;
		one(h, i);
		show_progress(h->r);
	}
	for (size_t i = 0; i < KT_REPLAY_VARIANTS_MAX; i++) {
		kt_scratch_free(&h->scratch[i][0]);
		kt_scratch_free(&h->scratch[i][1]);
	}
	return NULL;
}

/* ---- a part of the sessions ---- */

struct drawn {
	char *path;
	uint64_t lot;
	size_t place;
};

static int
by_lot(const void *x, const void *y)
{
	const struct drawn *a = x, *b = y;

	if (a->lot != b->lot)
		return a->lot < b->lot ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

static int
by_place(const void *x, const void *y)
{
	const struct drawn *a = x, *b = y;

	return a->place < b->place ? -1 : 1;
}

/* Of the name alone: the same session has the same lot on any machine. */
static uint64_t
lot_of(const char *path, uint64_t seed)
{
	const char *slash = strrchr(path, '/');
	uint64_t h = kt_hash(KT_HASH_BEGIN ^ seed,
	    kt_span_of(slash != NULL ? slash + 1 : path));

	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

enum kt_rc
kt_replay_sample(struct kt_replay_run *r, struct kt_err *err)
{
	size_t n = r->paths.n, keep = r->sample < n ? (size_t)r->sample : n;
	struct drawn *v;

	if (r->sample == 0 || keep == n)
		return KT_OK;
	v = kt_alloc_array(n, sizeof(*v));
	if (v == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	for (size_t i = 0; i < n; i++)
		v[i] = (struct drawn){ r->paths.at[i],
			lot_of(r->paths.at[i], r->seed), i };
	qsort(v, n, sizeof(*v), by_lot);
	for (size_t i = keep; i < n; i++)
		kt_free(v[i].path);
	qsort(v, keep, sizeof(*v), by_place);
	for (size_t i = 0; i < keep; i++)
		r->paths.at[i] = v[i].path;
	r->paths.n = keep;
	kt_free(v);
	return KT_OK;
}

static uint64_t
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > KT_REPLAY_JOBS_MAX ? KT_REPLAY_JOBS_MAX :
	    (uint64_t)n;
}

enum kt_rc
kt_replay_run(struct kt_replay_run *r, struct kt_err *err)
{
	uint64_t jobs = r->jobs ? r->jobs : cores();
	pthread_t threads[KT_REPLAY_JOBS_MAX];
	struct hand *hands;
	size_t n = 0;

	if (jobs > r->paths.n)
		jobs = r->paths.n;
	r->sessions = kt_alloc_array(r->paths.n, sizeof(*r->sessions));
	hands = kt_alloc_array(jobs, sizeof(*hands));
	if (r->sessions == NULL || hands == NULL) {
		kt_free(hands);
		return kt_fail(err, KT_E_LIMIT, "no memory");
	}
	for (size_t i = 0; i < jobs; i++)
		hands[i].r = r;
	for (n = 0; n + 1 < jobs; n++) {
		if (pthread_create(&threads[n], NULL, work, &hands[n + 1]) != 0)
			break; /* the others do its part */
	}
	(void)work(&hands[0]);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	kt_free(hands);
	return KT_OK;
}

void
kt_replay_free(struct kt_replay_run *r)
{
	for (size_t i = 0; i < r->nvariants; i++) {
		struct kt_replay_variant *v = &r->variants[i];

		kt_program_free(&v->programs[0]);
		kt_program_free(&v->programs[1]);
		kt_buf_fini(&v->heard);
		kt_buf_fini(&v->settled);
		kt_free((char *)(uintptr_t)v->unavailable.ptr);
	}
	for (int i = 0; i < 2; i++) {
		kt_cmd_settings_fini(&r->sides[i].settings);
		kt_cmd_files_fini(&r->sides[i].config);
		kt_cmd_files_fini(&r->sides[i].detectors);
	}
	for (size_t i = 0; r->sessions != NULL && i < r->paths.n; i++)
		kt_free(r->sessions[i].rows);
	kt_free(r->sessions);
	kt_buf_fini(&r->saved);
	kt_session_paths_fini(&r->paths);
	kt_session_key_fini(&r->key);
}
