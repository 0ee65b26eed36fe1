/*
 * fuzz_yaml - any bytes as a configuration: told at a place inside the file,
 * or loaded, shown and loaded again to the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ARENA_MAX (64u << 20)
#define REQUIRE(claim) \
	do { \
		if (!(claim)) \
			KT_BUG(#claim); \
	} while (0)

static const struct kt_config_table kind_table = {
	.name = "policy.x", .size = sizeof(struct kt_config_common),
	.embed = &kt_config_common_table,
};
static const struct kt_config_kind kind = { "x", "alias", &kind_table };

static size_t
lines(struct kt_span s)
{
	size_t n = 1;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == '\n';
	return n;
}

/* What is shown of a configuration that loads; false: it does not. */
static bool
shown(struct kt_span yaml, struct kt_buf *out, struct kt_config_diags *d)
{
	struct kt_config_source file = { KT_SPAN("f"), yaml };
	struct kt_arena *mem = kt_arena_new(ARENA_MAX);
	const struct kt_settings *s = NULL;
	enum kt_rc rc;

	REQUIRE(mem != NULL);
	memset(d, 0, sizeof(*d));
	d->files = &file;
	d->files_n = 1;
	kt_buf_reset(out);
	rc = kt_config_load(&s, &kind, 1, mem, d);
	REQUIRE((rc == KT_OK) == (d->n == 0) && (rc == KT_OK) == (s != NULL));
	if (rc == KT_OK)
		REQUIRE(kt_config_show(&kt_config_root_table, s, KT_CONFIG_YAML,
		    out) == KT_OK);
	else
		REQUIRE(kt_config_diags_text(d, out) == KT_OK);
	for (size_t i = 0; i < d->n; i++)
		REQUIRE(d->at[i].at.line <= lines(yaml) + 1);
	/* Whatever was in the file, nothing of it reaches a terminal raw. */
	REQUIRE(kt_utf8_check(kt_buf_span(out)) == out->len);
	for (size_t i = 0; i < out->len; i++)
		REQUIRE(out->ptr[i] == '\n' || out->ptr[i] == '\t' ||
		    (unsigned char)out->ptr[i] >= 0x20);
	kt_arena_free(&mem);
	return rc == KT_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_config_diags *d = kt_alloc(sizeof(*d));
	struct kt_buf once, twice;

	kt_buf_init(&once, 64u << 20);
	kt_buf_init(&twice, 64u << 20);
	if (shown((struct kt_span){ (const char *)bytes, len }, &once, d)) {
		REQUIRE(shown(kt_buf_span(&once), &twice, d));
		REQUIRE(kt_span_eq(kt_buf_span(&once), kt_buf_span(&twice)));
	}
	kt_buf_fini(&once);
	kt_buf_fini(&twice);
	kt_free(d);
	return 0;
}
