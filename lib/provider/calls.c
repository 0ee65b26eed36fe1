/*
 * calls - found by the types that blocks and items have.  A type that is not
 * known and ends like a call is one: a new way to run something must not go
 * unseen.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/text.h"
#include "provider/calls.h"
#include "provider/stream_priv.h"

#define SLOT_ANTHROPIC_JSON 2 /* as anthropic.c and openai.c key them */
#define SLOT_OPENAI_JSON 3

struct reader {
	enum kt_format format;
	const struct kt_json *json;
	struct kt_span text;
	struct kt_arena *mem;
	struct kt_call *v;
	size_t n, cap;
	bool is_full;
};

static uint32_t
member(const struct reader *r, uint32_t object, const char *name)
{
	if (kt_json_type(r->json, object) != KT_JSON_OBJECT)
		return 0;
	return kt_json_member(r->json, r->text, object, kt_span_of(name));
}

static uint32_t
either(const struct reader *r, uint32_t object, const char *a, const char *b)
{
	uint32_t n = member(r, object, a);

	return n != 0 ? n : member(r, object, b);
}

static struct kt_span
word(const struct reader *r, uint32_t node)
{
	struct kt_span s = { 0 };

	if (kt_json_type(r->json, node) == KT_JSON_STRING)
		s = kt_json_string(r->json, r->text, node);
	if (kt_json_has_escapes(r->json, node) &&
	    kt_json_unescape(s, r->mem, &s, NULL) < 0)
		s = (struct kt_span){ 0 }; /* a full arena refuses the call */
	return s;
}

static bool
is(const struct reader *r, uint32_t node, const char *want)
{
	return kt_json_is(r->json, r->text, node, kt_span_of(want));
}

static void
add(struct reader *r, struct kt_call c)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 8;
		struct kt_call *v = kt_arena_array(r->mem, cap, sizeof(*v));

		if (v == NULL) {
			r->is_full = true;
			return;
		}
		if (r->n > 0)
			memcpy(v, r->v, r->n * sizeof(*v));
		r->v = v;
		r->cap = cap;
	}
	c.use = KT_CALL_NONE;
	r->v[r->n++] = c;
}

/* ---- offers ---- */

/* A shell is the client's own unless it stands in a container. */
static bool
is_hosted(const struct reader *r, uint32_t tool, struct kt_span type)
{
	uint32_t where = member(r, tool, "environment");

	return kt_span_eq(type, KT_SPAN("shell")) &&
	    kt_json_type(r->json, where) == KT_JSON_OBJECT &&
	    !is(r, member(r, where, "type"), "local");
}

/* A type without its date. */
static struct kt_span
undated(struct kt_span type)
{
	size_t n = type.len;

	while (n > 0 && type.ptr[n - 1] >= '0' && type.ptr[n - 1] <= '9')
		n--;
	return type.len - n == 8 && n > 1 && type.ptr[n - 1] == '_' ?
	    kt_span_sub(type, 0, n - 1) : type;
}

/* A type with a date is the vendor's, and so is the tool unless it is one of
   those that clients run. */
static bool
is_of_vendor(struct kt_span type)
{
	static const struct kt_span theirs[] = { KT_SPAN_INIT("bash"),
		KT_SPAN_INIT("text_editor"), KT_SPAN_INIT("computer"),
		KT_SPAN_INIT("memory"), KT_SPAN_INIT("browser") };
	struct kt_span name = undated(type);

	for (size_t i = 0; i < KT_NELEMS(theirs); i++) {
		if (kt_span_starts(name, theirs[i]))
			return false;
	}
	return name.len < type.len;
}

static void
offer(struct reader *r, uint32_t tool)
{
	struct kt_span type = word(r, member(r, tool, "type"));
	uint32_t inner = either(r, tool, "function", "custom");
	struct kt_call c = { .kind = KT_CALL_OFFER, .node = tool,
		.name = member(r, inner != 0 ? inner : tool, "name") };
	static const struct kt_span vendor[] = {
		KT_SPAN_INIT("web_search"), KT_SPAN_INIT("web_fetch"),
		KT_SPAN_INIT("code_execution"), KT_SPAN_INIT("tool_search"),
		KT_SPAN_INIT("advisor"), KT_SPAN_INIT("file_search"),
		KT_SPAN_INIT("code_interpreter"),
		KT_SPAN_INIT("image_generation"),
	};

	for (size_t i = 0; i < KT_NELEMS(vendor); i++) {
		if (kt_span_starts(type, vendor[i]))
			c.side = KT_CALL_SERVER;
	}
	if (is_hosted(r, tool, type) || is_of_vendor(type))
		c.side = KT_CALL_SERVER;
	if (kt_span_starts(type, KT_SPAN("mcp")) ||
	    member(r, tool, "server_url") != 0) {
		c.side = KT_CALL_MCP;
		c.set = either(r, tool, "mcp_server_name", "server_label");
		c.body = member(r, tool, "server_url");
	}
	/* What is run goes by the type; a name may say something else. */
	if (c.side == KT_CALL_SERVER && c.name != 0)
		c.known = undated(type);
	if (c.name == 0 && c.side != KT_CALL_CLIENT)
		c.name = c.set != 0 ? c.set : member(r, tool, "type");
	add(r, c);
}

/* A tool that a later message brings: defined there, or one that was. */
static void
offer_added(struct reader *r, uint32_t tool)
{
	uint32_t at = kt_json_type(r->json, tool) == KT_JSON_OBJECT ?
	    kt_json_first(r->json, tool) : 0;

	if (at != 0)
		offer(r, tool);
	for (; at != 0; at = kt_json_next(r->json, at)) {
		at = kt_json_value_of(r->json, at);
		if (kt_json_type(r->json, at) == KT_JSON_OBJECT)
			offer(r, at);
	}
}

/* ---- Anthropic ---- */

static void
anthropic_block(struct reader *r, uint32_t block, uint32_t index)
{
	struct kt_span type = word(r, member(r, block, "type"));
	struct kt_call c = { .node = block,
		.id = either(r, block, "id", "tool_use_id"),
		.name = member(r, block, "name") };

	if (kt_span_ends(type, KT_SPAN("tool_use"))) {
		c.kind = KT_CALL_USE;
		c.body = member(r, block, "input");
		c.set = either(r, block, "toolset_name", "server_name");
		c.side = kt_span_eq(type, KT_SPAN("tool_use")) ?
		    KT_CALL_CLIENT : kt_span_starts(type, KT_SPAN("mcp")) ?
		    KT_CALL_MCP : KT_CALL_SERVER;
		c.call = index;
		c.block = kt_stream_key(index, 0, SLOT_ANTHROPIC_JSON);
		add(r, c);
	} else if (kt_span_ends(type, KT_SPAN("tool_result"))) {
		c.kind = KT_CALL_RESULT;
		c.body = member(r, block, "content");
		c.side = kt_span_eq(type, KT_SPAN("tool_result")) ?
		    KT_CALL_CLIENT : kt_span_starts(type, KT_SPAN("mcp")) ?
		    KT_CALL_MCP : KT_CALL_SERVER;
		add(r, c);
	} else if (kt_span_eq(type, KT_SPAN("tool_addition"))) {
		offer_added(r, member(r, block, "tool"));
	}
}

static void
anthropic_blocks(struct reader *r, uint32_t content)
{
	uint32_t at = kt_json_type(r->json, content) == KT_JSON_ARRAY ?
	    kt_json_first(r->json, content) : 0;

	for (uint32_t i = 0; at != 0; at = kt_json_next(r->json, at))
		anthropic_block(r, at, i++);
}

/* ---- OpenAI ---- */

static void
openai_call(struct reader *r, uint32_t node, uint32_t choice, uint32_t call)
{
	uint32_t inner = either(r, node, "function", "custom");

	if (call == 0)
		inner = node;
	add(r, (struct kt_call){ .kind = KT_CALL_USE, .node = node,
		.id = member(r, node, "id"), .name = member(r, inner, "name"),
		.body = either(r, inner, "arguments", "input"),
		.choice = choice, .call = call,
		.block = kt_stream_key(choice, call, SLOT_OPENAI_JSON) });
}

/* As the places of events number them: what is unusable is max and one. */
static uint32_t
number_of(const struct reader *r, uint32_t object, const char *name,
    uint32_t max)
{
	uint32_t n = member(r, object, name);
	uint64_t v = 0;

	if (n == 0)
		return 0;
	if (!kt_json_u64(r->json, r->text, n, &v) || v > max)
		return max + 1;
	return (uint32_t)v;
}

static uint32_t
number(const struct reader *r, uint32_t object, uint32_t max)
{
	return number_of(r, object, "index", max);
}

static void
openai_message(struct reader *r, uint32_t m, uint32_t choice, bool is_event)
{
	uint32_t legacy = member(r, m, "function_call");
	uint32_t list = member(r, m, "tool_calls"), i = 0, call;
	enum kt_json_type type = kt_json_type(r->json, list);
	uint32_t at = type == KT_JSON_ARRAY || type == KT_JSON_OBJECT ?
	    kt_json_first(r->json, list) : 0;

	if (kt_json_type(r->json, legacy) == KT_JSON_OBJECT)
		openai_call(r, legacy, choice, 0);
	/* Some clients walk an object as well. */
	for (; at != 0; at = kt_json_next(r->json, call), i++) {
		call = type == KT_JSON_OBJECT ? kt_json_value_of(r->json, at) :
		    at;
		openai_call(r, call, choice, 1 +
		    (is_event ? number(r, call, (1u << 24) - 2) : i));
	}
}

static void
openai_choices(struct reader *r, const char *inside, bool is_event)
{
	uint32_t list = member(r, kt_json_root(r->json), "choices");
	uint32_t at = kt_json_type(r->json, list) == KT_JSON_ARRAY ?
	    kt_json_first(r->json, list) : 0;

	for (; at != 0; at = kt_json_next(r->json, at))
		openai_message(r, member(r, at, inside),
		    number(r, at, KT_STREAM_CHOICES_MAX - 1), is_event);
}

/* ---- Responses ---- */

/* What the vendor ran has its results in the same item, and an earlier answer
   has brought them. */
static void
add_outcomes(struct reader *r, struct kt_call c)
{
	static const char *const names[] = { "output", "outputs", "results",
		"error" };
	uint32_t at = kt_json_first(r->json, c.node);

	c.kind = KT_CALL_RESULT;
	for (; at != 0; at = kt_json_next(r->json, c.body)) {
		c.body = kt_json_value_of(r->json, at);
		for (size_t i = 0; i < KT_NELEMS(names); i++) {
			if (is(r, at, names[i]))
				add(r, c);
		}
	}
}

/* What it is to be done with.  Where one item says it in two ways, clients
   differ in which they act on: that is a call for each. */
static void
add_uses(struct reader *r, struct kt_call c)
{
	static const char *const names[] = { "arguments", "input", "action",
		"operation", "actions" };
	size_t n = r->n;

	c.kind = KT_CALL_USE;
	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		c.body = member(r, c.node, names[i]);
		if (c.body != 0 &&
		    kt_json_type(r->json, c.body) != KT_JSON_NULL)
			add(r, c);
	}
	c.body = 0;
	if (r->n == n)
		add(r, c);
}

static void
responses_item(struct reader *r, uint32_t item)
{
	struct kt_span type = word(r, member(r, item, "type"));
	struct kt_call c = { .node = item,
		.id = either(r, item, "call_id", "id"),
		.name = member(r, item, "name") };

	if (kt_span_ends(type, KT_SPAN("_call_output"))) {
		c.kind = KT_CALL_RESULT;
		c.body = member(r, item, "output");
		add(r, c);
	} else if (kt_span_ends(type, KT_SPAN("_call")) ||
	    kt_span_eq(type, KT_SPAN("mcp_approval_request"))) {
		if (c.name == 0)
			c.name = member(r, item, "type");
		c.set = either(r, item, "server_label", "namespace");
		c.side = kt_span_starts(type, KT_SPAN("mcp")) ? KT_CALL_MCP :
		    kt_span_starts(type, KT_SPAN("web_search")) ||
		        kt_span_starts(type, KT_SPAN("file_search")) ||
		        kt_span_starts(type, KT_SPAN("code_interpreter")) ||
		        kt_span_starts(type, KT_SPAN("image_generation")) ||
		        kt_span_starts(type, KT_SPAN("tool_search")) ?
		    KT_CALL_SERVER : KT_CALL_CLIENT;
		add_outcomes(r, c);
		add_uses(r, c);
	}
}

static void
responses_items(struct reader *r, uint32_t list)
{
	uint32_t at = kt_json_type(r->json, list) == KT_JSON_ARRAY ?
	    kt_json_first(r->json, list) : 0;

	for (; at != 0; at = kt_json_next(r->json, at))
		responses_item(r, at);
}

/* ---- whole bodies ---- */

/* Chat asks for the vendor's own search by a member of the request. */
static void
offer_search(struct reader *r)
{
	uint32_t options = member(
	    r, kt_json_root(r->json), "web_search_options");

	if (options != 0 && kt_json_type(r->json, options) != KT_JSON_NULL)
		add(r, (struct kt_call){ .kind = KT_CALL_OFFER,
			.side = KT_CALL_SERVER, .node = options,
			.known = KT_SPAN("web_search") });
}

static void
offer_one(struct reader *r, uint32_t node, bool is_server)
{
	if (!is_server)
		offer(r, node);
	else
		add(r, (struct kt_call){ .kind = KT_CALL_OFFER,
			.side = KT_CALL_MCP, .node = node,
			.name = member(r, node, "name"),
			.set = member(r, node, "name"),
			.body = member(r, node, "url") });
}

/* What takes an object for the list takes it for one of them, or walks its
   members. */
static void
offers(struct reader *r, const char *list, bool are_servers)
{
	uint32_t all = member(r, kt_json_root(r->json), list), one;
	enum kt_json_type type = kt_json_type(r->json, all);
	uint32_t at = type == KT_JSON_ARRAY || type == KT_JSON_OBJECT ?
	    kt_json_first(r->json, all) : 0;

	if (type == KT_JSON_OBJECT)
		offer_one(r, all, are_servers);
	for (; at != 0; at = kt_json_next(r->json, one)) {
		one = type == KT_JSON_OBJECT ? kt_json_value_of(r->json, at) :
		    at;
		if (type == KT_JSON_ARRAY ||
		    kt_json_type(r->json, one) == KT_JSON_OBJECT)
			offer_one(r, one, are_servers);
	}
}

/* Results behind the last turn of the model are new. */
static void
turn(struct reader *r, uint32_t m, size_t *behind)
{
	uint32_t role = member(r, m, "role");
	size_t from = r->n;

	if (r->format == KT_FORMAT_ANTHROPIC) {
		anthropic_blocks(r, member(r, m, "content"));
	} else if (r->format == KT_FORMAT_RESPONSES) {
		responses_item(r, m);
	} else if (is(r, role, "tool") || is(r, role, "function")) {
		add(r, (struct kt_call){ .kind = KT_CALL_RESULT, .node = m,
			.id = member(r, m, "tool_call_id"),
			.name = member(r, m, "name"),
			.body = member(r, m, "content") });
	} else {
		openai_message(r, m, 0, false);
	}
	if (is(r, role, "assistant") ||
	    (r->n > from && r->v[r->n - 1].kind == KT_CALL_USE))
		*behind = r->n;
}

static void
request(struct reader *r)
{
	uint32_t list = member(r, kt_json_root(r->json),
	    r->format == KT_FORMAT_RESPONSES ? "input" : "messages");
	uint32_t at = kt_json_type(r->json, list) == KT_JSON_ARRAY ?
	    kt_json_first(r->json, list) : 0;
	size_t behind;

	offers(r, "tools", false);
	offers(r, "functions", false);
	offers(r, "mcp_servers", true);
	offer_search(r);
	behind = r->n;
	for (; at != 0; at = kt_json_next(r->json, at))
		turn(r, at, &behind);
	for (size_t i = behind; i < r->n; i++)
		r->v[i].is_recent = r->v[i].kind == KT_CALL_RESULT;
}

/*
 * Results name the call they belong to by its id, which is nearly always one
 * of the last turn: from the newest call back, over a bounded number.
 */
#define LOOK_BACK 256
static void
join(struct reader *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct kt_call *c = &r->v[i];
		struct kt_span id = word(r, c->id);

		if (c->kind != KT_CALL_RESULT || id.len == 0)
			continue;
		for (size_t k = i; k > 0 && i - k < LOOK_BACK; k--) {
			if (r->v[k - 1].kind != KT_CALL_USE ||
			    !kt_span_eq(word(r, r->v[k - 1].id), id))
				continue;
			c->use = (uint32_t)(k - 1);
			break;
		}
	}
}

enum kt_rc
kt_calls_read(enum kt_format format, enum kt_direction direction,
    const struct kt_json *json, struct kt_span text, struct kt_arena *mem,
    struct kt_calls *out)
{
	struct reader r = { .format = format, .json = json, .text = text,
		.mem = mem };
	uint32_t root = kt_json_root(json);

	if (format == KT_FORMAT_NONE) {
		*out = (struct kt_calls){ 0 };
		return KT_OK;
	}
	if (direction == KT_REQUEST)
		request(&r);
	else if (format == KT_FORMAT_ANTHROPIC)
		anthropic_blocks(&r, member(&r, root, "content"));
	else if (format == KT_FORMAT_OPENAI)
		openai_choices(&r, "message", false);
	else
		responses_items(&r, member(&r, root, "output"));
	join(&r);
	*out = (struct kt_calls){ r.v, r.n };
	return r.is_full ? KT_E_LIMIT : KT_OK;
}

/* ---- events ---- */

/*
 * What a response says of a call: its name when it is added, its arguments
 * in pieces and once more, both when it is done, and again with the whole
 * response.  Clients differ in which of these they act on.
 */
static void
responses_event(struct reader *r)
{
	uint32_t root = kt_json_root(r->json);
	struct kt_span type = word(r, member(r, root, "type"));
	uint32_t item = member(r, root, "item"), place = 0;
	size_t n = r->n;

	if (member(r, root, "output_index") != 0)
		place = 1 + number_of(r, root, "output_index", (1u << 30) - 2);
	if (item != 0)
		responses_item(r, item);
	else if (kt_span_ends(type, KT_SPAN("_arguments.delta")) ||
	    kt_span_ends(type, KT_SPAN("_arguments.done")) ||
	    kt_span_ends(type, KT_SPAN("_call_input.delta")) ||
	    kt_span_ends(type, KT_SPAN("_call_input.done")))
		add(r, (struct kt_call){ .kind = KT_CALL_USE, .node = root,
			.name = member(r, root, "name"),
			.body = either(r, root, "arguments", "input") });
	for (; n < r->n; n++) {
		r->v[n].call = place;
		r->v[n].is_whole = kt_span_ends(type, KT_SPAN("item.done"));
		/* What an action will be is not known when it is added. */
		if (item != 0 && !r->v[n].is_whole &&
		    kt_json_type(r->json, r->v[n].body) != KT_JSON_STRING)
			r->v[n].body = 0;
	}
	responses_items(r, member(r, member(r, root, "response"), "output"));
	for (; n < r->n; n++)
		r->v[n].is_whole = true;
}

enum kt_rc
kt_calls_read_event(enum kt_format format, const struct kt_json *json,
    struct kt_span text, struct kt_arena *mem, struct kt_calls *out)
{
	struct reader r = { .format = format, .json = json, .text = text,
		.mem = mem };
	uint32_t root = kt_json_root(json);

	switch (format) {
	case KT_FORMAT_ANTHROPIC:
		anthropic_block(&r, member(&r, root, "content_block"),
		    number(&r, root, (1u << 30) - 1));
		break;
	case KT_FORMAT_OPENAI:
		openai_choices(&r, "delta", true);
		break;
	case KT_FORMAT_RESPONSES:
		responses_event(&r);
		break;
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
	*out = (struct kt_calls){ r.v, r.n };
	return r.is_full ? KT_E_LIMIT : KT_OK;
}

size_t
kt_calls_stops(enum kt_format format, const struct kt_json *json,
    struct kt_span text, uint32_t *node, uint32_t *where, size_t room)
{
	struct reader r = { .format = format, .json = json, .text = text };
	uint32_t root = kt_json_root(json), list;
	size_t n = 0;

	if (format == KT_FORMAT_ANTHROPIC) {
		uint32_t delta = member(&r, root, "delta");

		node[0] = member(&r, delta != 0 ? delta : root, "stop_reason");
		where[0] = 0;
		return kt_json_type(json, node[0]) == KT_JSON_STRING;
	}
	list = member(&r, root, "choices");
	if (format != KT_FORMAT_OPENAI ||
	    kt_json_type(json, list) != KT_JSON_ARRAY)
		return 0;
	for (uint32_t at = kt_json_first(json, list); at != 0 && n < room;
	     at = kt_json_next(json, at)) {
		node[n] = member(&r, at, "finish_reason");
		where[n] = number(&r, at, KT_STREAM_CHOICES_MAX - 1);
		n += kt_json_type(json, node[n]) == KT_JSON_STRING;
	}
	return n;
}
