/*
 * edition - read and compiled on the thread that keeps house, handed to the
 * workers by reference.  The last reference may be dropped by a worker in
 * the middle of traffic, and freeing databases takes a while: it is posted
 * back to the loop that the edition came from.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "cmd/files.h"
#include "cmd/gateway/edition.h"
#include "disk/disk.h"

#define SECRET_MAX 65536
#define TOKENS_MAX (16u << 20)

struct kt_edition {
	atomic_int uses;
	struct kt_loop *home;
	struct kt_post free_post;
	struct kt_cmd_files files, detectors;
	struct kt_cmd_settings settings;
	struct kt_buf tokens;
	const char *tokens_file;
	struct stat tokens_seen;
	struct kt_buf saved, definitions; /* of the shipped detectors */
	struct kt_program *program, *recorder;
	bool will_record;
	struct kt_session_key session_key;
	struct kt_origin **origins;
	size_t norigins;
};

/* Text of a file without the newline that editors leave behind. */
static bool
read_secret(const char *path, struct kt_arena *mem, struct kt_span *out)
{
	struct kt_buf b;

	kt_buf_init(&b, SECRET_MAX);
	if (kt_disk_read_file(&kt_disk_real, path, SECRET_MAX, &b, NULL) < 0) {
		kt_buf_fini(&b);
		return false;
	}
	while (b.len > 0 && (b.ptr[b.len - 1] == '\n' ||
	                        b.ptr[b.len - 1] == '\r'))
		b.len--;
	*out = kt_arena_dup(mem, kt_buf_span(&b));
	explicit_bzero(b.ptr, b.cap);
	kt_buf_fini(&b);
	return out->ptr != NULL;
}

static bool
find_secret(void *arg, const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out)
{
	const char *value;

	(void)arg; /* the environment is everybody's */
	if (ref->from == KT_CONFIG_FILE)
		return read_secret(ref->name.ptr, mem, out);
	if (ref->from != KT_CONFIG_ENV)
		return false;
	value = getenv(ref->name.ptr);
	if (value == NULL || *value == '\0')
		return false;
	*out = kt_arena_dup(mem, kt_span_of(value));
	return out->ptr != NULL;
}

bool
kt_edition_secret(const struct kt_config_secret *ref, struct kt_arena *mem,
    struct kt_span *out)
{
	return find_secret(NULL, ref, mem, out);
}

static enum kt_rc
read_tokens(struct kt_edition *e, const struct kt_edition_options *o,
    struct kt_err *err)
{
	const char *given = o->tokens_file;
	const struct kt_config_auth *auth = &e->settings.settings->auth;

	kt_buf_init(&e->tokens, TOKENS_MAX);
	e->tokens_file = given != NULL ? given :
	    auth->tokens_file.len > 0  ? auth->tokens_file.ptr :
	                                 NULL;
	if (e->tokens_file == NULL)
		return KT_OK;
	/* First: what is written from here on is seen to be newer. */
	if (stat(e->tokens_file, &e->tokens_seen) < 0)
		e->tokens_seen = (struct stat){ 0 };
	if (auth->mode != KT_CONFIG_AUTH_TOKENS)
		return KT_OK;
	if (kt_disk_read_file(&kt_disk_real, e->tokens_file, TOKENS_MAX,
	        &e->tokens, err) < 0)
		return err->rc;
	/* As a file is while somebody writes it in place. */
	if (e->tokens.len == 0 && o->in_force != NULL)
		return kt_fail(
		    err, KT_E_PARSE, "%s: the file is empty", e->tokens_file);
	return KT_OK;
}

static enum kt_rc
read_files(struct kt_edition *e, const struct kt_edition_options *o,
    struct kt_err *err)
{
	const struct kt_edition *from = o->in_force;
	enum kt_rc rc = from != NULL
	    ? kt_cmd_files_copy(&e->files, &from->files, err)
	    : kt_cmd_files_policy(&e->files, o->paths, o->npaths, err);

	if (rc == KT_OK)
		rc = kt_cmd_settings_load(&e->settings, &e->files, err);
	if (rc < 0)
		return rc;
	return from != NULL
	    ? kt_cmd_files_copy(&e->detectors, &from->detectors, err)
	    : kt_cmd_files_detectors(
	          &e->detectors, e->settings.settings, e->files.names, err);
}

enum kt_rc
kt_edition_read(struct kt_edition **out, const struct kt_edition_options *o,
    struct kt_err *err)
{
	struct kt_edition *e = kt_alloc(sizeof(*e));
	enum kt_rc rc;

	*out = NULL;
	if (e == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	atomic_init(&e->uses, 1);
	e->home = o->home;
	rc = read_files(e, o, err);
	if (rc == KT_OK)
		rc = read_tokens(e, o, err);
	if (rc == KT_OK) {
		kt_cmd_saved_detectors(&e->saved);
		kt_cmd_saved_definitions(&e->definitions);
	}
	if (rc < 0)
		kt_edition_free(&e);
	*out = e;
	return rc;
}

static enum kt_rc
make_origin(struct kt_edition *e, const struct kt_target *t, struct kt_err *err)
{
	struct kt_origin_spec spec = { .host = t->host, .port = t->port,
		.connect_ms = (uint32_t)(
		    e->settings.settings->gateway.deadlines.connect_seconds *
		    1000) };
	struct kt_err why = { 0 };
	enum kt_rc rc = KT_OK;

	if (t->provider == KT_PROVIDER_OFFLINE)
		return KT_OK;
	if (t->is_https)
		rc = kt_trust_share(&spec.trust, e->origins, e->norigins,
		    t->ca_file, &why);
	if (rc == KT_OK)
		rc = kt_origin_new(&e->origins[t->index], &spec, &why);
	kt_trust_free(&spec.trust);
	if (rc < 0)
		return kt_fail(err, rc, "target %.*s: %s", KT_SPAN_ARG(t->id),
		    why.text);
	return KT_OK;
}

/* Sessions that cannot be encrypted are not written in the clear. */
static enum kt_rc
take_session_key(struct kt_edition *e, struct kt_err *err)
{
	const struct kt_config_secret *ref =
	    &e->settings.settings->recording.encrypt_to;
	struct kt_arena *mem;
	struct kt_span text;

	if (ref->from == KT_CONFIG_FROM_NONE)
		return KT_OK;
	mem = kt_arena_new(SECRET_MAX);
	if (mem == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (find_secret(NULL, ref, mem, &text)) {
		e->session_key.is_there =
		    kt_seal_key_of(text, e->session_key.bytes);
		explicit_bzero((char *)(uintptr_t)text.ptr, text.len);
	}
	kt_arena_free(&mem);
	return e->session_key.is_there ? KT_OK :
	    kt_fail(err, KT_E_MISUSE, "recording.encrypt_to: '%.*s' is not set, "
	        "cannot be read or is not 64 hexadecimal digits",
	        KT_SPAN_ARG(ref->name));
}

enum kt_rc
kt_edition_compile(struct kt_edition *e, struct kt_span instance_key,
    struct kt_err *err)
{
	struct kt_program_options o = {
		.settings = e->settings.settings,
		.detectors = e->detectors.sources,
		.ndetectors = e->detectors.n,
		.saved_detectors = kt_buf_span(&e->saved),
		.saved_definitions = kt_buf_span(&e->definitions),
		.tokens_file = kt_buf_span(&e->tokens),
		.secret = find_secret,
		.instance_key = instance_key,
		.mono_us = kt_disk_mono_us,
		.may_use_offline = e->files.is_starter,
	};
	const struct kt_target *targets, *guard;
	size_t ntargets;
	enum kt_rc rc = KT_OK;

	if (e->will_record && take_session_key(e, err) < 0)
		return err->rc;
	e->program = kt_program_new(&o, err);
	if (e->program != NULL && e->will_record) {
		o.use = KT_CHAIN_RECORD;
		e->recorder = kt_program_new(&o, err);
		if (e->recorder == NULL)
			return err->rc;
	}
	/* What was made of them borrows nothing. */
	kt_buf_fini(&e->saved);
	kt_buf_fini(&e->definitions);
	if (e->program == NULL)
		return err->rc;
	targets = kt_program_targets(e->program, &ntargets);
	guard = kt_program_guard(e->program);
	e->norigins = ntargets + 1;
	e->origins = kt_alloc_array(e->norigins, sizeof(struct kt_origin *));
	if (e->origins == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for targets");
	for (size_t i = 0; i < ntargets && rc == KT_OK; i++)
		rc = make_origin(e, &targets[i], err);
	if (guard != NULL && rc == KT_OK)
		rc = make_origin(e, guard, err);
	return rc;
}

struct kt_edition *
kt_edition_ref(struct kt_edition *e)
{
	atomic_fetch_add(&e->uses, 1);
	return e;
}

static void
destroy(void *self)
{
	struct kt_edition *e = self;

	for (size_t i = 0; i < e->norigins && e->origins != NULL; i++)
		kt_origin_free(&e->origins[i]);
	kt_free(e->origins);
	kt_session_key_fini(&e->session_key);
	kt_program_free(&e->program);
	kt_program_free(&e->recorder);
	kt_buf_fini(&e->saved);
	kt_buf_fini(&e->definitions);
	kt_buf_fini(&e->tokens);
	kt_cmd_settings_fini(&e->settings);
	kt_cmd_files_fini(&e->detectors);
	kt_cmd_files_fini(&e->files);
	kt_free(e);
}

void
kt_edition_free(struct kt_edition **ep)
{
	struct kt_edition *e = *ep;

	*ep = NULL;
	if (e == NULL || atomic_fetch_sub(&e->uses, 1) > 1)
		return;
	e->free_post = (struct kt_post){ .fn = destroy, .self = e };
	kt_loop_post(e->home, &e->free_post);
}

const struct kt_settings *
kt_edition_settings(const struct kt_edition *e)
{
	return e->settings.settings;
}

const struct kt_program *
kt_edition_program(const struct kt_edition *e)
{
	return e->program;
}

void
kt_edition_will_record(struct kt_edition *e)
{
	e->will_record = true;
}

const struct kt_program *
kt_edition_recorder(const struct kt_edition *e)
{
	return e->recorder;
}

const struct kt_session_key *
kt_edition_session_key(const struct kt_edition *e)
{
	return &e->session_key;
}

struct kt_origin *
kt_edition_origin(const struct kt_edition *e, size_t index)
{
	return index < e->norigins ? e->origins[index] : NULL;
}

const char *
kt_edition_tokens_file(const struct kt_edition *e)
{
	return e->tokens_file;
}

const struct stat *
kt_edition_tokens_seen(const struct kt_edition *e)
{
	return &e->tokens_seen;
}

const char *
kt_edition_name(const struct kt_edition *e, size_t i)
{
	return i < e->files.n ? e->files.names[i] : NULL;
}

bool
kt_edition_is_starter(const struct kt_edition *e)
{
	return e->files.is_starter;
}

struct kt_seat *
kt_seat_new(struct kt_edition *e)
{
	struct kt_seat *seat = kt_alloc(sizeof(*seat));

	if (seat == NULL)
		return NULL;
	seat->edition = kt_edition_ref(e);
	seat->content = (enum kt_config_content)kt_policy_audit(
	    kt_edition_settings(e)).content;
	seat->scratch = kt_scratch_new(e->program);
	if (seat->scratch == NULL)
		kt_seat_free(&seat);
	return seat;
}

void
kt_seat_free(struct kt_seat **seat)
{
	if (*seat == NULL)
		return;
	kt_scratch_free(&(*seat)->scratch);
	kt_edition_free(&(*seat)->edition);
	kt_free(*seat);
	*seat = NULL;
}
