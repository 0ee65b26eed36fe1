/*
 * cmd - what the commands of kt share: the table, exit codes, options.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which commands there are (cmd.def), how their options are read
 *           and how a misuse is told.
 * Does not: know what any command does.
 * Promises: every command answers --help, and a misuse is one line on
 *           standard error and exit code 2.
 *
 * To add a command: a line in cmd.def, a file that defines its function, and
 * that file in local.mk.
 */
#ifndef KT_CMD_H
#define KT_CMD_H
#include "base/base.h"

/* The same for every command: kt(1), EXIT STATUS. */
enum kt_exit {
	KT_EXIT_YES = 0,       /* yes, intact, nothing found */
	KT_EXIT_NO = 1,        /* no: a finding, a refusal, tamper evidence */
	KT_EXIT_MISUSE = 2,    /* the command line asked wrongly */
	KT_EXIT_UNKNOWN = 3,   /* could not find out */
	KT_EXIT_WEAKER = 4,    /* holds, but weaker than asked */
	KT_EXIT_REFUSED = 5,   /* refused: legal hold, minimum retention */
};

struct kt_cmd;
/* argv[0] is the last word of the command; options and operands follow. */
typedef enum kt_exit kt_cmd_fn(const struct kt_cmd *self, int argc,
    char **argv);

struct kt_cmd {
	const char *words;     /* one or two: "policy show" */
	kt_cmd_fn *run;
	const char *synopsis;
	const char *summary;
};

#define KT_CMD(words, function, synopsis, summary) \
	kt_cmd_fn kt_cmd_##function;
#include "cmd/cmd.def"
#undef KT_CMD

extern const struct kt_cmd kt_cmds[];
extern const size_t kt_cmds_n;

/*
 * One option.  A code below 128 is also its short letter; codes of options
 * that have only a long name start at KT_OPT_LONG.
 */
struct kt_opt {
	int code;
	const char *name;      /* "policy-config" */
	/* What follows it, as help names it, or NULL; "[=HOW]": it may. */
	const char *value;
	const char *text;      /* one line of help */
};
enum { KT_OPT_LONG = 256, KT_OPT_JSON = 4096, KT_OPT_POLICY };
/* For the options table of a command whose answer machines read, too. */
#define KT_OPT_JSON_LINE \
	{ KT_OPT_JSON, "json", NULL, "answer as JSON" }
/* For commands that work on a configuration; may be given several times. */
#define KT_OPT_POLICY_LINE \
	{ KT_OPT_POLICY, "policy-config", "FILE", \
	  "configuration; later files override earlier ones" }

/* What kt_args_next says besides the code of an option. */
enum { KT_ARGS_END = -1, KT_ARGS_STOP = -2 };

/* Reading a command line.  Fill in the first five. */
struct kt_args {
	const struct kt_cmd *cmd;
	const struct kt_opt *opts;
	size_t opts_n;
	int argc;
	char **argv;           /* permuted: operands end up last */
	char *value;           /* of the option just returned */
	enum kt_exit exit;     /* with KT_ARGS_STOP: return this */
	int operand;           /* after KT_ARGS_END: first operand in argv */
	bool is_begun;
};

/*
 * The next option's code; KT_ARGS_END when none is left; KT_ARGS_STOP when
 * help was printed or the line is wrong (told on standard error).  One
 * command line is read at a time: getopt_long(3) keeps its place globally.
 */
int kt_args_next(struct kt_args *args);

/* "kt policy show: TEXT" and where help is, on standard error; returns 2. */
enum kt_exit kt_misuse(const struct kt_cmd *cmd, const char *fmt, ...)
    KT_PRINTF(2, 3);
/* The same of an option that takes one of some words; NULL ends them. */
enum kt_exit kt_misuse_word(const struct kt_cmd *cmd, const char *option,
    const char *value, const char *const *words);
/* "kt: TEXT" on standard error. */
void kt_say(const char *fmt, ...) KT_PRINTF(1, 2);
/* The text on standard output, now.  False, and said, when it is not there:
   an answer that a full disk cut short must not end as if it were whole. */
bool kt_print(struct kt_span text);
/* Adds the text without anything that a terminal would obey. */
KT_MUSTCHECK enum kt_rc kt_add_plain(struct kt_buf *out, struct kt_span text);

/* kt --version: kt itself, its libraries as loaded, and how it was built. */
void kt_version_print(FILE *out);

#endif
