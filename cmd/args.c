/*
 * args - command lines by getopt_long(3), driven by one table per command so
 * that the options read and the options explained are the same list.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>

#include "cmd/cmd.h"

#define OPTS_MAX 48
enum { HELP = 8192 };

void
kt_say(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("kt: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

bool
kt_print(struct kt_span text)
{
	if ((text.len == 0 || fwrite(text.ptr, text.len, 1, stdout) == 1) &&
	    fflush(stdout) == 0)
		return true;
	kt_say("standard output cannot be written");
	return false;
}

enum kt_rc
kt_add_plain(struct kt_buf *out, struct kt_span s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_c1 = c == 0xc2 && i + 1 < s.len &&
		    (unsigned char)s.ptr[i + 1] < 0xa0;

		if (!is_c1 && ((c >= ' ' && c != 127) || c == '\n' || c == '\t'))
			continue;
		if (kt_buf_add(out, kt_span_sub(s, from, i - from)) < 0 ||
		    kt_buf_addc(out, '?') < 0)
			return KT_E_LIMIT;
		i += is_c1;
		from = i + 1;
	}
	return kt_buf_add(out, kt_span_sub(s, from, s.len));
}

enum kt_exit
kt_misuse(const struct kt_cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "kt %s: ", cmd->words);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nsee: kt %s --help\n", cmd->words);
	return KT_EXIT_MISUSE;
}

enum kt_exit
kt_misuse_word(const struct kt_cmd *cmd, const char *option,
    const char *value, const char *const *words)
{
	char list[512];
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ",
		    words[i]);
	return kt_misuse(cmd, "--%s %s: %s wanted", option, value, list);
}

#define COLUMNS 80
#define TEXT_AT 33 /* where the texts of options begin */

/* The words of text from column `at` on, further lines from `indent`; what
 * stands in brackets stays together. */
static void
print_wrapped(const char *text, size_t at, size_t indent)
{
	while (*text != '\0') {
		size_t n = 0, depth = 0;

		for (; text[n] != '\0' && (depth > 0 || text[n] != ' '); n++) {
			depth += text[n] == '[';
			depth -= text[n] == ']' && depth > 0;
		}
		if (at > indent && at + 1 + n > COLUMNS) {
			(void)printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			(void)putchar(' ');
			at++;
		}
		(void)printf("%.*s", (int)n, text);
		at += n;
		text += n + (text[n] == ' ');
	}
	(void)putchar('\n');
}

static bool
is_optional(const struct kt_opt *o)
{
	return o->value != NULL && o->value[0] == '[';
}

static void
print_option(const struct kt_opt *o)
{
	char left[80];
	int n;
	char letter[8] = "    ";

	if (o->code < 128)
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->code);
	(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
	    o->value && !is_optional(o) ? " " : "", o->value ? o->value : "");
	n = printf("  %-30s ", left);
	print_wrapped(o->text, n < TEXT_AT ? TEXT_AT : (size_t)n,
	    n < TEXT_AT ? TEXT_AT : (size_t)n);
}

static void
print_help(const struct kt_args *args)
{
	static const struct kt_opt help = { 'h', "help", NULL,
		"explain this command" };

	int n = printf("usage: kt %s", args->cmd->words);

	print_wrapped(args->cmd->synopsis, n > 0 ? (size_t)n : 0, 7);
	(void)printf("\n%s\n\noptions:\n", args->cmd->summary);
	for (size_t i = 0; i < args->opts_n; i++)
		print_option(&args->opts[i]);
	print_option(&help);
}

static void
begin(struct kt_args *args)
{
	args->is_begun = true;
	opterr = 0;
	optind = 0; /* glibc: start over, permutation included */
}

/* The short and long forms that getopt_long(3) wants, from the table. */
static void
forms(const struct kt_args *args, char shorts[static 2 * OPTS_MAX + 4],
    struct option longs[static OPTS_MAX + 2])
{
	size_t s = 0;

	if (args->opts_n > OPTS_MAX)
		KT_BUG("a command with too many options");
	shorts[s++] = ':'; /* tell a missing value from an unknown option */
	shorts[s++] = 'h';
	for (size_t i = 0; i < args->opts_n; i++) {
		const struct kt_opt *o = &args->opts[i];

		longs[i] = (struct option){ o->name,
			o->value == NULL ? no_argument : is_optional(o) ?
			    optional_argument : required_argument, NULL, o->code };
		if (o->code >= 128)
			continue;
		shorts[s++] = (char)o->code;
		if (o->value != NULL)
			shorts[s++] = ':';
	}
	shorts[s] = '\0';
	longs[args->opts_n] = (struct option){ "help", no_argument, NULL, HELP };
	longs[args->opts_n + 1] = (struct option){ 0 };
}

int
kt_args_next(struct kt_args *args)
{
	struct option longs[OPTS_MAX + 2];
	char shorts[2 * OPTS_MAX + 4];
	int c, at;

	if (!args->is_begun)
		begin(args);
	forms(args, shorts, longs);
	at = optind > 0 ? optind : 1;
	c = getopt_long(args->argc, args->argv, shorts, longs, NULL);
	args->value = optarg;
	args->operand = optind;
	switch (c) {
	case -1:
		return KT_ARGS_END;
	case 'h':
	case HELP:
		print_help(args);
		args->exit = KT_EXIT_YES;
		return KT_ARGS_STOP;
	case ':':
		args->exit = kt_misuse(args->cmd, "option '%s' needs a value",
		    args->argv[optind - 1]);
		return KT_ARGS_STOP;
	case '?':
		/* Permuted: the option just read stands before optind. */
		if (optopt != 0 && optopt < 128)
			args->exit = kt_misuse(args->cmd, "unknown option '-%c'",
			    optopt);
		else
			args->exit = kt_misuse(args->cmd, "unknown option '%s'",
			    args->argv[optind > at ? optind - 1 : at]);
		return KT_ARGS_STOP;
	default:
		return c;
	}
}
