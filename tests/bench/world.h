/*
 * world - a world of one policy, for what costs are measured of.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_BENCH_WORLD_H
#define KT_BENCH_WORLD_H
#include "tests/unit/exchange/drive.h"

#define BENCH_FILE_MAX (64u << 20)

static const char bench_target[] =
    "providers:\n"
    "  targets:\n"
    "    - id: bench\n"
    "      provider: anthropic\n"
    "      timeout_seconds: 60\n"
    "      base_url: http://127.0.0.1:9\n"
    "      secret_key_ref: {env: TEST_KEY}\n";

static inline void
bench_must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static inline void
bench_read(const char *path, struct kt_buf *to)
{
	struct kt_err err;

	kt_buf_init(to, BENCH_FILE_MAX);
	bench_must(kt_disk_read_file(&kt_disk_real, path, to->limit, to, &err) ==
	        KT_OK, path);
}

/* chain: a file of configuration, or "empty".  A file's own targets are left
   out: their keys are not here. */
static inline void
bench_world(struct world *w, const char *chain, struct kt_buf *yaml)
{
	const char *at;

	if (strcmp(chain, "empty") != 0) {
		bench_read(chain, yaml);
	} else {
		kt_buf_init(yaml, BENCH_FILE_MAX);
		keep(yaml, KT_SPAN("pack: {name: bench, version: 1.0.0}\n"
		                   "policies: {chain: []}\n"));
	}
	keep(yaml, (struct kt_span){ "", 1 });
	at = strstr(yaml->ptr, "\nproviders:");
	yaml->len = at != NULL ? (size_t)(at - yaml->ptr) + 1 : yaml->len - 1;
	keep(yaml, (struct kt_span){ bench_target, sizeof(bench_target) });
	bench_must(world_init(w, yaml->ptr), chain);
}

#endif
