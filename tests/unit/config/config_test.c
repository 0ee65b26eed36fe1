#include <math.h>

#include "chat/chat.h"
#include "config/nearest.h"
#include "tests/unit/config/load.h"

static void
a_small_file_loads_with_every_default_filled_in(void)
{
	const struct kt_config_target *t;
	struct load l;

	load(&l, HEAD TAIL);
	ok(l.rc == KT_OK && says(&l, ""));
	if (l.rc == KT_OK) {
		t = l.settings->providers.targets.at;
		ok(l.settings->gateway.block_status == 403);
		ok(l.settings->gateway.listen.n == 1);
		ok(kt_span_eq(l.settings->gateway.listen.at[0],
		    KT_SPAN("127.0.0.1:8080")));
		ok(l.settings->gateway.fail_mode == KT_CONFIG_BLOCK);
		ok(l.settings->gateway.tls.node == NULL);
		ok(l.settings->auth.headers.n == 2);
		ok(kt_span_eq(t->base_url, KT_SPAN("https://api.anthropic.com")));
		ok(t->secret_key_ref.from == KT_CONFIG_ENV);
		ok(t->timeout_seconds == 60 && t->stream_timeout_seconds == 60);
		ok(t->max_messages == 0 && t->weight == 1.0);
		ok(isnan(t->pricing.prompt));
		ok(l.settings->policy.n == KT_NELEMS(kinds));
	}
	drop(&l);
}

static void
every_mistake_is_told_at_its_place_in_one_run(void)
{
	static const char yaml[] =
	    "pack:\n"                                       /* 1 */
	    "  name: t\n"
	    "  version: 1.0\n"                              /* 3 */
	    "  enabled: yes\n"
	    "gatewya:\n"                                    /* 5 */
	    "  listen: 1\n"
	    "gateway:\n"                                    /* 7 */
	    "  listen: [\"0.0.0.0:80\", nowhere]\n"
	    "  block_status: 200\n"                         /* 9 */
	    "  workers: two\n"
	    "  fail_mode: alow\n"                           /* 11 */
	    "  drain_seconds: \"5\"\n"
	    "  max_body_bytes: 10 MB\n"                     /* 13 */
	    "policies:\n"
	    "  chain: [secret-scaner, pii, pii-detector]\n" /* 15 */
	    "policy:\n"
	    "  secret-scanner:\n"                           /* 17 */
	    "    acton: block\n"
	    "    mode: observe\n"                           /* 19 */
	    "    components: [tools, tools, tool_result]\n"
	    "  dlp: {}\n"                                   /* 21 */
	    "providers:\n"
	    "  targets:\n"                                  /* 23 */
	    "  - provider: antropic\n"
	    "  - id: b\n"                                   /* 25 */
	    "    provider: anthropic:messages:m\n"
	    "    model: n\n"                                /* 27 */
	    "    base_url: ftp://x\n"
	    "    timeout_seconds: 010\n"                    /* 29 */
	    "    total_timeout_seconds: 5\n"
	    "  - id: b\n"                                   /* 31 */
	    "    provider: openai\n"
	    "    headers: {a b: c, Host: x, b: c}\n"        /* 33 */
	    "audit:\n"
	    "  retention_days: 30\n"                        /* 35 */
	    "routes: {messages: messages, /x: serve}\n"
	    "telemetry:\n"                                  /* 37 */
	    "- a\n";
	static const char *const wanted[] = {
	    "t.yaml:3:12: error: 'version' takes text",
	    "t.yaml:4:12: error: 'enabled' takes true or false",
	    "t.yaml:5:1: error: unknown key 'gatewya'",
	    "did you mean 'gateway'?",
	    "t.yaml:8:26: error: 'listen' takes an address",
	    "t.yaml:9:17: error: 'block_status' must be from 400 to 599",
	    "t.yaml:10:12: error: 'workers' takes a whole number",
	    "t.yaml:11:14: error: 'alow' is not a value of 'fail_mode'",
	    "did you mean 'allow'? one of: block, allow",
	    "t.yaml:12:18: error: 'drain_seconds' takes a whole number",
	    "t.yaml:13:19: error: 'max_body_bytes' takes a number of bytes",
	    "t.yaml:15:11: error: 'secret-scaner' is not a policy kind",
	    "did you mean 'secret-scanner'? kinds: prompt-injection, ",
	    "t.yaml:15:31: error: 'pii-detector' is in the chain twice",
	    "t.yaml:18:5: error: unknown key 'acton' in policy.secret-scanner",
	    "did you mean 'action'? keys here: enabled, mode, on_error, ",
	    "t.yaml:19:11: error: 'observe' is not a value of 'mode'",
	    "t.yaml:20:25: error: 'tools' is in 'components' twice",
	    "t.yaml:21:3: error: unknown key 'dlp' in policy",
	    "t.yaml:24:5: error: providers.targets[] needs 'id'",
	    "t.yaml:24:15: error: 'antropic' is not a provider",
	    "did you mean 'anthropic'?",
	    "t.yaml:27:12: error: 'model' and the model in 'provider' differ",
	    "t.yaml:28:15: error: 'base_url' must begin with https://",
	    "t.yaml:29:22: error: 'timeout_seconds' takes a whole number",
	    "t.yaml:30:28: error: 'total_timeout_seconds' is shorter",
	    "t.yaml:31:9: error: id 'b' is taken, first in line 25",
	    "t.yaml:33:15: error: header name is not a token",
	    "t.yaml:33:23: error: header belongs to the connection",
	    "remove it: the host is that of the URL",
	    "t.yaml:35:19: error: 'retention_days' is below 183",
	    "t.yaml:36:10: error: a route is a path",
	    "t.yaml:36:34: error: 'serve' is not a value of 'routes'",
	    "t.yaml:38:1: error: telemetry is a mapping of settings",
	};
	const char *last = NULL;
	struct load l;

	load(&l, yaml);
	ok(l.rc == KT_E_PARSE && l.settings == NULL);
	for (size_t i = 0; i < KT_NELEMS(wanted); i++)
		ok(says(&l, wanted[i]));
	/* Nothing else, and in the order of the file. */
	ok(l.d->n == 28);
	for (size_t i = 0; i < l.d->n; i++)
		ok(i == 0 || l.d->at[i - 1].at.line <= l.d->at[i].at.line);
	for (size_t i = 0; i < KT_NELEMS(wanted); i++) {
		const char *at = strstr(l.text.ptr, wanted[i]);

		if (strncmp(wanted[i], "t.yaml", 6) != 0)
			continue;
		ok(last == NULL || at == NULL || last < at);
		last = at;
	}
	drop(&l);
}

static void
the_excerpt_shows_the_line_and_marks_the_word(void)
{
	struct load l;

	load(&l, HEAD TAIL "gateway:\n\tfail_mode: alow\n");
	ok(says(&l, "not YAML")); /* a tab indents nothing */
	drop(&l);
	load(&l, HEAD TAIL "gateway:\n  fail_mode: alow # no\n");
	ok(says(&l, "t.yaml:7:14: error: "));
	ok(says(&l, "    7 |   fail_mode: alow # no\n"
	    "      |              ^~~~\n"));
	drop(&l);
	load(&l, HEAD TAIL "audit: {below_minimum: gr\xc3\xbc\xc3\x9f, content: x}\n");
	ok(says(&l, "t.yaml:6:39: error: 'x' is not a value of 'content'"));
	ok(says(&l, "\n      |                                       ^\n"));
	drop(&l);
}

static void
later_files_override_key_by_key_and_mistakes_name_their_file(void)
{
	const struct kt_config_target *t;
	struct load l;

	l.files[0] = (struct kt_config_source){ KT_SPAN("a.yaml"), KT_SPAN(
	    HEAD "gateway: {block_status: 451, drain_seconds: 9, listen: "
	    "[\"127.0.0.1:1\", \"127.0.0.1:2\"]}\n" TAIL) };
	l.files[1] = (struct kt_config_source){ KT_SPAN("b.yaml"), KT_SPAN(
	    "gateway:\n  drain_seconds: null\n  listen: 127.0.0.1:3\n"
	    "policies: {chain: [secret-scanner]}\n"
	    "policy: {secret-scanner: {action: flag}}\n") };
	l.files[2] = (struct kt_config_source){ KT_SPAN("c.yaml"), KT_SPAN(
	    "policy: {secret-scanner: {window_bytes: 2 KiB}}\n"
	    "providers: {targets: [{id: z, provider: offline}]}\n") };
	load_files(&l, 3);
	ok(l.rc == KT_OK && says(&l, ""));
	if (l.rc == KT_OK) {
		const struct scanner *s = l.settings->policies.links[0].settings;

		t = l.settings->providers.targets.at;
		ok(l.settings->gateway.block_status == 451);
		ok(l.settings->gateway.drain_seconds == 30);
		ok(l.settings->gateway.listen.n == 1);
		ok(l.settings->policies.links_n == 1);
		ok(l.settings->providers.targets.n == 1);
		ok(kt_span_eq(t->id, KT_SPAN("z")) && t->node->at.file == 2);
		ok(s->action == 2 && s->window_bytes == 2048);
		ok(s->common.node->at.file == 1);
	}
	drop(&l);
	l.files[2].bytes = KT_SPAN("\nproviders: {targets: [{id: 1}]}\n");
	load_files(&l, 3);
	ok(says(&l, "c.yaml:2:28: error: 'id' takes text"));
	ok(says(&l, "c.yaml:2:23: error: providers.targets[] needs 'provider'"));
	drop(&l);
}

static void
a_secret_is_a_reference_and_is_never_repeated(void)
{
	static const char *const cases[] = {
		"    secret_key_ref: hunter2\n",
		"    secret_key_ref: {env: hunter2-x}\n",
		"    secret_key_ref: {hunter2}\n",
		"    secret_key_ref: {key: hunter2}\n",
		"    secret_key_ref: [hunter2]\n",
		"    secret_key_ref: {env: A, file: hunter2}\n",
		"    secret_key_ref:\n      env: [hunter2]\n",
		"    api_key: hunter2\n",
		"    api_key: {a: [hunter2], b: 1}\n",
		"    headers: {authorization: Bearer hunter2, b: [1]}\n",
		"    headers:\n      x-api-key: hunter2\n",
		"    cli_env: {ANTHROPIC_API_KEY: hunter2}\n",
		"    base_url: https://u:hunter2@host/\n",
		"    base_url: https://host/?key=hunter2\n",
		"    api_key_prefix: \"hunter2\\n\"\n",
		"    pricing: hunter2\n",
		"    secret_key_ref: hunter2: x\n",
		"    model: 'x\n hunter2\n",
		"    data_policy: {api_key: \"a\n      hunter2\", zrd: 1}\n",
		"    id: hunter2\n",
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char yaml[512];
		struct load l;

		(void)snprintf(yaml, sizeof(yaml), "%sproviders:\n  targets:\n"
		    "  - id: a\n    provider: anthropic\n%s", HEAD, cases[i]);
		load(&l, yaml);
		ok(l.rc == KT_E_PARSE && l.d->n > 0);
		if (!ok(strstr(l.text.ptr, "hunter2") == NULL))
			printf("# %s", l.text.ptr);
		drop(&l);
	}
}

/* The printed schema asks for a string in each. */
static void
a_line_that_cannot_be_read_shows_no_more_than_its_key(void)
{
	static const char *const cases[] = {
		"    secret_key_ref: |\n-----BEGIN KEY-----\nhunter2\nmore\n",
		"    headers:\n      - \"a\" hunter2\n",
		("    \"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"\xc3\xa9\xc3\xa9\xc3\xa9\": \"a\" hunter2\n"),
	};
	char text[256];

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct load l;

		(void)snprintf(text, sizeof(text), HEAD TAIL
		    "providers:\n  targets:\n  - id: a\n%s", cases[i]);
		load(&l, text);
		ok(says(&l, "not YAML"));
		ok(!says(&l, "hun"));
		drop(&l);
	}
}

static void
what_yaml_reads_as_no_text_names_no_secret(void)
{
	static const struct {
		const char *at;
		bool is_text;
	} cases[] = {
		{ "{env: true}", false }, { "{file: false}", false },
		{ "{file: 12}", false }, { "{env: \"true\"}", true },
		{ "{file: '12'}", true }, { "{env: truth}", true },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char yaml[512];
		struct load l;

		(void)snprintf(yaml, sizeof(yaml), "%sproviders:\n  targets:\n"
		    "  - id: a\n    provider: anthropic\n"
		    "    secret_key_ref: %s\n", HEAD, cases[i].at);
		load(&l, yaml);
		if (!ok((l.rc == KT_OK) == cases[i].is_text))
			printf("# %s\n", cases[i].at);
		drop(&l);
	}
}

static void
what_no_call_could_use_is_told_before_the_first_one(void)
{
	static const struct {
		const char *auth, *target, *wanted;
	} cases[] = {
		{ "none", "base_url: http://h:8000/v1", "" },
		{ "none", "base_url: http://[::1]:8000", "" },
		{ "none", "base_url: http://h:0", "has a port that is none" },
		{ "none", "base_url: http://h:99999/", "a port that is none" },
		{ "none", "base_url: http://h:/", "a port that is none" },
		{ "none", "base_url: http://[::1", "has a port that is none" },
		{ "none", "base_url: http://h:80?x=1", "has a query" },
		{ "none", "base_url: http://h/?x=1", "has a query" },
		{ "none", "anthropic_version: \"a\\n\"", "a control character" },
		{ "none", "api_key_prefix: \"a\\r\\n\"", "a control character" },
		{ "jwt", "region: eu", "'jwt' is not available" },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char yaml[512];
		struct load l;

		(void)snprintf(yaml, sizeof(yaml), "%sauth: {mode: %s}\n"
		    "providers:\n  targets:\n  - id: a\n    provider: anthropic\n"
		    "    %s\n", HEAD, cases[i].auth, cases[i].target);
		load(&l, yaml);
		ok((l.rc == KT_OK) == (cases[i].wanted[0] == '\0'));
		if (!ok(l.rc == KT_OK ||
		        strstr(l.text.ptr, cases[i].wanted) != NULL))
			printf("# %s: %s", cases[i].target, l.text.ptr);
		drop(&l);
	}
}

/* Who tells of mistakes goes on with the settings. */
static void
what_was_refused_has_its_default(void)
{
	const struct kt_settings *s = NULL;
	struct load l;

	load(&l, HEAD TAIL "gateway: {workers: 100000, max_body_bytes: 1,"
	    " block_status: 12, drain_seconds: -1}\n"
	    "recording: {directory: d, sample: 7}\n");
	ok(l.rc == KT_E_PARSE && l.d->n == 5);
	l.d->n = 0;
	ok(kt_config_load_all(&s, kinds, KT_NELEMS(kinds), l.mem, l.d) ==
	    KT_E_PARSE);
	if (ok(s != NULL)) {
		ok(s->gateway.workers == 0 && s->gateway.block_status == 403);
		ok(s->gateway.max_body_bytes == 33554432);
		ok(s->gateway.drain_seconds == 30);
		ok(s->recording.sample > 0.99 && s->recording.sample < 1.01);
	}
	drop(&l);
}

static void
yaml_that_shares_or_repeats_is_refused(void)
{
	static const struct {
		const char *yaml, *wanted;
	} cases[] = {
		{ "a: &x 1\nb: *x\n", "t.yaml:1:4: error: anchors are not" },
		{ "a: &x 1\nb: *x\n", "t.yaml:2:4: error: aliases are not" },
		{ "a: !!str 1\n", "t.yaml:1:4: error: tags such as" },
		{ "a: 1\nb: 2\na: 3\n",
		    "t.yaml:3:1: error: 'a' is said twice, first in line 1" },
		{ "a: 1\n---\nb: 1\n", "t.yaml:2:1: error: a file holds one" },
		{ "[a]: 1\n", "t.yaml:1:1: error: a key must be a word" },
		{ "? {a: b}\n: 1\n", "t.yaml:1:3: error: a key must be a word" },
		{ "- a\n", "t.yaml:1:1: error: a configuration is a mapping" },
		{ "a: [1\n", "t.yaml:2:1: error: not YAML: did not find" },
		{ "a: \xff\n", "t.yaml:1:4: error: the text is not UTF-8" },
		{ "\n\xef\xbb\xbf", "t.yaml:2:1: error: a byte order mark" },
		{ "a: \xe2\x80\xae" "b\n", "t.yaml:1:4: error: an invisible line" },
		{ "a: b\rc: d\n", "t.yaml:1:5: error: a carriage return" },
		{ "a: \x1b[2J\n", "t.yaml:1:4: error: a control character" },
		{ "\"\\e[2J\": 1\n", "unknown key '?[2J'" },
		{ "pack:\n  name:\n", "t.yaml:2:3: error: 'name' has no value" },
		{ "", "t.yaml:1:1: error: policy-config.yaml needs 'pack'" },
		{ "binds:\n- port: 3000\n",
		    "t.yaml:1:1: error: this is a configuration of agentgateway" },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct load l;

		load(&l, cases[i].yaml);
		ok(l.rc == KT_E_PARSE);
		ok(says(&l, cases[i].wanted));
		drop(&l);
	}
}

/* What a hostile file is made of, many times; '@' becomes a number. */
static void
refuses_fast(const char *head, const char *piece, size_t n, const char *wanted)
{
	struct kt_buf b;
	struct load l;

	kt_buf_init(&b, 64u << 20);
	ok(kt_buf_add(&b, kt_span_of(head)) == KT_OK);
	for (size_t i = 0; i < n; i++) {
		for (const char *c = piece; *c != '\0'; c++)
			ok((*c == '@' ? kt_buf_printf(&b, "%zu", i) :
			    kt_buf_addc(&b, *c)) == KT_OK);
	}
	l.files[0] = (struct kt_config_source){ KT_SPAN("t.yaml"),
		kt_buf_span(&b) };
	load_files(&l, 1);
	ok(l.rc == KT_E_PARSE && says(&l, wanted));
	ok(l.d->n <= KT_CONFIG_DIAGS_MAX);
	ok(kt_arena_used(l.mem) < (48u << 20));
	drop(&l);
	kt_buf_fini(&b);
}

static void
hostile_files_meet_a_bound(void)
{
	refuses_fast("a0: &a0 [x,x,x,x,x,x,x,x,x]\n",
	    "a@0: &b@ [*a0,*a0,*a0,*a0,*a0,*a0,*a0]\n", 500,
	    "and ");
	/* KT_CONFIG_DEPTH_MAX */
	refuses_fast("a: ", "[", 100000, "nested too deeply");
	refuses_fast("a: ", "{b: ", 100000, "nested too deeply");
	/* KT_CONFIG_NODES_MAX */
	refuses_fast("a: [", "0,", KT_CONFIG_NODES_MAX + 10, "too many values");
	/* KT_CONFIG_BYTES_MAX */
	refuses_fast("", "# 456789abcdef\n", KT_CONFIG_BYTES_MAX / 15 + 9,
	    "the file has");
	/* KT_CONFIG_DIAGS_MAX */
	refuses_fast("", "k@: 1\n", 50000, "and 49");
}

static void
no_more_files_than_the_bound(void)
{
	static struct kt_config_source many[KT_CONFIG_FILES_MAX + 1];
	struct load l = { .mem = kt_arena_new(1u << 20) };

	l.d = kt_alloc(sizeof(*l.d));
	l.d->files = many;
	l.d->files_n = KT_NELEMS(many);
	ok(kt_config_load(&l.settings, kinds, KT_NELEMS(kinds), l.mem, l.d) ==
	    KT_E_PARSE && l.d->n == 1);
	kt_arena_free(&l.mem);
	kt_free(l.d);
}

static void
starved_loading_never_gives_settings(void)
{
	struct kt_config_diags *d = kt_alloc(sizeof(*d));
	struct kt_config_source file = { KT_SPAN("t.yaml"), KT_SPAN(
	    HEAD "routes: {/v1/x: deny}\ngateway: {listen: [\"127.0.0.1:1\"]}\n"
	    TAIL) };
	bool was_fed = false;

	for (size_t cap = 0; cap < 40000 && !was_fed; cap += 16) {
		struct kt_arena *mem = kt_arena_new(cap);
		const struct kt_settings *s = NULL;

		memset(d, 0, sizeof(*d));
		d->files = &file;
		d->files_n = 1;
		if (kt_config_load(&s, kinds, KT_NELEMS(kinds), mem, d) == KT_OK) {
			was_fed = true;
			ok(s->gateway.block_status == 403 && s->routes.n == 1);
			ok(s->routes.at[0].word == KT_ENDPOINT_DENY);
		} else {
			ok(s == NULL && d->n > 0);
		}
		kt_arena_free(&mem);
	}
	ok(was_fed);
	kt_free(d);
}

static void
shorthands_become_fields(void)
{
	const struct kt_config_target *t;
	struct load l;

	load(&l, HEAD "providers:\n  targets:\n"
	    "  - {id: a, provider: \"anthropic:messages:m:1\", zdr: true}\n"
	    "  - {id: b, provider: openai, timeout_seconds: 7}\n"
	    "  - {id: c, provider: offline}\n");
	ok(l.rc == KT_OK && says(&l, ""));
	if (l.rc == KT_OK) {
		t = l.settings->providers.targets.at;
		ok(kt_span_eq(t[0].vendor_kind, KT_SPAN("messages")));
		ok(kt_span_eq(t[0].model, KT_SPAN("m:1")));
		ok(t[0].data_policy.zero_data_retention);
		ok(!t[1].data_policy.zero_data_retention);
		ok(t[1].vendor == KT_CONFIG_OPENAI);
		ok(t[1].stream_timeout_seconds == 7);
		ok(kt_span_eq(t[1].api_key_prefix, KT_SPAN("Bearer ")));
		ok(t[2].vendor == KT_CONFIG_OFFLINE && t[2].base_url.ptr == NULL);
	}
	drop(&l);
}

static void
addresses_are_numeric(void)
{
	static const char *const good[] = { "127.0.0.1:8080", "[::1]:0",
		"localhost:1", "0.0.0.0:65535" };
	static const char *const bad[] = { "", ":", "127.0.0.1", "host:80",
		"127.0.0.1:65536", "127.0.0.1:", "::1:80", "[::1]", "[]:1",
		"127.0.0.1:0080000", "1.2.3:4", "[127.0.0.1]:1", "a b:1" };
	struct kt_config_address a;

	for (size_t i = 0; i < KT_NELEMS(good); i++) {
		ok(kt_config_address(kt_span_of(good[i]), &a));
		ok(a.is_loopback == (i < 3) && a.is_v6 == (i == 1));
	}
	for (size_t i = 0; i < KT_NELEMS(bad); i++)
		ok(!kt_config_address(kt_span_of(bad[i]), &a));
}

static void
a_guess_is_near_or_not_made(void)
{
	static const struct {
		const char *word, *best;
	} cases[] = {
		{ "retentoin_days", "retention_days" }, { "Mode", "mode" },
		{ "retention-days", "retention_days" }, { "x", NULL },
		{ "completely_else", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct kt_config_nearest near;

		kt_config_nearest_init(&near, kt_span_of(cases[i].word));
		kt_config_nearest_try(&near, "mode");
		kt_config_nearest_try(&near, "retention_days");
		ok((near.best == NULL) == (cases[i].best == NULL));
		ok(near.best == NULL || strcmp(near.best, cases[i].best) == 0);
	}
	/* KT_CONFIG_WORD_MAX */
	char word[KT_CONFIG_WORD_MAX + 2] = "";
	struct kt_config_nearest near;

	memset(word, 'a', sizeof(word) - 1);
	kt_config_nearest_init(&near, kt_span_of(word));
	kt_config_nearest_try(&near, word);
	ok(near.best == NULL);
}

static struct kt_span
read_whole(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *bytes;
	size_t n;

	if (f == NULL)
		return (struct kt_span){ 0 };
	bytes = kt_alloc(65536);
	n = fread(bytes, 1, 65535, f);
	(void)fclose(f);
	return (struct kt_span){ bytes, n };
}

static void
the_examples_that_users_have_load_unchanged(void)
{
	static const char *const names[] = { "01-gateway", "03-streaming",
		"04-multi-model-fallback", "05-format-translation",
		"06-claude-agent-sdk", "07-circuit-breaker", "08-retry",
		"09-zero-data-retention", "10-cross-provider-fallback",
		"11-rate-limiting" };
	const char *src = getenv("KT_SRCDIR");

	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		char path[512];
		struct load l;

		(void)snprintf(path, sizeof(path),
		    "%s/../shared/corpora/configs/%s.yaml", src ? src : ".",
		    names[i]);
		l.files[0].name = kt_span_of(names[i]);
		l.files[0].bytes = read_whole(path);
		load_files(&l, 1);
		ok(l.rc == KT_OK && says(&l, ""));
		kt_free((char *)l.files[0].bytes.ptr);
		drop(&l);
	}
}

static bool
has_examples(void)
{
	const char *src = getenv("KT_SRCDIR");
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path),
	    "%s/../shared/corpora/configs/01-gateway.yaml", src ? src : ".");
	f = fopen(path, "rb");
	if (f != NULL)
		(void)fclose(f);
	return f != NULL;
}

int
main(void)
{
	RUN(a_small_file_loads_with_every_default_filled_in);
	RUN(every_mistake_is_told_at_its_place_in_one_run);
	RUN(the_excerpt_shows_the_line_and_marks_the_word);
	RUN(later_files_override_key_by_key_and_mistakes_name_their_file);
	RUN(a_secret_is_a_reference_and_is_never_repeated);
	RUN(a_line_that_cannot_be_read_shows_no_more_than_its_key);
	RUN(what_yaml_reads_as_no_text_names_no_secret);
	RUN(what_no_call_could_use_is_told_before_the_first_one);
	RUN(what_was_refused_has_its_default);
	RUN(yaml_that_shares_or_repeats_is_refused);
	RUN(hostile_files_meet_a_bound);
	RUN(no_more_files_than_the_bound);
	RUN(starved_loading_never_gives_settings);
	RUN(shorthands_become_fields);
	RUN(addresses_are_numeric);
	RUN(a_guess_is_near_or_not_made);
	if (has_examples())
		RUN(the_examples_that_users_have_load_unchanged);
	else
		SKIP(the_examples_that_users_have_load_unchanged,
		    "../shared is not there");
	return done();
}
