/*
 * Each row of the tables for requests, both ways.  Beside its own claim every
 * row obeys two laws: a row without losses is the same in strict mode, and a
 * row with losses is refused there, by the name of one of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "translated.h"

#define HI "'messages':[{'role':'user','content':'hi'}]"
#define CALL(id, args) \
	"{'id':'" id "','type':'function','function':{'name':'f'," \
	"'arguments':'" args "'}}"
#define CALLS(id, args) \
	"{'role':'assistant','content':null,'tool_calls':[" CALL(id, args) "]}"
#define RESULT(id, text) "{'role':'tool','tool_call_id':'" id "','content':'" text "'}"
#define USE(id, input) \
	"{'type':'tool_use','id':'" id "','name':'f','input':" input "}"
#define RESULT_BLOCK(id, text) \
	"{'type':'tool_result','tool_use_id':'" id "','content':'" text "'}"
#define TEXT(text) "{'type':'text','text':'" text "'}"
#define TOOL "{'type':'function','function':{'name':'f'}}"
#define TOOLS "'tools':[" TOOL "]"
#define TOOL_A \
	"{'name':'f','input_schema':{'type':'object','properties':{}}}"
#define TOOLS_A "'tools':[" TOOL_A "]"
#define TOOL_BACK \
	"{'type':'function','function':{'name':'f','parameters':{'type':'object','properties':{}}}}"
#define RESULT_USER \
	"{'role':'user','content':[" RESULT_BLOCK("c1", "r") "]}"
#define SCHEMA \
	"{'type':'object','properties':{'a':{'type':'string'}}," \
	"'required':['a'],'additionalProperties':false}"
/* Property b need not be there, which no strict schema of OpenAI's can say. */
#define LOOSE \
	"{'type':'object','properties':{'a':{'type':'string'}," \
	"'b':{'type':'string'}},'required':['a']," \
	"'additionalProperties':false}"
#define WITHIN(key, value) \
	"{'type':'object','properties':{'a':{'" key "':" value "}}," \
	"'required':['a'],'additionalProperties':false}"

struct row {
	const char *name, *model, *in, *out;
	const char *dropped, *approximated; /* NULL: none */
	const char *refused;                /* part of the message */
};

#include "translate_to_anthropic.rows"
#include "translate_to_openai.rows"

/* What a row leaves out is the least that a request must have. */
static void
body(char *into, const char *model, const char *members, enum kt_format f)
{
	bool has_max = strstr(members, "max_") != NULL ||
	    strstr(members, "nomax") != NULL;
	const char *max = f == KT_FORMAT_ANTHROPIC ? "max_tokens"
						   : "max_completion_tokens";
	int n = snprintf(into, TEXT_MAX, "{'model':'%s'", model);

	if (!has_max)
		n += snprintf(into + n, (size_t)(TEXT_MAX - n),
		    ",'%s':4096", max);
	if (strstr(members, "'messages'") == NULL)
		n += snprintf(into + n, (size_t)(TEXT_MAX - n), ",%s", HI);
	(void)snprintf(into + n, (size_t)(TEXT_MAX - n), "%s%s}",
	    members[0] != '\0' ? "," : "", members);
	quoted(into);
}

static bool
names_a_loss(const struct result *r, const struct row *row)
{
	char list[512], *at = list, *end;

	(void)snprintf(list, sizeof(list), "%s,%s",
	    row->dropped != NULL ? row->dropped : "",
	    row->approximated != NULL ? row->approximated : "");
	for (; at != NULL; at = end != NULL ? end + 1 : NULL) {
		end = strchr(at, ',');
		if (end != NULL)
			*end = '\0';
		if (*at != '\0' && strncmp(r->err.text, at, strlen(at)) == 0)
			return true;
	}
	return false;
}

static void
check(const struct row *row, enum kt_format from, enum kt_format to)
{
	static char in[TEXT_MAX], want[TEXT_MAX];
	static struct result r;
	struct kt_translate_options o = { .now_s = 1 };

	if (strstr(row->name, "new_version") != NULL)
		o.api_version = KT_SPAN("2026-10-21");
	begin_row();
	body(in, row->model, row->in, from);
	translate_with(&r, kt_translate_request, from, to, in, &o, false);
	if (row->refused != NULL) {
		ok(r.rc == KT_E_PARSE);
		if (!ok(strstr(r.err.text, row->refused) != NULL))
			printf("# %s\n", r.err.text);
		end_row(row->name);
		return;
	}
	body(want, row->model, row->out, to);
	if (!ok(r.rc == KT_OK))
		printf("# %s\n", r.err.text);
	else
		ok(same_json(r.text, want));
	if (!ok(strcmp(r.dropped, row->dropped ? row->dropped : "") == 0) ||
	    !ok(strcmp(r.approximated,
		    row->approximated ? row->approximated : "") == 0))
		printf("# dropped %s approximated %s\n", r.dropped,
		    r.approximated);
	translate_with(&r, kt_translate_request, from, to, in, &o, true);
	if (row->dropped == NULL && row->approximated == NULL) {
		ok(r.rc == KT_OK && same_json(r.text, want));
	} else {
		ok(r.rc == KT_E_PARSE);
		if (!ok(names_a_loss(&r, row)))
			printf("# %s\n", r.err.text);
	}
	end_row(row->name);
}

/* ---- what no row can say ---- */

static void
equal_formats_pass_byte_for_byte(void)
{
	static struct result r;
	struct kt_translate_options o = { 0 };
	const char *odd = "{ \"a\" : 1e400 }";

	translate_with(&r, kt_translate_request, KT_FORMAT_OPENAI,
	    KT_FORMAT_OPENAI, odd, &o, true);
	ok(r.rc == KT_OK && strcmp(r.text, odd) == 0);
}

static void
responses_are_not_translated(void)
{
	static struct result r;
	struct kt_translate_options o = { 0 };

	translate_with(&r, kt_translate_request, KT_FORMAT_RESPONSES,
	    KT_FORMAT_ANTHROPIC, "{}", &o, false);
	ok(r.rc == KT_E_PARSE &&
	    strcmp(r.err.text, "translation of responses is not supported") ==
		0);
	ok(kt_stream_writer_new(KT_FORMAT_RESPONSES, KT_FORMAT_OPENAI, false,
	       &o) == NULL);
}

static void
numbers_and_escapes_keep_their_bytes(void)
{
	static struct result r;
	struct kt_translate_options o = { 0 };

	translate_with(&r, kt_translate_request, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI,
	    "{\"model\":\"m\",\"max_tokens\":9,\"temperature\":1e-1,"
	    "\"messages\":[{\"role\":\"user\",\"content\":"
	    "\"\\u00e9\\/\\u0000\"}]}",
	    &o, false);
	ok(strstr(r.text, "\"temperature\":1e-1") != NULL);
	ok(strstr(r.text, "\"content\":\"\\u00e9\\/\\u0000\"") != NULL);
}

static void
model_of_the_target_replaces_the_client_s(void)
{
	static struct result r;
	struct kt_translate_options o = {
		.model = KT_SPAN("claude-3-haiku-20240307"),
	};

	translate_with(&r, kt_translate_request, KT_FORMAT_OPENAI,
	    KT_FORMAT_ANTHROPIC, "{\"model\":\"gpt-5\",\"messages\":[]}", &o,
	    false);
	ok(strstr(r.text, "\"model\":\"claude-3-haiku-20240307\"") != NULL);
	ok(strstr(r.text, "\"max_tokens\":4096") != NULL);
}

/* Names are the client's, the report goes into a header. */
static void
unknown_names_cannot_break_a_header(void)
{
	static struct result r;
	struct kt_translate_options o = { 0 };

	translate_with(&r, kt_translate_request, KT_FORMAT_OPENAI,
	    KT_FORMAT_ANTHROPIC,
	    "{\"model\":\"m\",\"messages\":[],\"a\\r\\nset-cookie: b; c\":1}",
	    &o, false);
	ok(strcmp(r.dropped, "a_r_nset-cookie__b__c") == 0);
}

static void
a_full_list_of_losses_says_so(void)
{
	static struct result r;
	static char in[2048];
	struct kt_translate_options o = { 0 };
	int n = snprintf(in, sizeof(in), "{\"model\":\"m\",\"messages\":[]");
	const char *tail;

	for (unsigned i = 0; i < KT_TRANSLATION_MAX + 8; i++)
		n += snprintf(in + n, sizeof(in) - (size_t)n, ",\"m%u\":1", i);
	(void)snprintf(in + n, sizeof(in) - (size_t)n, "}");
	translate_with(&r, kt_translate_request, KT_FORMAT_OPENAI,
	    KT_FORMAT_ANTHROPIC, in, &o, false);
	tail = strrchr(r.dropped, ',');
	ok(tail != NULL && strcmp(tail, "," KT_TRANSLATION_MORE) == 0);
	ok(strstr(r.dropped, ",m30,") != NULL);
}

static void
long_user_ids_are_shortened_the_same_way_each_time(void)
{
	static struct result a, b;
	struct kt_translate_options o = { 0 };
	const char *in =
	    "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[],\"metadata\":"
	    "{\"user_id\":\"user_0123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789\"}}";

	translate_with(&a, kt_translate_request, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI, in, &o, false);
	translate_with(&b, kt_translate_request, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI, in, &o, false);
	ok(a.rc == KT_OK && strcmp(a.text, b.text) == 0);
	ok(strcmp(a.approximated, "metadata.user_id") == 0);
	ok(strstr(a.text, "user_0123") == NULL);
}

/* Input that the index takes at its deepest must not come out too deep. */
static void
deep_values_are_refused_not_broken(void)
{
	static struct result r;
	static char in[2048];
	struct kt_translate_options o = { 0 };
	int n = snprintf(in, sizeof(in),
	    "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[],\"tools\":[{"
	    "\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"x\":");

	for (unsigned i = 0; i < KT_JSON_DEPTH_MAX - 4; i++)
		in[n++] = '[';
	for (unsigned i = 0; i < KT_JSON_DEPTH_MAX - 4; i++)
		in[n++] = ']';
	(void)snprintf(in + n, sizeof(in) - (size_t)n, "}}]}");
	translate_with(&r, kt_translate_request, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI, in, &o, false);
	ok(r.rc == KT_E_PARSE);
}

int
main(void)
{
	for (size_t i = 0; i < KT_NELEMS(to_anthropic); i++)
		check(&to_anthropic[i], KT_FORMAT_OPENAI, KT_FORMAT_ANTHROPIC);
	for (size_t i = 0; i < KT_NELEMS(to_openai); i++)
		check(&to_openai[i], KT_FORMAT_ANTHROPIC, KT_FORMAT_OPENAI);
	RUN(equal_formats_pass_byte_for_byte);
	RUN(responses_are_not_translated);
	RUN(numbers_and_escapes_keep_their_bytes);
	RUN(model_of_the_target_replaces_the_client_s);
	RUN(unknown_names_cannot_break_a_header);
	RUN(a_full_list_of_losses_says_so);
	RUN(long_user_ids_are_shortened_the_same_way_each_time);
	RUN(deep_values_are_refused_not_broken);
	return done();
}
