/*
 * corpora - the shipped detectors on texts that others collected.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cjson/cJSON.h>
#include <zlib.h>

#include "detect/detect_priv.h"
#include "tests/unit/detect/law.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define LINE_MAX_BYTES (4 << 20)

/* Has no prefix, length and alphabet of its own: not a provider's token. */
static const char *const generic[] = { "generic-api-key", "curl-auth-header",
	"curl-auth-user", "kubernetes-secret-yaml", "hashicorp-tf-password",
	"nuget-config-password", "pkcs12-file", "sidekiq-secret",
	"sidekiq-sensitive-url" };

typedef void record_fn(struct kt_span text, const cJSON *record);

static const char *
text_at(const cJSON *record, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(record, key));

	return s != NULL ? s : "";
}

/* False: the set is not on this machine. */
static bool
each_record(const char *set, record_fn *fn)
{
	static char line[LINE_MAX_BYTES];
	const char *src = getenv("KT_SRCDIR");
	char path[4096];
	gzFile f;

	(void)snprintf(path, sizeof(path), "%s/../shared/corpora/%s",
	    src != NULL ? src : ".", set);
	f = gzopen(path, "rb");
	if (f == NULL)
		return false;
	while (gzgets(f, line, sizeof(line)) != NULL) {
		cJSON *record = cJSON_Parse(line);

		if (ok(record != NULL))
			fn(kt_span_of(text_at(record, "text")), record);
		cJSON_Delete(record);
	}
	(void)gzclose(f); /* was only read */
	return true;
}

static size_t seen, found;

static bool
is_half_covered(const cJSON *span, const struct kt_findings *f)
{
	double from = cJSON_GetNumberValue(cJSON_GetObjectItem(span, "start"));
	double to = cJSON_GetNumberValue(cJSON_GetObjectItem(span, "end"));

	for (size_t i = 0; i < f->n; i++) {
		double a = (double)f->v[i].start, b = (double)f->v[i].end;
		double both = (b < to ? b : to) - (a > from ? a : from);

		if (both * 2 >= to - from)
			return true;
	}
	return false;
}

static void
recall(struct kt_span text, const cJSON *record)
{
	const cJSON *spans = cJSON_GetObjectItem(record, "spans"), *span;
	struct kt_findings f;
	bool hit;

	if (strcmp(text_at(record, "label"), "secret") != 0)
		return;
	for (size_t i = 0; i < KT_NELEMS(generic); i++)
		if (strcmp(text_at(record, "subtype"), generic[i]) == 0)
			return;
	if (!ok(kt_detect_scan(db, scratch, text, NULL, &f) == KT_OK))
		return;
	hit = cJSON_GetArraySize(spans) == 0 && f.n > 0;
	cJSON_ArrayForEach(span, spans) hit = hit || is_half_covered(span, &f);
	seen++;
	found += hit;
}

static void
secrets_in(struct kt_span text, const cJSON *record)
{
	struct kt_findings f;
	bool hit = false;

	(void)record; /* all of them are benign */
	if (!ok(kt_detect_scan(db, scratch, text, NULL, &f) == KT_OK))
		return;
	for (size_t i = 0; i < f.n; i++)
		hit = hit ||
		    strcmp(shipped[f.v[i].detector].group, "secret") == 0;
	seen++;
	found += hit;
}

static void
provider_tokens_are_found(void)
{
	seen = found = 0;
	if (!each_record("secrets-gitleaks/data.jsonl.gz", recall)) {
		SKIP(provider_tokens_are_found, "no corpora");
		return;
	}
	ok(seen > 1500 && found * 100 >= seen * 95);
	printf("# recall of provider tokens: %zu of %zu\n", found, seen);
}

static void
what_only_looks_like_a_secret_is_not_found(void)
{
	static const char *const sets[] = {
		"kt-synth/secret-negatives.jsonl.gz",
		"benign-docs/lockfiles.jsonl.gz",
		"kt-synth/agent-transcripts.jsonl.gz",
		"benign-docs/docs.jsonl.gz"
	};

	for (size_t i = 0; i < KT_NELEMS(sets); i++) {
		seen = found = 0;
		if (!each_record(sets[i], secrets_in)) {
			SKIP(what_only_looks_like_a_secret_is_not_found,
			    "no corpora");
			return;
		}
		/* One in two hundred: documents have examples of passwords. */
		if (!ok(seen > 0 && found * 200 <= seen))
			printf("# %s: %zu of %zu\n", sets[i], found, seen);
	}
}

static void
law(struct kt_span text, const cJSON *record)
{
	(void)record; /* any text obeys */
	if (text.len > 4000 || ++seen % 4 != 0)
		return;
	if (!ok(streams_as_whole(text, 1 + seen % 61, 1 + seen % 17, false)))
		printf("# record %zu\n", seen);
}

static void
streams_find_in_the_corpora_what_whole_scans_find(void)
{
	seen = leaked = 0;
	if (!each_record("kt-synth/pii.jsonl.gz", law) ||
	    !each_record("secrets-gitleaks/data.jsonl.gz", law) ||
	    !each_record("inj-giskard/data.jsonl", law)) {
		SKIP(streams_find_in_the_corpora_what_whole_scans_find,
		    "no corpora");
		return;
	}
	ok(leaked == 0);
}

/* Whole patterns, for once: what kt seeks with Vectorscan is often less. */
static hs_database_t *whole;
static hs_scratch_t *whole_scratch;
static bool is_exact[KT_DETECTORS_MAX], is_hit[KT_DETECTORS_MAX];
static struct kt_detect_match match_of[KT_DETECTORS_MAX];
static bool is_end_hit[KT_DETECTORS_MAX];

/* Not what has a model, or joins. */
static bool
is_compared(unsigned i)
{
	return shipped[i].pattern != NULL && i % stride() == 0;
}

static bool
compile_whole_patterns(void)
{
	const char *text[KT_DETECTORS_MAX];
	unsigned flags[KT_DETECTORS_MAX], ids[KT_DETECTORS_MAX], n = 0;
	hs_compile_error_t *why = NULL;

	for (unsigned i = 0; i < nshipped; i++) {
		hs_expr_info_t *info = NULL;

		if (!is_compared(i))
			continue;
		text[n] = shipped[i].pattern;
		ids[n] = i;
		flags[n] = shipped[i].is_caseless ? HS_FLAG_CASELESS : 0;
		is_exact[i] = hs_expression_info(
				  text[n], flags[n], &info, &why) == HS_SUCCESS;
		if (!is_exact[i])
			flags[n] |= HS_FLAG_PREFILTER;
		n++;
		(void)hs_free_compile_error(why); /* frees only */
		free(info);
	}
	return hs_compile_multi(text, flags, ids, n,
		   HS_MODE_BLOCK, NULL, &whole, &why) == HS_SUCCESS &&
	    hs_alloc_scratch(whole, &whole_scratch) == HS_SUCCESS;
}

static int
on_hit(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *arg)
{
	(void)from, (void)flags, (void)arg; /* not asked for */
	is_hit[id] = true;
	is_end_hit[id] = is_end_hit[id] || match_of[id].end == to;
	return 0;
}

static void
compare_engines(struct kt_span text, const cJSON *record)
{
	(void)record; /* any text will do */
	if (text.len == 0 || text.len > 20000)
		return;
	for (unsigned i = 0; i < nshipped; i++) {
		match_of[i].end = 0;
		is_hit[i] = is_end_hit[i] = false;
		if (!is_compared(i))
			continue;
		if (kt_detect_rule_attempt(&db->rules[i], scratch, text, 0,
			text.len - 1, true,
			&match_of[i]) == KT_DETECT_ATTEMPT_ERROR)
			ok(!"the engine can");
	}
	ok(hs_scan(whole, text.ptr, (unsigned)text.len, 0, whole_scratch,
	       on_hit, NULL) == HS_SUCCESS);
	for (size_t i = 0; i < nshipped; i++) {
		bool has = match_of[i].end > 0;

		if ((has && !is_end_hit[i]) ||
		    (!has && is_hit[i] && is_exact[i])) {
			ok(!"the engines agree");
			printf("# %s\n", shipped[i].id);
		}
	}
}

static void
vectorscan_and_pcre2_agree_on_every_pattern(void)
{
	if (!ok(compile_whole_patterns()))
		return;
	for (size_t i = 0; i < nshipped; i++) {
		for (size_t k = 0; k < shipped[i].nexamples; k++)
			compare_engines(
			    kt_span_of(shipped[i].examples[k]), NULL);
		for (size_t k = 0; k < shipped[i].ncounter_examples; k++)
			compare_engines(
			    kt_span_of(shipped[i].counter_examples[k]), NULL);
	}
	if (!each_record("secrets-gitleaks/data.jsonl.gz", compare_engines) ||
	    !each_record("pii-presidio/data.jsonl.gz", compare_engines) ||
	    !each_record("inj-giskard/data.jsonl", compare_engines))
		SKIP(engines_on_the_corpora, "no corpora");
	(void)hs_free_scratch(whole_scratch); /* at the end of the test */
	(void)hs_free_database(whole);
}

int
main(void)
{
	struct kt_err err;

	if (!load_shipped())
		return EXIT_FAILURE;
	if (kt_detect_new(&db, shipped, nshipped, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return EXIT_FAILURE;
	}
	RUN(provider_tokens_are_found);
	RUN(what_only_looks_like_a_secret_is_not_found);
	RUN(streams_find_in_the_corpora_what_whole_scans_find);
	RUN(vectorscan_and_pcre2_agree_on_every_pattern);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	kt_arena_free(&shipped_mem);
	return done();
}
