/*
 * program - what a configuration compiles to; immutable, shared by threads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    targets with their secrets, the policy chain with its detectors,
 *           routes, callers.
 * Does not: read files or the environment; the caller resolves references.
 * Promises: what lints clean compiles; a program is never half-built.
 */
#ifndef KT_PROGRAM_H
#define KT_PROGRAM_H
#include "auth/auth.h"
#include "base/base.h"
#include "chat/chat.h"
#include "config/settings.h"
#include "policy/policy.h"

enum kt_provider_id {
	KT_PROVIDER_OFFLINE = 0,
	KT_PROVIDER_ANTHROPIC,
	KT_PROVIDER_OPENAI,
};

struct kt_target {
	struct kt_span id;
	enum kt_provider_id provider;
	enum kt_format format; /* ANTHROPIC or OPENAI; responses go to OPENAI */
	struct kt_span model;  /* empty: the client's passes */
	bool is_https;
	struct kt_span host;   /* without brackets */
	uint16_t port;
	struct kt_span host_header; /* with a port that is not the default */
	struct kt_span base_path;   /* "" or "/prefix", never ending in "/" or "/v1" */
	struct kt_span ca_file;     /* empty: the system's roots */
	struct kt_span key_header, key_prefix, key; /* key empty: none known */
	const struct kt_config_pair *headers;
	size_t nheaders;
	struct kt_span anthropic_version, region;
	uint64_t first_byte_us, silence_us, total_us; /* 0: none */
	uint64_t max_context_tokens, max_messages;    /* 0: none */
	bool has_baa; /* until baa_until_s, 0: without end */
	uint64_t baa_until_s;
	bool keeps_nothing, is_no_training;
	int64_t retention_days; /* -1: not said */
	struct kt_span baa_id; /* the agreement's */
#define KT_PRICE_MAX UINT64_C(1000000000000) /* of the widest setting */
	struct kt_prices { /* millionths of a microdollar per token */
		bool is_known;
		uint64_t input, output, cache_read, cache_write;
	} prices;
	bool is_available; /* secret found, or none needed */
	size_t index;
};

/* The bytes a secret reference stands for; false: not found. */
typedef bool kt_secret_fn(void *arg, const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out);

/* The steady clock of events, for how long an inspection took: events tell
   when it began, and it ends with no event. */
typedef uint64_t kt_program_clock_fn(void);

struct kt_program_options {
	const struct kt_settings *settings; /* outlives the program */
	/* Bytes of policies/detectors/ *.yaml, shipped and the user's. */
	const struct kt_config_source *detectors;
	size_t ndetectors;
	struct kt_span saved_detectors; /* of the shipped ones, or empty */
	/* What kt_policy_detectors_save made of the detectors, or empty. */
	struct kt_span saved_definitions;
	struct kt_span tokens_file; /* bytes, empty: none */
	kt_secret_fn *secret;
	void *secret_arg;
	struct kt_span instance_key; /* 32 bytes that salt commitments */
	kt_program_clock_fn *mono_us; /* NULL: inspecting takes no time */
	bool may_use_offline; /* configuration is the default starter */
	enum kt_chain_use use;
};

struct kt_program;
/* NULL: err says what is wrong. */
struct kt_program *kt_program_new(
    const struct kt_program_options *o, struct kt_err *err);
void kt_program_free(struct kt_program **p);
/* SHA-256 over everything that decides, in hex. */
struct kt_span kt_program_hash(const struct kt_program *p);
const struct kt_target *kt_program_targets(const struct kt_program *p, size_t *n);
/* Whom external-guard asks; index is behind all targets.  NULL: nobody. */
const struct kt_target *kt_program_guard(const struct kt_program *p);
/* Sentences for the start banner: targets without secret, offline in use. */
const struct kt_span *kt_program_warnings(const struct kt_program *p, size_t *n);

/* What the policies want letters in pictures to be read as: "eng+deu". */
struct kt_span kt_program_languages(const struct kt_program *p);

/* What one thread needs to run exchanges of one program. */
struct kt_scratch;
struct kt_scratch *kt_scratch_new(const struct kt_program *p);
void kt_scratch_free(struct kt_scratch **s);

#endif
