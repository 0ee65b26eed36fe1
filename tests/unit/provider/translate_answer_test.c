/*
 * Whole answers and errors both ways, and the law that a conversation means
 * the same in either format and after coming back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "translated.h"

struct row {
	const char *name, *in, *out, *dropped, *approximated, *refused;
};

#define MESSAGE(content, rest) \
	"{'id':'msg_01','type':'message','role':'assistant','model':'m'," \
	"'content':[" content "]," rest "}"
#define USAGE \
	"'usage':{'input_tokens':12,'output_tokens':40," \
	"'cache_read_input_tokens':100,'cache_creation_input_tokens':7}"
#define USAGE_O \
	"'usage':{'prompt_tokens':119,'completion_tokens':40," \
	"'total_tokens':159,'prompt_tokens_details':{'cached_tokens':100," \
	"'cache_write_tokens':7}}"
#define ANSWER(message, finish) \
	"{'id':'chatcmpl-01','object':'chat.completion','created':5," \
	"'model':'m','choices':[{'index':0,'message':{'role':'assistant'," \
	message "},'logprobs':null,'finish_reason':'" finish "'}]," USAGE_O \
	",'system_fingerprint':null}"
#define TEXT(text) "{'type':'text','text':'" text "'}"
#define STOP(word) "'stop_reason':'" word "','stop_sequence':null"

static const struct row to_openai[] = {
	{ "texts_are_joined",
	    MESSAGE(TEXT("a\\u00e9") "," TEXT("b"), STOP("end_turn") "," USAGE),
	    ANSWER("'content':'a\\u00e9b','refusal':null", "stop"), 0, 0, 0 },
	{ "no_text_is_null", MESSAGE("", STOP("max_tokens") "," USAGE),
	    ANSWER("'content':null,'refusal':null", "length"), 0, 0, 0 },
	{ "calls_keep_order_and_ids",
	    MESSAGE(TEXT("t") ",{'type':'tool_use','id':'toolu_1','name':'f',"
	    "'input':{ 'a':1}},{'type':'tool_use','id':'kt64_Zi54OjA',"
	    "'name':'g','input':{}}", STOP("tool_use") "," USAGE),
	    ANSWER("'content':'t','refusal':null,'tool_calls':[{'id':'toolu_1',"
	    "'type':'function','function':{'name':'f','arguments':"
	    "'{\\'a\\':1}'}},{'id':'f.x:0','type':'function','function':"
	    "{'name':'g','arguments':'{}'}}]", "tool_calls"), 0, 0, 0 },
	{ "thinking_is_dropped",
	    MESSAGE("{'type':'thinking','thinking':'t','signature':'s'},"
	    TEXT("a"), STOP("end_turn") "," USAGE),
	    ANSWER("'content':'a','refusal':null", "stop"), "thinking", 0, 0 },
	{ "server_tools_are_dropped",
	    MESSAGE("{'type':'server_tool_use','id':'s','name':'web_search',"
	    "'input':{}}," TEXT("a"), STOP("end_turn") "," USAGE),
	    ANSWER("'content':'a','refusal':null", "stop"), "server_tool_use",
	    0, 0 },
	{ "url_citations_are_annotations",
	    MESSAGE(TEXT("\\ud83d\\ude00\\n") ",{'type':'text','text':'bc',"
	    "'citations':[{'type':'web_search_result_location','url':'u',"
	    "'title':'t'},{'type':'char_location'}]}",
	    STOP("end_turn") "," USAGE),
	    ANSWER("'content':'\\ud83d\\ude00\\nbc','refusal':null,"
	    "'annotations':[{'type':'url_citation','url_citation':"
	    "{'start_index':2,'end_index':4,'url':'u','title':'t'}}]", "stop"),
	    "citations", "citations", 0 },
	{ "refusal_says_why",
	    MESSAGE("", "'stop_reason':'refusal','stop_details':{'type':"
	    "'refusal','explanation':'because'}," USAGE),
	    ANSWER("'content':null,'refusal':'because'", "content_filter"), 0, 0,
	    0 },
	{ "stop_sequence_is_lost",
	    MESSAGE("", "'stop_reason':'stop_sequence','stop_sequence':'x',"
	    USAGE), ANSWER("'content':null,'refusal':null", "stop"),
	    "stop_sequence", 0, 0 },
	{ "full_context_is_length",
	    MESSAGE("", STOP("model_context_window_exceeded") "," USAGE),
	    ANSWER("'content':null,'refusal':null", "length"), 0, 0, 0 },
	{ "pause_is_a_stop", MESSAGE("", STOP("pause_turn") "," USAGE),
	    ANSWER("'content':null,'refusal':null", "stop"), 0, "stop_reason",
	    0 },
	{ "unknown_stop_is_a_stop", MESSAGE("", STOP("novel") "," USAGE),
	    ANSWER("'content':null,'refusal':null", "stop"), 0, "stop_reason",
	    0 },
	{ "answer_without_content_is_refused", "{'id':'msg_1'}", "", 0, 0,
	    "content" },
};

#define CHOICE(message, finish) \
	"{'id':'chatcmpl-01','model':'m','choices':[{'index':0,'message':{" \
	message "},'finish_reason':'" finish "'}]," USAGE_O "}"

static const struct row to_anthropic[] = {
	{ "text_is_a_block", CHOICE("'content':'a'", "stop"),
	    MESSAGE(TEXT("a"), STOP("end_turn") "," USAGE), 0, 0, 0 },
	{ "empty_text_is_no_block", CHOICE("'content':''", "length"),
	    MESSAGE("", STOP("max_tokens") "," USAGE), 0, 0, 0 },
	{ "content_in_parts",
	    CHOICE("'content':[" TEXT("a") "," TEXT("b") "]", "stop"),
	    MESSAGE(TEXT("a") "," TEXT("b"), STOP("end_turn") "," USAGE), 0, 0,
	    0 },
	{ "calls_are_blocks_with_parsed_input",
	    CHOICE("'content':null,'tool_calls':[{'id':'c:1','type':"
	    "'function','function':{'name':'f','arguments':'{\\'a\\':1e9}'}}]",
	    "tool_calls"),
	    MESSAGE("{'type':'tool_use','id':'kt64_Yzox','name':'f','input':"
	    "{'a':1e9}}", STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "missing_ids_are_made",
	    CHOICE("'tool_calls':[{'function':{'name':'f','arguments':''}}]",
	    "tool_calls"),
	    MESSAGE("{'type':'tool_use','id':'call_chatcmpl-01_0','name':'f',"
	    "'input':{}}", STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "stop_beside_calls_is_tool_use",
	    CHOICE("'tool_calls':[{'id':'c','function':{'name':'f',"
	    "'arguments':'{}'}}]", "stop"),
	    MESSAGE("{'type':'tool_use','id':'c','name':'f','input':{}}",
	    STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "deprecated_call",
	    CHOICE("'function_call':{'name':'f','arguments':'{}'}",
	    "function_call"),
	    MESSAGE("{'type':'tool_use','id':'call_chatcmpl-01_0','name':'f',"
	    "'input':{}}", STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "broken_arguments_are_wrapped",
	    CHOICE("'tool_calls':[{'id':'c','function':{'name':'f',"
	    "'arguments':'{\\'a'}}]", "length"),
	    MESSAGE("{'type':'tool_use','id':'c','name':'f','input':{'_raw':"
	    "'{\\'a'}}", STOP("max_tokens") "," USAGE), 0,
	    "tool_calls.arguments", 0 },
	{ "null_is_no_arguments",
	    CHOICE("'tool_calls':[{'id':'c','function':{'name':'f',"
	    "'arguments':' null'}}]", "tool_calls"),
	    MESSAGE("{'type':'tool_use','id':'c','name':'f','input':{}}",
	    STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "refusal_is_text_and_a_stop",
	    CHOICE("'content':null,'refusal':'no'", "stop"),
	    MESSAGE(TEXT("no"), STOP("refusal") "," USAGE), 0, 0, 0 },
	{ "filter_is_refusal", CHOICE("'content':'a'", "content_filter"),
	    MESSAGE(TEXT("a"), STOP("refusal") "," USAGE), 0, 0, 0 },
	{ "reasoning_of_a_vendor_is_dropped",
	    CHOICE("'content':'a','reasoning_content':'r'", "stop"),
	    MESSAGE(TEXT("a"), STOP("end_turn") "," USAGE),
	    "reasoning_content", 0, 0 },
	{ "unknown_finish_ends_the_turn", CHOICE("'content':'a'", "novel"),
	    MESSAGE(TEXT("a"), STOP("end_turn") "," USAGE), 0,
	    "finish_reason", 0 },
	{ "arguments_may_be_an_object",
	    CHOICE("'tool_calls':[{'id':'c','type':'function','function':"
	    "{'name':'f','arguments':{ 'a':1}}}]", "tool_calls"),
	    MESSAGE("{'type':'tool_use','id':'c','name':'f','input':{ 'a':1}}",
	    STOP("tool_use") "," USAGE), 0, 0, 0 },
	{ "calls_that_are_no_array_are_refused",
	    CHOICE("'tool_calls':{'0':{'id':'c','type':'function',"
	    "'function':{'name':'f','arguments':'{}'}}}", "tool_calls"), "",
	    0, 0, "tool_calls" },
	{ "answer_without_choices_is_refused", "{'choices':[]}", "", 0, 0,
	    "choices" },
};

static void
check(const struct row *row, enum kt_format from, enum kt_format to)
{
	static char in[TEXT_MAX], want[TEXT_MAX];
	static struct result r;
	struct kt_translate_options o = { .now_s = 5 };

	(void)snprintf(in, sizeof(in), "%s", row->in);
	(void)snprintf(want, sizeof(want), "%s", row->out);
	quoted(in);
	quoted(want);
	begin_row();
	/* Strict or not: an answer is never refused for a loss. */
	translate_with(&r, kt_translate_answer, from, to, in, &o, true);
	if (row->refused != NULL) {
		ok(r.rc == KT_E_PARSE &&
		    strstr(r.err.text, row->refused) != NULL);
	} else if (ok(r.rc == KT_OK)) {
		ok(same_json(r.text, want));
		if (!ok(strcmp(r.dropped, row->dropped ? row->dropped : "") ==
			0) ||
		    !ok(strcmp(r.approximated,
			    row->approximated ? row->approximated : "") == 0))
			printf("# dropped %s approximated %s\n", r.dropped,
			    r.approximated);
	}
	end_row(row->name);
}

/* ---- custom tools ---- */

static void
call_of_a_custom_tool_is_unwrapped(void)
{
	static struct result r;
	struct kt_span names[] = { KT_SPAN("c") };
	struct kt_translation request = {
		.custom_tools = names,
		.ncustom_tools = 1,
	};
	struct kt_translate_options o = { .request = &request };

	translate_with(&r, kt_translate_answer, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI,
	    "{\"id\":\"msg_1\",\"content\":[{\"type\":\"tool_use\",\"id\":"
	    "\"t\",\"name\":\"c\",\"input\":{\"input\":\"a\\nb\"}}],"
	    "\"stop_reason\":\"tool_use\"}",
	    &o, false);
	ok(strstr(r.text,
	       "{\"id\":\"t\",\"type\":\"custom\",\"custom\":{\"name\":\"c\","
	       "\"input\":\"a\\nb\"}}") != NULL);
}

/* ---- deprecated functions ---- */

static void
call_of_a_deprecated_function_is_said_in_its_way(void)
{
	static struct result r;
	struct kt_translation request = { .has_functions = true };
	struct kt_translate_options o = { .request = &request };

	translate_with(&r, kt_translate_answer, KT_FORMAT_ANTHROPIC,
	    KT_FORMAT_OPENAI,
	    "{\"id\":\"msg_1\",\"content\":[{\"type\":\"tool_use\",\"id\":"
	    "\"t\",\"name\":\"f\",\"input\":{\"a\":1}},{\"type\":\"tool_use\","
	    "\"id\":\"u\",\"name\":\"g\",\"input\":{}}],"
	    "\"stop_reason\":\"tool_use\"}",
	    &o, false);
	ok(strstr(r.text, "\"function_call\":{\"name\":\"f\",\"arguments\":"
			  "\"{\\\"a\\\":1}\"}}") != NULL);
	ok(strstr(r.text, "\"finish_reason\":\"function_call\"") != NULL);
	ok(strcmp(r.dropped, "tool_calls") == 0);
}

/* ---- the law of conversations ---- */

static void
say(char *into, const char *who, const char *text)
{
	size_t len = strlen(into);

	if (text != NULL && text[0] != '\0')
		(void)snprintf(into + len, TEXT_MAX - len, "%s: %s\n", who,
		    text);
}

static const char *
str(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(o, name));
}

static void
say_texts(char *into, const char *who, const cJSON *content)
{
	const cJSON *part;

	say(into, who, cJSON_GetStringValue(content));
	if (cJSON_IsArray(content))
		cJSON_ArrayForEach(part, content)
			say(into, who, str(part, "text"));
}

static void
say_call(char *into, const char *id, const char *name, const cJSON *input)
{
	char line[1024];
	char *args = cJSON_PrintUnformatted(input);

	(void)snprintf(line, sizeof(line), "%s %s %s", id, name, args);
	say(into, "call", line);
	cJSON_free(args);
}

static void
say_openai(char *into, const cJSON *m)
{
	const char *role = str(m, "role");
	const cJSON *content = cJSON_GetObjectItem(m, "content"), *call;

	if (strcmp(role, "developer") == 0)
		role = "system";
	if (strcmp(role, "tool") == 0)
		role = str(m, "tool_call_id");
	say_texts(into, role, content);
	cJSON_ArrayForEach(call, cJSON_GetObjectItem(m, "tool_calls")) {
		const cJSON *f = cJSON_GetObjectItem(call, "function");
		cJSON *args = cJSON_Parse(str(f, "arguments"));

		say_call(into, str(call, "id"), str(f, "name"), args);
		cJSON_Delete(args);
	}
}

static void
say_anthropic(char *into, const cJSON *m)
{
	const char *role = str(m, "role");
	const cJSON *content = cJSON_GetObjectItem(m, "content"), *b;

	say(into, role, cJSON_GetStringValue(content));
	if (!cJSON_IsArray(content))
		return;
	cJSON_ArrayForEach(b, content) {
		const char *type = str(b, "type");

		if (strcmp(type, "tool_use") == 0)
			say_call(into, str(b, "id"), str(b, "name"),
			    cJSON_GetObjectItem(b, "input"));
		else if (strcmp(type, "tool_result") == 0)
			say_texts(into, str(b, "tool_use_id"),
			    cJSON_GetObjectItem(b, "content"));
		else
			say(into, role, str(b, "text"));
	}
}

/* Who says what, calls what, answers what, in which order. */
static void
meaning(char *into, enum kt_format format, const char *body)
{
	cJSON *tree = cJSON_Parse(body);
	const cJSON *m;

	into[0] = '\0';
	say_texts(into, "system", cJSON_GetObjectItem(tree, "system"));
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(tree, "messages")) {
		if (format == KT_FORMAT_OPENAI)
			say_openai(into, m);
		else
			say_anthropic(into, m);
	}
	cJSON_Delete(tree);
}

static const char agent_openai[] =
    "{'model':'claude-opus-4-8','messages':["
    "{'role':'system','content':'You are careful.'},"
    "{'role':'user','content':'List the files.'},"
    "{'role':'assistant','content':'Looking.','tool_calls':["
    "{'id':'call_1','type':'function','function':{'name':'ls','arguments':"
    "'{\\'path\\':\\'/\\'}'}},"
    "{'id':'call_2','type':'function','function':{'name':'pwd','arguments':"
    "'{}'}}]},"
    "{'role':'tool','tool_call_id':'call_1','content':'a\\nb'},"
    "{'role':'tool','tool_call_id':'call_2','content':'/'},"
    "{'role':'user','content':'And read a.'},"
    "{'role':'assistant','content':null,'tool_calls':["
    "{'id':'call_3','type':'function','function':{'name':'read','arguments':"
    "'{\\'file\\':\\'a\\',\\'n\\':[1,2]}'}}]},"
    "{'role':'tool','tool_call_id':'call_3','content':'\\u00e9t\\u00e9'},"
    "{'role':'assistant','content':'It says summer.'},"
    "{'role':'user','content':[{'type':'text','text':'Thanks'},"
    "{'type':'text','text':'!'}]}],"
    "'tools':[{'type':'function','function':{'name':'ls','parameters':"
    "{'type':'object','properties':{'path':{'type':'string'}}}}}]}";

static const char agent_anthropic[] =
    "{'model':'gpt-5.1','max_tokens':100,'system':["
    "{'type':'text','text':'You are a coding agent.'},"
    "{'type':'text','text':'Be brief.','cache_control':"
    "{'type':'ephemeral'}}],'messages':["
    "{'role':'user','content':[{'type':'text','text':'Fix it.'}]},"
    "{'role':'assistant','content':[{'type':'text','text':'Reading.'},"
    "{'type':'tool_use','id':'toolu_1','name':'Read','input':"
    "{'file_path':'/a.c'}},{'type':'tool_use','id':'toolu_2','name':"
    "'Grep','input':{'pattern':'x\\ty'}}]},"
    "{'role':'user','content':[{'type':'tool_result','tool_use_id':"
    "'toolu_1','content':'int x;'},{'type':'tool_result','tool_use_id':"
    "'toolu_2','content':[{'type':'text','text':'none'}]},"
    "{'type':'text','text':'Go on.'}]},"
    "{'role':'assistant','content':[{'type':'text','text':'Done.'}]}]}";

static void
check_round(const char *body, enum kt_format here, enum kt_format there)
{
	static char in[TEXT_MAX], a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];
	static struct result out, back;
	struct kt_translate_options o = { 0 };

	(void)snprintf(in, sizeof(in), "%s", body);
	quoted(in);
	translate_with(
	    &out, kt_translate_request, here, there, in, &o, false);
	if (!ok(out.rc == KT_OK)) {
		printf("# %s\n", out.err.text);
		return;
	}
	translate_with(
	    &back, kt_translate_request, there, here, out.text, &o, false);
	ok(back.rc == KT_OK);
	meaning(a, here, in);
	meaning(b, there, out.text);
	meaning(c, here, back.text);
	if (!ok(strlen(a) > 100 && strcmp(a, b) == 0 && strcmp(a, c) == 0))
		printf("# %s\n# %s\n# %s\n", a, b, c);
}

static void
conversations_mean_the_same_in_both_formats_and_back(void)
{
	check_round(agent_openai, KT_FORMAT_OPENAI, KT_FORMAT_ANTHROPIC);
	check_round(agent_anthropic, KT_FORMAT_ANTHROPIC, KT_FORMAT_OPENAI);
}

static void
ids_survive_there_and_back(void)
{
	static const char *const ids[] = { "call_1", "functions.f:0", "é/ü",
		"kt64_", "kt64_Zi54OjA", "a", "ab", "abc", " " };

	for (size_t i = 0; i < KT_NELEMS(ids); i++) {
		static struct result out, back;
		struct kt_translate_options o = { 0 };
		char in[512], want[128];

		(void)snprintf(in, sizeof(in),
		    "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\","
		    "\"tool_calls\":[{\"id\":\"%s\",\"function\":{\"name\":"
		    "\"f\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"%s\"}]}",
		    ids[i], ids[i]);
		(void)snprintf(want, sizeof(want), "\"id\":\"%s\"", ids[i]);
		translate_with(&out, kt_translate_request, KT_FORMAT_OPENAI,
		    KT_FORMAT_ANTHROPIC, in, &o, false);
		translate_with(&back, kt_translate_request,
		    KT_FORMAT_ANTHROPIC, KT_FORMAT_OPENAI, out.text, &o,
		    false);
		if (!ok(strstr(back.text, want) != NULL))
			printf("# %s\n# %s\n", out.text, back.text);
	}
}

/* ---- errors ---- */

struct error_row {
	unsigned from, to;
	const char *in, *out; /* type, type and code; a slash between */
};

static const struct error_row to_openai_errors[] = {
	{ 400, 400, "invalid_request_error", "invalid_request_error/null" },
	{ 422, 422, "invalid_request_error", "invalid_request_error/null" },
	{ 401, 401, "authentication_error",
	    "invalid_request_error/'invalid_api_key'" },
	{ 402, 429, "billing_error",
	    "insufficient_quota/'insufficient_quota'" },
	{ 403, 403, "permission_error",
	    "invalid_request_error/'permission_denied'" },
	{ 404, 404, "not_found_error",
	    "invalid_request_error/'model_not_found'" },
	{ 409, 409, "conflict_error", "invalid_request_error/'conflict'" },
	{ 413, 413, "request_too_large",
	    "invalid_request_error/'request_too_large'" },
	{ 429, 429, "rate_limit_error",
	    "rate_limit_error/'rate_limit_exceeded'" },
	{ 500, 500, "api_error", "server_error/null" },
	{ 504, 504, "timeout_error", "server_error/'timeout'" },
	{ 529, 503, "overloaded_error", "server_error/'overloaded'" },
	{ 418, 418, "novel_error", "invalid_request_error/null" },
	{ 599, 599, "novel_error", "server_error/null" },
};
static const struct error_row to_anthropic_errors[] = {
	{ 400, 400, "invalid_request_error/null", "invalid_request_error" },
	{ 422, 422, "invalid_request_error/null", "invalid_request_error" },
	{ 401, 401, "invalid_request_error/null", "authentication_error" },
	{ 429, 402, "insufficient_quota/'insufficient_quota'",
	    "billing_error" },
	{ 403, 403, "invalid_request_error/null", "permission_error" },
	{ 404, 404, "invalid_request_error/null", "not_found_error" },
	{ 409, 409, "invalid_request_error/null", "conflict_error" },
	{ 413, 413, "invalid_request_error/null", "request_too_large" },
	{ 429, 429, "rate_limit_error/null", "rate_limit_error" },
	{ 500, 500, "server_error/null", "api_error" },
	{ 502, 502, "server_error/null", "api_error" },
	{ 504, 504, "server_error/null", "timeout_error" },
	{ 503, 529, "server_error/null", "overloaded_error" },
};

#define BILLING "insufficient_quota"

static void
error_body(char *into, size_t size, enum kt_format f, const char *types)
{
	const char *slash = strchr(types, '/');

	if (f == KT_FORMAT_OPENAI)
		(void)snprintf(into, size,
		    "{'error':{'message':'M\\u00e9','type':'%.*s','param':null,"
		    "'code':%s}}", (int)(slash - types), types, slash + 1);
	else
		(void)snprintf(into, size,
		    "{'type':'error','error':{'type':'%s','message':"
		    "'M\\u00e9'%s},'request_id':'r1'}", types,
		    strcmp(types, "billing_error") == 0
			? ",'details':{'error_code':'" BILLING "'}"
			: "");
	quoted(into);
}

static void
check_error(const struct error_row *row, enum kt_format from,
    enum kt_format to)
{
	char in[512], want[512], got[512], name[128];
	struct kt_arena *mem = kt_arena_new(65536);
	unsigned status = row->from;
	struct kt_buf out;

	begin_row();
	kt_buf_init(&out, 4096);
	error_body(in, sizeof(in), from, row->in);
	error_body(want, sizeof(want), to, row->out);
	ok(kt_translate_error(from, to, &status, kt_span_of(in),
	       KT_SPAN("r1"), mem, &out) == KT_OK);
	(void)snprintf(got, sizeof(got), "%.*s", KT_SPAN_ARG(kt_buf_span(&out)));
	ok(same_json(got, want));
	ok(strstr(got, "M\\u00e9") != NULL);
	if (!ok(status == row->to))
		printf("# status %u\n", status);
	(void)snprintf(name, sizeof(name), "%s_error_%u_%s",
	    kt_format_name(from), row->from, row->in);
	end_row(name);
	kt_buf_fini(&out);
	kt_arena_free(&mem);
}

/* A proxy's page, half a character, nothing: still an error in shape. */
static void
bodies_that_are_no_json_are_carried_as_the_message(void)
{
	static const char *const bodies[] = { "<html>\"busy\"</html>", "",
		"\xc3", "{\"error\":\"plain\"}", "[]", "{\"error\":" };

	for (size_t i = 0; i < KT_NELEMS(bodies); i++) {
		struct kt_arena *mem = kt_arena_new(65536);
		unsigned status = 502;
		struct kt_buf out;
		char got[1024];

		kt_buf_init(&out, 4096);
		ok(kt_translate_error(KT_FORMAT_ANTHROPIC, KT_FORMAT_OPENAI,
		       &status, kt_span_of(bodies[i]), KT_SPAN(""), mem,
		       &out) == KT_OK);
		(void)snprintf(got, sizeof(got), "%.*s",
		    KT_SPAN_ARG(kt_buf_span(&out)));
		ok(strstr(got, "\"server_error\"") != NULL);
		ok(strstr(got, "\"message\":\"\"") == NULL);
		ok(i != 0 || strstr(got, "<html>\\\"busy\\\"</html>") != NULL);
		ok(i != 3 || strstr(got, "\"plain\"") != NULL);
		kt_buf_fini(&out);
		kt_arena_free(&mem);
	}
}

/* At 2026-11-23T07:00:00Z. */
static void
becomes(enum kt_format from, const char *name, const char *value,
    const char *then_name, const char *then_value)
{
	struct kt_header h = { kt_span_of(name), kt_span_of(value) };
	struct kt_arena *mem = kt_arena_new(4096);

	kt_translate_header(from, &h, 1795417200, mem);
	if (!ok(kt_span_eq(h.name, kt_span_of(then_name)) &&
	        kt_span_eq(h.value, kt_span_of(then_value))))
		printf("# %s %s: %.*s %.*s\n", name, value, KT_SPAN_ARG(h.name),
		    KT_SPAN_ARG(h.value));
	kt_arena_free(&mem);
}

static void
limits_are_told_in_the_words_of_the_client(void)
{
	static const struct {
		const char *anthropic, *openai, *is, *then;
	} rows[] = {
#define OF(what) \
	"anthropic-ratelimit-requests-" what, "x-ratelimit-" what "-requests"
		{ OF("limit"), "50", "50" },
		{ OF("remaining"), "0", "0" },
		{ OF("reset"), "2026-11-23T07:00:01Z", "1s" },
		{ OF("reset"), "2026-11-23T07:06:00Z", "6m0s" },
		{ OF("reset"), "2026-11-24T08:00:02Z", "25h0m2s" },
#undef OF
	};
	/* What cannot be read, or is no limit, stays as it is. */
	static const struct {
		enum kt_format from;
		const char *name, *value;
	} others[] = {
		{ KT_FORMAT_OPENAI, "x-ratelimit-reset-tokens", "" },
		{ KT_FORMAT_OPENAI, "x-ratelimit-reset-tokens", "soon" },
		{ KT_FORMAT_OPENAI, "x-ratelimit-reset-tokens", "6" },
		{ KT_FORMAT_OPENAI, "x-ratelimit-reset-tokens",
		    "99999999999999999999s" },
		{ KT_FORMAT_OPENAI, "anthropic-ratelimit-tokens-limit", "1" },
		{ KT_FORMAT_ANTHROPIC, "anthropic-ratelimit-tokens-reset",
		    "2026-11-23T07:00:0" },
		{ KT_FORMAT_ANTHROPIC, "anthropic-ratelimit-tokens-reset",
		    "2026-11-23 07:00:00Z" },
		{ KT_FORMAT_ANTHROPIC, "anthropic-ratelimit-input-tokens-limit",
		    "1" },
	};

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		becomes(KT_FORMAT_ANTHROPIC, rows[i].anthropic, rows[i].is,
		    rows[i].openai, rows[i].then);
		becomes(KT_FORMAT_OPENAI, rows[i].openai, rows[i].then,
		    rows[i].anthropic, rows[i].is);
	}
	for (size_t i = 0; i < KT_NELEMS(others); i++)
		becomes(others[i].from, others[i].name, others[i].value,
		    others[i].name, others[i].value);
	becomes(KT_FORMAT_OPENAI, "X-RateLimit-Reset-Tokens", "1m8.64s",
	    "anthropic-ratelimit-tokens-reset", "2026-11-23T07:01:09Z");
	becomes(KT_FORMAT_OPENAI, "x-ratelimit-reset-tokens", "20ms",
	    "anthropic-ratelimit-tokens-reset", "2026-11-23T07:00:01Z");
	becomes(KT_FORMAT_ANTHROPIC, "anthropic-ratelimit-tokens-reset",
	    "2026-11-23T06:59:00.5Z", "x-ratelimit-reset-tokens", "0s");
}

int
main(void)
{
	for (size_t i = 0; i < KT_NELEMS(to_openai); i++)
		check(&to_openai[i], KT_FORMAT_ANTHROPIC, KT_FORMAT_OPENAI);
	for (size_t i = 0; i < KT_NELEMS(to_anthropic); i++)
		check(&to_anthropic[i], KT_FORMAT_OPENAI, KT_FORMAT_ANTHROPIC);
	RUN(call_of_a_custom_tool_is_unwrapped);
	RUN(call_of_a_deprecated_function_is_said_in_its_way);
	RUN(conversations_mean_the_same_in_both_formats_and_back);
	RUN(ids_survive_there_and_back);
	for (size_t i = 0; i < KT_NELEMS(to_openai_errors); i++)
		check_error(&to_openai_errors[i], KT_FORMAT_ANTHROPIC,
		    KT_FORMAT_OPENAI);
	for (size_t i = 0; i < KT_NELEMS(to_anthropic_errors); i++)
		check_error(&to_anthropic_errors[i], KT_FORMAT_OPENAI,
		    KT_FORMAT_ANTHROPIC);
	RUN(limits_are_told_in_the_words_of_the_client);
	RUN(bodies_that_are_no_json_are_carried_as_the_message);
	return done();
}
