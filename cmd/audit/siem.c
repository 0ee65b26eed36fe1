/*
 * siem - one table, two spellings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values go into OCSF as the record spells them, for both are JSON; CEF gets
 * them without their quotes and escapes, and then its own.  What decides how
 * urgent an event is has to be the same in both: judge().
 */
#include "config.h"
#include "cmd/audit/siem.h"

#include "audit/audit.h"
#include "audit/canon.h"

static const struct row {
	bool is_seen;
	const char *member, *ocsf, *cef, *label;
} rows[] = {
#define KT_SIEM(member, ocsf, cef, label) { false, member, ocsf, cef, label },
#define KT_SIEM_SEEN(member, ocsf, cef, label) \
	{ true, member, ocsf, cef, label },
#include "cmd/audit/siem.def"
#undef KT_SIEM
#undef KT_SIEM_SEEN
};

/* ---- what kind of event it is ---- */

enum class { BASE = 0, FINDING = 2004, API = 6003 };

/* More than a record has; others are looked for one by one. */
#define MEMBERS 96

struct event {
	struct kt_span line;
	struct {
		struct kt_span name, value;
	} members[MEMBERS];
	size_t n;
	bool has_more;
	struct kt_audit_line head;
	enum class class;
	unsigned activity, severity; /* as OCSF numbers them */
	struct kt_span decision, reason; /* of reasons the first */
	uint64_t us;
};

static bool
is(struct kt_span a, const char *b)
{
	return kt_span_eq(a, kt_span_of(b));
}

static bool
keep(void *arg, struct kt_span name, struct kt_span value)
{
	struct event *e = arg;

	e->has_more = e->n == MEMBERS;
	if (e->has_more)
		return false;
	e->members[e->n].name = name;
	e->members[e->n++].value = value;
	return true;
}

/* As kt_audit_member(), in the members that one pass has found. */
static bool
member(const struct event *e, const char *path, struct kt_span *v)
{
	size_t n = strcspn(path, ".");

	for (size_t i = 0; i < e->n; i++) {
		if (!kt_span_eq(e->members[i].name,
		    (struct kt_span){ path, n }))
			continue;
		*v = e->members[i].value;
		return path[n] == '\0' || kt_audit_member(*v, path + n + 1, v);
	}
	return e->has_more && kt_audit_member(e->line, path, v);
}

static bool
member_text(const struct event *e, const char *path, struct kt_span *v)
{
	struct kt_span found;

	if (!member(e, path, &found) || found.len < 2 || found.ptr[0] != '"')
		return false;
	*v = kt_span_sub(found, 1, found.len - 2);
	return true;
}

/* The next text of a list of texts, of which `list` is what is left. */
static bool
next_text(struct kt_span *list, struct kt_span *text)
{
	size_t n = 2;

	if (list->len < 3 || list->ptr[1] != '"')
		return false; /* the bracket that closes it, or no text */
	while (n < list->len && list->ptr[n] != '"')
		n += list->ptr[n] == '\\' ? 2 : 1;
	*text = kt_span_sub(*list, 2, n - 2);
	*list = kt_span_sub(*list, n + 1, list->len);
	return true;
}

/* Create, Read, Update, Delete; 99 is other. */
static unsigned
activity_of(struct kt_span method)
{
	static const struct {
		const char *method;
		unsigned activity;
	} known[] = { { "POST", 1 }, { "GET", 2 }, { "HEAD", 2 }, { "PUT", 3 },
		{ "PATCH", 3 }, { "DELETE", 4 } };

	for (size_t i = 0; i < KT_NELEMS(known); i++) {
		if (is(method, known[i].method))
			return known[i].activity;
	}
	return 99;
}

/* 1 informational, 2 low, 3 medium, 4 high. */
static void
judge(struct event *e)
{
	struct kt_span type = e->head.type, v;
	bool is_call = is(type, "call") || is(type, "open");
	bool is_passed = !member(e, "decision", &v) || is(v, "\"pass\"");
	bool has_reasons = member(e, "reason_codes", &v) && !is(v, "[]");

	e->decision = e->reason = (struct kt_span){ "", 0 };
	(void)member_text(e, "decision", &e->decision);
	if (member(e, "reason_codes", &v))
		(void)next_text(&v, &e->reason);
	else
		(void)member_text(e, "reason_code", &e->reason);
	if (!is_call && !is(type, "reject")) {
		e->class = BASE;
		e->activity = 99;
		e->severity = is(type, "gap") || is(type, "recovery") ? 4 :
		    member(e, "below", &v) ? 3 : 1;
	} else if (is_call && is_passed && !has_reasons) {
		e->class = API;
		e->activity = member_text(e, "method", &v) ?
		    activity_of(v) : 99;
		e->severity = 1;
	} else {
		e->class = FINDING;
		e->activity = 1; /* it was made */
		e->severity = is(e->decision, "block") ? 4 :
		    !is_call || is_passed ? 2 : 3;
	}
}

static enum kt_rc
read_event(struct event *e, struct kt_span line, struct kt_err *err)
{
	*e = (struct event){ .line = line };
	if (kt_audit_line_parse(line, &e->head, err) < 0)
		return err->rc;
	if (!e->head.is_whole || !kt_audit_time_parse(e->head.ts, &e->us))
		return kt_fail(err, KT_E_PARSE, "not a record");
	/* It fails where keep() stops it; the line was checked already. */
	if (kt_audit_canon_check(line, keep, e, err) < 0 && !e->has_more)
		return err->rc;
	judge(e);
	return KT_OK;
}

/* What a record says of a member; an empty text says nothing. */
static bool
says(const struct event *e, const struct row *r, struct kt_span *v)
{
	return member(e, r->member, v) && !is(*v, "null") &&
	    !is(*v, "\"\"");
}

/* ---- OCSF: nested objects, out of attributes with dots ---- */

struct ocsf {
	struct kt_buf *out;
	char at[64]; /* of the attribute before: which objects are open */
	enum kt_rc rc;
};

static void
put(struct ocsf *o, struct kt_span text)
{
	if (o->rc == KT_OK)
		o->rc = kt_buf_add(o->out, text);
}

static void
separate(struct ocsf *o)
{
	char last = o->out->len > 0 ? o->out->ptr[o->out->len - 1] : '{';

	if (last != '{' && last != '[')
		put(o, KT_SPAN(","));
}

/* Closes the objects of o->at behind its first `n` bytes, inner ones first. */
static void
leave(struct ocsf *o, size_t n)
{
	struct kt_span at = kt_span_of(o->at);

	for (size_t i = at.len; i > n; i--) {
		if (o->at[i - 1] == '.')
			put(o, i > 1 && o->at[i - 2] == ']' ?
			    KT_SPAN("}]") : KT_SPAN("}"));
	}
}

/* Opens what `path` needs behind what is open already, and names it. */
static void
go_to(struct ocsf *o, const char *path)
{
	size_t n = 0, i = 0;

	for (; o->at[i] != '\0' && o->at[i] == path[i]; i++) {
		if (path[i] == '.')
			n = i + 1;
	}
	leave(o, n);
	for (const char *p = path + n;;) {
		size_t len = strcspn(p, ".");
		bool is_list = len > 2 && p[len - 1] == ']';

		separate(o);
		put(o, KT_SPAN("\""));
		put(o, (struct kt_span){ p, is_list ? len - 2 : len });
		put(o, KT_SPAN("\":"));
		if (p[len] == '\0')
			break;
		put(o, is_list ? KT_SPAN("[{") : KT_SPAN("{"));
		p += len + 1;
	}
	if (snprintf(o->at, sizeof(o->at), "%s", path) >= (int)sizeof(o->at))
		KT_BUG("an attribute of OCSF is longer than was thought");
}

static void
raw(struct ocsf *o, const char *path, struct kt_span json)
{
	go_to(o, path);
	put(o, json);
}

/* Without its quotes, as a record spells it or as nobody has to escape it. */
static void
text(struct ocsf *o, const char *path, struct kt_span spelt)
{
	go_to(o, path);
	put(o, KT_SPAN("\""));
	put(o, spelt);
	put(o, KT_SPAN("\""));
}

static void
number(struct ocsf *o, const char *path, uint64_t n)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	raw(o, path, kt_span_of(digits));
}

static void
put_class(struct ocsf *o, const struct event *e)
{
	unsigned class = (unsigned)e->class;

	number(o, "activity_id", e->activity);
	if (e->activity == 99)
		text(o, "activity_name", e->head.type);
	number(o, "category_uid", class / 1000);
	number(o, "class_uid", class);
	number(o, "type_uid", class * 100 + e->activity);
	number(o, "severity_id", e->severity);
	number(o, "time", e->us / 1000);
}

/* When the call began and ended: microseconds as kt has them. */
static void
put_times(struct ocsf *o, const struct event *e)
{
	static const struct {
		const char *member, *attribute;
	} times[] = { { "t.start", "start_time" }, { "t.end", "end_time" } };
	struct kt_span v;
	uint64_t us;

	for (size_t i = 0; i < KT_NELEMS(times); i++) {
		if (member(e, times[i].member, &v) &&
		    kt_span_u64(v, &us))
			number(o, times[i].attribute, us / 1000);
	}
}

static void
put_metadata(struct ocsf *o, const struct event *e)
{
	text(o, "metadata.event_code", e->head.type);
	text(o, "metadata.log_name", e->head.origin);
	text(o, "metadata.original_time", e->head.ts);
	text(o, "metadata.product.name", KT_SPAN("kt"));
	text(o, "metadata.product.vendor_name", KT_SPAN("kt"));
	text(o, "metadata.product.version", KT_SPAN(PACKAGE_VERSION));
	if (e->class != BASE)
		raw(o, "metadata.profiles", KT_SPAN("[\"security_control\"]"));
	raw(o, "metadata.sequence", e->head.index);
	go_to(o, "metadata.uid");
	put(o, KT_SPAN("\""));
	put(o, e->head.origin);
	put(o, KT_SPAN("#"));
	put(o, e->head.index);
	put(o, KT_SPAN("\""));
	text(o, "metadata.version", KT_SPAN(KT_SIEM_OCSF));
}

/* What a security control did: 1 allowed, 2 denied. */
static void
put_action(struct ocsf *o, const struct event *e)
{
	static const struct {
		const char *decision, *word;
		unsigned action, disposition;
	} known[] = {
		{ "pass", "Allowed", 1, 1 },
		{ "block", "Blocked", 2, 2 },
		{ "redact", "Redacted", 1, 99 },
		{ "truncate", "Truncated", 2, 99 },
		{ "error", "Error", 2, 99 },
		{ "", "Rejected", 2, 99 }, /* a reject has none */
	};

	if (e->class == BASE ||
	    (e->decision.len == 0 && !is(e->head.type, "reject")))
		return; /* nothing was decided, or not yet */
	for (size_t i = 0; i < KT_NELEMS(known); i++) {
		if (!is(e->decision, known[i].decision))
			continue;
		number(o, "action_id", known[i].action);
		text(o, "disposition", kt_span_of(known[i].word));
		number(o, "disposition_id", known[i].disposition);
	}
}

static void
put_finding(struct ocsf *o, const struct event *e)
{
	struct kt_span id, reasons;

	if (!member_text(e, "call_id", &id))
		id = e->head.index;
	raw(o, "is_alert", e->severity == 4 ? KT_SPAN("true") :
	    KT_SPAN("false"));
	number(o, "status_id", 1); /* new */
	text(o, "finding_info.title", e->reason.len > 0 ? e->reason :
	    e->decision.len > 0 ? e->decision : e->head.type);
	if (member(e, "reason_codes", &reasons))
		raw(o, "finding_info.types", reasons);
	text(o, "finding_info.uid", id);
}

/* Attributes that the class demands are there, whatever the record lacks. */
static bool
is_demanded(const struct event *e, const struct row *r)
{
	return (e->class == API && (is(kt_span_of(r->ocsf),
	    "actor.user.uid") || is(kt_span_of(r->ocsf),
	    "src_endpoint.uid"))) || (e->class != BASE &&
	    is(kt_span_of(r->ocsf), "api.operation"));
}

static void
put_rows(struct ocsf *o, const struct event *e)
{
	char path[sizeof(o->at)];

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		const struct row *r = &rows[i];
		struct kt_span v;

		if (!says(e, r, &v)) {
			if (!is_demanded(e, r))
				continue;
			v = KT_SPAN("\"unknown\"");
		}
		/* A plain event has none of these objects. */
		(void)snprintf(path, sizeof(path), "%s%s", e->class == BASE &&
		    !kt_span_starts(kt_span_of(r->ocsf), KT_SPAN("unmapped.")) ?
		    "unmapped." : r->is_seen && e->class == FINDING ?
		    "evidences[]." : "", r->ocsf);
		raw(o, path, v);
		if (strcmp(path, "resources[].name") == 0)
			text(o, "resources[].type", KT_SPAN("model"));
	}
}

enum kt_rc
kt_siem_ocsf(struct kt_span line, struct kt_buf *out, struct kt_err *err)
{
	struct ocsf o = { .out = out };
	size_t from = out->len;
	struct event e;

	if (read_event(&e, line, err) < 0)
		return err->rc;
	put(&o, KT_SPAN("{"));
	put_class(&o, &e);
	put_times(&o, &e);
	put_metadata(&o, &e);
	put_action(&o, &e);
	if (e.class == FINDING)
		put_finding(&o, &e);
	put_rows(&o, &e);
	leave(&o, 0);
	put(&o, KT_SPAN("}\n"));
	if (o.rc < 0)
		out->len = from;
	return o.rc < 0 ? kt_fail(err, o.rc, "no room for the line") : KT_OK;
}

/* ---- CEF ---- */

struct cef {
	struct kt_buf *out;
	enum { HEADER, EXTENSION } part;
	enum kt_rc rc;
};

static void
cef_put(struct cef *c, struct kt_span text)
{
	if (c->rc == KT_OK)
		c->rc = kt_buf_add(c->out, text);
}

/*
 * One character as its part of the line takes it.  A header has no line
 * feeds, so they are told like other controls and what is beyond ASCII: as
 * \uXXXX, whose backslash is escaped in turn.
 */
static void
cef_char(struct cef *c, uint32_t cp)
{
	char text[16] = { (char)cp, '\0' };

	if (c->part == EXTENSION && (cp == '\n' || cp == '\r'))
		(void)snprintf(text, sizeof(text), "%s",
		    cp == '\n' ? "\\n" : "\\r");
	else if (cp < ' ' || cp > '~')
		(void)snprintf(text, sizeof(text), cp < 0x10000 ?
		    "\\\\u%04x" : "\\\\U%08x", (unsigned)cp);
	else if (cp == '\\' || cp == (c->part == HEADER ? '|' : '='))
		(void)snprintf(text, sizeof(text), "\\%c", (int)cp);
	cef_put(c, kt_span_of(text));
}

/* The character that a JSON escape stands for; `at` is behind its backslash. */
static uint32_t
unescape(struct kt_span s, size_t *at)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *known = strchr(from, s.ptr[*at]);
	uint8_t bytes[2] = { 0, 0 };

	if (s.ptr[*at] == 'u' &&
	    kt_unhex(kt_span_sub(s, *at + 1, 4), bytes, sizeof(bytes))) {
		*at += 5;
		return (uint32_t)bytes[0] << 8 | bytes[1];
	}
	++*at;
	return known != NULL ? (uint32_t)(unsigned char)to[known - from] :
			       (uint32_t)(unsigned char)s.ptr[*at - 1];
}

static void
cef_text(struct cef *c, struct kt_span spelt)
{
	for (size_t i = 0; i < spelt.len;) {
		uint32_t cp = 0xfffd;
		size_t n;

		if (spelt.ptr[i] == '\\' && i + 1 < spelt.len) {
			i++;
			cp = unescape(spelt, &i);
		} else {
			n = kt_utf8_decode(
			    kt_span_sub(spelt, i, spelt.len), &cp);
			i += n > 0 ? n : 1;
		}
		cef_char(c, cp);
	}
}

/* A text, a number, or texts with commas between. */
static void
cef_value(struct cef *c, struct kt_span v)
{
	struct kt_span text;

	if (v.len >= 2 && v.ptr[0] == '"') {
		cef_text(c, kt_span_sub(v, 1, v.len - 2));
	} else if (v.len >= 4 && v.ptr[0] == '[' && v.ptr[1] == '"') {
		for (bool is_first = true; next_text(&v, &text);
		    is_first = false) {
			cef_put(c, is_first ? KT_SPAN("") : KT_SPAN(","));
			cef_text(c, text);
		}
	} else {
		cef_text(c, v);
	}
}

static void
cef_pair(struct cef *c, const char *key, struct kt_span v)
{
	cef_put(c, KT_SPAN(" "));
	cef_put(c, kt_span_of(key));
	cef_put(c, KT_SPAN("="));
	cef_value(c, v);
}

static void
cef_header(struct cef *c, const struct event *e)
{
	/* Of ten, which most products begin to alert at seven. */
	static const char *const severities[] = { "0", "1", "3", "5", "8" };

	c->part = HEADER;
	cef_put(c, KT_SPAN("CEF:0|kt|kt|" PACKAGE_VERSION "|"));
	cef_text(c, e->reason.len > 0 ? e->reason : e->head.type);
	cef_put(c, KT_SPAN("|"));
	cef_text(c, e->head.type);
	if (e->decision.len > 0)
		cef_put(c, KT_SPAN(" "));
	cef_text(c, e->decision);
	cef_put(c, KT_SPAN("|"));
	cef_put(c, kt_span_of(severities[e->severity]));
	cef_put(c, KT_SPAN("|"));
	c->part = EXTENSION;
}

static void
cef_rows(struct cef *c, const struct event *e)
{
	char label[24];

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		const struct row *r = &rows[i];
		struct kt_span v;

		if (r->cef[0] == '\0' || !says(e, r, &v) || is(v, "[]"))
			continue;
		cef_pair(c, r->cef, v);
		if (r->label[0] == '\0')
			continue;
		(void)snprintf(label, sizeof(label), "%sLabel", r->cef);
		cef_pair(c, label, kt_span_of(r->label));
	}
}

enum kt_rc
kt_siem_cef(struct kt_span line, struct kt_buf *out, struct kt_err *err)
{
	struct cef c = { .out = out };
	size_t from = out->len;
	char ms[24];
	struct event e;

	if (read_event(&e, line, err) < 0)
		return err->rc;
	(void)snprintf(
	    ms, sizeof(ms), "%llu", (unsigned long long)(e.us / 1000));
	cef_header(&c, &e);
	cef_put(&c, KT_SPAN("rt="));
	cef_text(&c, kt_span_of(ms));
	cef_pair(&c, "cat", e.head.type);
	cef_pair(&c, "deviceExternalId", e.head.origin);
	cef_pair(&c, "cn1", e.head.index);
	cef_pair(&c, "cn1Label", KT_SPAN("index"));
	cef_rows(&c, &e);
	cef_put(&c, KT_SPAN("\n"));
	if (c.rc < 0)
		out->len = from;
	return c.rc < 0 ? kt_fail(err, c.rc, "no room for the line") : KT_OK;
}

kt_siem_fn *
kt_siem_find(const char *format)
{
	return strcmp(format, "ocsf") == 0 ? kt_siem_ocsf :
	    strcmp(format, "cef") == 0 ? kt_siem_cef : NULL;
}
