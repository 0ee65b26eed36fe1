/*
 * load - for tests: configurations from literals, with kinds such as a policy
 * room brings, small.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TESTS_CONFIG_LOAD_H
#define KT_TESTS_CONFIG_LOAD_H
#include "config/settings.h"
#include "tests/unit/tap.h"

/* Kinds such as a policy room brings, small. */
struct scanner {
	struct kt_config_common common;
	int action;
	struct kt_config_strings detectors;
	int64_t window_bytes;
};
static const char *const actions[] = { "block", "redact", "flag", NULL };
#define S struct scanner
static const struct kt_config_field scanner_fields[] = {
	KT_CONFIG_FIELD(S, ENUM, action, .fallback = "block", .names = actions,
	    .doc = "What is done"),
	KT_CONFIG_FIELD(S, STRINGS, detectors, .doc = "Which ones"),
	KT_CONFIG_FIELD(S, SIZE, window_bytes, .fallback = "4096", .min = 1,
	    .max = 1 << 20, .doc = "How far back"),
};
#undef S
static const struct kt_config_table scanner_table = KT_CONFIG_KIND_TABLE(
    struct scanner, "secret-scanner", scanner_fields, .doc = "Secrets");
static const char *const contents[] = { "none", "redacted", "full", NULL };
struct logger {
	struct kt_config_common common;
	bool immutable, log_all_access;
	int64_t retention_days;
	int content;
};
#define S struct logger
static const struct kt_config_field logger_fields[] = {
	KT_CONFIG_FIELD(S, BOOL, immutable, .fallback = "true", .doc = "So"),
	KT_CONFIG_FIELD(S, BOOL, log_all_access, .fallback = "true", .doc = "So"),
	KT_CONFIG_FIELD(S, INT, retention_days, .fallback = "365", .min = 1,
	    .max = 36500, .doc = "So"),
	KT_CONFIG_FIELD(S, ENUM, content, .names = contents, .doc = "So"),
};
#undef S
static const struct kt_config_table logger_table = KT_CONFIG_KIND_TABLE(
    struct logger, "audit-logger", logger_fields, .doc = "Evidence");
static const struct kt_config_table injection_table = {
	.name = "policy.prompt-injection", .doc = "Attacks",
	.size = sizeof(struct kt_config_common),
	.embed = &kt_config_common_table,
};
static const struct kt_config_table pii_table = {
	.name = "policy.pii-detector", .doc = "People",
	.size = sizeof(struct kt_config_common),
	.embed = &kt_config_common_table,
};
static const struct kt_config_kind kinds[] = {
	{ "prompt-injection", NULL, &injection_table },
	{ "pii-detector", "pii", &pii_table },
	{ "secret-scanner", NULL, &scanner_table },
	{ "audit-logger", NULL, &logger_table },
};

#define HEAD "pack: {name: t}\npolicies: {chain: []}\n"
#define TAIL "providers:\n  targets:\n  - {id: a, provider: anthropic}\n"

/* One load; everything lives until drop(). */
struct load {
	struct kt_config_source files[3];
	struct kt_config_diags *d;
	struct kt_arena *mem;
	const struct kt_settings *settings;
	struct kt_buf text;
	enum kt_rc rc;
};

static inline void
load_files(struct load *l, size_t n)
{
	l->mem = kt_arena_new(64u << 20);
	l->d = kt_alloc(sizeof(*l->d));
	l->d->files = l->files;
	l->d->files_n = n;
	l->settings = NULL;
	kt_buf_init(&l->text, 4u << 20);
	l->rc = kt_config_load(&l->settings, kinds, KT_NELEMS(kinds), l->mem,
	    l->d);
	ok(kt_config_diags_text(l->d, &l->text) == KT_OK);
	ok(kt_buf_addc(&l->text, '\0') == KT_OK);
}

static inline void
load(struct load *l, const char *yaml)
{
	l->files[0] = (struct kt_config_source){ KT_SPAN("t.yaml"),
		kt_span_of(yaml) };
	load_files(l, 1);
}

static inline void
drop(struct load *l)
{
	kt_arena_free(&l->mem);
	kt_buf_fini(&l->text);
	kt_free(l->d);
}

static inline bool
says(const struct load *l, const char *wanted)
{
	if (l->text.ptr == NULL || wanted == NULL)
		return false;
	if (strstr(l->text.ptr, wanted) != NULL)
		return true;
	printf("# wanted '%s' in:\n%s", wanted, l->text.ptr);
	return false;
}

#endif
