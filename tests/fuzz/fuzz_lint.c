/*
 * fuzz_lint - any bytes as a configuration: linted without a failure, told
 * inside the file, in every format; what --fix makes is text again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/lint.h"
#include "report/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define REQUIRE(claim) \
	do { \
		if (!(claim)) \
			KT_BUG(#claim); \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span text = { (const char *)bytes, len };
	struct kt_report_source source = { KT_SPAN("f.yaml"), text };
	struct kt_report_options ro = { "fuzz", &source, 1, kt_lint_rules,
		KT_LINT_CODES };
	struct kt_lint_unit unit = { 0, 1 };
	struct kt_lint_options o = { .units = &unit, .nunits = 1,
		.preset = KT_LINT_STRICT, .today = "2026-11-20" };
	struct kt_report_look look = { .is_all = true };
	struct kt_report *r = kt_report_new(&ro);
	struct kt_report_finding *const *all;
	struct kt_err err = { 0 };
	struct kt_buf out, patch;
	size_t n;

	REQUIRE(r != NULL && kt_lint_choose(&o, NULL, NULL, &err) == KT_OK);
	REQUIRE(kt_lint_run(&o, r, &err) == KT_OK);
	REQUIRE(kt_report_close(r, &err) == KT_OK);
	all = kt_report_findings(r, &n);
	for (size_t i = 0; i < n; i++) {
		REQUIRE(kt_report_offset(r, &all[i]->at, false) <= len);
		REQUIRE(kt_report_offset(r, &all[i]->at, true) <= len);
	}
	kt_buf_init(&out, 256u << 20);
	kt_buf_init(&patch, 256u << 20);
	for (size_t i = 0; i < kt_report_nformats; i++) {
		kt_buf_reset(&out);
		REQUIRE(kt_report_formats[i].write(r, &look, &out) == KT_OK);
		REQUIRE(kt_utf8_check(kt_buf_span(&out)) == out.len);
	}
	kt_buf_reset(&out);
	REQUIRE(kt_lint_mend(r, 0, KT_REPORT_FIX_UNSAFE, &out, &n) == KT_OK);
	REQUIRE(kt_lint_patch(KT_SPAN("f"), text, kt_buf_span(&out), &patch) ==
	    KT_OK);
	kt_buf_fini(&out);
	kt_buf_fini(&patch);
	kt_report_free(&r);
	return 0;
}
