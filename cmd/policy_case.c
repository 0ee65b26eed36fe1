/*
 * policy_case - cases to begin with: of a policy, or of recorded calls.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/policy_case.h"
#include "cmd/session/file.h"
#include "config/nearest.h"
#include "policy/kind.h"
#include "provider/surface.h"
#include "replay/replay.h"
#include "session/reply.h"
#include "trial/draft.h"

enum kt_exit
kt_cmd_case_new(const struct kt_cmd *self, const char *policy)
{
	struct kt_config_nearest near;
	size_t n, i = 0;
	const struct kt_config_kind *kinds = kt_policy_config_kinds(&n);

	kt_config_nearest_init(&near, kt_span_of(policy));
	while (i < n && strcmp(kinds[i].name, policy) != 0)
		kt_config_nearest_try(&near, kinds[i++].name);
	if (i == n)
		return kt_misuse(self, "there is no kind of policy '%s'%s%s%s",
		    policy, near.best ? ": did you mean '" : "",
		    near.best ? near.best : "", near.best ? "'?" : "");
	(void)printf("cases:\n"
	    "  - name: %s acts on what it is for\n"
	    "    request:\n"
	    "      user: write here what it has to find\n"
	    "    expect: {decision: block, policy: %s}\n"
	    "  - name: %s lets the rest pass\n"
	    "    request:\n"
	    "      user: hello\n"
	    "    expect: pass\n", policy, policy, policy);
	return fflush(stdout) == 0 ? KT_EXIT_YES : KT_EXIT_UNKNOWN;
}

/* "file#12": a file whose own name has a number sign is taken whole. */
static bool
split(const char *from, char path[static KT_CMD_PATH_MAX], uint64_t *call)
{
	const char *hash = strrchr(from, '#');
	size_t len = hash != NULL ? (size_t)(hash - from) : strlen(from);
	struct stat st;

	*call = 0;
	if (hash == NULL || stat(from, &st) == 0)
		len = strlen(from);
	else if (!kt_span_u64(kt_span_of(hash + 1), call) || *call == 0)
		return false;
	return snprintf(path, KT_CMD_PATH_MAX, "%.*s", (int)len, from) <
	    KT_CMD_PATH_MAX;
}

/* Why a call cannot be a case, or NULL. */
static const char *
unfit(const struct kt_session *s, const struct kt_session_call *c,
    enum kt_endpoint endpoint)
{
	if (endpoint != KT_ENDPOINT_MESSAGES &&
	    endpoint != KT_ENDPOINT_COMPLETIONS)
		return "only messages and chat completions can be a case";
	if (s->is_facts_only || c->is_withheld)
		return "its text was not recorded";
	if (c->record.len == 0)
		return "no decision was recorded";
	return NULL;
}

static const char *
unfit_reply(const struct kt_session_reply *r, const struct kt_session_call *c,
    const struct kt_outcome *o)
{
	bool is_asked = false;

	if (strcmp(o->decision, "error") == 0)
		return "it ended in an error, which no policy decides";

	for (size_t i = 0; i < c->nevents; i++)
		is_asked |= c->events[i].kind == KT_SESSION_UP;
	return is_asked && r->status != 200 ?
	    "it was not answered, and the model of a case always answers" : NULL;
}

static void
fill_in(struct kt_trial_draft *d, const struct kt_session_call *c,
    const struct kt_session_reply *r, enum kt_endpoint endpoint,
    const struct kt_outcome *o)
{
	d->principal = c->caller.id;
	d->group = c->caller.group;
	d->api = endpoint == KT_ENDPOINT_COMPLETIONS ? KT_TRIAL_COMPLETIONS :
	    KT_TRIAL_MESSAGES;
	d->is_stream = r->is_stream;
	d->answer = kt_buf_span(&r->text);
	d->record = c->record;
	d->status = o->status;
	for (size_t i = 0; i < r->ncalls && i < KT_TRIAL_DRAFT_CALLS; i++) {
		d->calls[d->ncalls].name = kt_buf_span(&r->calls[i].name);
		d->calls[d->ncalls++].input = kt_buf_span(&r->calls[i].input);
	}
}

static enum kt_rc
add_case(struct kt_config_emit *e, const struct kt_session *s,
    const struct kt_session_call *c, const struct kt_session_reply *r,
    enum kt_endpoint endpoint, const struct kt_outcome *o, struct kt_err *err)
{
	time_t at = (time_t)((s->t0_us + c->at_us) / 1000000);
	struct kt_trial_draft d = { .ncalls = 0 };
	struct kt_buf body;
	struct tm tm;
	char now[24], name[160];
	enum kt_rc rc;

	if (gmtime_r(&at, &tm) != NULL &&
	    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		d.now = kt_span_of(now);
	(void)snprintf(name, sizeof(name), "call %llu of %.*s",
	    (unsigned long long)c->n, KT_SPAN_ARG(s->id));
	d.name = kt_span_of(name);
	kt_buf_init(&body, KT_SESSION_CALL_MAX);
	rc = kt_session_join(c->pieces, c->npieces, &body);
	if (rc < 0) {
		(void)kt_fail(err, rc, "out of memory"); /* in err */
	} else {
		fill_in(&d, c, r, endpoint, o);
		d.body = kt_buf_span(&body);
		rc = kt_trial_draft_add(e, &d, err);
	}
	kt_buf_fini(&body);
	return rc;
}

/* KT_E_PARSE: this one cannot be a case. */
static enum kt_rc
take_call(struct kt_config_emit *e, const struct kt_session *s,
    const struct kt_session_call *c, struct kt_err *err)
{
	struct kt_session_reply reply;
	struct kt_surface surface;
	struct kt_outcome o;
	const char *why;
	enum kt_rc rc;

	kt_surface(&surface, c->method, c->path, NULL, 0);
	why = unfit(s, c, surface.endpoint);
	if (why != NULL)
		return kt_fail(err, KT_E_PARSE, "%s", why);
	if (kt_outcome_read(&o, c->record, err) < 0)
		return err->rc;
	rc = kt_session_reply_read(&reply, c, err);
	why = rc == KT_OK ? unfit_reply(&reply, c, &o) : NULL;
	if (why != NULL)
		rc = kt_fail(err, KT_E_PARSE, "%s", why);
	if (rc == KT_OK)
		rc = add_case(e, s, c, &reply, surface.endpoint, &o, err);
	kt_session_reply_fini(&reply);
	return rc;
}

static enum kt_rc
take_calls(const struct kt_session *s, uint64_t want, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_config_emit e;
	size_t n = 0;
	bool has_any = false;

	kt_trial_draft_begin(&e, out);
	for (size_t i = 0; i < s->ncalls; i++) {
		const struct kt_session_call *c = &s->calls[i];

		if (want != 0 && c->n != want)
			continue;
		has_any = true;
		if (take_call(&e, s, c, err) == KT_OK) {
			n++;
			continue;
		}
		(void)kt_wrap(err, "call %llu", (unsigned long long)c->n);
		if (want != 0 || err->rc != KT_E_PARSE)
			return err->rc;
		kt_say("%s", err->text);
	}
	if (want != 0 && !has_any)
		return kt_fail(err, KT_E_PARSE, "there is no call %llu",
		    (unsigned long long)want);
	if (n == 0)
		return kt_fail(err, KT_E_PARSE, "no call of it can be a case");
	return kt_trial_draft_end(&e) == KT_OK ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "larger than a file of cases may be");
}

enum kt_exit
kt_cmd_case_of_session(
    const struct kt_cmd *self, const char *from, const char *key_path)
{
	struct kt_session_key key = { .is_there = false };
	struct kt_session_file f;
	struct kt_err err = { .text = "" };
	char path[KT_CMD_PATH_MAX];
	enum kt_exit status = KT_EXIT_UNKNOWN;
	struct kt_buf out;
	uint64_t call;

	if (!split(from, path, &call))
		return kt_misuse(self, "--from-session takes a session, and "
		    "perhaps # and the number of a call");
	if (kt_session_key_read(&key, key_path, &err) < 0 ||
	    kt_session_file_open(&f, path, &key, &err) < 0) {
		kt_say("%s", err.text);
		return status;
	}
	kt_buf_init(&out, KT_CONFIG_BYTES_MAX);
	if (take_calls(&f.session, call, &out, &err) < 0)
		kt_say("%s: %s", path, err.text);
	else if (kt_print(kt_buf_span(&out)))
		status = KT_EXIT_YES;
	kt_buf_fini(&out);
	kt_session_file_close(&f);
	kt_session_key_fini(&key);
	return status;
}
