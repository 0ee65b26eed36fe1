/*
 * kt - finds the command that the first one or two words name and runs it.
 * There is no list of commands here: cmd.def has it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>

#include "cmd/cmd.h"
#include "config/nearest.h"

const struct kt_cmd kt_cmds[] = {
#define KT_CMD(words, function, synopsis, summary) \
	{ words, kt_cmd_##function, synopsis, summary },
#include "cmd/cmd.def"
#undef KT_CMD
};
const size_t kt_cmds_n = KT_NELEMS(kt_cmds);

/* How many of the arguments are the words of this command, or 0. */
static int
matches(const struct kt_cmd *cmd, int argc, char **argv)
{
	struct kt_span words = kt_span_of(cmd->words);
	size_t space = kt_span_find(words, ' ');

	if (argc < 1 ||
	    !kt_span_eq(kt_span_of(argv[0]), kt_span_sub(words, 0, space)))
		return 0;
	if (space == words.len)
		return 1;
	if (argc < 2 || strcmp(argv[1], cmd->words + space + 1) != 0)
		return 0;
	return 2;
}

static const struct kt_cmd *
find(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < kt_cmds_n; i++) {
		*words = matches(&kt_cmds[i], argc, argv);
		if (*words > 0)
			return &kt_cmds[i];
	}
	return NULL;
}

/* Lists all commands, or those whose first word is the given one. */
static size_t
list(FILE *out, const char *first)
{
	size_t n = 0;

	for (size_t i = 0; i < kt_cmds_n; i++) {
		struct kt_span words = kt_span_of(kt_cmds[i].words);
		size_t space = kt_span_find(words, ' ');

		if (first != NULL && !kt_span_eq(kt_span_of(first),
		    kt_span_sub(words, 0, space)))
			continue;
		(void)fprintf(out, "  %-16s %s\n", kt_cmds[i].words,
		    kt_cmds[i].summary);
		n++;
	}
	return n;
}

static void
overview(FILE *out)
{
	(void)fputs("usage: kt command [option ...] [operand ...]\n"
	    "       kt --help | --version\n\n"
	    "An inspecting gateway between applications and language-model "
	    "APIs.\n\ncommands:\n", out);
	(void)list(out, NULL);
	(void)fputs("\n'kt command --help' explains one command.\n", out);
}

static bool
is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static enum kt_exit
unknown(int argc, char **argv)
{
	struct kt_config_nearest near;
	char said[64];

	/* A first word that exists alone: show what may follow it. */
	if (argc == 2 && is_help(argv[1]) && list(stdout, argv[0]) > 0)
		return KT_EXIT_YES;
	(void)snprintf(said, sizeof(said), "%s", argv[0]);
	if (argc < 2 || argv[1][0] == '-') {
		if (list(stderr, argv[0]) > 0) {
			kt_say("'%s' needs one more word, as listed", argv[0]);
			return KT_EXIT_MISUSE;
		}
	} else {
		(void)snprintf(said, sizeof(said), "%s %s", argv[0], argv[1]);
	}
	kt_config_nearest_init(&near, kt_span_of(said));
	for (size_t i = 0; i < kt_cmds_n; i++)
		kt_config_nearest_try(&near, kt_cmds[i].words);
	if (near.best != NULL)
		kt_say("unknown command '%s': did you mean '%s'?", said, near.best);
	else
		kt_say("unknown command '%s': 'kt --help' lists them", said);
	return KT_EXIT_MISUSE;
}

enum kt_exit
kt_cmd_help(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .argc = argc, .argv = argv };
	char help[] = "--help", *one[] = { NULL, help, NULL };
	const struct kt_cmd *cmd;
	int words;

	/* What follows is the name of a command, so '--' is not needed. */
	if (argc > 1 && argv[1][0] == '-' && kt_args_next(&args) == KT_ARGS_STOP)
		return args.exit;
	if (argc < 2) {
		overview(stdout);
		return KT_EXIT_YES;
	}
	cmd = find(argc - 1, argv + 1, &words);
	if (cmd == self) {
		overview(stdout);
		return KT_EXIT_YES;
	}
	if (cmd == NULL)
		return argc == 2 && list(stdout, argv[1]) > 0 ? KT_EXIT_YES :
		    unknown(argc - 1, argv + 1);
	one[0] = argv[words];
	return cmd->run(cmd, 2, one);
}

/* An answer that got lost is none; a no, and what was said, stay. */
static enum kt_exit
after_writing(enum kt_exit e)
{
	bool is_lost = fflush(stdout) != 0 || ferror(stdout);

	if (!is_lost || (e != KT_EXIT_YES && e != KT_EXIT_WEAKER))
		return e;
	kt_say("standard output cannot be written");
	return KT_EXIT_UNKNOWN;
}

/*
 * A standard descriptor that is closed would be that of the next file opened,
 * which then gets what is printed.  The wrong way round, reading and writing
 * go on to fail: empty input and an answer that nobody saw are no success.
 */
static bool
holds_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		int mode = fd == 0 ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
			return false;
	}
	return true;
}

static enum kt_exit
run(int argc, char **argv)
{
	const struct kt_cmd *cmd;
	int words;

	if (!holds_standard())
		return KT_EXIT_UNKNOWN; /* and there is nowhere to say it */
	if (argc < 2) {
		overview(stderr);
		return KT_EXIT_MISUSE;
	}
	if (is_help(argv[1])) {
		overview(stdout);
		return KT_EXIT_YES;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		kt_version_print(stdout);
		return KT_EXIT_YES;
	}
	if (argv[1][0] == '-') {
		kt_say("unknown option '%s': 'kt --help' lists what there is",
		    argv[1]);
		return KT_EXIT_MISUSE;
	}
	cmd = find(argc - 1, argv + 1, &words);
	if (cmd == NULL)
		return unknown(argc - 1, argv + 1);
	return cmd->run(cmd, argc - words, argv + words);
}

int
main(int argc, char **argv)
{
	return after_writing(run(argc, argv));
}
