/*
 * inspect - the chain over a text, a body or a batch, without a gateway.
 *
 * One program and one scratch serve all lines of a batch; each line is read,
 * answered and forgotten, so that a batch may be longer than memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/program.h"
#include "cmd/inspect.h"
#include "cmd/media/client.h"
#include "json/text.h"

#define READ_BYTES 65536
/* A line of a batch is a text with its escapes around. */
#define LINE_MAX_BYTES (KT_BODY_MAX + KT_BODY_MAX / 2)
#define ANSWER_MAX ((size_t)1 << 30)
#define WRITE_BYTES (1u << 20)

static const struct {
	const char *name;
	enum kt_endpoint endpoint; /* NONE: no body */
} forms[] = {
	{ "text", KT_ENDPOINT_NONE },
	{ "messages", KT_ENDPOINT_MESSAGES },
	{ "completions", KT_ENDPOINT_COMPLETIONS },
	{ "responses", KT_ENDPOINT_RESPONSES },
	{ "file", KT_ENDPOINT_NONE },
	{ "jsonl", KT_ENDPOINT_NONE },
};
enum { AS_TEXT = 0, AS_JSONL = KT_NELEMS(forms) - 1, AS_FILE = AS_JSONL - 1 };

struct job {
	const struct kt_cmd *self;
	char *policies[KT_CONFIG_FILES_MAX];
	size_t npolicies;
	size_t as;
	enum kt_component component;
	enum kt_direction direction;
	bool is_json, is_redacted, has_format, has_component;
	bool is_terminal, is_colored;
	const char *path;
	FILE *in;
	/* What is inspected with. */
	struct kt_cmd_program program;
	struct kt_look *look;
	struct kt_media_client *media;
	/* What is at hand. */
	struct kt_json json;
	struct kt_buf bytes, text, redacted, out;
	size_t line;
	enum kt_exit exit;
};

static enum kt_exit
cannot(struct job *j, const char *why)
{
	kt_say("%s: %s", j->path, why);
	return j->exit = KT_EXIT_UNKNOWN;
}

/* In a batch the others still get their answers. */
static void
say_line(struct job *j, const char *why)
{
	kt_say("%s:%zu: %s", j->path, j->line, why);
	j->exit = KT_EXIT_UNKNOWN;
}

static const char *
why_not(enum kt_rc rc)
{
	switch (rc) {
	case KT_E_LIMIT:
		return "too large to be inspected";
	case KT_E_PARSE:
		return "not what its format promises, or not UTF-8";
	case KT_E_ENGINE:
	case KT_E_IO:
	case KT_E_MISUSE:
	case KT_OK:
		break;
	}
	return "the inspection failed";
}

static bool
write_out(struct job *j)
{
	bool is_written = kt_print(kt_buf_span(&j->out));

	kt_buf_reset(&j->out);
	if (!is_written)
		j->exit = KT_EXIT_UNKNOWN;
	return is_written;
}

/* False: standard output is gone. */
static bool
answer(struct job *j, const struct kt_cmd_looked *in)
{
	const struct kt_looked *l = in->looked;
	enum kt_rc rc = j->is_json
	    ? kt_cmd_inspect_json(in, &j->out)
	    : kt_cmd_inspect_text(in, j->is_terminal, j->is_colored, &j->out);

	if (rc < 0)
		say_line(j, "the answer does not fit into memory");
	if (l != NULL && l->action <= KT_ACTION_REDACT &&
	    j->exit == KT_EXIT_YES)
		j->exit = KT_EXIT_NO;
	return j->out.len < WRITE_BYTES || write_out(j);
}

static bool
answer_text(struct job *j, struct kt_span id, struct kt_span text,
    enum kt_component component)
{
	struct kt_looked looked;
	struct kt_cmd_looked in = { .id = id, .text = text,
		.redacted = j->is_redacted ? &j->redacted : NULL };
	enum kt_rc rc = kt_look_at_text(j->look, text, component, &looked);

	kt_buf_reset(&j->redacted);
	if (rc == KT_OK && j->is_redacted)
		rc = kt_look_redacted(j->look, &j->redacted);
	if (rc < 0)
		say_line(j, why_not(rc));
	else
		in.looked = &looked;
	return answer(j, &in);
}

/* The file may be binary: it is not shown, and offsets are those of all. */
static bool
answer_file(struct job *j, struct kt_span bytes)
{
	struct kt_looked looked;
	struct kt_cmd_looked in = { .text = { 0 } };
	enum kt_component component =
	    j->has_component ? j->component : KT_COMPONENT_FILES;
	enum kt_rc rc = kt_look_at_medium(j->look, bytes, component, &looked);

	if (rc < 0)
		say_line(j, why_not(rc));
	else
		in.looked = &looked;
	return answer(j, &in);
}

static enum kt_rc
read_medium(void *self, const struct kt_span *pieces, struct kt_buf *out)
{
	struct job *j = self;
	struct kt_err err = { 0 };
	char path[KT_CMD_PATH_MAX];

	if (j->media == NULL && kt_cmd_find_program("kt-media", path))
		j->media = kt_media_client_new(
		    path, kt_program_languages(j->program.program));
	if (j->media == NULL)
		return KT_E_IO;
	return kt_media_client_ask(j->media, pieces, out, &err);
}

static bool
answer_body(struct job *j, struct kt_span body)
{
	struct kt_looked looked;
	struct kt_cmd_looked in = { .text = body, .json = &j->json,
		.redacted = j->is_redacted ? &j->redacted : NULL };
	struct kt_err err = { 0 };
	enum kt_rc rc = kt_json_parse(&j->json, body, &err);

	if (rc < 0) {
		(void)cannot(j, err.text); /* in j->exit */
		return false;
	}
	rc = kt_look_at_body(j->look, forms[j->as].endpoint, j->direction,
	    &j->json, body, &looked);
	if (rc == KT_OK && j->is_redacted)
		rc = kt_look_redacted(j->look, &j->redacted);
	if (rc < 0)
		(void)cannot(j, why_not(rc)); /* in j->exit */
	else
		in.looked = &looked;
	return answer(j, &in);
}

/* {"id"?, "text", "component"?}; other members are nobody's business. */
static bool
answer_line(struct job *j, struct kt_span line)
{
	struct kt_json *json = &j->json;
	struct kt_cmd_looked failed = { 0 };
	enum kt_component component = j->component;
	uint32_t root, text, named;
	struct kt_span id;
	struct kt_err err = { 0 };

	if (kt_json_parse(json, line, &err) < 0) {
		say_line(j, err.text);
		return answer(j, &failed);
	}
	root = kt_json_root(json);
	text = kt_json_member(json, line, root, KT_SPAN("text"));
	named = kt_json_member(json, line, root, KT_SPAN("component"));
	failed.id = id = kt_json_raw(json, line,
	    kt_json_member(json, line, root, KT_SPAN("id")));
	kt_buf_reset(&j->text);
	if (kt_json_type(json, text) != KT_JSON_STRING) {
		say_line(j, "no \"text\", or it is not a string");
		return answer(j, &failed);
	}
	if (named != 0 &&
	    !kt_component_of(kt_json_string(json, line, named), &component)) {
		say_line(j, "\"component\": there is none of that name");
		return answer(j, &failed);
	}
	if (kt_json_unescape_add(&j->text, kt_json_string(json, line, text)) <
	    0) {
		say_line(j, why_not(KT_E_LIMIT));
		return answer(j, &failed);
	}
	return answer_text(j, id, kt_buf_span(&j->text), component);
}

/* More bytes; false at the end, and when they cannot be had. */
static bool
read_more(struct job *j, bool *is_end)
{
	size_t n;

	if (kt_buf_reserve(&j->bytes, READ_BYTES) < 0) {
		(void)cannot(j, why_not(KT_E_LIMIT)); /* in j->exit */
		return false;
	}
	n = fread(j->bytes.ptr + j->bytes.len, 1, READ_BYTES, j->in);
	j->bytes.len += n;
	*is_end = n == 0;
	if (ferror(j->in)) {
		(void)cannot(j, strerror(errno)); /* in j->exit */
		return false;
	}
	return true;
}

static void
run_lines(struct job *j)
{
	bool is_end = false;
	size_t at = 0, seen = 0;

	while (!is_end) {
		struct kt_span all;

		kt_buf_shift(&j->bytes, at);
		seen -= at;
		at = 0;
		if (!read_more(j, &is_end))
			return;
		all = kt_buf_span(&j->bytes);
		while (at < all.len) {
			size_t end = seen + kt_span_find(
			    kt_span_sub(all, seen, all.len), '\n');
			struct kt_span line;

			if (end == all.len && !is_end)
				break;
			line = kt_span_trim(kt_span_sub(all, at, end - at));
			at = seen = end < all.len ? end + 1 : end;
			j->line++;
			if (kt_span_ends(line, KT_SPAN("\r")))
				line.len--;
			/* Some editors put a mark in front of a file. */
			if (j->line == 1 &&
			    kt_span_starts(line, KT_SPAN("\xef\xbb\xbf")))
				line = kt_span_sub(line, 3, line.len);
			if (line.len > 0 && !answer_line(j, line))
				return;
		}
		seen = all.len;
	}
}

static void
run(struct job *j)
{
	bool is_end = false;

	if (j->as == AS_JSONL) {
		run_lines(j);
	} else {
		while (!is_end)
			if (!read_more(j, &is_end))
				return;
		j->line = 1;
		if (j->as == AS_TEXT)
			(void)answer_text(j, (struct kt_span){ 0 },
			    kt_buf_span(&j->bytes), j->component); /* in exit */
		else if (j->as == AS_FILE)
			(void)answer_file(j, kt_buf_span(&j->bytes)); /* the same */
		else
			(void)answer_body(j, kt_buf_span(&j->bytes));
	}
	(void)write_out(j); /* in j->exit */
}

/* The configuration and the detectors become what the gateway runs. */
static enum kt_exit
prepare(struct job *j)
{
	struct kt_program_options o = { .may_use_offline = true };
	struct kt_err err = { 0 };

	if (kt_cmd_program_open(
	        &j->program, j->policies, j->npolicies, &o, &err) < 0) {
		if (err.rc != KT_E_PARSE || j->program.settings.settings != NULL)
			kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	j->look = kt_look_new(j->program.program, j->program.scratch);
	if (j->look != NULL) {
		kt_look_set_reader(j->look, read_medium, j);
		return KT_EXIT_YES;
	}
	kt_say("out of memory");
	return KT_EXIT_UNKNOWN;
}

static enum kt_exit
open_and_run(struct job *j)
{
	const char *no_color = getenv("NO_COLOR");

	j->in = stdin;
	if (strcmp(j->path, "-") == 0)
		j->path = "standard input";
	else if ((j->in = fopen(j->path, "rb")) == NULL)
		return cannot(j, strerror(errno));
	j->is_terminal = isatty(STDOUT_FILENO);
	j->is_colored = j->is_terminal && (no_color == NULL || !*no_color);
	j->exit = prepare(j);
	kt_json_init(&j->json, LINE_MAX_BYTES);
	kt_buf_init(&j->bytes,
	    (j->as == AS_JSONL ? LINE_MAX_BYTES : KT_BODY_MAX) + READ_BYTES);
	kt_buf_init(&j->text, KT_BODY_MAX);
	kt_buf_init(&j->redacted, 2 * (size_t)KT_BODY_MAX);
	kt_buf_init(&j->out, ANSWER_MAX);
	if (j->exit == KT_EXIT_YES)
		run(j);
	if (j->in != stdin)
		(void)fclose(j->in); /* was only read */
	kt_json_fini(&j->json);
	kt_buf_fini(&j->bytes);
	kt_buf_fini(&j->text);
	kt_buf_fini(&j->redacted);
	kt_buf_fini(&j->out);
	kt_look_free(&j->look);
	kt_media_client_free(&j->media);
	kt_cmd_program_close(&j->program);
	return j->exit;
}

enum { AS = KT_OPT_LONG, COMPONENT, REDACTED, ANSWER };

static enum kt_exit
take_option(struct job *j, int c, const char *value)
{
	switch (c) {
	case KT_OPT_POLICY:
		if (j->npolicies == KT_CONFIG_FILES_MAX)
			return kt_misuse(j->self, "more than %d files",
			    KT_CONFIG_FILES_MAX);
		j->policies[j->npolicies++] = (char *)value;
		return KT_EXIT_YES;
	case AS:
		for (j->as = 0; j->as < KT_NELEMS(forms); j->as++)
			if (strcmp(forms[j->as].name, value) == 0)
				return KT_EXIT_YES;
		return kt_misuse(j->self, "--as %s: text, messages, "
		    "completions, responses, file or jsonl wanted", value);
	case COMPONENT:
		j->has_component = true;
		if (kt_component_of(kt_span_of(value), &j->component))
			return KT_EXIT_YES;
		return kt_misuse(j->self, "--component %s: system, messages, "
		    "tools, tool_use, tool_results, images, documents, files "
		    "or completion wanted", value);
	case 'o':
		j->has_format = true;
		j->is_json = strcmp(value, "text") != 0;
		if (!j->is_json || strcmp(value, "json") == 0 ||
		    strcmp(value, "jsonl") == 0)
			return KT_EXIT_YES;
		return kt_misuse(j->self,
		    "--format %s: text, json or jsonl wanted", value);
	case KT_OPT_JSON:
		j->has_format = j->is_json = true;
		break;
	case REDACTED:
		j->is_redacted = true;
		break;
	case ANSWER:
		j->direction = KT_ANSWER;
		break;
	}
	return KT_EXIT_YES;
}

enum kt_exit
kt_cmd_inspect(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		KT_OPT_POLICY_LINE,
		{ AS, "as", "FORM", "what is given: text (the default), "
		    "messages, completions, responses, file or jsonl" },
		{ COMPONENT, "component", "NAME",
		    "where a text stands (messages)" },
		{ ANSWER, "answer", NULL,
		    "the body is an answer, not a request" },
		{ 'o', "format", "FORMAT", "answer as text, json or jsonl" },
		KT_OPT_JSON_LINE,
		{ REDACTED, "redacted", NULL, "add the text as it would go on" },
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct job *j = kt_alloc(sizeof(*j));
	enum kt_exit status = KT_EXIT_YES;
	int c;

	if (j == NULL) {
		kt_say("out of memory");
		return KT_EXIT_UNKNOWN;
	}
	j->self = self;
	j->component = KT_COMPONENT_MESSAGES;
	while (status == KT_EXIT_YES &&
	    (c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP) {
			status = args.exit;
			kt_free(j);
			return status;
		}
		status = take_option(j, c, args.value);
	}
	j->path = args.operand < argc ? argv[args.operand] : "-";
	if (!j->has_format)
		j->is_json = j->as == AS_JSONL;
	if (status == KT_EXIT_YES && args.operand + 1 < argc)
		status = kt_misuse(self, "one file at a time");
	else if (status == KT_EXIT_YES && j->has_component &&
	    forms[j->as].endpoint != KT_ENDPOINT_NONE)
		status = kt_misuse(self, "--component goes with a text; a body "
		    "says what its parts are");
	else if (status == KT_EXIT_YES && j->direction == KT_ANSWER &&
	    forms[j->as].endpoint == KT_ENDPOINT_NONE)
		status = kt_misuse(self, "--answer goes with a body: --as "
		    "messages, completions or responses; a text of an answer "
		    "has --component completion");
	if (status == KT_EXIT_YES)
		status = open_and_run(j);
	kt_free(j);
	return status;
}
