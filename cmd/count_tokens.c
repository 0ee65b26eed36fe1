/*
 * count_tokens - how many tokens a text, a request or a batch has.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "exchange/count.h"
#include "json/text.h"
#include "json/write.h"

#define READ_BYTES 65536
#define INPUT_MAX ((size_t)1 << 30)
#define WRITE_BYTES (1u << 20)
/* A model that many speak to; named in every answer that is not told one. */
#define USUAL_MODEL "claude-sonnet-4-5"

enum form { AS_TEXT, AS_MESSAGES, AS_COMPLETIONS, AS_RESPONSES, AS_JSONL };
static const struct {
	const char *name;
	enum kt_format format;
} forms[] = {
	[AS_TEXT] = { "text", KT_FORMAT_NONE },
	[AS_MESSAGES] = { "messages", KT_FORMAT_ANTHROPIC },
	[AS_COMPLETIONS] = { "completions", KT_FORMAT_OPENAI },
	[AS_RESPONSES] = { "responses", KT_FORMAT_RESPONSES },
	[AS_JSONL] = { "jsonl", KT_FORMAT_NONE },
};

struct job {
	const struct kt_cmd *self;
	const char *model, *encoding;
	enum form as;
	bool wants_ids, is_json, is_many;
	/* One for each encoding, made when first needed. */
	struct kt_tokenizer *tokenizers[KT_ENCODINGS];
	enum kt_family family;
	enum kt_encoding enc;
	const char *path;
	size_t line; /* of a batch; 0: none */
	struct kt_json json;
	struct kt_buf bytes, text, out;
	struct kt_token_ids ids;
	enum kt_exit exit;
};

static void
say(struct job *j, const char *why)
{
	if (j->line > 0)
		kt_say("%s:%zu: %s", j->path, j->line, why);
	else
		kt_say("%s: %s", j->path, why);
	j->exit = KT_EXIT_UNKNOWN;
}

static void
say_rc(struct job *j, enum kt_rc rc, size_t at)
{
	char why[80];

	if (rc == KT_E_PARSE)
		(void)snprintf(why, sizeof(why),
		    "byte %zu is not UTF-8; convert the text first", at);
	else
		(void)snprintf(why, sizeof(why),
		    "too large, or over %u MiB without a break",
		    KT_TOKEN_PIECE_MAX >> 20);
	say(j, why);
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

static struct kt_tokenizer *
tokenizer(struct job *j)
{
	struct kt_tokenizer **t = &j->tokenizers[j->enc];

	if (*t == NULL && kt_tokenizer_new(t, j->enc) < 0)
		say(j, "out of memory");
	return *t;
}

/* Which model's tokens: that of --model, of the body, or the usual one. */
static void
choose(struct job *j, struct kt_span model_of_body)
{
	struct kt_span model = j->model != NULL ? kt_span_of(j->model) :
	    model_of_body.len > 0               ? model_of_body :
	                                          KT_SPAN(USUAL_MODEL);

	j->family = kt_family_of(model);
	j->enc = kt_family_encoding(j->family);
	if (j->encoding != NULL)
		(void)kt_encoding_of(kt_span_of(j->encoding), &j->enc); /* is */
	if (j->wants_ids || j->encoding != NULL)
		j->family = j->enc == KT_ENCODING_CL100K ? KT_FAMILY_CL100K :
		    j->enc == KT_ENCODING_O200K          ? KT_FAMILY_O200K :
		                                           KT_FAMILY_CLAUDE_2;
}

static void
put_sum(struct job *j, struct kt_json_writer *w, const struct kt_token_sum *sum,
    bool is_exact)
{
	kt_json_named_u64(w, "n_tokens", sum->n);
	kt_json_named_bool(w, "exact", is_exact);
	kt_json_named_string(w, "encoding", kt_encoding_name(j->enc));
	if (is_exact)
		return;
	kt_json_named_string(w, "family", kt_family_name(j->family));
	kt_json_named_u64(w, "low", sum->low);
	kt_json_named_u64(w, "high", sum->high);
}

static void
put_ids(const struct job *j, struct kt_json_writer *w)
{
	kt_json_named_array(w, "ids");
	for (size_t i = 0; i < j->ids.n; i++)
		kt_json_put_u64(w, j->ids.ids[i]);
	kt_json_end_array(w);
}

/* For people: the number, how sure, and of which file where there are many. */
static enum kt_rc
put_line(struct job *j, const struct kt_token_sum *sum, bool is_exact)
{
	if (j->wants_ids) {
		for (size_t i = 0; i < j->ids.n; i++)
			if (kt_buf_printf(&j->out, "%s%u", i > 0 ? " " : "",
			        j->ids.ids[i]) < 0)
				return KT_E_LIMIT;
		return kt_buf_addc(&j->out, '\n');
	}
	if (kt_buf_printf(&j->out, "%llu", (unsigned long long)sum->n) < 0)
		return KT_E_LIMIT;
	if (!is_exact &&
	    kt_buf_printf(&j->out, " (estimate for %.*s: %llu to %llu)",
	        KT_SPAN_ARG(kt_family_name(j->family)),
	        (unsigned long long)sum->low,
	        (unsigned long long)sum->high) < 0)
		return KT_E_LIMIT;
	if (j->is_many && kt_buf_printf(&j->out, "  %s", j->path) < 0)
		return KT_E_LIMIT;
	return kt_buf_addc(&j->out, '\n');
}

/* False: standard output is gone. */
static bool
answer(struct job *j, const struct kt_token_sum *sum, bool is_exact,
    struct kt_span id)
{
	struct kt_json_writer w;
	enum kt_rc rc;

	if (!j->is_json) {
		rc = put_line(j, sum, is_exact);
	} else {
		kt_json_writer_init(&w, &j->out);
		kt_json_begin_object(&w);
		if (id.len > 0)
			kt_json_named_raw(&w, "id", id);
		if (j->is_many) {
			kt_json_named_cstr(&w, "file", j->path);
		}
		put_sum(j, &w, sum, is_exact);
		if (j->wants_ids)
			put_ids(j, &w);
		kt_json_end_object(&w);
		rc = kt_json_written(&w);
		if (rc == KT_OK)
			rc = kt_buf_addc(&j->out, '\n');
	}
	if (rc < 0)
		say(j, "the answer does not fit into memory");
	return j->out.len < WRITE_BYTES || write_out(j);
}

static bool
answer_text(struct job *j, struct kt_span text, struct kt_span id)
{
	struct kt_tokenizer *t = tokenizer(j);
	struct kt_token_sum sum = { 0 };
	size_t at = 0, n = 0;
	enum kt_rc rc;

	if (t == NULL)
		return false;
	j->ids.n = 0;
	if (j->wants_ids) {
		rc = kt_token_count(t, text, &n, &j->ids, &at);
		kt_token_sum_fixed(&sum, n);
	} else {
		rc = kt_token_sum_add(&sum, j->family, t, text, &at);
	}
	if (rc < 0) {
		say_rc(j, rc, at);
		return true;
	}
	return answer(j, &sum, kt_family_is_exact(j->family), id);
}

/* Anything else has no tokens that a vendor would count. */
static bool
is_request(struct job *j, struct kt_span body)
{
	uint32_t root = kt_json_root(&j->json);

	if (kt_json_type(&j->json, root) != KT_JSON_OBJECT) {
		say(j, "a request is an object");
		return false;
	}
	if (j->as != AS_RESPONSES &&
	    kt_json_type(&j->json, kt_json_member(&j->json, body, root,
	        KT_SPAN("messages"))) != KT_JSON_ARRAY) {
		say(j, "no \"messages\", or they are not a list");
		return false;
	}
	return true;
}

static void
answer_body(struct job *j, struct kt_span body)
{
	struct kt_tokenizer *t;
	struct kt_count count;
	struct kt_err err = { 0 };

	if (kt_json_parse(&j->json, body, &err) < 0) {
		say(j, err.text);
		return;
	}
	if (!is_request(j, body))
		return;
	choose(j, kt_json_string(&j->json, body,
	              kt_json_member(&j->json, body, kt_json_root(&j->json),
	                  KT_SPAN("model"))));
	t = tokenizer(j);
	if (t == NULL)
		return;
	if (kt_count_body(&count, KT_COUNT_ALL, j->family, t,
	        forms[j->as].format, &j->json, body, &j->text) < 0)
		say_rc(j, KT_E_LIMIT, 0);
	else
		(void)answer(j, &count.sum, count.is_exact,
		    (struct kt_span){ 0 }); /* in j->exit */
}

/* {"id"?, "text"}; other members are nobody's business. */
static bool
answer_line(struct job *j, struct kt_span line)
{
	struct kt_json *json = &j->json;
	struct kt_err err = { 0 };
	uint32_t root, text;

	if (kt_json_parse(json, line, &err) < 0) {
		say(j, err.text);
		return true;
	}
	root = kt_json_root(json);
	text = kt_json_member(json, line, root, KT_SPAN("text"));
	if (kt_json_type(json, text) != KT_JSON_STRING) {
		say(j, "no \"text\", or it is not a string");
		return true;
	}
	kt_buf_reset(&j->text);
	if (kt_json_unescape_add(&j->text, kt_json_string(json, line, text)) <
	    0) {
		say_rc(j, KT_E_LIMIT, 0);
		return true;
	}
	return answer_text(j, kt_buf_span(&j->text),
	    kt_json_raw(json, line,
	        kt_json_member(json, line, root, KT_SPAN("id"))));
}

static void
answer_lines(struct job *j, struct kt_span rest)
{
	bool goes_on = true;

	for (j->line = 1; rest.len > 0 && goes_on; j->line++) {
		size_t end = kt_span_find(rest, '\n');
		struct kt_span line = kt_span_sub(rest, 0, end);

		if (kt_span_ends(line, KT_SPAN("\r")))
			line.len--;
		if (kt_span_trim(line).len > 0)
			goes_on = answer_line(j, line);
		rest = kt_span_sub(rest, end < rest.len ? end + 1 : end,
		    rest.len);
	}
	j->line = 0;
}

static bool
read_all(struct job *j, FILE *in)
{
	struct stat st;
	size_t n = 1;

	kt_buf_reset(&j->bytes);
	if (fstat(fileno(in), &st) == 0 && st.st_size >= (off_t)INPUT_MAX) {
		say(j, "over 1 GiB; count it in parts");
		return false;
	}
	while (n > 0) {
		if (kt_buf_reserve(&j->bytes, READ_BYTES) < 0) {
			say(j, "over 1 GiB, or out of memory");
			return false;
		}
		n = fread(j->bytes.ptr + j->bytes.len, 1, READ_BYTES, in);
		j->bytes.len += n;
	}
	if (ferror(in)) {
		say(j, strerror(errno));
		return false;
	}
	return true;
}

static void
count_file(struct job *j, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0, is_read;
	FILE *in = is_stdin ? stdin : fopen(path, "rb");

	j->path = is_stdin ? "standard input" : path;
	if (in == NULL) {
		say(j, strerror(errno));
		return;
	}
	is_read = read_all(j, in);
	if (!is_stdin)
		(void)fclose(in); /* was only read */
	if (!is_read)
		return;
	choose(j, (struct kt_span){ 0 });
	if (j->as == AS_JSONL)
		answer_lines(j, kt_buf_span(&j->bytes));
	else if (j->as == AS_TEXT)
		(void)answer_text(j, kt_buf_span(&j->bytes),
		    (struct kt_span){ 0 }); /* in j->exit */
	else
		answer_body(j, kt_buf_span(&j->bytes));
	(void)write_out(j); /* in j->exit */
}

enum { MODEL = KT_OPT_LONG, ENCODING, AS, IDS };

static enum kt_exit
take_option(struct job *j, int c, const char *value)
{
	enum kt_encoding ignored;

	switch (c) {
	case MODEL:
		j->model = value;
		break;
	case ENCODING:
		j->encoding = value;
		if (kt_encoding_of(kt_span_of(value), &ignored))
			break;
		return kt_misuse(j->self, "--encoding %s: cl100k_base, "
		    "o200k_base or claude wanted", value);
	case AS:
		for (size_t i = 0; i < KT_NELEMS(forms); i++)
			if (strcmp(forms[i].name, value) == 0) {
				j->as = (enum form)i;
				return KT_EXIT_YES;
			}
		return kt_misuse(j->self, "--as %s: text, messages, "
		    "completions, responses or jsonl wanted", value);
	case IDS:
		j->wants_ids = true;
		break;
	case KT_OPT_JSON:
		j->is_json = true;
		break;
	case 'o':
		j->is_json = strcmp(value, "text") != 0;
		if (!j->is_json || strcmp(value, "json") == 0 ||
		    strcmp(value, "jsonl") == 0)
			break;
		return kt_misuse(j->self,
		    "--format %s: text, json or jsonl wanted", value);
	}
	return KT_EXIT_YES;
}

/* What cannot both be asked for; YES: all is well. */
static enum kt_exit
check_options(const struct job *j)
{
	if (j->model != NULL && j->encoding != NULL)
		return kt_misuse(j->self,
		    "--model or --encoding, not both: a model has its own");
	if (j->wants_ids && j->as != AS_TEXT && j->as != AS_JSONL)
		return kt_misuse(j->self, "--ids goes with --as text or jsonl");
	if (j->wants_ids && j->encoding == NULL &&
	    !kt_family_is_exact(kt_family_of(
	        kt_span_of(j->model != NULL ? j->model : USUAL_MODEL))))
		return kt_misuse(j->self, "the vocabulary of %s is not public; "
		    "--encoding says whose ids are wanted",
		    j->model != NULL ? j->model : USUAL_MODEL);
	return KT_EXIT_YES;
}

enum kt_exit
kt_cmd_count_tokens(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ MODEL, "model", "MODEL", "count as this model does (else that "
		    "of the body, else " USUAL_MODEL ")" },
		{ ENCODING, "encoding", "ENCODING",
		    "cl100k_base, o200k_base or claude (Claude 2)" },
		{ AS, "as", "FORM", "what is given: text (the default), "
		    "messages, completions, responses or jsonl" },
		{ IDS, "ids", NULL, "the ids of the tokens, too" },
		{ 'o', "format", "FORMAT", "text (the default), json or jsonl" },
		KT_OPT_JSON_LINE,
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct job j = { .self = self, .exit = KT_EXIT_YES };
	enum kt_exit status;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		status = take_option(&j, c, args.value);
		if (status != KT_EXIT_YES)
			return status;
	}
	status = check_options(&j);
	if (status != KT_EXIT_YES)
		return status;
	j.is_json |= j.as == AS_JSONL;
	j.is_many = argc - args.operand > 1;
	kt_json_init(&j.json, INPUT_MAX);
	kt_buf_init(&j.bytes, INPUT_MAX);
	kt_buf_init(&j.text, INPUT_MAX);
	kt_buf_init(&j.out, 4 * INPUT_MAX);
	if (args.operand == argc)
		count_file(&j, "-");
	for (int i = args.operand; i < argc; i++)
		count_file(&j, argv[i]);
	for (size_t i = 0; i < KT_ENCODINGS; i++)
		kt_tokenizer_free(&j.tokenizers[i]);
	kt_token_ids_fini(&j.ids);
	kt_json_fini(&j.json);
	kt_buf_fini(&j.bytes);
	kt_buf_fini(&j.text);
	kt_buf_fini(&j.out);
	return j.exit;
}
