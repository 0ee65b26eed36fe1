/*
 * agent-firewall - which tools a model may call, with which arguments, and
 * what may come back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rule that allows wants every value of an argument to hold, one that
 * denies is content with any: what cannot be read is denied both ways.
 */
#include "config/callers.h"
#include "detect/regex.h"
#include "json/text.h"
#include "policy/constraint.h"
#include "policy/policy_priv.h"
#include "policy/tool.h"

enum rule_action { ALLOW, DENY, REDACT, FLAG };
static const char *const rule_actions[] = { "allow", "deny", "redact", "flag",
	"block=deny", NULL };

struct rule {
	const struct kt_config_node *node;
	struct kt_span name, tool;
	struct kt_config_items when; /* struct kt_constraint */
	int action;
	struct kt_config_strings arguments;
};
struct cut {
	const struct kt_config_node *node;
	struct kt_span tool, pointer, pattern;
};
struct results {
	const struct kt_config_node *node;
	struct kt_config_items redact; /* struct cut */
	int max_class;                 /* enum kt_class, AS_PROMPT or -1 */
};
struct computer {
	const struct kt_config_node *node;
	struct kt_config_strings tools, allowed_domains;
	struct kt_config_strings allowed_actions, blocked_actions;
};
struct remote {
	const struct kt_config_node *node;
	struct kt_config_strings allow, domains;
};
struct settings {
	struct kt_config_common common;
	struct kt_config_strings allowed_tools, blocked_tools;
	struct kt_config_items rules;
	int64_t max_actions_per_session;
	struct results results;
	struct computer computer_use;
	struct remote server_tools, mcp_servers;
};

/* A class of data, or that of the prompt. */
static const char *const classes[] = {
#define KT_CLASS(id, name, meaning) name,
#define KT_THREAT(id, name, meaning)
#include "chat/class.def"
	"prompt",
	NULL,
};
enum { AS_PROMPT = KT_CLASS_SECRET + 1 };

#define S struct rule
static const struct kt_config_field rule_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .doc = "Name in records"),
	KT_CONFIG_FIELD(S, STRING, tool, .is_required = true,
	    .doc = "Tools it is about, by name or pattern"),
	KT_CONFIG_FIELD(S, NAMED, when, .table = &kt_constraint_table,
	    .doc = "Constraints by JSON pointer into the arguments, such as "
	           "/path; all must hold"),
	KT_CONFIG_FIELD(S, ENUM, action, .is_required = true,
	    .names = rule_actions,
	    .doc = "What becomes of the call; redact replaces the arguments "
	           "named in arguments"),
	KT_CONFIG_FIELD(S, STRINGS, arguments,
	    .doc = "For redact: JSON pointers of what is replaced"),
};
#undef S

static void
check_rule(void *section, struct kt_config_ctx *ctx)
{
	const struct rule *r = section;
	const struct kt_config_node *at = r->arguments.node;

	if (r->node != NULL && r->action == REDACT && r->arguments.n == 0)
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, r->node, "action",
		    "a rule that redacts names the arguments it replaces");
	for (at = at != NULL ? at->first : NULL; at != NULL; at = at->next)
		kt_constraint_check_pointer(ctx, at, at->text);
}

static const struct kt_config_table rule_table = {
	.name = "policy.agent-firewall.rules[]",
	.doc = "One rule; the first that matches decides",
	.size = sizeof(struct rule),
	.fields = rule_fields, .n = KT_NELEMS(rule_fields),
	.check = check_rule,
};

#define S struct cut
static const struct kt_config_field cut_fields[] = {
	KT_CONFIG_FIELD(S, STRING, tool, .fallback = "*",
	    .doc = "Tools whose results it is about, by name or pattern; a "
	           "result whose call is not in the request is of all of them"),
	KT_CONFIG_FIELD(S, STRING, pointer,
	    .doc = "JSON pointer of the value to replace, in results that are "
	           "JSON or have it in their first fence of Markdown; one that "
	           "begins like JSON, behind blanks or a byte order mark, and "
	           "is not (names twice, several texts that are one only "
	           "together) is replaced whole"),
	KT_CONFIG_FIELD(S, STRING, pattern,
	    .doc = "Regular expression; its matches are replaced"),
};
#undef S

static void
check_cut(void *section, struct kt_config_ctx *ctx)
{
	const struct cut *c = section;
	struct kt_detect_regex *r = NULL;
	struct kt_err err = { 0 };

	if (c->node == NULL)
		return;
	if ((c->pointer.ptr == NULL) == (c->pattern.ptr == NULL))
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, c->node, "pointer",
		    "give either 'pointer' or 'pattern'");
	kt_constraint_check_pointer(ctx,
	    kt_config_get(c->node, KT_SPAN("pointer")), c->pointer);
	if (c->pattern.ptr != NULL &&
	    kt_detect_regex_new(
	        &r, c->pattern, KT_DETECT_REGEX_LINE, &err) < 0)
		kt_config_fault(
		    ctx, KT_CONFIG_FORM, c->node, "pattern", "%s", err.text);
	kt_detect_regex_free(&r);
}

static const struct kt_config_table cut_table = {
	.name = "policy.agent-firewall.results.redact[]",
	.doc = "What is taken out of results",
	.size = sizeof(struct cut),
	.fields = cut_fields, .n = KT_NELEMS(cut_fields),
	.check = check_cut,
};

static const struct kt_config_field results_fields[] = {
	KT_CONFIG_FIELD(struct results, SECTIONS, redact, .table = &cut_table,
	    .doc = "What is replaced by [REDACTED]"),
	KT_CONFIG_FIELD(struct results, ENUM, max_class, .names = classes,
	    .doc = "Refuse requests whose tool results are of a higher class; "
	           "prompt stands for the class of system and messages"),
};
static const struct kt_config_table results_table = {
	.name = "policy.agent-firewall.results",
	.doc = "What tools may give back",
	.size = sizeof(struct results),
	.fields = results_fields, .n = KT_NELEMS(results_fields),
};

#define S struct computer
static const struct kt_config_field computer_fields[] = {
	KT_CONFIG_FIELD(S, STRINGS, tools,
	    .fallback = "[computer, computer_*, browser, browser_*, navigate]",
	    .doc = "Tools that act on a screen, by name or pattern; members of "
	           "their toolsets count as well"),
	KT_CONFIG_FIELD(S, STRINGS, allowed_domains,
	    .doc = "Hosts that may be navigated to or typed; empty, all; "
	           "*.example.org for what is below it"),
	KT_CONFIG_FIELD(S, STRINGS, allowed_actions,
	    .doc = "Actions by name or pattern; empty, all"),
	KT_CONFIG_FIELD(S, STRINGS, blocked_actions,
	    .doc = "Actions by name or pattern that are never done"),
};
#undef S
static void
check_computer(void *section, struct kt_config_ctx *ctx)
{
	kt_constraint_check_hosts(
	    ctx, &((const struct computer *)section)->allowed_domains);
}

static const struct kt_config_table computer_table = {
	.name = "policy.agent-firewall.computer_use",
	.doc = "Each action on a screen or in a browser",
	.size = sizeof(struct computer),
	.fields = computer_fields, .n = KT_NELEMS(computer_fields),
	.check = check_computer,
};

static void
check_remote(void *section, struct kt_config_ctx *ctx)
{
	kt_constraint_check_hosts(
	    ctx, &((const struct remote *)section)->domains);
}

static const struct kt_config_field server_fields[] = {
	KT_CONFIG_FIELD(struct remote, STRINGS, allow,
	    .doc = "Tools by name or pattern, the name that is in their type; "
	           "empty, none"),
	KT_CONFIG_FIELD(struct remote, STRINGS, domains,
	    .doc = "A definition of a web tool must limit itself to these; "
	           "empty, it need not"),
};
static const struct kt_config_table server_table = {
	.name = "policy.agent-firewall.server_tools",
	.doc = "Tools that the vendor runs; their calls cannot be held back, so "
	       "requests that offer others are refused",
	.size = sizeof(struct remote),
	.fields = server_fields, .n = KT_NELEMS(server_fields),
	.check = check_remote,
};

static const struct kt_config_field mcp_fields[] = {
	KT_CONFIG_FIELD(struct remote, STRINGS, allow,
	    .doc = "Servers by name or pattern; empty, none"),
	KT_CONFIG_FIELD(struct remote, STRINGS, domains,
	    .doc = "Hosts of their URLs; empty, all"),
};
static const struct kt_config_table mcp_table = {
	.name = "policy.agent-firewall.mcp_servers",
	.doc = "MCP servers that the vendor connects to; requests that name "
	       "others are refused",
	.size = sizeof(struct remote),
	.fields = mcp_fields, .n = KT_NELEMS(mcp_fields),
	.check = check_remote,
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, STRINGS, blocked_tools,
	    .doc = "Tools by name or pattern that are never called"),
	KT_CONFIG_FIELD(struct settings, STRINGS, allowed_tools,
	    .doc = "Tools by name or pattern; when given, all others are denied"),
	KT_CONFIG_FIELD(struct settings, SECTIONS, rules, .table = &rule_table,
	    .doc = "Rules for what both lists let through; the first that "
	           "matches decides, and without one the call is released"),
	KT_CONFIG_FIELD(struct settings, INT, max_actions_per_session,
	    .max = INT64_MAX, .fallback = "0",
	    .doc = "Calls of one conversation, counted in what the client sends "
	           "of it; 0: no limit"),
	KT_CONFIG_SUBSECTION(struct settings, results, &results_table,
	    .doc = "What tools may give back"),
	KT_CONFIG_SUBSECTION(struct settings, computer_use, &computer_table,
	    .doc = "Each action on a screen or in a browser"),
	KT_CONFIG_SUBSECTION(struct settings, server_tools, &server_table,
	    .is_switch = true, .doc = "Tools that the vendor runs; absent, all"),
	KT_CONFIG_SUBSECTION(struct settings, mcp_servers, &mcp_table,
	    .is_switch = true,
	    .doc = "MCP servers that the vendor connects to; absent, all"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "agent-firewall", fields,
	.doc = "Calls of tools are held until they are complete, then released, "
	       "redacted, or withheld whole");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static uint32_t
member(const struct kt_tool *t, uint32_t object, const char *name)
{
	if (t->json == NULL ||
	    kt_json_type(t->json, object) != KT_JSON_OBJECT)
		return 0;
	return kt_json_member(t->json, t->text, object, kt_span_of(name));
}

/* ---- offers ---- */

/* Every entry of the definition's own list is one of ours. */
static bool
is_limited_to(const struct kt_tool *t, const struct kt_config_strings *domains)
{
	uint32_t list = member(t, t->root, "allowed_domains");
	bool has_any = false;

	if (list == 0)
		list = member(
		    t, member(t, t->root, "filters"), "allowed_domains");
	if (t->json == NULL || kt_json_type(t->json, list) != KT_JSON_ARRAY)
		return false;
	for (uint32_t n = kt_json_first(t->json, list); n != 0;
	     n = kt_json_next(t->json, n)) {
		struct kt_span host;

		if (kt_json_type(t->json, n) != KT_JSON_STRING ||
		    kt_json_has_escapes(t->json, n) ||
		    !kt_constraint_host(
		        kt_json_string(t->json, t->text, n), &host) ||
		    !kt_constraint_covers(domains, host))
			return false;
		has_any = true;
	}
	return has_any;
}

/* Could who runs it take the name for one of those: in other case, or with
   letters that only look like others or that nobody sees? */
static bool
may_be(struct kt_span pattern, struct kt_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
			return true;
	return kt_span_caseglob(pattern, name);
}

static bool
may_be_one_of(const struct kt_config_strings *names, struct kt_span name)
{
	size_t i = 0;

	while (i < names->n && !may_be(names->at[i], name))
		i++;
	return i < names->n;
}

static enum kt_action
judge_offer(const struct settings *s, const struct kt_tool *t,
    struct kt_tool_opinion *o)
{
	const struct remote *r = t->is_server || t->set.len > 0 ?
	    &s->mcp_servers : &s->server_tools;
	struct kt_span name = t->is_server || t->set.len > 0 ? t->set : t->name;
	struct kt_span host;

	if (!t->is_remote)
		return KT_ACTION_IGNORE;
	o->reason = KT_REASON_TOOL_SERVER;
	if (may_be_one_of(&s->blocked_tools, t->name) ||
	    (s->allowed_tools.node != NULL && !t->is_server &&
	        t->set.len == 0 && !kt_policy_is_listed(&s->allowed_tools, t->name)))
		return KT_ACTION_BLOCK;
	if (r->node == NULL)
		return KT_ACTION_IGNORE;
	if (!kt_policy_is_listed(&r->allow, name))
		return KT_ACTION_BLOCK;
	if (r->domains.n == 0)
		return KT_ACTION_IGNORE;
	o->reason = KT_REASON_TOOL_DOMAIN;
	if (r == &s->mcp_servers) {
		if (t->url.len == 0) /* names a server that stands elsewhere */
			return KT_ACTION_IGNORE;
		return kt_constraint_host(t->url, &host) &&
		        kt_constraint_covers(&r->domains, host) ?
		    KT_ACTION_IGNORE : KT_ACTION_BLOCK;
	}
	return !kt_span_starts(t->name, KT_SPAN("web_")) ||
	        is_limited_to(t, &r->domains) ?
	    KT_ACTION_IGNORE : KT_ACTION_BLOCK;
}

/* ---- screens and browsers ---- */

static struct kt_span
plain(const struct kt_tool *t, uint32_t n)
{
	struct kt_span s = { 0 };

	if (t->json == NULL || (kt_json_type(t->json, n) != KT_JSON_STRING &&
	        kt_json_type(t->json, n) != KT_JSON_NAME))
		return s;
	s = kt_json_string(t->json, t->text, n);
	if (kt_json_has_escapes(t->json, n) &&
	    kt_json_unescape(s, t->mem, &s, NULL) < 0)
		s = KT_SPAN("\n"); /* neither an action nor a host */
	return s;
}

static bool
is_on_screen(const struct settings *s, const struct kt_tool *t)
{
	const struct kt_config_strings *tools = &s->computer_use.tools;

	return may_be_one_of(tools, t->name) ||
	    (t->set.len > 0 && may_be_one_of(tools, t->set));
}

/* What an object, or an element of a list, says is to be done. */
static struct kt_span
action_of(const struct kt_tool *t, uint32_t n)
{
	uint32_t action = member(t, n, "action");
	struct kt_span s = plain(t, n);

	if (s.len == 0)
		s = plain(t, action);
	if (s.len == 0)
		s = plain(t, member(t, action, "type"));
	return s.len > 0 ? s : plain(t, member(t, n, "type"));
}

/* A colon that makes an address of the word around it: browsers do without
   slashes behind a scheme of the web. */
static bool
ends_scheme(struct kt_span text, size_t colon)
{
	static const struct kt_span web[] = { KT_SPAN_INIT("http"),
		KT_SPAN_INIT("https"), KT_SPAN_INIT("ws"), KT_SPAN_INIT("wss") };
	struct kt_span behind = kt_span_sub(text, colon + 1, text.len);

	if (kt_span_starts(behind, KT_SPAN("//")))
		return true;
	if (behind.len == 0 || (unsigned char)behind.ptr[0] <= ' ')
		return false;
	for (size_t i = 0; i < KT_NELEMS(web); i++) {
		if (colon >= web[i].len && kt_span_caseeq(web[i], kt_span_sub(text,
		        colon - web[i].len, web[i].len)))
			return true;
	}
	return false;
}

/* Every address with a scheme in a text leads to one of the domains. */
static bool
has_only(const struct kt_config_strings *domains, struct kt_span text)
{
	struct kt_span host;

	for (size_t i = 0; i < text.len; i++) {
		size_t from = i, to = i + 1;

		if (text.ptr[i] != ':' || !ends_scheme(text, i))
			continue;
		while (from > 0 && text.ptr[from - 1] > ' ' &&
		    text.ptr[from - 1] != '"' && text.ptr[from - 1] != '(')
			from--;
		while (to < text.len && (unsigned char)text.ptr[to] > ' ' &&
		    text.ptr[to] != '"' && text.ptr[to] != ')')
			to++;
		if (!kt_constraint_host(
		        kt_span_sub(text, from, to - from), &host) ||
		    !kt_constraint_covers(domains, host))
			return false;
		i = to - 1;
	}
	return true;
}

/* Up to a blank, or all. */
static struct kt_span
first_word(struct kt_span s)
{
	size_t n = 0;

	while (n < s.len && (unsigned char)s.ptr[n] > ' ')
		n++;
	return kt_span_sub(s, 0, n);
}

/* Also as hosts are written in other scripts, and as %2E. */
static bool
is_dot(struct kt_span s, size_t at)
{
	static const struct kt_span dots[] = { KT_SPAN_INIT("."),
		KT_SPAN_INIT("\xe3\x80\x82"), KT_SPAN_INIT("\xef\xbc\x8e"),
		KT_SPAN_INIT("\xef\xbd\xa1"), KT_SPAN_INIT("%2e") };

	for (size_t i = 0; i < KT_NELEMS(dots); i++) {
		if (kt_span_caseeq(kt_span_sub(s, at, dots[i].len), dots[i]))
			return true;
	}
	return false;
}

/*
 * One word with a dot or port, as one types it where addresses go; what
 * follows a path or query may have blanks.  A mail address by itself is what
 * one types into forms.
 */
static bool
may_be_address(struct kt_span s)
{
	struct kt_span word = first_word(s);
	size_t end = 0;
	bool has_dot = false, has_mark = false, is_mail;

	while (end < word.len && memchr("/?#\\", word.ptr[end], 4) == NULL) {
		has_dot |= is_dot(word, end);
		end++;
	}
	if (word.len < s.len)
		return has_dot && end > 0 && end < word.len && word.ptr[0] != '.';
	for (size_t i = 0; i < s.len; i++)
		has_mark |= is_dot(s, i) || s.ptr[i] == ':';
	is_mail = kt_span_find(s, '@') < s.len && end == s.len &&
	    kt_span_find(s, ':') == s.len;
	return has_mark && !is_mail && s.len > 2 && s.ptr[0] != '/' &&
	    s.ptr[0] != '.';
}

static bool
is_address_name(struct kt_span name)
{
	static const struct kt_span names[] = { KT_SPAN_INIT("url"),
		KT_SPAN_INIT("uri"), KT_SPAN_INIT("href"),
		KT_SPAN_INIT("address"), KT_SPAN_INIT("start_url") };

	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		if (kt_span_caseeq(name, names[i]))
			return true;
	}
	return false;
}

static bool
stays_within(const struct settings *s, const struct kt_tool *t)
{
	const struct kt_config_strings *domains =
	    &s->computer_use.allowed_domains;
	struct kt_span host;

	if (domains->n == 0 || t->root == 0)
		return true;
	if (t->json == NULL)
		return false;
	for (uint32_t n = t->root; n < t->json->nodes[t->root].next; n++) {
		struct kt_span v, trimmed;
		bool is_place;

		if (kt_json_type(t->json, n) != KT_JSON_STRING)
			continue;
		v = plain(t, n);
		trimmed = kt_span_trim(v);
		while (trimmed.len > 0 &&
		    (trimmed.ptr[trimmed.len - 1] == '\n' ||
		        trimmed.ptr[trimmed.len - 1] == '\r'))
			trimmed.len--;
		/* Of whatever scheme is usual. */
		if (kt_span_starts(trimmed, KT_SPAN("//")))
			trimmed = kt_span_sub(trimmed, 2, trimmed.len);
		is_place = is_address_name(
		    plain(t, kt_json_label_of(t->json, n)));
		if (is_place || may_be_address(trimmed)) {
			if (!is_place)
				trimmed = first_word(trimmed);
			if (!kt_constraint_host(trimmed, &host) ||
			    !kt_constraint_covers(domains, host))
				return false;
		} else if (!has_only(domains, v)) {
			return false;
		}
	}
	return true;
}

static bool
may_do(const struct computer *c, struct kt_span action)
{
	return action.len > 0 &&
	    !may_be_one_of(&c->blocked_actions, action) &&
	    (c->allowed_actions.n == 0 ||
	        kt_policy_is_listed(&c->allowed_actions, action));
}

static bool
is_list(const struct kt_tool *t, uint32_t n)
{
	return kt_json_type(t->json, n) == KT_JSON_ARRAY;
}

/* Every action of a list, or the one that stands in its place. */
static bool
may_do_each(const struct computer *c, const struct kt_tool *t, uint32_t list,
    bool *has_any)
{
	bool has_many = is_list(t, list);
	uint32_t n = has_many ? kt_json_first(t->json, list) :
	    kt_json_type(t->json, list) == KT_JSON_NULL ? 0 : list;

	while (n != 0) {
		struct kt_span action = action_of(t, n);

		if (action.len == 0) /* one call of several tools in a row */
			action = plain(t, member(t, n, "name"));
		if (!may_do(c, action))
			return false;
		*has_any = true;
		n = has_many ? kt_json_next(t->json, n) : 0;
	}
	return true;
}

static bool
may_do_all(const struct computer *c, const struct kt_tool *t, bool *has_any)
{
	uint32_t action = member(t, t->root, "action");
	struct kt_span said = action_of(t, t->root);

	*has_any = said.len > 0;
	return (said.len == 0 || may_do(c, said)) &&
	    (!is_list(t, t->root) || may_do_each(c, t, t->root, has_any)) &&
	    (!is_list(t, action) || may_do_each(c, t, action, has_any)) &&
	    may_do_each(c, t, member(t, t->root, "actions"), has_any);
}

/* A tool's own name is an action where it says no other, and where it belongs
   to a set of tools for screens. */
static bool
may_act(const struct settings *s, const struct kt_tool *t)
{
	const struct computer *c = &s->computer_use;
	bool has_any = false;

	if (c->allowed_actions.n == 0 && c->blocked_actions.n == 0)
		return true;
	if (t->json == NULL && t->root != 0)
		return false;
	if (t->json != NULL && !may_do_all(c, t, &has_any))
		return false;
	if (has_any && kt_policy_is_listed(&c->tools, t->name))
		return !may_be_one_of(&c->blocked_actions, t->name);
	return may_do(c, t->name);
}

/* ---- calls ---- */

/* Arguments have names: who takes a text or a list for them all the same
   reads something else out of it. */
static bool
is_readable(const struct kt_tool *t)
{
	return t->json != NULL &&
	    kt_json_type(t->json, t->root) == KT_JSON_OBJECT;
}

static bool
matches(const struct rule *r, const struct kt_tool *t)
{
	const struct kt_constraint *c = r->when.at;
	enum kt_constraint_need need = r->action == ALLOW ? KT_ALL : KT_ANY;

	if (need == KT_ALL ? !kt_span_glob(r->tool, t->name) :
	                     !may_be(r->tool, t->name))
		return false;
	if (r->when.n > 0 && !is_readable(t) && t->root != 0)
		return need == KT_ANY;
	for (size_t i = 0; i < r->when.n; i++) {
		struct kt_constraint_value v = { .json = t->json,
			.text = t->text, .mem = t->mem,
			.scope = t->who->settings != NULL ?
			    t->who->settings->data_scope : NULL };
		struct kt_span pointer = c[i].node->key;

		if (t->json != NULL && pointer.len == 0)
			v.node = t->root;
		else if (t->json != NULL)
			v.node = kt_json_at(t->json, t->text, pointer);
		if (!kt_constraint_holds(&c[i], &v, need))
			return false;
	}
	return true;
}

/* Where none of the arguments is there, nothing is to be replaced. */
static bool
has_any(const struct kt_tool *t, const struct kt_config_strings *pointers)
{
	for (size_t i = 0; is_readable(t) && i < pointers->n; i++) {
		if (kt_json_at(t->json, t->text, pointers->at[i]) != 0)
			return true;
	}
	return !is_readable(t) && t->root != 0; /* who knows */
}

static enum kt_action
judge_rules(const struct settings *s, const struct kt_tool *t,
    struct kt_tool_opinion *o)
{
	const struct rule *r = s->rules.at;

	for (size_t i = 0; i < s->rules.n; i++) {
		if (!matches(&r[i], t))
			continue;
		o->rule = r[i].name;
		switch ((enum rule_action)r[i].action) {
		case ALLOW:
			return KT_ACTION_IGNORE;
		case DENY:
			o->reason = r[i].when.n > 0 ? KT_REASON_TOOL_ARGUMENT :
			    KT_REASON_TOOL_NAME;
			return KT_ACTION_BLOCK;
		case REDACT:
			if (!has_any(t, &r[i].arguments))
				return KT_ACTION_IGNORE;
			o->reason = KT_REASON_TOOL_ARGUMENT_REDACTED;
			o->redact = &r[i].arguments;
			return KT_ACTION_REDACT;
		case FLAG:
			o->reason = KT_REASON_TOOL_FLAGGED;
			return KT_ACTION_FLAG;
		}
	}
	return KT_ACTION_IGNORE;
}

static enum kt_action
judge_tool(const struct kt_policy *p, const struct kt_tool *t,
    struct kt_tool_opinion *o)
{
	const struct settings *s = of(p);

	if (t->phase == KT_TOOL_OFFER)
		return judge_offer(s, t, o);
	o->reason = KT_REASON_TOOL_NAME;
	/* Who cannot be told what is called denies it. */
	if (t->name.len == 0 ||
	    may_be_one_of(&s->blocked_tools, t->name) ||
	    (s->allowed_tools.node != NULL &&
	        !kt_policy_is_listed(&s->allowed_tools, t->name)))
		return KT_ACTION_BLOCK;
	o->reason = KT_REASON_TOOL_ACTIONS;
	if (s->max_actions_per_session > 0 &&
	    t->before >= (uint64_t)s->max_actions_per_session)
		return KT_ACTION_BLOCK;
	if (is_on_screen(s, t)) {
		o->reason = KT_REASON_TOOL_ACTION;
		if (!may_act(s, t))
			return KT_ACTION_BLOCK;
		o->reason = KT_REASON_TOOL_DOMAIN;
		if (!stays_within(s, t))
			return KT_ACTION_BLOCK;
	}
	return judge_rules(s, t, o);
}

/* ---- results ---- */

static void
cut_matches(const struct cut *c, struct kt_span text, struct kt_tool_cuts *out)
{
	struct kt_detect_regex *r;
	struct kt_err err;
	size_t at = 0, start, end;
	int found = 1;

	if (kt_detect_regex_new(
	        &r, c->pattern, KT_DETECT_REGEX_LINE, &err) < 0) {
		kt_tool_cut_add(out, 0, text.len, false);
		return;
	}
	while (found == 1 && at <= text.len) {
		found = kt_detect_regex_find(r, text, at, &start, &end);
		if (found == 1 && end > start)
			kt_tool_cut_add(out, start, end, false);
		at = found == 1 && end > at ? end : at + 1;
	}
	if (found < 0) /* what could not be searched does not go out */
		kt_tool_cut_add(out, 0, text.len, false);
	kt_detect_regex_free(&r);
}

static void
cut_result(const struct kt_policy *p, struct kt_span tool, struct kt_span text,
    const struct kt_json *json, struct kt_tool_cuts *out)
{
	const struct results *r = &of(p)->results;
	const struct cut *c = r->redact.at;

	for (size_t i = 0; i < r->redact.n; i++) {
		uint32_t n = 0;

		/* Whose result it is may not be told. */
		if (tool.len > 0 && !kt_span_glob(c[i].tool, tool))
			continue;
		if (c[i].pattern.ptr != NULL)
			cut_matches(&c[i], text, out);
		else if (json != NULL)
			n = kt_json_at(json, text, c[i].pointer);
		else if (out->is_broken) /* as above */
			kt_tool_cut_add(out, 0, text.len, false);
		if (n != 0)
			kt_tool_cut_add(out, json->nodes[n].start,
			    json->nodes[n].end, true);
	}
}

static enum kt_reason
weigh(const struct kt_policy *p, const struct kt_member *who,
    const kt_class_set *by_component)
{
	kt_class_set prompt = by_component[KT_COMPONENT_SYSTEM] |
	    by_component[KT_COMPONENT_MESSAGES];
	int max = of(p)->results.max_class;
	int is = (int)kt_class_highest(by_component[KT_COMPONENT_TOOL_RESULTS]);

	(void)who;
	if (max == AS_PROMPT)
		max = (int)kt_class_highest(prompt);
	return max >= 0 && is > max ? KT_REASON_TOOL_CLASS : KT_REASON_NONE;
}

/* Classes are those of the shipped detectors; it only wants to know. */
static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err;
	if (of(p)->results.max_class >= 0)
		kt_policy_select_classes(p, db, kt_classes_above(-1));
	return KT_OK;
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	(void)p, (void)d, (void)f;
	switch (c) {
	case KT_COMPONENT_SYSTEM:
	case KT_COMPONENT_MESSAGES: /* what results are compared with */
	case KT_COMPONENT_TOOL_RESULTS:
	case KT_COMPONENT_DOCUMENTS: /* the rest may stand in a result */
	case KT_COMPONENT_IMAGES:
	case KT_COMPONENT_FILES:
		return KT_ACTION_FLAG;
	default:
		return KT_ACTION_IGNORE;
	}
}

const struct kt_policy_kind kt_policy_agent_firewall = {
	.config = { .name = "agent-firewall", .table = &table },
	.select = choose,
	.judge = judge,
	.tool = judge_tool,
	.cut = cut_result,
	.weigh = weigh,
};
