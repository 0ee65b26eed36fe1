/*
 * Who may use what; terms that are nearly the same; where URLs may lead.
 */
#include "tests/unit/exchange/drive.h"

#define CONFIG(kind, policy) CONFIG_BESIDE("", kind, policy)
#define CONFIG_BESIDE(others, kind, policy) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [" others kind "]}\n" \
	"policy:\n  " kind ": " policy "\n" \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

struct told {
	const char *config, *user, *answer, *reason; /* NULL: passes */
};

static void
tell(const struct told *t)
{
	static const char *const heads[] = {
		"{\"model\":\"m-1\",\"max_tokens\":9,\"messages\":["
		"{\"role\":\"user\",\"content\":\"",
		"{\"model\":\"m-1\",\"max_tokens\":9,\"stream\":true,\"messages\":["
		"{\"role\":\"user\",\"content\":\"" };
	struct world w;

	if (!ok(world_init(&w, t->config)))
		return;
	for (size_t i = 0; i < KT_NELEMS(heads); i++) {
		char body[4096], answer[4096];
		struct script s = { .target = "/v1/messages", .body = body,
			.answer = answer };
		struct result r;
		bool is_ok;

		(void)snprintf(body, sizeof(body), "%s%s\"}]}", heads[i],
		    t->user);
		(void)snprintf(answer, sizeof(answer), i == 0 ?
		    "{\"id\":\"x\",\"type\":\"message\",\"role\":\"assistant\","
		    "\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":"
		    "\"%s\"}],\"stop_reason\":\"end_turn\",\"usage\":{}}" :
		    "event: message_start\ndata: {\"type\":\"message_start\","
		    "\"message\":{\"id\":\"x\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{}}}"
		    "\n\nevent: content_block_start\ndata: {\"type\":"
		    "\"content_block_start\",\"index\":0,\"content_block\":{"
		    "\"type\":\"text\",\"text\":\"%s\"}}\n\nevent: "
		    "content_block_stop\ndata: {\"type\":\"content_block_stop\","
		    "\"index\":0}\n\nevent: message_delta\ndata: {\"type\":"
		    "\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}"
		    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}"
		    "\n\n", t->answer ? t->answer : "fine");
		if (i == 1)
			s.type = "text/event-stream";
		result_init(&r);
		run_script(&w, &s, &r);
		is_ok = ok(t->reason == NULL ?
		    strcmp(r.decision, "pass") == 0 :
		    strcmp(r.decision, "block") == 0 &&
		        strcmp(r.reason, t->reason) == 0);
		if (!is_ok)
			printf("# %s | %s: %s %s\n", t->user,
			    t->answer ? t->answer : "", r.decision, r.reason);
		result_fini(&r);
	}
	world_fini(&w);
}

static void
roles_say_which_models_and_data(void)
{
	static const struct told all[] = {
		{ CONFIG("rbac", "{}"), "hi", NULL, "gateway.role.missing" },
		{ CONFIG("rbac", "{default: allow}"), "hi", NULL, NULL },
		{ CONFIG("rbac", "{roles: [{groups: [dev]}]}"), "hi", NULL,
		    "gateway.role.missing" },
		{ CONFIG("rbac", "{roles: [{principals: [anon*]}]}"), "hi",
		    NULL, NULL },
		{ CONFIG("rbac", "{roles: [{models: [m-*]}]}"), "hi", NULL,
		    NULL },
		{ CONFIG("rbac", "{roles: [{models: [x]}]}"), "hi", NULL,
		    "gateway.model.denied" },
		{ CONFIG("rbac", "{roles: [{endpoints: [completions]}]}"), "hi",
		    NULL, "gateway.endpoint.denied" },
		{ CONFIG("rbac", "{roles: [{max_class: pii}]}"), "hi", NULL,
		    NULL },
		{ CONFIG("rbac", "{roles: [{max_class: pii}]}"),
		    "4111 1111 1111 1111", NULL, "prompt.class.exceeded" },
		{ CONFIG("rbac", "{mode: monitor}"), "hi", NULL, NULL },
		/* Whatever others find where it does not look. */
		{ CONFIG_BESIDE("pii-detector, ", "rbac", "{roles: [{max_class: "
		    "none}], components: [system]}\n  pii-detector: "
		    "{action: flag}"), "4111 1111 1111 1111", NULL, NULL },
		{ CONFIG("data-routing-policy", "{require_baa_for: [none]}"),
		    "hi", NULL, "route.baa.missing" },
	};

	for (size_t i = 0; i < KT_NELEMS(all); i++)
		tell(&all[i]);
}

struct visit {
	const char *method, *target, *type, *body, *needed;
};

/* Also where nothing is asked of a model, and where bodies are not read. */
static void
roles_say_which_endpoints(void)
{
	static const struct visit all[] = {
		{ "GET", "/v1/models", NULL, NULL, "models" },
		{ "GET", "/v1/models/claude-x", NULL, NULL, "models" },
		{ "GET", "/v1/files", NULL, NULL, "files" },
		{ "DELETE", "/v1/files/file_1", NULL, NULL, "files" },
		{ "POST", "/v1/files", "multipart/form-data; boundary=b",
		    "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n"
		    "\r\nhi\r\n--b--\r\n", "files" },
		{ "POST", "/v1/x", "text/plain", "hi", "passthrough" },
		{ "GET", "/v1/x", NULL, NULL, "passthrough" },
		{ "POST", "/v1/x", NULL, "{}", "passthrough" },
	};
	static const char *const readers[] = { "rbac", "rbac, file-inspector" };

	for (size_t i = 0; i < 4 * KT_NELEMS(all); i++) {
		const struct visit *v = &all[i / 4];
		bool may = i % 2 == 1;
		struct script s = { .method = v->method, .target = v->target,
			.body = v->body, .answer = "{}" };
		char config[512];
		struct result r;
		struct world w;

		(void)snprintf(config, sizeof(config), CONFIG("%s",
		    "{}\n  rbac: {roles: [{endpoints: [%s]}]}")
		    "routes: {/v1/models: models, /v1/files: files, "
		    "'*': passthrough}\n", readers[i / 2 % 2],
		    "file-inspector", may ? v->needed : "messages");
		if (v->type != NULL)
			s.headers[s.nheaders++] = (struct kt_header){
				KT_SPAN("content-type"), kt_span_of(v->type) };
		s.headers[s.nheaders++] = (struct kt_header){
			KT_SPAN("anthropic-version"), KT_SPAN("2023-06-01") };
		if (!ok(world_init(&w, config)))
			return;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(may == (strcmp(r.reason, "gateway.endpoint.denied") != 0)) ||
		    !ok(may || (r.up_calls == 0 && r.records == 1 &&
		        r.status == 403)))
			printf("# %s %s %d: %s\n", v->method, v->target, may,
			    r.reason);
		result_fini(&r);
		world_fini(&w);
	}
}

/* Whoever may not use a model may not have it used in his place either. */
static void
every_model_of_a_request_is_one_of_the_role(void)
{
	static const struct {
		const char *target, *body;
		bool passes;
	} all[] = {
#define ASK(rest) "{\"model\":\"m-1\",\"max_tokens\":9,\"messages\":[{" \
	"\"role\":\"user\",\"content\":\"hi\"}]" rest "}"
		{ "/v1/messages", ASK(",\"fallbacks\":[{\"model\":\"m-2\"}]"),
		    true },
		{ "/v1/messages", ASK(",\"fallbacks\":[{\"model\":\"m-2\"},"
		                      "{\"model\":\"x\"}]"), false },
		{ "/v1/messages", ASK(",\"fallbacks\":[\"x\"]"), false },
		{ "/v1/messages", ASK(",\"tools\":[{\"type\":\"advisor_20260301\","
		    "\"name\":\"advisor\",\"model\":\"x\"}]"), false },
		{ "/v1/messages", ASK(",\"tools\":[{\"name\":\"f\","
		    "\"input_schema\":{\"default\":{\"model\":\"x\"}}}],"
		    "\"metadata\":{\"model\":\"x\"}"), true },
		{ "/v1/responses", "{\"input\":\"hi\",\"prompt\":{\"id\":\"p\"}}",
		    false },
		{ "/v1/x", "{\"model\":\"x\",\"input\":\"hi\"}", false },
		{ "/v1/x", "{\"requests\":[{\"params\":{\"model\":\"x\"}}]}",
		    false },
		{ "/v1/x", "{\"mod\\u0065l\":\"m\\u002d1\"}", true },
		{ "/v1/x", "{}", true },
	};
	struct world w;

	if (!ok(world_init(&w, CONFIG("rbac", "{roles: [{models: [m-*]}]}")
	        "    - id: other\n      provider: openai\n"
	        "      base_url: http://127.0.0.1:1\n"
	        "      secret_key_ref: {env: TEST_KEY}\n"
	        "routes: {/v1/messages: messages, /v1/responses: responses, "
	        "'*': passthrough}\n")))
		return;
	for (size_t i = 0; i < KT_NELEMS(all); i++) {
		struct script s = { .target = all[i].target, .body = all[i].body,
			.answer = "{}" };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.up_calls == all[i].passes) ||
		    !ok(all[i].passes ==
		        (strcmp(r.reason, "gateway.model.denied") != 0)))
			printf("# %s: %s\n", all[i].body, r.reason);
		result_fini(&r);
	}
	world_fini(&w);
}

#define NEAR(d) CONFIG("dlp-filter", "{fuzzy_matching: true, max_distance: " \
	d ", blocked_terms: [bluebird, key]}")

static void
terms_are_found_with_a_character_changed(void)
{
	static const struct told all[] = {
		{ NEAR("1"), "the bluebird plan", NULL, "prompt.term.detected" },
		{ NEAR("1"), "the Bluebyrd plan", NULL, "prompt.term.detected" },
		{ NEAR("1"), "the blubird plan", NULL, "prompt.term.detected" },
		{ NEAR("1"), "the bluebiird plan", NULL,
		    "prompt.term.detected" },
		{ NEAR("1"), "the blebirrd plan", NULL, NULL },
		{ NEAR("2"), "the blebirrd plan", NULL, "prompt.term.detected" },
		{ NEAR("1"), "all bluebirds", NULL, "prompt.term.detected" },
		{ NEAR("1"), "a kez", NULL, NULL }, /* too short to forgive */
		{ NEAR("1"), "a key", NULL, "prompt.term.detected" },
		{ NEAR("1"), "hi", "it is bluebrd", "completion.term.detected" },
	};

	for (size_t i = 0; i < KT_NELEMS(all); i++)
		tell(&all[i]);
}

#define LONG(d, term) CONFIG("dlp-filter", "{fuzzy_matching: true, " \
	"max_distance: " d ", blocked_terms: ['" term "']}")

/* What lints clean loads, and finds. */
static void
long_terms_are_forgiven_too(void)
{
	static const struct told all[] = {
		{ LONG("2", "Projekt Grosse"), "das Projeckt Grose ist", NULL,
		    "prompt.term.detected" },
		{ LONG("2", "Operation Sunrise"), "opration sunrice", NULL,
		    "prompt.term.detected" },
		{ LONG("2", "Operation Sunrise"), "opration sunrce s", NULL, NULL },
		{ LONG("2", "bluebird"), "the xybluebird", NULL,
		    "prompt.term.detected" },
		{ LONG("2", "Грузоперевозки"), "о ГРУЗАПЕРЕВОСКИ, да", NULL,
		    "prompt.term.detected" },
		{ LONG("1", "Confidential merger plan"),
		    "confidental merger plan", NULL, "prompt.term.detected" },
	};

	for (size_t i = 0; i < KT_NELEMS(all); i++)
		tell(&all[i]);
}

#define URLS \
	CONFIG("content-limits", "{allowed_urls: [a.org, '*.b.org', 'fe80::2']}")

static void
urls_lead_where_they_may(void)
{
	static const struct told all[] = {
		{ URLS, "see https://a.org/x?y and http://A.ORG:80.", NULL, NULL },
		{ URLS, "see https://x.y.b.org", NULL, NULL },
		{ URLS, "see https://[fe80::2]/x", NULL, NULL },
		{ URLS, "see https://b.org", NULL, "prompt.url.denied" },
		{ URLS, "see https://c.org/", NULL, "prompt.url.denied" },
		{ URLS, "see https://a.org.c.org/", NULL, "prompt.url.denied" },
		{ URLS, "see https://a.org@c.org/", NULL, "prompt.url.denied" },
		{ URLS, "see https://aXorg/", NULL, "prompt.url.denied" },
		{ URLS, "no url", "![x](https://c.org/?d=secret)",
		    "completion.url.denied" },
		{ URLS, "no url", "[x](https://a.org/)", NULL },
	};

	for (size_t i = 0; i < KT_NELEMS(all); i++)
		tell(&all[i]);
}

/* What a browser takes for a URL to elsewhere, and what it does not. */
static void
no_mark_behind_a_host_hides_another(void)
{
	static const char *const elsewhere[] = { "https://a.org;.c.org/?q=s",
		"https://a.org!.c.org/", "https://a.org,.c.org/",
		"https://a.org'.c.org/", "https://a.org*.c.org/",
		"![x](<https://a.org).c.org/>)", "![x](https://a.org>@c.org/)",
		"\\\"https://a.org'.c.org/\\\"", "\\\"https://a.org\\\".c.org/",
		"ftp://c.org/", "wss://c.org", "ssh://me@c.org/",
		"![x](//c.org/?q=s)", "<img src=\\\"//c.org/\\\">",
		"[x]: //c.org/", "https:\\\\\\\\c.org/x", "https:/c.org/x",
		"![x](http:c.org/x)", "https:////c.org/", "https://user:a@c.org/",
		"![x](https://\\\"@c.org/)", "![x](https\\\\://c.org/S)",
		"![x](\\\\/\\\\/c.org/S)", "![x](https\\\\:\\\\/\\\\/c.org/S)",
		"![x](https&colon;//c.org/S)", "![x](&sol;&sol;c.org/S)",
		"![x](//c&period;org/S)", "![x](  //c.org/S )",
		"![x](<  //c.org/S>)", "[r]:\\n//c.org/S", "![x](//3232235777/S)",
		"![x](//c\xe3\x80\x82org/S)", "![x](//[::1]/S)",
		"<img src=\\\" //c.org/S\\\">", "<img src=\\\"/&Tab;/c.org/S\\\">",
		"<img src=\\\"/\\t/c.org/S\\\">", "[a](www.c.org/S)",
		"see www.c.org/?S", "WWW.c.org", "![x](https://a.org\\\\.c.org/S)",
		"![x](https://a.org\\\\@c.org/S)" };
	static const char *const here[] = { "https://a.org", "(https://a.org), a",
		"see https://a.org, or b.", "[https://a.org](https://a.org)x",
		"{\\\"a\\\":\\\"https://a.org\\\",\\\"f\\\":\\\"main.py\\\",\\\"e\\\":\\\"a@c.org\\\"}",
		"<td>https://a.org<br>b</td>", "|https://a.org|b.c|",
		"'https://a.org','b.c'", "ftp://a.org/x", "![x](//a.org/y)",
		"x = 1 // c.org", "https://", "'http://' or \\\"https://\\\"",
		"file:///etc/hosts", "C:\\\\x.org", "http:\\n", "`https://a.org`.",
		"https:// is\\nhttp://\\nfor a.b", "I/O, and/or a/b.c", "f(// c.org",
		"f() // calls a.b\\n// and b.c", "x[0]:\\n// see b.c", "a = // b.c",
		"\\\"a\\\" //b.c", "www. is not", "www", "awww.no", "(//)", "`//`, a.b",
		"(www.x.b.org/y), www.x.b.org.",
		"`//\xe6\xb3\xa8\xe9\x87\x8a\xe3\x80\x82\xe6\x9b\xb4`",
		"//[0.5]", "a && b; c &amp; d" };

	for (size_t i = 0; i < KT_NELEMS(elsewhere); i++)
		tell(&(struct told){
		    URLS, "hi", elsewhere[i], "completion.url.denied" });
	for (size_t i = 0; i < KT_NELEMS(here); i++)
		tell(&(struct told){ URLS, "hi", here[i], NULL });
}

int
main(void)
{
	RUN(roles_say_which_models_and_data);
	RUN(roles_say_which_endpoints);
	RUN(every_model_of_a_request_is_one_of_the_role);
	RUN(terms_are_found_with_a_character_changed);
	RUN(long_terms_are_forgiven_too);
	RUN(urls_lead_where_they_may);
	RUN(no_mark_behind_a_host_hides_another);
	return done();
}
