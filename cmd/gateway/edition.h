/*
 * edition - one configuration as it was read: files, program, origins.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which files a running gateway is made from, how a secret is
 *           looked up, what a program needs from the outside.
 * Does not: decide when to read again.
 * Promises: an edition is whole or it is not there; it is freed when the
 *           last thread that uses it lets go, by whoever made it; a file that
 *           is being edited does not keep new tokens out.
 */
#ifndef KT_EDITION_H
#define KT_EDITION_H
#include <sys/stat.h>

#include "cmd/gateway/loop.h"
#include "cmd/gateway/upstream.h"
#include "cmd/session/form.h"
#include "exchange/program.h"

struct kt_edition;

struct kt_edition_options {
	char *const *paths; /* --policy-config, in order */
	size_t npaths;
	const char *tokens_file; /* NULL: what the configuration says */
	struct kt_span instance_key;
	struct kt_loop *home; /* where it is freed */
	/* Not NULL: its files as they were read, only the tokens are new. */
	const struct kt_edition *in_force;
};
/* Two steps, because the audit log stands between them. */
KT_MUSTCHECK enum kt_rc kt_edition_read(struct kt_edition **out,
    const struct kt_edition_options *o, struct kt_err *err);
/* What records finds with; before it is compiled. */
void kt_edition_will_record(struct kt_edition *e);
/* Compiles what was read.  Takes tens of milliseconds: not on a worker. */
KT_MUSTCHECK enum kt_rc kt_edition_compile(struct kt_edition *e,
    struct kt_span instance_key, struct kt_err *err);
struct kt_edition *kt_edition_ref(struct kt_edition *e);
/* From any thread. */
void kt_edition_free(struct kt_edition **e);

/* What a reference to a secret stands for; false: nothing is there. */
bool kt_edition_secret(const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out);
const struct kt_settings *kt_edition_settings(const struct kt_edition *e);
const struct kt_program *kt_edition_program(const struct kt_edition *e);
/* Made with KT_CHAIN_RECORD; NULL: nothing is recorded. */
const struct kt_program *kt_edition_recorder(const struct kt_edition *e);
/* What its sessions are encrypted with, if there is one. */
const struct kt_session_key *kt_edition_session_key(
    const struct kt_edition *e);
/* NULL when the target has none: it answers from within. */
struct kt_origin *kt_edition_origin(const struct kt_edition *e, size_t index);
/* The file that lists tokens; NULL: none. */
const char *kt_edition_tokens_file(const struct kt_edition *e);
/* As it was just before it was read; zeros: there was none. */
const struct stat *kt_edition_tokens_seen(const struct kt_edition *e);
/* Name of the i-th configuration file, for people; NULL: there are less. */
const char *kt_edition_name(const struct kt_edition *e, size_t i);
bool kt_edition_is_starter(const struct kt_edition *e);

/* One worker's use of an edition. */
struct kt_seat {
	struct kt_edition *edition;
	struct kt_scratch *scratch;
	enum kt_config_content content; /* what the audit log keeps */
	size_t users; /* exchanges under way */
	bool is_retired;
};
struct kt_seat *kt_seat_new(struct kt_edition *e);
void kt_seat_free(struct kt_seat **seat);

#endif
