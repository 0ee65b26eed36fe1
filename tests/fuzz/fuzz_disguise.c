/*
 * fuzz_disguise - any text: the search finds at least what the plain scan
 * finds, in order and in bounds; the way back from a view never leaves the
 * text, never turns round and cuts no character.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/search.h"
#include "detect/view_priv.h"
#include "tests/unit/detect/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_view(struct kt_span text)
{
	struct kt_detect_view v = { .n = 0 };
	size_t last = 0;
	bool changed;

	if (kt_detect_unmask(text, &v, &changed) < 0)
		KT_BUG("no view of a short text");
	if (!changed && !kt_span_eq(kt_buf_span(&v.text), text))
		KT_BUG("a change that was not told");
	for (size_t i = 0; i < v.text.len; i++) {
		size_t start = i, end = i + 1;

		(void)kt_detect_view_back(&v, &start, &end);
		if (start < last || end <= start || end > text.len)
			KT_BUG("a way back that leads astray");
		last = start;
	}
	kt_detect_view_fini(&v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct kt_detect_scratch *scratch;
	static struct kt_detect *db;
	static struct kt_finding clear[4000];
	struct kt_span text = { (const char *)bytes, len };
	struct kt_findings f;
	struct kt_err err;
	size_t n, k = 0;

	if (db == NULL && (kt_detect_new(&db, rules, NRULES, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0))
		KT_BUG("the rules of the test do not compile");
	if (len == 0 || len > 4000)
		return 0;
	check_view(text);
	if (kt_detect_scan(db, scratch, text, NULL, &f) < 0 ||
	    f.n > KT_NELEMS(clear))
		return 0;
	n = f.n;
	if (n > 0)
		memcpy(clear, f.v, n * sizeof(*clear));
	if (kt_detect_search(db, scratch, (struct kt_span){ 0 }, text, NULL,
	        &f) < 0)
		KT_BUG("a search that fails where a scan does not");
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].end > len || f.v[i].start >= f.v[i].end ||
		    (i > 0 && f.v[i].start < f.v[i - 1].start))
			KT_BUG("a finding out of its place");
		if (k < n && f.v[i].start == clear[k].start &&
		    f.v[i].end == clear[k].end &&
		    f.v[i].detector == clear[k].detector)
			k++;
	}
	if (k != n)
		KT_BUG("a finding in the clear was lost");
	return 0;
}
