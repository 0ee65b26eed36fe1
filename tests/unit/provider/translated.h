/*
 * translated - rows of the translation tables as tests: text in, text out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON is written with ' for " so that a row can be read.
 */
#ifndef KT_TEST_TRANSLATED_H
#define KT_TEST_TRANSLATED_H
#include <cJSON.h>

#include "../tap.h"
#include "json/json.h"
#include "provider/translate.h"

#define TEXT_MAX 65536

struct result {
	enum kt_rc rc;
	struct kt_err err;
	char text[TEXT_MAX]; /* what was written, NUL-terminated */
	char dropped[512], approximated[512];
};

typedef enum kt_rc translate_fn(enum kt_format from, enum kt_format to,
    const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err);

static inline void
quoted(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			*text = '"';
}

static inline void
join(char *into, size_t size, const struct kt_span *list, unsigned n)
{
	size_t len = 0;

	into[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(into + len, size - len, "%s%.*s",
		    i > 0 ? "," : "", KT_SPAN_ARG(list[i]));
}

static inline void
translate_with(struct result *r, translate_fn *run, enum kt_format from,
    enum kt_format to, const char *in, const struct kt_translate_options *o,
    bool is_strict)
{
	struct kt_translation report = { .is_strict = is_strict };
	struct kt_arena *mem = kt_arena_new(1 << 20);
	struct kt_json j, again;
	struct kt_buf out;

	*r = (struct result){ 0 };
	kt_buf_init(&out, TEXT_MAX - 1);
	kt_json_init(&j, strlen(in));
	kt_json_init(&again, TEXT_MAX);
	if (kt_json_parse(&j, kt_span_of(in), &r->err) < 0) {
		printf("# %s: %s\n", r->err.text, in);
		KT_BUG("a test's own text is not JSON");
	}
	r->rc = run(from, to, &j, kt_span_of(in), o, mem, &out, &report,
	    &r->err);
	(void)snprintf(r->text, sizeof(r->text), "%.*s",
	    KT_SPAN_ARG(kt_buf_span(&out)));
	ok(r->rc < 0 ? out.len == 0
		     : kt_json_parse(&again, kt_buf_span(&out), &r->err) ==
		KT_OK);
	join(r->dropped, sizeof(r->dropped), report.dropped, report.ndropped);
	join(r->approximated, sizeof(r->approximated), report.approximated,
	    report.napproximated);
	kt_json_fini(&again);
	kt_json_fini(&j);
	kt_buf_fini(&out);
	kt_arena_free(&mem);
}

static inline bool
same_json(const char *got, const char *want)
{
	cJSON *a = cJSON_Parse(got), *b = cJSON_Parse(want);
	bool is_same = a != NULL && b != NULL && cJSON_Compare(a, b, 1);

	if (!is_same)
		printf("# got  %s\n# want %s\n", got, want);
	cJSON_Delete(a);
	cJSON_Delete(b);
	return is_same;
}

/* A row is a test by itself. */
static inline void
begin_row(void)
{
	tap_failed_here = 0;
}

static inline void
end_row(const char *name)
{
	tap_run++;
	tap_bad += tap_failed_here ? 1 : 0;
	printf("%s %d - %s\n", tap_failed_here ? "not ok" : "ok", tap_run,
	    name);
}
#endif
