/*
 * lint_test - the algebra behind the catalogue, against plain enumeration;
 * work that stays bounded.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/format.h"
#include "lint/lint.h"
#include "lint/lint_priv.h"
#include "tests/unit/tap.h"

/* All texts of up to 5 letters out of "ab", and one that patterns lack. */
static bool
next_text(char *s)
{
	static const char letters[] = "abz";
	size_t i = 0;

	for (; s[i] != '\0'; i++) {
		const char *at = strchr(letters, s[i]);

		if (at[1] != '\0') {
			s[i] = at[1];
			return true;
		}
		s[i] = letters[0];
	}
	if (i == 5)
		return false;
	s[i] = letters[0];
	s[i + 1] = '\0';
	return true;
}

/* All patterns of up to 3 signs. */
static size_t
patterns(char out[400][4])
{
	static const char signs[] = "ab*?";
	size_t n = 0;

	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 5; j++)
			for (size_t k = 0; k < 5; k++) {
				size_t len = 0;

				if (signs[i])
					out[n][len++] = signs[i];
				if (signs[j])
					out[n][len++] = signs[j];
				if (signs[k])
					out[n][len++] = signs[k];
				out[n++][len] = '\0';
			}
	return n;
}

static void
patterns_cover_and_meet_as_their_texts_do(void)
{
	static char all[400][4];
	size_t n = patterns(all), wrong = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			struct kt_span a = kt_span_of(all[i]), b = kt_span_of(all[k]);
			bool covers = true, meets = false;
			char text[8] = "";

			do {
				bool in_a = kt_span_glob(a, kt_span_of(text));
				bool in_b = kt_span_glob(b, kt_span_of(text));

				covers &= !in_b || in_a;
				meets |= in_a && in_b;
			} while (next_text(text));
			wrong += kt_lint_glob_covers(a, b) != covers;
			wrong += kt_lint_glob_meets(a, b) != meets;
		}
	}
	ok(n == 125 && wrong == 0);
}

struct linted {
	struct kt_report *r;
	struct kt_report_source source;
};

static void
lint(struct linted *x, struct kt_span yaml)
{
	static struct kt_lint_options o;
	static const struct kt_lint_unit unit = { 0, 1 };
	struct kt_report_options ro = { "t", &x->source, 1, kt_lint_rules,
		KT_LINT_CODES };
	struct kt_err err = { 0 };

	o = (struct kt_lint_options){ .units = &unit, .nunits = 1,
		.preset = KT_LINT_DEFAULT };
	x->source = (struct kt_report_source){ KT_SPAN("t.yaml"), yaml };
	x->r = kt_report_new(&ro);
	ok(kt_lint_choose(&o, NULL, NULL, &err) == KT_OK);
	ok(kt_lint_run(&o, x->r, &err) == KT_OK);
	ok(kt_report_close(x->r, &err) == KT_OK);
}

static size_t
count(const struct linted *x, const char *code, const char *text)
{
	size_t n, hits = 0;
	struct kt_report_finding *const *all = kt_report_findings(x->r, &n);

	for (size_t i = 0; i < n; i++)
		hits += strcmp(all[i]->rule->code, code) == 0 &&
		    strstr(all[i]->message.ptr, text) != NULL;
	return hits;
}

/* n rules whose models are made by a format. */
static struct kt_span
many_rules(struct kt_buf *b, size_t n, const char *model)
{
	char name[64];

	kt_buf_init(b, 4u << 20);
	ok(kt_buf_printf(b, "pack: {name: t}\npolicies: {chain: []}\nproviders:\n"
	    "  targets: [{id: a, provider: anthropic}]\n"
	    "  routing_rules:\n") == KT_OK);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%zu%s", i, model);
		ok(kt_buf_printf(b, "    - {name: r%zu, when: {model: \"%s\"}, "
		    "use: {target: a, model: m%zu}}\n", i, name, i) == KT_OK);
	}
	return kt_buf_span(b);
}

static void
rules_beyond_KT_LINT_PAIRS_MAX_are_told_as_not_compared(void)
{
	struct linted x;
	struct kt_buf b;
	size_t n = 1;

	while (n * n / 2 <= KT_LINT_PAIRS_MAX)
		n++;
	lint(&x, many_rules(&b, n + 8, "-*"));
	ok(count(&x, "KT302", "were not compared") == 1);
	kt_report_free(&x.r);
	kt_buf_fini(&b);
}

static void
ten_thousand_names_are_not_compared_with_one_another(void)
{
	struct linted x;
	struct kt_buf b;

	lint(&x, many_rules(&b, 10000, "-model"));
	ok(count(&x, "KT302", "") == 0 && count(&x, "KT301", "") == 0);
	kt_report_free(&x.r);
	kt_buf_fini(&b);
}

static struct kt_span
many_tools(struct kt_buf *b, size_t n, const char *before, const char *behind)
{
	kt_buf_init(b, 4u << 20);
	ok(kt_buf_printf(b, "pack: {name: t}\npolicies: {chain: "
	    "[agent-firewall]}\nproviders:\n  targets: [{id: a, provider: "
	    "offline}]\npolicy:\n  agent-firewall:\n    rules:\n") == KT_OK);
	for (size_t i = 0; i < n; i++)
		ok(kt_buf_printf(b, "      - {name: r%zu, tool: \"%s%zu%s\", "
		    "action: deny}\n", i, before, i, behind) == KT_OK);
	return kt_buf_span(b);
}

static void
of_ten_thousand_tools_few_are_compared(void)
{
	struct linted x;
	struct kt_buf b;

	lint(&x, many_tools(&b, 10000, "mcp__s", "__*"));
	ok(count(&x, "KT302", "") == 0 && count(&x, "KT301", "") == 0);
	kt_report_free(&x.r);
	kt_buf_fini(&b);
	/* One that covers them, and one that comes back. */
	(void)many_tools(&b, 2000, "tool_", "");
	ok(kt_buf_printf(&b, "      - {name: all, tool: \"to*_1?\", action: deny}"
	    "\n      - {name: in, tool: \"tool_1?\", action: allow}\n"
	    "      - {name: again, tool: tool_77, action: allow}\n") == KT_OK);
	lint(&x, kt_buf_span(&b));
	ok(count(&x, "KT301", "every call of") == 2);
	kt_report_free(&x.r);
	kt_buf_fini(&b);
}

static void
tools_beyond_KT_LINT_PAIRS_MAX_are_told_as_not_compared(void)
{
	struct linted x;
	struct kt_buf b;
	size_t n = 1;

	while (n * n / 2 <= KT_LINT_PAIRS_MAX)
		n++;
	lint(&x, many_tools(&b, n + 8, "*_", ""));
	ok(count(&x, "KT302", "were not compared") == 1);
	kt_report_free(&x.r);
	kt_buf_fini(&b);
}

static void
formatting_twice_is_formatting_once(void)
{
	static const char before[] = "\n\n#a\na: |\n  x   \n\n\n  y\nb: 1   \r\n"
	    "\n\n\nc: 2 \n\n";
	static const char after[] = "# a\na: |\n  x   \n\n\n  y\nb: 1\n\nc: 2\n";
	struct kt_config_source file = { KT_SPAN("t"), kt_span_of(before) };
	struct kt_config_diags *d = kt_alloc(sizeof(*d));
	struct kt_arena *mem = kt_arena_new(1u << 20);
	struct kt_buf once, twice;

	kt_buf_init(&once, 4096);
	kt_buf_init(&twice, 4096);
	d->files = &file;
	d->files_n = 1;
	ok(kt_lint_format(d, mem, &once) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&once), kt_span_of(after)));
	file.bytes = kt_buf_span(&once);
	ok(kt_lint_format(d, mem, &twice) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&once), kt_buf_span(&twice)));
	kt_buf_fini(&once);
	kt_buf_fini(&twice);
	kt_arena_free(&mem);
	kt_free(d);
}

static void
a_patch_is_what_patch_wants(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 4096);
	ok(kt_lint_patch(KT_SPAN("f"), KT_SPAN("1\n2\n3\n4\n5\n"),
	    KT_SPAN("1\n2\nx\n4\n5"), &b) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&b), KT_SPAN("--- a/f\n+++ b/f\n"
	    "@@ -1,5 +1,5 @@\n 1\n 2\n-3\n-4\n-5\n+x\n+4\n+5\n"
	    "\\ No newline at end of file\n")));
	kt_buf_fini(&b);
}

int
main(void)
{
	RUN(patterns_cover_and_meet_as_their_texts_do);
	RUN(rules_beyond_KT_LINT_PAIRS_MAX_are_told_as_not_compared);
	RUN(ten_thousand_names_are_not_compared_with_one_another);
	RUN(of_ten_thousand_tools_few_are_compared);
	RUN(tools_beyond_KT_LINT_PAIRS_MAX_are_told_as_not_compared);
	RUN(formatting_twice_is_formatting_once);
	RUN(a_patch_is_what_patch_wants);
	return done();
}
