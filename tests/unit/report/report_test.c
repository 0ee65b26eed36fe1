/*
 * report_test - every format tells everything, once, and nothing hidden.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/format.h"
#include "tests/unit/tap.h"

static const struct kt_report_rule rules[] = {
	{ "KT901", KT_REPORT_INFO, "no note", "Because.", "Do." },
	{ "KT301", KT_REPORT_ERROR, "never reached", "Because.", "Do." },
	{ "KT302", KT_REPORT_WARNING, "rarely reached", "Because.", "Do." },
};
static const struct kt_report_source sources[] = {
	{ KT_SPAN_INIT("a b.yaml"), KT_SPAN_INIT(
	    "one: 1\ntwo: \"\xc3\xa4 | <x>\"\nkey: hunter2\nfour: hunter2\n") },
	{ KT_SPAN_INIT(".//p//b\xff\033\n.yaml"), KT_SPAN_INIT("x: 1\n") },
};
static const struct kt_report_options options = { "kt t", sources,
	KT_NELEMS(sources), rules, KT_NELEMS(rules) };

static struct kt_report_place
at(size_t file, uint32_t line, uint32_t column, uint32_t len)
{
	return (struct kt_report_place){ file, line, column, line,
		column + len };
}

static struct kt_report_finding *
add(struct kt_report *r, size_t rule, struct kt_report_place place,
    const char *message)
{
	struct kt_report_finding f = { .rule = &rules[rule], .at = place,
		.severity = rules[rule].severity,
		.message = kt_span_of(message), .help = KT_SPAN("do | this") };

	return kt_report_add(r, &f);
}

static struct kt_span
written(const struct kt_report *r, const char *format, struct kt_buf *out)
{
	struct kt_report_look look = { .is_coloured = false };
	const struct kt_report_format *f =
	    kt_report_format_named(kt_span_of(format));

	kt_buf_reset(out);
	ok(f != NULL && f->write(r, &look, out) == KT_OK);
	ok(kt_buf_addc(out, '\0') == KT_OK);
	return kt_buf_span(out);
}

static size_t
count(struct kt_span s, const char *word)
{
	size_t n = 0;

	for (const char *p = s.ptr; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

/* Three findings in the wrong order, one of them beside a secret. */
static struct kt_report *
sample(void)
{
	struct kt_report *r = kt_report_new(&options);
	struct kt_report_finding *f;
	struct kt_err err;

	(void)add(r, 2, at(1, 1, 1, 1), "last\033[31m of \x80 all\n<&\">");
	f = add(r, 1, at(0, 3, 1, 3), "second");
	kt_report_note(r, f, at(0, 2, 6, 3), "first %d", 1);
	kt_report_edit(r, f, at(0, 2, 7, 1), KT_SPAN("o"));
	f->fix = KT_REPORT_FIX_SAFE;
	(void)add(r, 0, at(0, 1, 1, 3), "first");
	kt_report_hide(r, at(0, 3, 6, 7));
	kt_report_hide(r, at(0, 4, 7, 7));
	kt_report_pass(r, &(struct kt_report_pass){ .file = 1,
	    .subject = KT_SPAN("what went well") });
	ok(kt_report_close(r, &err) == KT_OK);
	return r;
}

static void
every_format_tells_each_finding_once_and_in_order(void)
{
	struct kt_report *r = sample();
	struct kt_buf out;

	kt_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < kt_report_nformats; i++) {
		struct kt_span s = written(r, kt_report_formats[i].name, &out);
		const char *first = strstr(s.ptr, "first"),
			   *second = strstr(s.ptr, "second"),
			   *last = strstr(s.ptr, "last");

		ok(first != NULL && second != NULL && last != NULL);
		ok(first < second && second < last);
		ok(count(s, "second") <= 2); /* junit: attribute and text */
		ok(count(s, "KT302") > 0);
	}
	kt_buf_fini(&out);
	kt_report_free(&r);
}

static void
no_format_shows_what_is_hidden_or_writes_controls(void)
{
	struct kt_report *r = sample();
	struct kt_buf out;

	kt_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < kt_report_nformats; i++) {
		struct kt_span s = written(r, kt_report_formats[i].name, &out);

		ok(count(s, "hunter2") == 0);
		ok(count(s, "\033") == 0);
		ok(kt_utf8_check(s) == s.len);
	}
	ok(kt_report_is_hidden(r, 0) && !kt_report_is_hidden(r, 1));
	kt_buf_fini(&out);
	kt_report_free(&r);
}

/* What shows findings beside the code looks for them by these paths. */
static void
a_file_is_told_by_its_path_in_the_tree(void)
{
	struct kt_report *r = sample();
	struct kt_buf out;

	kt_buf_init(&out, 1u << 20);
	ok(count(written(r, "gitlab", &out), "\"path\":\"p/b?? .yaml\"") == 1);
	ok(count(written(r, "sarif", &out), "\"p/b%FF%1B%0A.yaml\"") == 1);
	kt_buf_fini(&out);
	kt_report_free(&r);
}

static void
an_excerpt_points_at_the_place(void)
{
	struct kt_report *r = sample();
	struct kt_buf out;
	struct kt_span s;

	kt_buf_init(&out, 1u << 20);
	s = written(r, "text", &out);
	ok(count(s, "a b.yaml:3:1: error: second [KT301]\n"
	    "    2 | two: \"\xc3\xa4 | <x>\"\n      |      ^~~ first 1\n"
	    "    3 | key: ...\n      | ^~~\n") == 1);
	ok(count(s, "1 error, 1 warning, 1 note\n") == 1);
	kt_buf_fini(&out);
	kt_report_free(&r);
}

static void
columns_are_characters_and_offsets_are_bytes(void)
{
	struct kt_report *r = sample();
	struct kt_report_place p = at(0, 2, 7, 1);

	ok(kt_report_offset(r, &p, false) == 13);
	ok(kt_report_offset(r, &p, true) == 15);
	kt_report_free(&r);
}

static void
a_print_stays_when_lines_move(void)
{
	struct kt_report_source moved = { KT_SPAN("a"), KT_SPAN("\n\nx: 1\nx: 1\n") };
	struct kt_report_source still = { KT_SPAN("a"), KT_SPAN("x: 1\nx: 1\n") };
	struct kt_report_options o = options;
	struct kt_report_finding *const *a, *const *b;
	struct kt_report *r[2];
	struct kt_err err;
	size_t n;

	for (uint32_t i = 0; i < 2; i++) {
		o.sources = i ? &moved : &still;
		o.nsources = 1;
		r[i] = kt_report_new(&o);
		(void)add(r[i], 1, at(0, 2 + 2 * i, 1, 1), "x");
		(void)add(r[i], 1, at(0, 1 + 2 * i, 1, 1), "x");
		ok(kt_report_close(r[i], &err) == KT_OK);
	}
	a = kt_report_findings(r[0], &n);
	b = kt_report_findings(r[1], &n);
	ok(a[0]->print == b[0]->print && a[1]->print == b[1]->print);
	ok(a[0]->print != a[1]->print);
	kt_report_free(&r[0]);
	kt_report_free(&r[1]);
}

static void
more_than_KT_REPORT_FINDINGS_MAX_is_told_as_a_loss(void)
{
	struct kt_report *r = kt_report_new(&options);
	struct kt_err err;

	for (size_t i = 0; i < KT_REPORT_FINDINGS_MAX; i++)
		(void)add(r, 0, at(1, 1, 1, 1), "x");
	ok(kt_report_count(r, KT_REPORT_INFO) == KT_REPORT_FINDINGS_MAX);
	ok(add(r, 0, at(1, 1, 1, 1), "x") == NULL);
	ok(kt_report_close(r, &err) == KT_E_LIMIT);
	kt_report_free(&r);
}

static void
people_see_KT_REPORT_PER_CODE_MAX_of_a_code_unless_they_want_all(void)
{
	const struct kt_report_format *text =
	    kt_report_format_named(KT_SPAN("text"));
	struct kt_report_look all = { .is_all = true };
	struct kt_report *r = kt_report_new(&options);
	struct kt_buf out;
	struct kt_span s;
	struct kt_err err;

	kt_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < KT_REPORT_PER_CODE_MAX + 3; i++)
		(void)add(r, 0, at(1, 1, 1, 1), "many");
	(void)add(r, 1, at(1, 1, 1, 1), "one");
	ok(kt_report_close(r, &err) == KT_OK);
	s = written(r, "text", &out);
	ok(count(s, "many") == KT_REPORT_PER_CODE_MAX);
	ok(count(s, "and 3 more of KT901") == 1 && count(s, ": one [") == 1);
	kt_buf_reset(&out);
	ok(text->write(r, &all, &out) == KT_OK && kt_buf_addc(&out, '\0') == KT_OK);
	ok(count(kt_buf_span(&out), "many") == KT_REPORT_PER_CODE_MAX + 3);
	ok(count(written(r, "short", &out), "many") ==
	    KT_REPORT_PER_CODE_MAX + 3);
	kt_buf_fini(&out);
	kt_report_free(&r);
}

int
main(void)
{
	RUN(every_format_tells_each_finding_once_and_in_order);
	RUN(no_format_shows_what_is_hidden_or_writes_controls);
	RUN(a_file_is_told_by_its_path_in_the_tree);
	RUN(an_excerpt_points_at_the_place);
	RUN(columns_are_characters_and_offsets_are_bytes);
	RUN(a_print_stays_when_lines_move);
	RUN(more_than_KT_REPORT_FINDINGS_MAX_is_told_as_a_loss);
	RUN(people_see_KT_REPORT_PER_CODE_MAX_of_a_code_unless_they_want_all);
	return done();
}
