/*
 * program_priv - a compiled configuration from inside.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_PROGRAM_PRIV_H
#define KT_PROGRAM_PRIV_H
#include "audit/mac.h"
#include "exchange/program.h"
#include "policy/policy.h"
#include "provider/provider.h"
#include "token/token.h"

#define KT_PROGRAM_ARENA_MAX (16u << 20)
#define KT_PROGRAM_WARNINGS_MAX 32

struct kt_program {
	const struct kt_settings *settings;
	struct kt_config_audit audit; /* with what the chain says of it */
	struct kt_arena *mem;
	struct kt_chain chain;
	struct kt_target *targets;
	size_t ntargets;
	struct kt_target *guard; /* whom external-guard asks; NULL: nobody */
	struct kt_route *routes;
	size_t nroutes;
	struct kt_auth_tokens *tokens; /* NULL: no tokens file */
	uint8_t instance_key[32];
	kt_program_clock_fn *mono_us; /* NULL: that of the event */
	struct kt_span languages; /* of letters in pictures, with '+' between */
	char hash[72]; /* "sha256:" and 64 digits */
	struct kt_span warnings[KT_PROGRAM_WARNINGS_MAX];
	size_t nwarnings;
};

/*
 * Buffers of bodies that are done with.  A megabyte of fresh memory is 256
 * page faults, which cost more than all copying of it.
 */
#define KT_X_SPARES_MAX 4
#define KT_X_SPARE_BYTES_MIN (128u << 10)
#define KT_X_SPARE_BYTES_MAX (2u << 20)

struct kt_x_clean;
struct kt_x_slot;
struct kt_scratch {
	const struct kt_program *program;
	struct kt_detect_scratch *detect; /* NULL: nothing to search for */
	struct kt_x_slot *slots; /* free ones */
	size_t nslots;
	struct kt_audit_mac mac; /* by the program's instance_key */
	struct kt_x_clean *clean; /* texts in which nothing was found */
	struct kt_buf spares[KT_X_SPARES_MAX];
	struct kt_exchange *exchanges; /* spare ones */
	size_t nexchanges;
	struct kt_segments *segments; /* a spare one, or NULL */
	struct kt_tokenizer *tokenizers[KT_ENCODINGS]; /* NULL until asked */
	struct kt_buf tally; /* for one string at a time */
};
/* clean.c; NULL: no memory. */
struct kt_x_clean *kt_x_clean_new(void);
void kt_x_clean_free(struct kt_x_clean **c);
void kt_x_free_spares(struct kt_scratch *s); /* exchange.c */
/* NULL: no memory. */
struct kt_x_slot *kt_x_slot_take(struct kt_scratch *s);
void kt_x_slot_give(struct kt_scratch *s, struct kt_x_slot *slot);
/* Moves what b holds to a spare one of min to max bytes, if there is one. */
void kt_x_spare_take(
    struct kt_scratch *s, struct kt_buf *b, size_t min, size_t max);
/* Instead of kt_buf_fini. */
void kt_x_spare_give(struct kt_scratch *s, struct kt_buf *b);

#endif
