/*
 * indexed - a JSON text with its index, for tests of this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TEST_INDEXED_H
#define KT_TEST_INDEXED_H
#include "json/json.h"

struct indexed {
	struct kt_json json;
	struct kt_span text;
};

static inline void
index_text(struct indexed *x, struct kt_span text)
{
	struct kt_err err = { 0 };

	x->text = text;
	kt_json_init(&x->json, text.len);
	if (kt_json_parse(&x->json, text, &err) < 0) {
		printf("# %s: %.60s\n", err.text, text.ptr);
		KT_BUG("a test's own text is not JSON");
	}
}

static inline uint32_t
at(const struct indexed *x, const char *pointer)
{
	return kt_json_at(&x->json, x->text, kt_span_of(pointer));
}

static inline struct kt_span
read_whole(const char *path, char *into, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return (struct kt_span){ 0 };
	n = fread(into, 1, size, f);
	(void)fclose(f); /* it was only read */
	return (struct kt_span){ into, n };
}
#endif
