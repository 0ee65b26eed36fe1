/*
 * shipped - the detectors of policies/detectors, as tests load them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TEST_DETECT_SHIPPED_H
#define KT_TEST_DETECT_SHIPPED_H
#include <stdlib.h>

#include "policy/detector_file.h"

#define SHIPPED_ARENA_MAX (16u << 20)

static struct kt_config_source shipped_files[10];
static struct kt_arena *shipped_mem;
static const struct kt_detector *shipped;
static size_t nshipped;

static struct kt_span
read_whole(const char *path)
{
	FILE *f = fopen(path, "rb");
	static char buf[1 << 20];
	struct kt_span s = { 0 };

	if (f == NULL)
		return s;
	s.len = fread(buf, 1, sizeof(buf), f);
	(void)fclose(f); /* was only read */
	return kt_arena_dup(shipped_mem, (struct kt_span){ buf, s.len });
}

/* False after saying what is wrong. */
static bool
load_shipped(void)
{
	static const char *const names[] = { "secrets.yaml", "providers.yaml",
		"services.yaml", "national.yaml", "registers.yaml", "pii.yaml", "medical.yaml",
		"injection.yaml", "direct.weights", "indirect.weights" };
	static struct kt_config_diags d;
	const char *src = getenv("KT_SRCDIR");
	char path[4096];
	struct kt_buf said;

	shipped_mem = kt_arena_new(SHIPPED_ARENA_MAX);
	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		(void)snprintf(path, sizeof(path),
		    "%s/policies/detectors/%s", src != NULL ? src : ".",
		    names[i]);
		shipped_files[i].name = kt_span_of(names[i]);
		shipped_files[i].bytes = read_whole(path);
	}
	if (kt_policy_detectors_load(shipped_files, KT_NELEMS(names),
		shipped_mem, &d, &shipped, &nshipped) == KT_OK)
		return true;
	kt_buf_init(&said, 1 << 20);
	if (kt_config_diags_text(&d, &said) == KT_OK)
		printf("Bail out! %.*s\n", KT_SPAN_ARG(kt_buf_span(&said)));
	kt_buf_fini(&said);
	return false;
}

#endif
