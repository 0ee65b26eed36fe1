/*
 * explain - the page of a code or of a kind of policy, out of the program: no
 * network, and the one that belongs to this version.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"
#include "config/nearest.h"
#include "lint/lint.h"
#include "policy/kind.h"

enum { MAN = KT_OPT_LONG };

/* The sentence of a page about mending. */
static const char *
fix_of(enum kt_lint_code code)
{
	switch (kt_lint_fix_of(code)) {
	case KT_REPORT_FIX_SAFE:
		return "kt policy lint --fix=safe mends it.";
	case KT_REPORT_FIX_UNSAFE:
		return "kt policy lint --fix=unsafe mends it; look at the change.";
	case KT_REPORT_FIX_NONE:
		break;
	}
	return "Nothing mends it by itself.";
}

static void
page(enum kt_lint_code code)
{
	const struct kt_report_rule *r = &kt_lint_rules[code];

	(void)printf("%s: %s (%s, preset %s)\n\n%s\n\nHelp: %s\n%s\n\n"
	    "Where it is meant, allow it with a reason:\n"
	    "    # kt:allow %s -- why, until 2027-01\n", r->code, r->title,
	    kt_report_severities[r->severity],
	    kt_lint_presets[kt_lint_preset_of(code)], r->why, r->help,
	    fix_of(code), r->code);
}

static void
settings(const struct kt_config_table *t)
{
	if (t->embed != NULL)
		settings(t->embed);
	for (size_t i = 0; i < t->n; i++) {
		const struct kt_config_field *f = &t->fields[i];

		(void)printf("    %-21s %s%s%s%s\n", f->name,
		    f->doc ? f->doc : "", f->fallback ? " (" : "",
		    f->fallback ? f->fallback : "", f->fallback ? ")" : "");
	}
}

/* False: there is no such kind of policy. */
static bool
kind_page(const char *name)
{
	size_t n;
	const struct kt_config_kind *kinds = kt_policy_config_kinds(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(kinds[i].name, name) != 0 &&
		    (kinds[i].alias == NULL || strcmp(kinds[i].alias, name) != 0))
			continue;
		(void)printf("%s: %s\n\nSettings, below policy.%s, with what "
		    "stands where none is said:\n", kinds[i].name,
		    kinds[i].table->doc ? kinds[i].table->doc : "a policy",
		    kinds[i].name);
		settings(kinds[i].table);
		return true;
	}
	return false;
}

static void
nearest(struct kt_config_nearest *near, const char *word)
{
	size_t n;
	const struct kt_config_kind *kinds = kt_policy_config_kinds(&n);

	kt_config_nearest_init(near, kt_span_of(word));
	for (int k = 0; k < KT_LINT_CODES; k++)
		kt_config_nearest_try(near, kt_lint_rules[k].code);
	for (size_t i = 0; i < n; i++)
		kt_config_nearest_try(near, kinds[i].name);
}

/* A text line of mdoc: no macro at its start, no escape inside. */
static void
mdoc_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", stdout);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			(void)fputs("\\e", stdout);
		else
			(void)putchar(*s);
		/* A sentence ends its line. */
		if (*s == '.' && s[1] == ' ') {
			(void)putchar('\n');
			s++;
		}
	}
	(void)putchar('\n');
}

/* The catalogue as the body of kt-lint(7). */
static void
manual(void)
{
	(void)printf(".Bl -tag -width Ds\n");
	for (int i = 0; i < KT_LINT_CODES; i++) {
		const struct kt_report_rule *r = &kt_lint_rules[i];

		(void)printf(".It Cm %s : %s , preset %s\n", r->code,
		    kt_report_severities[r->severity],
		    kt_lint_presets[kt_lint_preset_of((enum kt_lint_code)i)]);
		mdoc_text(r->title);
		(void)printf(".Pp\n");
		mdoc_text(r->why);
		mdoc_text(r->help);
		mdoc_text(fix_of((enum kt_lint_code)i));
	}
	(void)printf(".El\n");
}

enum kt_exit
kt_cmd_explain(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ MAN, "man", NULL, "print all pages, in mdoc(7)" },
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_config_nearest near;
	bool is_man = false;
	int c, code;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		is_man = c == MAN;
	}
	if (is_man)
		manual();
	else if (args.operand == argc)
		return kt_misuse(self,
		    "a code such as KT301 or a kind of policy must follow");
	for (int i = args.operand; i < argc; i++) {
		code = kt_lint_code_of(kt_span_of(argv[i]));
		if (i > args.operand)
			(void)putchar('\n');
		if (code >= 0)
			page((enum kt_lint_code)code);
		if (code >= 0 || kind_page(argv[i]))
			continue;
		nearest(&near, argv[i]);
		return kt_misuse(self, "there is no code and no kind of policy "
		    "'%s'%s%s%s", argv[i],
		    near.best ? ": did you mean '" : "", near.best ? near.best : "",
		    near.best ? "'?" : "");
	}
	if (fflush(stdout) == 0)
		return KT_EXIT_YES;
	kt_say("standard output cannot be written");
	return KT_EXIT_UNKNOWN;
}
