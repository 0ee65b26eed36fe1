/*
 * content-limits - sizes and counts, where URLs may lead, and the form of
 * answers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A URL that is not allowed is a pattern, with the hosts that are allowed
 * looked for ahead: so it is found in streams, disguises and arguments as
 * all else is.
 */
#include "policy/constraint.h"
#include "policy/policy_priv.h"
#include "policy/schema.h"

#define OPENERS "\"'`(\\[<"
#define NO_NAME "(?!\\.?[\\w@%-])"
/* What Markdown and HTML take for a colon and a slash, and what browsers drop
   between slashes. */
#define COLON "(?:\\\\?:|&colon;)"
#define SLASH "(?:[/\\\\]|&b?sol;)"
#define SLASHES SLASH "(?:[\\t\\r\\n]|&(?:tab|newline);){0,3}" SLASH \
	"[/\\\\]{0,6}"
#define BLANKS "(?:\\s{1,16}|&(?:tab|newline);){0,3}"
#define WIDE_DOT "(?:\\xe3\\x80\\x82|\\xef\\xbc\\x8e|\\xef\\xbd\\xa1)"
/* What nobody writes behind two slashes and does not mean as a host. */
#define HOST "(?=[^\\s/\\\\?#]{0,100}(?:[^\\s/\\\\?#.](?:\\\\?\\.|&period;)\\S" \
	"|[a-z0-9]" WIDE_DOT "[a-z0-9])|(?:[0-9]{8,10}|0x[0-9a-f]{8})(?![\\w.-])" \
	"|\\[[0-9a-f]{0,4}:[0-9a-f:.]{1,40}\\])"
/* Of a URL to its host: with two slashes; sloppily, which browsers take where
   the schemes are theirs; without a scheme, where only a URL can stand, with
   blanks in links, their definitions and attributes; and what becomes a link
   for its name. */
#define BEGIN "(?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}://" \
	"|(?:https?|wss?|ftp)" COLON "(?:" SLASHES "|" SLASH HOST ")" \
	"|(?<=[" OPENERS "=])(?:https?" COLON "|" SLASHES "(?![.]))" HOST \
	"|(?:\\]\\(|\\]:)" BLANKS "<?" BLANKS SLASHES HOST \
	"|=" BLANKS "[\"']?" BLANKS SLASHES HOST \
	"|(?<![a-z0-9@./\\\\%%+-])(?=www(?:\\.|&period;|" WIDE_DOT ")[\\w-]))"
/* The end of a host: of the authority, where a backslash does not say that the
   next mark is one of the name; blanks behind marks; what no host can hold,
   unless all before an @ is the name of a user. */
#define END "[^\\s/\\\\?#\\w@%%\\x80-\\xff-]{0,8}(?:[\\s/?#]|\\\\(?![.@:_%%-])|$)" \
	"|[]<>|^[]" \
	"(?![^\\s/\\\\?#]{0,99}@|[^\\s/\\\\?#]{100})"
/* One of these is in each of them. */
#define ANCHOR "[:/\\\\][/\\\\]|https?:|[/\\\\][\\t\\r\\n&]|&b?sol;|&colon;|\\\\:" \
	"|www[.&\\xe3\\xef]"
#define REST "(?:[^\\s\"'`<>)\\]}/\\\\]|[^\\s/\\\\?#]{1,64}@)" \
	"[^\\s\"'`<>)\\]}]{0,200}"

struct settings {
	struct kt_config_common common;
	int action, uninspectable;
	int64_t max_bytes, max_chars, max_words, max_messages, max_tools;
	int64_t max_attachment_bytes, max_completion_chars;
	struct kt_config_strings allowed_urls;
	struct kt_span output_schema;
};
static const char *const actions[] = { "block", "flag", NULL };

#define LIMIT(member, text) \
	KT_CONFIG_FIELD(struct settings, INT, member, .max = INT64_MAX, \
	    .fallback = "0", .doc = text "; 0: no limit")
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action, .names = actions,
	    .fallback = "block", .doc = "What to do over a limit"),
	LIMIT(max_bytes, "Bytes of the request body"),
	LIMIT(max_chars, "Characters of all texts together"),
	LIMIT(max_words, "Words of all texts together"),
	LIMIT(max_messages, "Messages of the conversation"),
	LIMIT(max_tools, "Tool definitions"),
	LIMIT(max_attachment_bytes, "Bytes of images and documents as sent"),
	LIMIT(max_completion_chars, "Characters of a whole answer"),
	KT_CONFIG_FIELD(struct settings, STRINGS, allowed_urls,
	    .doc = "Hosts of URLs, of any scheme or none, in requests and "
	           "answers; *.example.org for what is below it; empty, all"),
	KT_CONFIG_FIELD(struct settings, STRING, output_schema,
	    .doc = "JSON Schema, as JSON, of what an answer says where it says "
	           "anything; with action block a stream is held to its end; "
	           "the keywords are type, enum, const, properties, required, "
	           "additionalProperties, items, pattern, and the least and most "
	           "of values, lengths, elements and properties, and any other "
	           "is an error"),
	KT_CONFIG_FIELD(struct settings, ENUM, uninspectable,
	    .names = actions, .fallback = "flag",
	    .doc = "What to do about content that cannot be read: references "
	           "by URL or id, encrypted content, unknown kinds of blocks"),
};

static void
check(void *section, struct kt_config_ctx *ctx)
{
	struct settings *s = section;
	struct kt_err err = { 0 };
	struct kt_schema schema;

	kt_constraint_check_hosts(ctx, &s->allowed_urls);
	if (s->output_schema.len == 0)
		return;
	if (kt_schema_init(&schema, s->output_schema, &err) < 0)
		kt_config_fault(ctx, KT_CONFIG_FORM, s->common.node,
		    "output_schema", "%s", err.text);
	kt_schema_fini(&schema);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "content-limits", fields,
	.check = check,
	.doc = "Sizes, counts and URLs of requests and answers, and the form "
	       "of answers");

/* A host of the list as a pattern. */
static enum kt_rc
put_host(struct kt_buf *b, struct kt_span host, bool is_first)
{
	bool is_below = kt_span_starts(host, KT_SPAN("*."));
	bool is_v6 = kt_span_find(host, ':') < host.len;
	enum kt_rc rc = kt_buf_printf(b, "%s%s%s", is_first ? "" : "|",
	    is_below ? "(?:[a-z0-9_-]+\\.)+" : "", is_v6 ? "\\[" : "");

	for (size_t i = is_below ? 2 : 0; rc == KT_OK && i < host.len; i++)
		rc = kt_buf_printf(b, "\\x%02x", (unsigned char)host.ptr[i]);
	return rc < 0 || !is_v6 ? rc : kt_buf_add(b, KT_SPAN("\\]"));
}

/*
 * A browser takes most marks for a part of the host, so a mark behind an
 * allowed host ends it only where it closes what the URL stands in, or where
 * nothing of a name follows.
 */
static const struct {
	const char *behind; /* what the URL stands behind */
	const char *close;
} places[] = {
	{ "(?<!["OPENERS"])", "$" },
	{ "(?<=\")", "\""NO_NAME },
	{ "(?<=')", "'"NO_NAME },
	{ "(?<=`)", "`"NO_NAME },
	{ "(?<=\\()", "\\)" },
	{ "(?<=\\[)", "\\]" },
	{ "(?<=<)", ">" },
};

/* A URL at a place, to a host that is not plainly one of the list. */
static enum kt_rc
put_url(struct kt_buf *b, size_t place, const struct kt_config_strings *hosts)
{
	enum kt_rc rc = kt_buf_printf(b, "%s" BEGIN "(?!(?:", places[place].behind);

	for (size_t i = 0; rc == KT_OK && i < hosts->n; i++)
		rc = put_host(b, hosts->at[i], i == 0);
	return rc < 0 ? rc :
	    kt_buf_printf(b, ")(?::[0-9]{1,5})?(?:\\.?%s|" END "))" REST,
	        places[place].close);
}

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	const struct kt_config_strings *hosts =
	    &((const struct settings *)p->common)->allowed_urls;

	for (size_t i = 0; i < KT_NELEMS(places) && hosts->n > 0; i++) {
		struct kt_span pattern = { 0 }, id;
		struct kt_buf b;

		kt_buf_init(&b, 1u << 20);
		if (put_url(&b, i, hosts) == KT_OK)
			pattern = kt_arena_dup(mem, kt_buf_span(&b));
		kt_buf_fini(&b);
		id = kt_arena_printf(mem, "%s:#url-%zu", p->kind->config.name, i + 1);
		if (pattern.ptr == NULL || id.ptr == NULL || *n == room)
			return kt_fail(err, KT_E_LIMIT, "too many hosts");
		out[(*n)++] = (struct kt_detector){
			.id = id.ptr,
			.group = "url",
			.entity = "URL",
			.class = KT_CLASS_NONE,
			.confidence_pm = 1000,
			.is_caseless = true,
			.pattern = pattern.ptr,
			.anchor = ANCHOR,
		};
	}
	return KT_OK;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err; /* its own detector cannot be missing */
	kt_policy_select_group(p, db, "url");
	return KT_OK;
}

static enum kt_reason
reason(const struct kt_detector *d, enum kt_component c)
{
	(void)d;
	return kt_reason_of_url(c);
}

static bool
is_over(int64_t limit, uint64_t value)
{
	return limit > 0 && value > (uint64_t)limit;
}

static enum kt_reason
measure(const struct kt_policy *p, const struct kt_measures *m, bool is_answer)
{
	const struct settings *s = (const struct settings *)p->common;

	if (is_answer)
		return is_over(s->max_completion_chars, m->chars) ?
		    KT_REASON_COMPLETION_SIZE : KT_REASON_NONE;
	if (is_over(s->max_bytes, m->bytes) || is_over(s->max_chars, m->chars) ||
	    is_over(s->max_words, m->words) ||
	    is_over(s->max_attachment_bytes, m->attachment_bytes))
		return KT_REASON_PROMPT_SIZE;
	if (is_over(s->max_messages, m->messages))
		return KT_REASON_PROMPT_MESSAGES;
	if (is_over(s->max_tools, m->tools))
		return KT_REASON_TOOL_COUNT;
	return KT_REASON_NONE;
}

/* What this policy does over a limit. */
static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	const struct settings *s = (const struct settings *)p->common;

	(void)d, (void)f, (void)c; /* a URL and a size weigh the same */
	return s->action == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

static struct kt_span
schema(const struct kt_policy *p)
{
	return ((const struct settings *)p->common)->output_schema;
}

static enum kt_action
unseen(const struct kt_policy *p)
{
	const struct settings *s = (const struct settings *)p->common;

	return s->uninspectable == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

const struct kt_policy_kind kt_policy_content_limits = {
	.config = { .name = "content-limits", .table = &table },
	.define = define,
	.select = choose,
	.judge = judge,
	.reason = reason,
	.measure = measure,
	.schema = schema,
	.unseen = unseen,
};
