/*
 * Tool calls: the same call has the same fate in each format, streamed or
 * whole, however its arguments were cut.
 */
#include "tests/unit/exchange/drive.h"

#define CONFIG(policy, provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [agent-firewall]}\n" \
	"policy:\n  agent-firewall: " policy "\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define BOTH(policy) { CONFIG(policy, "anthropic"), CONFIG(policy, "openai") }

struct call {
	const char *name, *arguments;
};
enum format { ANTHROPIC, OPENAI, NFORMATS };
static const char *const paths[] = { "/v1/messages", "/v1/chat/completions" };

static void
put(struct kt_buf *b, const char *s)
{
	keep(b, kt_span_of(s));
}

static void
put_number(struct kt_buf *b, int n)
{
	if (kt_buf_addn(b, (uint64_t)n) < 0)
		abort();
}

/* As the inside of a JSON string. */
static void
put_quoted(struct kt_buf *b, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			put(b, "\\");
		keep(b, kt_span_sub(s, i, 1));
	}
}

static void
put_head(struct kt_buf *b, enum format f, int i, const char *name)
{
	put(b, f == ANTHROPIC ? "{\"type\":\"tool_use\",\"id\":\"t" :
	    "{\"id\":\"t");
	put_number(b, i);
	put(b, f == ANTHROPIC ? "\",\"name\":\"" :
	    "\",\"type\":\"function\",\"function\":{\"name\":\"");
	put(b, name);
	put(b, f == ANTHROPIC ? "\",\"input\":" : "\",\"arguments\":\"");
}

static void
write_whole(struct kt_buf *b, enum format f, const struct call *calls)
{
	put(b, f == ANTHROPIC ? "{\"id\":\"msg_1\",\"type\":\"message\","
	    "\"role\":\"assistant\",\"model\":\"m\",\"content\":["
	    "{\"type\":\"text\",\"text\":\"so\"}," :
	    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
	    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
	    "\"assistant\",\"content\":\"so\",\"tool_calls\":[");
	for (int i = 0; calls[i].name != NULL; i++) {
		if (i > 0)
			put(b, ", ");
		put_head(b, f, i, calls[i].name);
		if (f == ANTHROPIC)
			put(b, calls[i].arguments);
		else
			put_quoted(b, kt_span_of(calls[i].arguments));
		put(b, f == ANTHROPIC ? "}" : "\"}}");
	}
	put(b, f == ANTHROPIC ? "],\"stop_reason\":\"tool_use\",\"usage\":{"
	    "\"input_tokens\":1,\"output_tokens\":1}}" :
	    "]},\"finish_reason\":\"tool_calls\"}]}");
}

static void
put_event(struct kt_buf *b, const char *name)
{
	put(b, "event: ");
	put(b, name);
	put(b, "\ndata: {\"type\":\"");
	put(b, name);
	put(b, "\"");
}

static void
put_chunk(struct kt_buf *b)
{
	put(b, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,");
}

/* One call, its arguments cut into pieces of `cut` bytes. */
static void
write_call(struct kt_buf *b, enum format f, int i, const struct call *c,
    size_t cut)
{
	struct kt_span rest = kt_span_of(c->arguments);

	if (f == ANTHROPIC) {
		put_event(b, "content_block_start");
		put(b, ",\"index\":");
		put_number(b, i + 1);
		put(b, ",\"content_block\":");
		put_head(b, f, i, c->name);
		put(b, "{}}}\n\n");
	} else {
		put_chunk(b);
		put(b, "\"delta\":{\"tool_calls\":[{\"index\":");
		put_number(b, i);
		put(b, ",\"id\":\"t");
		put_number(b, i);
		put(b, "\",\"type\":\"function\",\"function\":{\"name\":\"");
		put(b, c->name);
		put(b, "\",\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n");
	}
	for (; rest.len > 0; rest = kt_span_sub(rest, cut, rest.len)) {
		if (f == ANTHROPIC) {
			put_event(b, "content_block_delta");
			put(b, ",\"index\":");
			put_number(b, i + 1);
			put(b, ",\"delta\":{\"type\":\"input_json_delta\","
			    "\"partial_json\":\"");
		} else {
			put_chunk(b);
			put(b, "\"delta\":{\"tool_calls\":[{\"index\":");
			put_number(b, i);
			put(b, ",\"function\":{\"arguments\":\"");
		}
		put_quoted(b, kt_span_sub(rest, 0, cut));
		put(b, f == ANTHROPIC ? "\"}}\n\n" :
		    "\"}}]},\"finish_reason\":null}]}\n\n");
	}
	if (f == ANTHROPIC) {
		put_event(b, "content_block_stop");
		put(b, ",\"index\":");
		put_number(b, i + 1);
		put(b, "}\n\n");
	}
}

static void
write_stream(struct kt_buf *b, enum format f, const struct call *calls,
    size_t cut)
{
	if (f == ANTHROPIC) {
		put_event(b, "message_start");
		put(b, ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
		    "\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
		    "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n");
		put_event(b, "content_block_start");
		put(b, ",\"index\":0,\"content_block\":{\"type\":\"text\","
		    "\"text\":\"so\"}}\n\n");
		put_event(b, "content_block_stop");
		put(b, ",\"index\":0}\n\n");
	} else {
		put_chunk(b);
		put(b, "\"delta\":{\"role\":\"assistant\",\"content\":\"so\"},"
		    "\"finish_reason\":null}]}\n\n");
	}
	for (int i = 0; calls[i].name != NULL; i++)
		write_call(b, f, i, &calls[i], cut);
	if (f == ANTHROPIC) {
		put_event(b, "message_delta");
		put(b, ",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{"
		    "\"output_tokens\":2}}\n\n");
		put_event(b, "message_stop");
		put(b, "}\n\n");
	} else {
		put_chunk(b);
		put(b, "\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
		    "data: [DONE]\n\n");
	}
}

/* cut 0: whole. */
static void
ask_with(struct world *w, enum format f, const char *messages,
    const struct call *calls, size_t cut, struct result *r)
{
	struct script s = { .target = paths[f],
		.type = cut ? "text/event-stream" : NULL };
	char body[512];
	struct kt_buf b;

	(void)snprintf(body, sizeof(body), "{\"model\":\"m\",\"max_tokens\":9,"
	    "%s\"messages\":[%s]}", cut ? "\"stream\":true," : "", messages);
	s.body = body;
	kt_buf_init(&b, 1u << 20);
	if (cut)
		write_stream(&b, f, calls, cut);
	else
		write_whole(&b, f, calls);
	s.answer = b.ptr;
	s.answer_len = b.len;
	result_init(r);
	run_script(w, &s, r);
	kt_buf_fini(&b);
}

static void
ask(struct world *w, enum format f, const struct call *calls, size_t cut,
    struct result *r)
{
	ask_with(w, f, "", calls, cut, r);
}

/* What clients join: the arguments of all calls, in order. */
static void
joined(const struct kt_buf *out, enum format f, bool is_stream,
    struct kt_buf *text)
{
	struct kt_span mark = is_stream && f == ANTHROPIC ?
	    KT_SPAN("\"partial_json\":\"") : KT_SPAN("\"arguments\":\"");

	for (size_t i = 0; i + mark.len < out->len; i++) {
		if (memcmp(out->ptr + i, mark.ptr, mark.len) != 0)
			continue;
		for (i += mark.len; out->ptr[i] != '"'; i++) {
			i += out->ptr[i] == '\\';
			keep(text, (struct kt_span){ out->ptr + i, 1 });
		}
	}
}

struct law {
	const char *title;
	const char *config[NFORMATS];
	struct call calls[5]; /* up to one without a name */
	const char *decision, *reason; /* of the call as a whole */
	const char *has[3], *lacks[4]; /* in what leaves, joined or not */
	const char *stop[NFORMATS];
	const char *recorded;
};

static const struct law laws[] = {
	{ .title = "a tool that is not blocked is released",
	    .config = BOTH("{blocked_tools: [Rm*]}"),
	    .calls = { { "Bash", "{\"command\":\"ls\"}" } },
	    .decision = "pass", .has = { "Bash", "\"ls\"" },
	    .stop = { "tool_use", "tool_calls" },
	    .recorded = "\"decision\":\"pass\",\"tool_name\":\"Bash\","
	                "\"tool_use_id\":\"t0\"" },
	{ .title = "a blocked tool is withheld, and the turn ends",
	    .config = BOTH("{blocked_tools: [Ba*]}"),
	    .calls = { { "Bash", "{\"command\":\"ls\"}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .lacks = { "Bash", "ls", "tool_calls", "tool_use" },
	    .stop = { "end_turn", "stop" },
	    .recorded = "\"decision\":\"block\",\"reason_code\":"
	                "\"tool.name.denied\",\"tool_name\":\"Bash\"" },
	{ .title = "a name in other case is what is blocked, not what is allowed",
	    .config = BOTH("{blocked_tools: [Ba*], rules: ["
	                   "{tool: Read, action: allow}, "
	                   "{tool: Edit, action: deny}, "
	                   "{tool: read, action: deny}]}"),
	    .calls = { { "bASH", "{}" }, { "EDIT", "{}" }, { "READ", "{}" },
	        { "Read", "{\"c\":3}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .has = { "Read", "\"c\":3" },
	    .lacks = { "bASH", "EDIT", "READ" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a name that only looks like another may be that one",
	    .config = BOTH("{blocked_tools: [rm]}"),
	    .calls = { { "\xef\xbd\x92m", "{}" }, { "r\xe2\x80\x8bm", "{}" },
	        { "rm ", "{}" }, { "ls", "{\"c\":3}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .has = { "ls", "\"c\":3" },
	    .lacks = { "\xef\xbd\x92m", "r\xe2\x80\x8bm", "rm " },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a tool that is not among those allowed is withheld",
	    .config = BOTH("{allowed_tools: [Read], rules: "
	                   "[{tool: Bash, action: allow}]}"),
	    .calls = { { "Bash", "{}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .lacks = { "Bash" }, .stop = { "end_turn", "stop" } },
	{ .title = "one of three is withheld, the others move up",
	    .config = BOTH("{blocked_tools: [Bash]}"),
	    .calls = { { "Read", "{\"a\":1}" }, { "Bash", "{\"b\":2}" },
	        { "Edit", "{\"c\":3}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .has = { "Read", "Edit", "\"c\":3" },
	    .lacks = { "Bash", "\"b\":2", "\"index\":3" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "the first of two is withheld",
	    .config = BOTH("{blocked_tools: [Bash]}"),
	    .calls = { { "Bash", "{\"b\":2}" }, { "Edit", "{\"c\":3}" } },
	    .decision = "redact", .has = { "Edit", "\"c\":3" },
	    .lacks = { "Bash", "\"b\":2", "\"index\":2" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "the first rule that matches decides",
	    .config = BOTH("{rules: [{tool: Read, action: allow, when: "
	                   "{/path: {path_under: /srv}}}, "
	                   "{name: no-reading, tool: Read, action: deny}]}"),
	    .calls = { { "Read", "{\"path\":\"/srv/a/../b\"}" },
	        { "Read", "{\"path\":\"/srv/../etc\"}" } },
	    .decision = "redact", .has = { "/srv/a/../b" },
	    .lacks = { "/etc" }, .stop = { "tool_use", "tool_calls" },
	    .recorded = "\"action\":\"redact\",\"deciding\":true,\"policy\":"
	                "\"agent-firewall\",\"rule\":\"no-reading\"" },
	{ .title = "arguments that cannot be read are denied by a rule on them",
	    .config = BOTH("{rules: [{tool: Bash, action: deny, when: "
	                   "{/command: {matches: rm}}}]}"),
	    .calls = { { "Bash", "[\"\\u0000\"]x" } },
	    .lacks = { NULL } },
	{ .title = "an argument is denied however it is escaped",
	    .config = BOTH("{rules: [{tool: Bash, action: deny, when: "
	                   "{/command: {matches: 'rm +-rf'}}}]}"),
	    .calls = { { "Bash", "{\"command\":\"\\u0072m  -rf /\"}" } },
	    .decision = "redact", .reason = "tool.argument.denied",
	    .lacks = { "Bash" }, .stop = { "end_turn", "stop" } },
	{ .title = "an argument is replaced",
	    .config = BOTH("{rules: [{tool: Mail, action: redact, arguments: "
	                   "[/body, /to/0]}]}"),
	    .calls = { { "Mail", "{\"to\":[\"ann\",\"bob\"],\"body\":"
	                         "{\"x\":\"hidden\"}}" } },
	    .decision = "redact", .reason = "tool.argument.redacted",
	    .has = { "Mail", "[\"[REDACTED]\",\"bob\"]",
	        "\"body\":\"[REDACTED]\"" },
	    .lacks = { "hidden", "ann" }, .stop = { "tool_use", "tool_calls" } },
	{ .title = "an argument that is not there is not replaced",
	    .config = BOTH("{rules: [{tool: Mail, action: redact, arguments: "
	                   "[/body]}]}"),
	    .calls = { { "Mail", "{\"to\":\"ann\"}" } },
	    .decision = "pass", .has = { "Mail", "\"ann\"" },
	    .stop = { "tool_use", "tool_calls" },
	    .recorded = "\"decision\":\"pass\",\"tool_name\":\"Mail\"" },
	{ .title = "what a path is for some is denied for all",
	    .config = BOTH("{rules: [{tool: Write, action: deny, when: {/path: "
	                   "{path_under: /etc}}}]}"),
	    .calls = { { "Write", "{\"path\":\"/ETC/x\"}" },
	        { "Write", "{\"path\":\"/srv/..\\\\etc\"}" },
	        { "Write", "[{\"path\":\"/etc/x\"}]" } },
	    .decision = "redact", .reason = "tool.argument.denied",
	    .lacks = { "Write" }, .stop = { "end_turn", "stop" } },
	{ .title = "and what it is for all is allowed",
	    .config = BOTH("{rules: [{tool: Write, action: allow, when: {/path: "
	                   "{path_under: /etc}}}, {tool: Write, action: deny}]}"),
	    .calls = { { "Write", "{\"path\":\"/ETC/x\"}" },
	        { "Write", "{\"path\":\"/etc/..\\\\x\"}" },
	        { "Write", "{\"path\":\"/etc/ok\"}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .has = { "/etc/ok" }, .lacks = { "/ETC", "/etc/." },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a number is denied however it is written",
	    .config = BOTH("{rules: [{tool: a, action: deny, when: {/id: "
	                   "{one_of: ['7', x]}}}, {tool: b, action: deny, when: "
	                   "{/id: {equals: '0'}}}]}"),
	    .calls = { { "a", "{\"id\":7.0}" }, { "a", "{\"id\":\"70e-1\"}" },
	        { "b", "{\"id\":-0}" }, { "c", "{\"id\":7}" } },
	    .decision = "redact", .reason = "tool.argument.denied",
	    .has = { "\"id\":7}" }, .lacks = { "7.0", "70e", "-0" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "what is allowed has one reading and nothing behind it",
	    .config = BOTH("{rules: [{tool: '*', action: allow, when: {/n: "
	                   "{max: 99}}}, {tool: '*', action: allow, when: {/c: "
	                   "{matches: '^l.$'}}}, {tool: '*', action: deny}]}"),
	    .calls = { { "a", "{\"n\":\"0x10\"}" }, { "a", "{\"c\":\"lx\\n\"}" },
	        { "a", "{\"n\":\"10\"}" }, { "a", "{\"c\":\"lo\"}" } },
	    .decision = "redact", .reason = "tool.name.denied",
	    .has = { "\"10\"", "\"lo\"" }, .lacks = { "0x10", "lx" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a host outside the list is denied, wherever it hides",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "navigate", "{\"url\":\"https://a.org@b.org/\"}" },
	        { "navigate", "{\"url\":\"HTTPS:\\\\\\\\b.org\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"b.org/x\"}" } },
	    .decision = "redact", .reason = "tool.domain.denied",
	    .lacks = { "b.org" }, .stop = { "end_turn", "stop" } },
	{ .title = "an address is one also where blanks follow or slashes lack",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "computer", "{\"action\":\"type\",\"text\":"
	                             "\"b.org/?q=good day\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":"
	                      "\"see https:/b.org/a b\"}" },
	        { "navigate", "{\"u\\u0072l\":\"b\"}" } },
	    .decision = "redact", .reason = "tool.domain.denied",
	    .lacks = { "b.org", "computer", "navigate" },
	    .stop = { "end_turn", "stop" } },
	{ .title = "an address needs no scheme, and a tool for screens no case",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "navigate", "{\"url\":\"//b.org/x\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"//b.org/x\"}" },
	        { "Computer", "{\"action\":\"type\",\"text\":\"b.org\"}" } },
	    .decision = "redact", .reason = "tool.domain.denied",
	    .lacks = { "b.org" }, .stop = { "end_turn", "stop" } },
	{ .title = "it may lead to a host of the list, or be a remark",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "navigate", "{\"url\":\"//a.org/x\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"//a.org/x\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"// todo\"}" } },
	    .decision = "pass", .has = { "//a.org/x", "// todo" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "prose, times and mail are no addresses",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "computer", "{\"action\":\"type\",\"text\":"
	                             "\"12:30 and/or so. http: is old\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"x@b.org\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":"
	                      "\"a.org/?q=good day\"}" } },
	    .decision = "pass", .has = { "12:30", "x@b.org", "good day" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "an address in another spelling is denied",
	    .config = BOTH("{rules: [{tool: get, action: deny, when: {/url: "
	                   "{host_in: [169.254.169.254]}}}]}"),
	    .calls = { { "get", "{\"url\":\"http://0251.0376.169.254/\"}" },
	        { "get", "{\"url\":\"http://[::ffff:a9fe:a9fe]/\"}" },
	        { "get", "{\"url\":\"http://0xa9fea9fe/\"}" } },
	    .decision = "redact", .reason = "tool.argument.denied",
	    .lacks = { "get" }, .stop = { "end_turn", "stop" } },
	{ .title = "an address that programs read differently is never allowed",
	    .config = BOTH("{rules: [{tool: get, action: allow, when: {/url: "
	                   "{host_in: [a.org]}}}, {tool: get, action: deny}], "
	                   "computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "get", "{\"url\":\"http://a.org\\\\@b.org/\"}" },
	        { "navigate", "{\"url\":\"http://a.org\\\\@b.org/\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":"
	                      "\"a.org\\\\@b.org\"}" } },
	    .decision = "redact", .lacks = { "b.org" },
	    .stop = { "end_turn", "stop" } },
	{ .title = "nor is it out of a list of the denied",
	    .config = BOTH("{rules: [{tool: get, action: deny, when: {/url: "
	                   "{host_in: [b.org]}}}]}"),
	    .calls = { { "get", "{\"url\":\"http://a.org\\\\@b.org/\"}" } },
	    .decision = "redact", .reason = "tool.argument.denied",
	    .lacks = { "b.org" }, .stop = { "end_turn", "stop" } },
	{ .title = "an address as usual is one, and not another",
	    .config = BOTH("{rules: [{tool: get, action: allow, when: {/url: "
	                   "{host_in: [10.0.0.1, 2001:db8::1, x.0a]}}}, "
	                   "{tool: get, action: deny}]}"),
	    .calls = { { "get", "{\"url\":\"http://10.0.0.1:80/\"}" },
	        { "get", "{\"url\":\"http://[2001:db8::1]:80/\"}" },
	        { "get", "{\"url\":\"http://x.0a/\"}" } },
	    .decision = "pass", .has = { "10.0.0.1", "db8::1", "x.0a" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a host of the list is gone to",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org, '*.c.de']}}"),
	    .calls = { { "navigate", "{\"url\":\"https://A.org:443/b.org\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"x.c.de\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"good day\"}" } },
	    .decision = "pass", .has = { "A.org", "x.c.de", "good day" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "an action that is not allowed is denied",
	    .config = BOTH("{computer_use: {allowed_actions: [screenshot]}}"),
	    .calls = { { "computer", "{\"action\":\"left_click\"}" },
	        { "computer", "{\"action\":\"screenshot\"}" } },
	    .decision = "redact", .reason = "tool.action.denied",
	    .has = { "screenshot" }, .lacks = { "left_click" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "every action of a list is judged",
	    .config = BOTH("{computer_use: {allowed_actions: [screenshot]}}"),
	    .calls = { { "computer", "{\"actions\":[{\"action\":\"screenshot\"},"
	                             "{\"action\":\"left_click\"},{}]}" },
	        { "computer", "{\"action\":\"screenshot\",\"actions\":"
	                      "{\"type\":\"left_click\"}}" },
	        { "browser_batch", "{\"actions\":[{\"name\":\"left_click\"}]}" } },
	    .decision = "redact", .reason = "tool.action.denied",
	    .lacks = { "left_click" }, .stop = { "end_turn", "stop" } },
	{ .title = "a list of actions that are allowed is allowed",
	    .config = BOTH("{computer_use: {allowed_actions: [screenshot, key], "
	                   "blocked_actions: [type]}}"),
	    .calls = { { "computer", "{\"actions\":[{\"action\":\"screenshot\"},"
	                             "{\"type\":\"key\",\"x\":\"F1\"}]}" },
	        { "browser_batch", "{\"actions\":[{\"name\":\"key\"},\"key\"]}" } },
	    .decision = "pass", .has = { "computer", "F1", "browser_batch" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "a host with the full stops of other scripts is one",
	    .config = BOTH("{computer_use: {allowed_domains: [a.org]}}"),
	    .calls = { { "computer", "{\"action\":\"type\",\"text\":\"b\\u3002org\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"b\\uff0eorg\"}" },
	        { "computer", "{\"action\":\"type\",\"text\":\"b%2Eorg/ x\"}" } },
	    .decision = "redact", .reason = "tool.domain.denied",
	    .lacks = { "computer" }, .stop = { "end_turn", "stop" } },
	{ .title = "calls beyond the number of a conversation are withheld",
	    .config = BOTH("{max_actions_per_session: 1}"),
	    .calls = { { "Read", "{}" }, { "Edit", "{}" } },
	    .decision = "redact", .reason = "tool.actions.exceeded",
	    .has = { "Read" }, .lacks = { "Edit" },
	    .stop = { "tool_use", "tool_calls" } },
	{ .title = "who only watches changes nothing",
	    .config = BOTH("{mode: monitor, blocked_tools: [Bash]}"),
	    .calls = { { "Bash", "{\"b\":2}" } },
	    .decision = "pass", .has = { "Bash", "\"b\":2" },
	    .stop = { "tool_use", "tool_calls" },
	    .recorded = "\"reason_code\":\"tool.name.denied\"" },
};

static void
check(const struct law *l, enum format f, size_t cut, const struct result *r)
{
	struct kt_buf all;
	bool is_ok = true;

	kt_buf_init(&all, 1u << 20);
	joined(&r->out, f, cut > 0, &all);
	put(&all, "\n");
	keep(&all, kt_buf_span(&r->out));
	if (l->decision != NULL)
		is_ok &= ok(strcmp(r->decision, l->decision) == 0);
	if (l->reason != NULL)
		is_ok &= ok(strcmp(r->reason, l->reason) == 0);
	for (size_t i = 0; i < KT_NELEMS(l->has) && l->has[i]; i++)
		is_ok &= ok(has(&all, l->has[i]));
	for (size_t i = 0; i < KT_NELEMS(l->lacks) && l->lacks[i]; i++)
		is_ok &= ok(!has(&all, l->lacks[i]));
	if (l->stop[f] != NULL)
		is_ok &= ok(has(&r->out, l->stop[f]));
	if (l->recorded != NULL)
		is_ok &= ok(has(&r->record, l->recorded));
	is_ok &= ok(r->status == 200 && r->records == 1 && r->has_ended);
	if (!is_ok)
		printf("# %s: format %d cut %zu: %s %s\n# %.*s\n# %.*s\n",
		    l->title, (int)f, cut, r->decision, r->reason,
		    (int)r->out.len, r->out.ptr, (int)r->record.len,
		    r->record.ptr);
	kt_buf_fini(&all);
}

static void
the_same_call_has_the_same_fate_everywhere(void)
{
	for (size_t i = 0; i < KT_NELEMS(laws); i++) {
		for (unsigned f = 0; f < NFORMATS; f++) {
			static const size_t cuts[] = { 0, 1, 2, 7, 1000 };
			struct world w;

			if (!ok(world_init(&w, laws[i].config[f])))
				continue;
			for (size_t k = 0; k < KT_NELEMS(cuts); k++) {
				struct result r;

				/* No body holds what is not JSON. */
				if (cuts[k] == 0 && f == ANTHROPIC &&
				    laws[i].decision == NULL)
					continue;
				ask(&w, (enum format)f, laws[i].calls, cuts[k], &r);
				check(&laws[i], (enum format)f, cuts[k], &r);
				result_fini(&r);
			}
			world_fini(&w);
		}
	}
}

#define RESTORED(provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [reversible-redaction, agent-firewall]}\n" \
	"policy:\n  reversible-redaction: {entities: [EMAIL_ADDRESS]}\n" \
	"  agent-firewall: {rules: [" \
	"{tool: mail, when: {/to: {one_of: [ann@good.org]}}, action: allow}, " \
	"{tool: mail, action: deny}, " \
	"{tool: note, action: redact, arguments: [/pw]}]}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

/* The model only knows the token; the tool gets the value. */
static void
calls_are_judged_by_what_the_client_gets(void)
{
	static const char *const configs[] = { RESTORED("anthropic"),
		RESTORED("openai") };
	static const struct {
		const char *user;
		struct call calls[2];
		const char *has, *lacks;
	} cases[] = {
		{ "ann@good.org", { { "mail", "{\"to\":\"[[EMAIL_001]]\"}" } },
		    "{\"to\":\"ann@good.org\"}", "[[EMAIL_001]]" },
		{ "x@evil.com", { { "mail", "{\"to\":\"[[EMAIL_001]]\"}" } },
		    "stop", "mail" },
		{ "ann@good.org", { { "note", "{\"a\":\"[[EMAIL_001]]\",\"pw\":"
		                    "\"b [[EMAIL_001]]\",\"c\":\"[[EMAIL_001]]\"}" } },
		    "{\"a\":\"ann@good.org\",\"pw\":\"[REDACTED]\","
		    "\"c\":\"ann@good.org\"}", "EMAIL_001" },
	};

	for (size_t i = 0; i < NFORMATS * KT_NELEMS(cases); i++) {
		enum format f = (enum format)(i % NFORMATS);
		size_t k = i / NFORMATS;
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		for (size_t cut = 0; cut < 12; cut += 3) {
			char user[128];
			struct result r;
			struct kt_buf all;

			(void)snprintf(user, sizeof(user), "{\"role\":\"user\","
			    "\"content\":\"%s\"}", cases[k].user);
			ask_with(&w, f, user, cases[k].calls, cut, &r);
			kt_buf_init(&all, 1u << 20);
			joined(&r.out, f, cut > 0, &all);
			keep(&all, kt_buf_span(&r.out));
			if (!ok(has(&all, cases[k].has) &&
			        !has(&all, cases[k].lacks)))
				printf("# case %zu format %d cut %zu: %.*s\n", k,
				    (int)f, cut, (int)all.len, all.ptr);
			kt_buf_fini(&all);
			result_fini(&r);
		}
		world_fini(&w);
	}
}

static void
results_are_redacted_by_pointer_and_pattern(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
		"\"id\":\"t1\",\"name\":\"query\",\"input\":{}}]},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
		"\"tool_use_id\":\"t1\",\"content\":[{\"type\":\"text\",\"text\":"
		"\"{\\\"row\\\":{\\\"salary\\\":4200,\\\"name\\\":\\\"A-17\\\"}}"
		"\"}]}]}]}",
		"{\"model\":\"m\",\"messages\":["
		"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"t1\",\"type\":"
		"\"function\",\"function\":{\"name\":\"query\",\"arguments\":"
		"\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"t1\","
		"\"content\":\"{\\\"row\\\":{\\\"salary\\\":4200,\\\"name\\\":"
		"\\\"A-17\\\"}}\"}]}" };
	static const char *const configs[] = BOTH(
	    "{results: {redact: [{tool: query, pointer: /row/salary}, "
	    "{pattern: 'A-[0-9]+'}]}}");

	for (unsigned f = 0; f < NFORMATS; f++) {
		struct script s = { .target = paths[f], .body = bodies[f],
			.answer = "{}" };
		struct result r;
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.up, "\\\"salary\\\":\\\"[REDACTED]\\\",\\\"name\\\":"
		              "\\\"[REDACTED]\\\""));
		ok(!has(&r.up, "4200") && !has(&r.up, "A-17"));
		ok(has(&r.record, "\"result_decision\":\"redact\""));
		ok(has(&r.record, "\"tool_name\":\"query\",\"tool_use_id\":"
		                  "\"t1\""));
		ok(strcmp(r.decision, "redact") == 0);
		ok(strcmp(r.reason, "tool.result.redacted") == 0);
		result_fini(&r);
		world_fini(&w);
	}
}

/* Of texts that say JSON in a fence, with or without words around. */
static void
results_in_a_fence_are_redacted_by_pointer(void)
{
	static const struct {
		const char *text, *goes_up;
	} cases[] = {
		{ "```json\\n{\\\"n\\\":4200}\\n```",
		    "```json\\n{\\\"n\\\":\\\"[REDACTED]\\\"}\\n```" },
		{ "Rows:\\n\\n  ```\\n{\\\"n\\\":4200}\\n```\\nDone.",
		    "Rows:\\n\\n  ```\\n{\\\"n\\\":\\\"[REDACTED]\\\"}"
		    "\\n```\\nDone." },
		{ "```\\n{\\\"n\\\":4200}", "\\\"n\\\":\\\"[REDACTED]" },
		{ "```\\n{\\\"n\\\":4200,\\n```", "[REDACTED]" },
		{ "```\\nx = 1\\n```", "```\\nx = 1\\n```" },
		{ "```", "\"```\"" },
	};
	static const char *const configs[] =
	    BOTH("{results: {redact: [{pointer: /n}]}}");

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char body[512];
		struct script s = { .target = paths[0], .body = body,
			.answer = "{}" };
		struct result r;
		struct world w;

		(void)snprintf(body, sizeof(body), "{\"model\":\"m\","
		    "\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
		    "\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
		    "\"t1\",\"content\":\"%s\"}]}]}", cases[i].text);
		if (!ok(world_init(&w, configs[0])))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.up_calls == 1 && has(&r.up, cases[i].goes_up) &&
		        !has(&r.up, "4200")))
			printf("# %zu: %.*s\n", i, (int)r.up.len, r.up.ptr);
		result_fini(&r);
		world_fini(&w);
	}
}

/* Nothing says which tool gave it. */
static void
a_result_of_nobody_is_redacted_by_every_rule(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
		"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
		"\"tool_use_id\":\"t1\",\"content\":\"{\\\"n\\\":4200}\"}]}]}",
		"{\"model\":\"m\",\"messages\":[{\"role\":\"tool\","
		"\"tool_call_id\":\"t1\",\"content\":\"{\\\"n\\\":4200}\"}]}" };
	static const char *const configs[] =
	    BOTH("{results: {redact: [{tool: query, pointer: /n}]}}");

	for (unsigned f = 0; f < NFORMATS; f++) {
		struct script s = { .target = paths[f], .body = bodies[f],
			.answer = "{}" };
		struct result r;
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.up_calls == 1 && !has(&r.up, "4200"));
		result_fini(&r);
		world_fini(&w);
	}
}

/* What could not be searched does not go up; what is no JSON does. */
static void
a_result_that_is_nearly_json_is_withheld_whole(void)
{
	static const struct {
		const char *texts;
		bool goes_up;
	} cases[] = {
		{ "{\\\"salary\\\":1,\\\"salary\\\":4200}", false },
		{ "\xef\xbb\xbf{\\\"salary\\\":4200}", false },
		{ " [{\\\"salary\\\":4200},]", false },
		{ "{\\\"salary\"},{\"type\":\"text\",\"text\":\"\\\":4200}", false },
		{ "the salary is 4200", true },
	};
	static const char head[] =
	    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"t1\",\"content\":[{\"type\":\"text\",\"text\":\"";
	struct world w;

	if (!ok(world_init(&w, CONFIG(
	        "{results: {redact: [{pointer: /salary}]}}", "anthropic"))))
		return;
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char body[1024];
		struct script s = { .target = paths[0], .body = body,
			.answer = "{}" };
		struct result r;

		(void)snprintf(body, sizeof(body), "%s%s\"}]}]}]}", head,
		    cases[i].texts);
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.up_calls == 1 &&
		        has(&r.up, "4200") == cases[i].goes_up &&
		        has(&r.up, "[REDACTED]") != cases[i].goes_up))
			printf("# %s\n", cases[i].texts);
		result_fini(&r);
	}
	world_fini(&w);
}

static void
no_place_of_a_result_is_left_out(void)
{
#define RESULT(name, content) \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":[{\"type\":\"" name "\",\"tool_use_id\":\"t1\"," \
	"\"content\":" content "}]}]}"
#define ITEMS(item) "{\"model\":\"m\",\"input\":[" item "]}"
	static const struct {
		enum format format;
		const char *target, *body;
	} cases[] = {
		{ ANTHROPIC, "/v1/messages", RESULT("tool_result",
		    "[{\"type\":\"document\",\"title\":\"A-1\",\"context\":"
		    "\"A-2\",\"source\":{\"type\":\"text\",\"media_type\":"
		    "\"text/plain\",\"data\":\"A-3\"}}]") },
		{ ANTHROPIC, "/v1/messages", RESULT("tool_result",
		    "[{\"type\":\"document\",\"source\":{\"type\":"
		    "\"content\",\"content\":\"A-1\"}}]") },
		{ ANTHROPIC, "/v1/messages", RESULT("tool_result",
		    "[{\"type\":\"search_result\",\"source\":\"A-1\","
		    "\"title\":\"A-2\",\"content\":[{\"type\":\"text\","
		    "\"text\":\"A-3\"}]}]") },
		{ ANTHROPIC, "/v1/messages",
		    RESULT("bash_code_execution_tool_result", "{\"type\":"
		        "\"bash_code_execution_result\",\"stdout\":\"A-1\"}") },
		{ ANTHROPIC, "/v1/messages", RESULT("web_fetch_tool_result",
		    "{\"type\":\"web_fetch_result\",\"content\":{\"type\":"
		    "\"document\",\"source\":{\"type\":\"text\","
		    "\"media_type\":\"text/plain\",\"data\":\"A-1\"}}}") },
		{ OPENAI, "/v1/responses", ITEMS("{\"type\":\"mcp_call\",\"id\":"
		    "\"m\",\"name\":\"q\",\"server_label\":\"s\","
		    "\"arguments\":\"{}\",\"output\":\"A-1\"}") },
		{ OPENAI, "/v1/responses", ITEMS("{\"type\":"
		    "\"code_interpreter_call\",\"id\":\"c\",\"code\":\"1\","
		    "\"outputs\":[{\"type\":\"logs\",\"logs\":\"A-1\"}],"
		    "\"error\":\"A-2\"},{\"type\":\"file_search_call\",\"id\":"
		    "\"f\",\"results\":[{\"filename\":\"A-3\"}],\"output\":"
		    "\"A-4\"}") },
		{ OPENAI, "/v1/responses", ITEMS("{\"type\":"
		    "\"shell_call_output\",\"call_id\":\"c\",\"output\":["
		    "{\"stdout\":\"A-1\",\"stderr\":\"A-2\"}]}") },
	};
	static const char *const configs[] = BOTH(
	    "{results: {redact: [{pattern: 'A-[0-9]+'}]}}");

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct script s = { .target = cases[i].target,
			.body = cases[i].body, .answer = "{}" };
		struct result r;
		struct world w;

		if (!ok(world_init(&w, configs[cases[i].format])))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.up_calls == 1 && has(&r.up, "[REDACTED]") &&
		        !has(&r.up, "A-")) ||
		    !ok(strcmp(r.decision, "redact") == 0))
			printf("# case %zu: %.*s\n", i, KT_SPAN_ARG(
			    kt_buf_span(&r.up)));
		result_fini(&r);
		world_fini(&w);
	}
}

static void
a_result_above_the_prompt_is_refused(void)
{
	static const char before[] =
	    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
	    "{\"role\":\"user\",\"content\":\"";
	static const char after[] = "\"},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
	    "\"id\":\"t1\",\"name\":\"query\",\"input\":{}}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"t1\",\"content\":\"card 4111 1111 1111 1111\"}]}"
	    "]}";
	static const char *const users[] = { "hello", "5555 5555 5555 4444" };
	struct world w;

	if (!ok(world_init(&w, CONFIG("{results: {max_class: prompt}}",
	        "anthropic"))))
		return;
	for (size_t i = 0; i < KT_NELEMS(users); i++) {
		char body[1024];
		struct script s = { .target = paths[0], .body = body,
			.answer = "{}" };
		struct result r;

		(void)snprintf(body, sizeof(body), "%s%s%s", before, users[i],
		    after);
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.up_calls == i);
		ok(r.status == (i == 0 ? 403 : 200));
		if (i == 0)
			ok(strcmp(r.reason, "tool.class.exceeded") == 0);
		ok(has(&r.record, i == 0 ? "\"reason_code\":"
		    "\"tool.class.exceeded\",\"result_decision\":\"block\"" :
		    "\"result_decision\":\"pass\""));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
a_document_in_a_result_has_the_class_of_results(void)
{
	static const char *const contents[][2] = {
		{ "[{\"type\":\"document\",\"source\":{\"type\":\"text\","
		  "\"media_type\":\"text/plain\",\"data\":\"", "\"}}]" },
		{ "[{\"type\":\"document\",\"source\":{\"type\":\"content\","
		  "\"content\":\"x\"},\"title\":\"", "\"}]" },
		{ "[{\"type\":\"search_result\",\"title\":\"a\",\"content\":[],"
		  "\"source\":\"", "\"}]" },
	};
	struct world w;

	if (!ok(world_init(&w, CONFIG("{results: {max_class: prompt}}",
	        "anthropic"))))
		return;
	for (size_t i = 0; i < 2 * KT_NELEMS(contents); i++) {
		bool is_result = i % 2 == 0;
		char body[1024];
		struct script s = { .target = paths[0], .body = body,
			.answer = "{}" };
		struct result r;

		/* What a user attaches is none of a tool's. */
		(void)snprintf(body, sizeof(body), "{\"model\":\"m\","
		    "\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
		    "\"content\":%s%scard 4111 1111 1111 1111%s%s}]}",
		    is_result ? "[{\"type\":\"tool_result\",\"tool_use_id\":"
		                "\"t\",\"content\":" : "", contents[i / 2][0],
		    contents[i / 2][1], is_result ? "}]" : "");
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.status == (is_result ? 403 : 200)))
			printf("# case %zu: %u %s\n", i, r.status, r.reason);
		result_fini(&r);
	}
	world_fini(&w);
}

#define FINDING(provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [pii-detector]}\n" \
	"policy:\n  pii-detector: {action: block}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

static void
a_call_that_a_finding_withholds_is_told_of(void)
{
	static const char *const configs[] = { FINDING("anthropic"),
		FINDING("openai") };
	static const struct call calls[] = { { "Pay",
	    "{\"card\":\"4111 1111 1111 1111\",\"for\":\"tea\"}" }, { 0 } };
	static const size_t cuts[] = { 0, 1, 7, 1000 };

	for (size_t i = 0; i < NFORMATS * KT_NELEMS(cuts); i++) {
		enum format f = (enum format)(i % NFORMATS);
		struct result r;
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			return;
		ask(&w, f, calls, cuts[i / NFORMATS], &r);
		ok(strcmp(r.decision, "block") == 0 && !has(&r.out, "4111"));
		if (!ok(has(&r.record, "\"decision\":\"block\",\"reason_code\":"
		        "\"tool.pci.detected\",\"tool_name\":\"Pay\"")))
			printf("# %zu: %.*s\n", i,
			    KT_SPAN_ARG(kt_buf_span(&r.record)));
		result_fini(&r);
		world_fini(&w);
	}
}

static void
tools_that_the_vendor_runs_are_judged_where_they_are_offered(void)
{
#define TOOL(type, name, rest) \
	"\"tools\":[{\"type\":\"" type "\",\"name\":\"" name "\"" rest "}]"
#define WEB_SEARCH(rest) TOOL("web_search_20250305", "web_search", rest)
#define OPTIONS "\"web_search_options\":{}"
#define ADDED(tool) "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}," \
	"{\"role\":\"system\",\"content\":[{\"type\":\"tool_addition\"," \
	"\"tool\":{\"type\":" tool "}}]}]"
#define ADDED_DEFINITION(name, type) ADDED("\"tool_definition\"," name \
	":{\"type\":\"" type "\",\"name\":\"x\"}")
#define SHELL(where) \
	"\"tools\":[{\"type\":\"shell\",\"environment\":{\"type\":\"" where "\"}}]"
	static const struct {
		const char *policy, *offers;
		bool passes;
		enum format format;
		const char *target; /* NULL: of the format */
	} cases[] = {
		{ "{server_tools: {allow: [web_search]}}", WEB_SEARCH(""), true,
		    ANTHROPIC },
		{ "{server_tools: {allow: [web_search]}}",
		    TOOL("code_execution_20250825", "code_execution", ""), false,
		    ANTHROPIC },
		{ "{server_tools: {allow: ['*'], domains: [a.org]}}",
		    WEB_SEARCH(""), false, ANTHROPIC },
		{ "{server_tools: {allow: ['*'], domains: [a.org]}}",
		    WEB_SEARCH(",\"allowed_domains\":[\"a.org\"]"), true,
		    ANTHROPIC },
		{ "{server_tools: {allow: ['*'], domains: [a.org]}}",
		    WEB_SEARCH(",\"allowed_domains\":[\"a.org\",\"b.org\"]"),
		    false, ANTHROPIC },
		{ "{blocked_tools: [web_*]}", WEB_SEARCH(""), false, ANTHROPIC },
		{ "{server_tools: {}}", TOOL("custom", "Bash", ""), true,
		    ANTHROPIC },
		{ "{server_tools: {allow: [web_search]}}", OPTIONS, true, OPENAI },
		{ "{server_tools: {allow: [web_fetch]}}", OPTIONS, false, OPENAI },
		{ "{server_tools: {allow: [web_search], domains: [a.org]}}",
		    OPTIONS, false, OPENAI },
		{ "{blocked_tools: [web_search]}", OPTIONS, false, OPENAI },
		{ "{server_tools: {}}", "\"web_search_options\":null", true,
		    OPENAI },
		{ "{server_tools: {}}", ADDED_DEFINITION("\"definition\"",
		    "code_execution_20250825"), false, ANTHROPIC },
		{ "{server_tools: {}}", ADDED("\"web_fetch_20250910\""), false,
		    ANTHROPIC },
		{ "{server_tools: {}}", ADDED_DEFINITION("\"definition\"",
		    "custom"), true, ANTHROPIC },
		{ "{mcp_servers: {}}", ADDED("\"mcp_toolset_reference\","
		    "\"mcp_server_name\":\"s\""), false, ANTHROPIC },
		{ "{mcp_servers: {allow: [s]}}", ADDED("\"mcp_tool_reference\","
		    "\"name\":\"t\",\"mcp_server_name\":\"s\""), true,
		    ANTHROPIC },
		/* No list: one of them, or several by name. */
		{ "{mcp_servers: {allow: [s]}}", "\"mcp_servers\":{\"name\":"
		    "\"s\",\"url\":\"https://a.org\"}", true, ANTHROPIC },
		{ "{mcp_servers: {allow: [s]}}", "\"mcp_servers\":{\"name\":"
		    "\"x\",\"url\":\"https://a.org\"}", false, ANTHROPIC },
		{ "{mcp_servers: {allow: [s]}}", "\"mcp_servers\":{\"name\":"
		    "\"s\",\"b\":{\"name\":\"x\"}}", false, ANTHROPIC },
		{ "{server_tools: {allow: [web_search]}}", "\"tools\":{\"a\":{"
		    "\"type\":\"web_fetch_20250910\",\"name\":\"a\"}}", false,
		    ANTHROPIC },
		{ "{server_tools: {allow: [web_search]}}",
		    TOOL("code_execution_20250825", "web_search", ""), false,
		    ANTHROPIC },
		{ "{blocked_tools: [web_*]}",
		    TOOL("web_search_20250305", "x", ""), false, ANTHROPIC },
		{ "{server_tools: {allow: ['*'], domains: [a.org]}}",
		    TOOL("web_search", "x", ""), false, OPENAI, "/v1/responses" },
		{ "{server_tools: {}}", TOOL("new_20270101", "new", ""), false,
		    ANTHROPIC },
		{ "{server_tools: {}}", TOOL("bash_20250124", "bash", ""), true,
		    ANTHROPIC },
		{ "{server_tools: {}}", SHELL("container_auto"), false, OPENAI,
		    "/v1/responses" },
		{ "{server_tools: {allow: [shell]}}", SHELL("container_auto"),
		    true, OPENAI, "/v1/responses" },
		{ "{server_tools: {}}", SHELL("local"), true, OPENAI,
		    "/v1/responses" },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char yaml[1024], body[1024];
		struct script s = { .body = body, .answer = "{}" };
		struct result r;
		struct world w;

		(void)snprintf(yaml, sizeof(yaml), CONFIG("%s", "%s"),
		    cases[i].policy,
		    cases[i].format == OPENAI ? "openai" : "anthropic");
		(void)snprintf(body, sizeof(body), "{\"model\":\"m\","
		    "\"max_tokens\":9,%s%s}",
		    strncmp(cases[i].offers, ADDED(""), 10) == 0 ? "" :
		    "\"messages\":[],", cases[i].offers);
		s.target = cases[i].target != NULL ? cases[i].target :
		    paths[cases[i].format];
		if (!ok(world_init(&w, yaml)))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.up_calls == cases[i].passes))
			printf("# case %zu: %s\n", i, r.reason);
		result_fini(&r);
		world_fini(&w);
	}
}

static void
the_scope_of_the_caller_is_what_a_rule_may_ask_for(void)
{
	/* Without a group there is no scope, and what wants one is denied. */
	static const char *const configs[] = BOTH(
	    "{rules: [{tool: q, action: allow, when: {/customer: {in_scope: "
	    "customers}}}, {tool: q, action: deny}]}");
	static const struct call calls[] = { { "q", "{\"customer\":\"c1\"}" },
		{ NULL, NULL } };
	struct result r;
	struct world w;

	if (!ok(world_init(&w, configs[0])))
		return;
	ask(&w, ANTHROPIC, calls, 0, &r);
	ok(!has(&r.out, "c1"));
	result_fini(&r);
	world_fini(&w);
}

/* An item of a response is no block that could be left out: others point to
 * it by its place.  So the answer is refused, or cut before the call. */
#define EVENT(name, rest) \
	"event: " name "\ndata: {\"type\":\"" name "\"" rest "}\n\n"
#define ITEM(name, arguments) \
	"{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\"," \
	"\"name\":\"" name "\",\"arguments\":\"" arguments "\",\"status\":" \
	"\"completed\"}"
#define ARGUMENTS(command) "{\\\"command\\\":\\\"" command "\\\"}"
#define RESPONSE(name, command) \
	"{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\"," \
	"\"model\":\"m\",\"output\":[" ITEM(name, ARGUMENTS(command)) "]}"
#define WHOLE_RESPONSE(name) RESPONSE(name, "ls")
#define CREATED \
	EVENT("response.created", ",\"response\":{\"id\":\"r\",\"model\":" \
	    "\"m\",\"status\":\"in_progress\",\"output\":[]}")
#define DELTA(text) \
	EVENT("response.function_call_arguments.delta", ",\"item_id\":" \
	    "\"fc_1\",\"output_index\":0,\"delta\":\"" text "\"")
/* Each place that says its name or its arguments. */
#define STREAM(name1, name2, name3, delta, done, item, last) \
	CREATED EVENT("response.output_item.added", ",\"output_index\":0," \
	    "\"item\":" ITEM(name1, "")) \
	DELTA("{\\\"command\\\":\\\"") DELTA(delta "\\\"}") \
	EVENT("response.function_call_arguments.done", ",\"item_id\":" \
	    "\"fc_1\",\"output_index\":0,\"arguments\":\"" \
	    ARGUMENTS(done) "\"") \
	EVENT("response.output_item.done", ",\"output_index\":0,\"item\":" \
	    ITEM(name2, ARGUMENTS(item))) \
	EVENT("response.completed", ",\"response\":" RESPONSE(name3, last))
/* A call of a server's tool, which the client is asked about first. */
#define ASKING(name) \
	"{\"type\":\"mcp_approval_request\",\"id\":\"a1\",\"server_label\":" \
	"\"s\",\"name\":\"" name "\",\"arguments\":\"" ARGUMENTS("ls") "\"}"
#define APPROVAL(name) "{\"id\":\"r\",\"object\":\"response\",\"status\":" \
	"\"completed\",\"model\":\"m\",\"output\":[" ASKING(name) "]}"
#define STREAM_APPROVAL(name) \
	CREATED EVENT("response.output_item.added", ",\"output_index\":0," \
	    "\"item\":" ASKING(name)) \
	EVENT("response.output_item.done", ",\"output_index\":0," \
	    "\"item\":" ASKING(name)) \
	EVENT("response.completed", ",\"response\":" APPROVAL(name))
#define STREAM_RESPONSE(name) STREAM(name, name, name, "ls", "ls", "ls", "ls")

static void
run_response(
    struct world *w, const char *answer, const char *type, struct result *r)
{
	struct script s = { .target = "/v1/responses",
		.body = "{\"model\":\"m\",\"input\":\"hi\"}",
		.answer = answer, .type = type };

	result_init(r);
	run_script(w, &s, r);
}

static void
a_denied_call_refuses_a_response(void)
{
	static const struct {
		const char *answer, *type;
		bool passes;
	} cases[] = {
		{ WHOLE_RESPONSE("Bash"), NULL, false },
		{ WHOLE_RESPONSE("Read"), NULL, true },
		{ STREAM_RESPONSE("Bash"), "text/event-stream", false },
		{ STREAM_RESPONSE("Read"), "text/event-stream", true },
		{ APPROVAL("Bash"), NULL, false },
		{ APPROVAL("Read"), NULL, true },
		{ STREAM_APPROVAL("Bash"), "text/event-stream", false },
		{ STREAM_APPROVAL("Read"), "text/event-stream", true },
	};
	static const char *const configs[] = BOTH("{blocked_tools: [Bash, "
	    "mcp__s__Bash]}");
	struct world w;

	if (!ok(world_init(&w, configs[OPENAI])))
		return;
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		const char *answer = cases[i].answer;
		struct result r;
		bool is_ok;

		run_response(&w, answer, cases[i].type, &r);
		is_ok = cases[i].passes ?
		    kt_span_eq(kt_buf_span(&r.out), kt_span_of(answer)) &&
		        strcmp(r.decision, "pass") == 0 :
		    !has(&r.out, "Bash") && !has(&r.out, "\\\"ls") &&
		        strcmp(r.decision, "block") == 0 &&
		        strcmp(r.reason, "tool.name.denied") == 0 &&
		        has(&r.record, "\"decision\":\"block\",\"reason_code\":"
		            "\"tool.name.denied\",\"tool_name\":\"") &&
		        has(&r.record, "Bash\"");
		if (!ok(is_ok && r.records == 1 && r.has_ended))
			printf("# case %zu: %s %s\n# %.*s\n# %.*s\n", i,
			    r.decision, r.reason,
			    KT_SPAN_ARG(kt_buf_span(&r.out)),
			    KT_SPAN_ARG(kt_buf_span(&r.record)));
		result_fini(&r);
	}
	world_fini(&w);
}

#define SCREEN(said) "{\"id\":\"r\",\"object\":\"response\",\"output\":[{" \
	"\"type\":\"computer_call\",\"call_id\":\"c\"," said "}]}"

/* One action, or several of them in one item. */
static void
every_action_of_a_response_is_judged(void)
{
	static const struct {
		const char *answer;
		bool passes;
	} cases[] = {
		{ SCREEN("\"action\":{\"type\":\"click\"}"), true },
		{ SCREEN("\"action\":{\"type\":\"drag\"}"), false },
		{ SCREEN("\"actions\":[{\"type\":\"click\"},"
		         "{\"type\":\"type\",\"text\":\"a.org\"}]"), true },
		{ SCREEN("\"actions\":[{\"type\":\"click\"},"
		         "{\"type\":\"type\",\"text\":\"b.org\"}]"), false },
		{ SCREEN("\"actions\":[{\"type\":\"click\"},"
		         "{\"type\":\"drag\"}]"), false },
		{ SCREEN("\"actions\":[{\"type\":\"drag\"}],"
		         "\"action\":{\"type\":\"click\"}"), false },
	};
	static const char *const configs[] = BOTH("{computer_use: "
	    "{allowed_actions: [click, type], allowed_domains: [a.org]}}");
	struct world w;

	if (!ok(world_init(&w, configs[OPENAI])))
		return;
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct result r;

		run_response(&w, cases[i].answer, NULL, &r);
		if (!ok(cases[i].passes == (strcmp(r.decision, "pass") == 0)) ||
		    !ok(cases[i].passes == has(&r.out, "\"call_id\"")))
			printf("# case %zu: %s %s\n", i, r.decision, r.reason);
		result_fini(&r);
	}
	world_fini(&w);
}

/* Clients differ in which of the places they act on. */
static void
no_place_of_a_streamed_response_slips_a_call_in(void)
{
	static const struct {
		const char *answer;
		bool passes;
	} cases[] = {
		{ STREAM("Bash", "Bash", "Bash", "ls", "ls", "ls", "ls"), true },
		{ STREAM("Bash", "Rm", "Bash", "ls", "ls", "ls", "ls"), false },
		{ STREAM("Rm", "Bash", "Bash", "ls", "ls", "ls", "ls"), false },
		{ STREAM("Bash", "Bash", "Rm", "ls", "ls", "ls", "ls"), false },
		{ STREAM("Bash", "Bash", "Bash", "rm", "ls", "ls", "ls"), false },
		{ STREAM("Bash", "Bash", "Bash", "ls", "rm", "ls", "ls"), false },
		{ STREAM("Bash", "Bash", "Bash", "ls", "ls", "rm", "ls"), false },
		{ STREAM("Bash", "Bash", "Bash", "ls", "ls", "ls", "rm"), false },
		{ CREATED EVENT("response.completed", ",\"response\":"
		    RESPONSE("Bash", "ls")), true },
		{ CREATED EVENT("response.completed", ",\"response\":"
		    RESPONSE("Bash", "rm")), false },
		{ CREATED EVENT("response.completed", ",\"response\":"
		    RESPONSE("Rm", "ls")), false },
	};
	static const char *const configs[] = BOTH("{blocked_tools: [Rm], rules: "
	    "[{tool: Bash, when: {/command: {equals: rm}}, action: deny}]}");
	struct world w;

	if (!ok(world_init(&w, configs[OPENAI])))
		return;
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		const char *answer = cases[i].answer;
		struct result r;
		bool is_whole;

		run_response(&w, answer, "text/event-stream", &r);
		is_whole = kt_span_eq(kt_buf_span(&r.out), kt_span_of(answer));
		if (!ok(is_whole == cases[i].passes &&
		        (cases[i].passes || (!has(&r.out, "Rm") &&
		            !has(&r.out, "\\\"rm\\\"")))) ||
		    !ok(strcmp(r.decision, cases[i].passes ? "pass" : "block") ==
		        0))
			printf("# case %zu: %s\n# %.*s\n", i, r.decision,
			    KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
	}
	world_fini(&w);
}

/* Only a list is a list, but some clients walk what they get. */
static void
calls_in_an_object_are_calls(void)
{
	static const char *const configs[] = BOTH("{blocked_tools: [Bash]}");
	static const char *const names[] = { "Bash", "Read" };
	struct world w;

	if (!ok(world_init(&w, configs[OPENAI])))
		return;
	for (size_t i = 0; i < 2 * KT_NELEMS(names); i++) {
		const char *name = names[i / 2];
		char answer[512];
		struct script s = { .target = paths[OPENAI], .answer = answer,
			.body = "{\"model\":\"m\",\"messages\":[]}",
			.type = i % 2 ? "text/event-stream" : NULL };
		struct result r;

		(void)snprintf(answer, sizeof(answer), "%s{\"choices\":[{"
		    "\"index\":0,\"%s\":{\"tool_calls\":{\"0\":{\"index\":0,"
		    "\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":"
		    "\"%s\",\"arguments\":\"{}\"}}}},\"finish_reason\":"
		    "\"tool_calls\"}]}%s", i % 2 ? "data: " : "",
		    i % 2 ? "delta" : "message", name,
		    i % 2 ? "\n\ndata: [DONE]\n\n" : "");
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(has(&r.out, name) == (i / 2 == 1)))
			printf("# %zu: %.*s\n", i,
			    KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
a_name_in_two_pieces_is_none_that_may_be_called(void)
{
	static const char *const configs[] = BOTH("{blocked_tools: [rm*]}");
	static const char *const names[][2] = { { "r", "m_all" },
		{ "Read", "Read" } };
	struct world w;

	if (!ok(world_init(&w, configs[OPENAI])))
		return;
	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		struct script s = { .target = paths[OPENAI],
			.body = "{\"model\":\"m\",\"stream\":true,\"messages\":[]}",
			.type = "text/event-stream" };
		struct kt_buf b;
		struct result r;

		kt_buf_init(&b, 1u << 20);
		for (size_t k = 0; k < 2; k++) {
			put_chunk(&b);
			put(&b, "\"delta\":{\"tool_calls\":[{\"index\":0,");
			put(&b, k == 0 ? "\"id\":\"t\",\"type\":\"function\"," : "");
			put(&b, "\"function\":{\"name\":\"");
			put(&b, names[i][k]);
			put(&b, k == 0 ? "\",\"arguments\":\"\"" :
			    "\",\"arguments\":\"{}\"");
			put(&b, "}}]},\"finish_reason\":null}]}\n\n");
		}
		put_chunk(&b);
		put(&b, "\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
		    "data: [DONE]\n\n");
		s.answer = b.ptr;
		s.answer_len = b.len;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(!has(&r.out, "tool_calls") && !has(&r.out, names[i][1]));
		ok(has(&r.out, "\"finish_reason\":\"stop\""));
		ok(has(&r.record, "\"decision\":\"block\",\"reason_code\":"
		                  "\"tool.name.denied\""));
		result_fini(&r);
		kt_buf_fini(&b);
	}
	world_fini(&w);
}

static void
what_can_never_hold_is_refused(void)
{
	static const char *const policies[] = {
		"{rules: [{tool: a, action: redact, arguments: [/b, pw]}]}",
		"{results: {redact: [{pointer: row/salary}]}}",
		"{rules: [{tool: a, when: {b: {equals: c}}, action: deny}]}",
		"{rules: [{tool: a, when: {/b: {host_in: ['http://c.d']}}, "
		"action: deny}]}",
		"{rules: [{tool: a, when: {/b: {host_in: [c.d, 0x7f.1, '*.e', "
		"'::1', 10.0.0.1]}}, action: deny}]}",
		"{rules: [{tool: a, when: {/b: {path_under: etc}}, "
		"action: deny}]}",
		"{rules: [{tool: a, when: {/b: {path_under: [/, '/e\\f']}}, "
		"action: deny}]}",
		"{rules: [{tool: a, when: {/b: {min: 2, max: 1}}, "
		"action: deny}]}",
		"{computer_use: {allowed_domains: ['https://c.d']}}",
		"{server_tools: {domains: [c.d, c.d/e]}}",
		"{mcp_servers: {domains: ['*']}}",
	};

	for (size_t i = 0; i < KT_NELEMS(policies); i++) {
		char yaml[1024];
		struct world w;

		(void)snprintf(yaml, sizeof(yaml), CONFIG("%s", "anthropic"),
		    policies[i]);
		if (ok(!world_init(&w, yaml)))
			ok(w.diags.n == 1 &&
			    (w.diags.at[0].code == KT_CONFIG_FORM ||
			        w.diags.at[0].code ==
			            KT_CONFIG_CONTRADICTION) &&
			    w.diags.at[0].at.line == 4);
		world_fini(&w);
	}
}

/* What came whole with the beginning of its block is out of reach. */
static void
a_call_that_cannot_be_redacted_is_told_as_withheld(void)
{
	static const char *const configs[] = BOTH("{rules: [{tool: Mail, "
	    "action: redact, arguments: [/body]}]}");
	static const struct call calls[] = { { "Mail", "" }, { NULL, NULL } };
	struct script s = { .target = paths[ANTHROPIC],
		.body = "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,"
		        "\"messages\":[]}", .type = "text/event-stream" };
	struct kt_span empty = KT_SPAN("\"input\":{}"), all;
	struct kt_buf plain, b;
	struct result r;
	struct world w;

	if (!ok(world_init(&w, configs[ANTHROPIC])))
		return;
	kt_buf_init(&plain, 1u << 20);
	kt_buf_init(&b, 1u << 20);
	write_stream(&plain, ANTHROPIC, calls, 9);
	all = kt_buf_span(&plain);
	while (all.len > 0 && !kt_span_starts(all, empty)) {
		keep(&b, kt_span_sub(all, 0, 1));
		all = kt_span_sub(all, 1, all.len);
	}
	put(&b, "\"input\":{\"body\":\"hidden\"}");
	keep(&b, kt_span_sub(all, empty.len, all.len));
	s.answer = b.ptr;
	s.answer_len = b.len;
	result_init(&r);
	run_script(&w, &s, &r);
	ok(!has(&r.out, "hidden") && has(&r.out, "end_turn"));
	ok(has(&r.record, "\"decision\":\"block\",\"reason_code\":"
	    "\"tool.argument.redacted\",\"tool_name\":\"Mail\""));
	result_fini(&r);
	kt_buf_fini(&plain);
	kt_buf_fini(&b);
	world_fini(&w);
}

int
main(void)
{
	RUN(what_can_never_hold_is_refused);
	RUN(a_call_that_cannot_be_redacted_is_told_as_withheld);
	RUN(every_action_of_a_response_is_judged);
	RUN(no_place_of_a_streamed_response_slips_a_call_in);
	RUN(calls_in_an_object_are_calls);
	RUN(a_name_in_two_pieces_is_none_that_may_be_called);
	RUN(the_same_call_has_the_same_fate_everywhere);
	RUN(calls_are_judged_by_what_the_client_gets);
	RUN(a_call_that_a_finding_withholds_is_told_of);
	RUN(a_denied_call_refuses_a_response);
	RUN(results_are_redacted_by_pointer_and_pattern);
	RUN(results_in_a_fence_are_redacted_by_pointer);
	RUN(a_result_of_nobody_is_redacted_by_every_rule);
	RUN(a_result_that_is_nearly_json_is_withheld_whole);
	RUN(no_place_of_a_result_is_left_out);
	RUN(a_result_above_the_prompt_is_refused);
	RUN(a_document_in_a_result_has_the_class_of_results);
	RUN(tools_that_the_vendor_runs_are_judged_where_they_are_offered);
	RUN(the_scope_of_the_caller_is_what_a_rule_may_ask_for);
	return done();
}
