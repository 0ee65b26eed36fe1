/*
 * The law: a canary planted in any string of any body, a name or a string in
 * a string included, is found where it stands, to the byte; and what the
 * chain lets go on does not hold it.
 *
 * The places are read off the bodies, so a new body brings new places.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <unistd.h>

#include "exchange/look.h"
#include "json/text.h"
#include "json/write.h"
#include "tests/unit/exchange/drive.h"

#define PASSES 8 /* over a large body, each with another part of its places */
#define DEEP 5   /* a name this deep is no member that the API needs */
#define CANARY "kt-canary-%08u"
#define CANARY_LEN 18
#define BODY_MAX (4u << 20)

static const char config[] =
    "pack: {name: t, version: 1.0.0, enabled: true}\n"
    "policies: {chain: [dlp-filter]}\n"
    "policy:\n  dlp-filter:\n    action: redact\n"
    "    detect_patterns:\n"
    "      - {name: canary, pattern: 'kt-canary-[0-9]{8}'}\n"
    "providers: {targets: [{id: up, provider: offline}]}\n";

static struct world w;
static char folder[512];
static struct kt_look *look;
static struct kt_buf body, redacted;
static struct kt_json was, is;
static struct kt_arena *mem;

/* A body as it came, what takes it, and from where. */
struct fixture {
	const char *name;
	struct kt_span text;
	enum kt_endpoint endpoint;
	enum kt_direction direction;
};

static void
put(struct kt_span s)
{
	if (kt_buf_add(&body, s) < 0)
		KT_BUG("a body that is too large");
}

static unsigned
depth_of(const struct kt_json *j, uint32_t n)
{
	unsigned depth = 0;

	while ((n = kt_json_parent(j, n)) != 0)
		depth++;
	return depth;
}

static bool
is_place(const struct kt_json *j, uint32_t n)
{
	return kt_json_type(j, n) == KT_JSON_STRING ||
	    kt_json_type(j, n) == KT_JSON_NAME;
}

/* Is there a finding of the canary's, at these bytes, in this node? */
static bool
is_told(const struct kt_looked *l, uint32_t node, uint64_t at)
{
	for (size_t i = 0; i < l->nfound; i++)
		if (l->found[i].detector != NULL && l->found[i].node == node &&
		    l->found[i].start == at &&
		    l->found[i].end == at + CANARY_LEN)
			return true;
	return false;
}

/* What goes on is JSON; a canary in it stands where nothing is edited. */
static bool
is_gone(const struct kt_looked *l)
{
	size_t passed = 0, left = 0;
	struct kt_span s;

	if (l->action == KT_ACTION_BLOCK)
		return true;
	kt_buf_reset(&redacted);
	if (kt_look_redacted(look, &redacted) < 0 ||
	    kt_json_parse(&is, kt_buf_span(&redacted), NULL) < 0)
		return false;
	for (size_t i = 0; i < l->nfound; i++)
		passed += l->found[i].detector != NULL &&
		    l->found[i].action == KT_ACTION_FLAG;
	s = kt_buf_span(&redacted);
	for (size_t i = 0; i + CANARY_LEN <= s.len; i++)
		left += memcmp(s.ptr + i, "kt-canary-", 10) == 0;
	return left == passed;
}

/* The body as planted; REFUSED where it is no longer what the API takes. */
enum outcome { LOST, FOUND, REFUSED };

static enum outcome
inspect(const struct fixture *f, struct kt_looked *l)
{
	enum kt_rc rc;

	if (kt_json_parse(&is, kt_buf_span(&body), NULL) < 0)
		return LOST;
	rc = kt_look_at_body(
	    look, f->endpoint, f->direction, &is, kt_buf_span(&body), l);
	return rc == KT_OK ? FOUND : rc == KT_E_PARSE ? REFUSED : LOST;
}

static void
complain(const struct fixture *f, uint32_t n, const char *what)
{
	struct kt_buf p;

	kt_buf_init(&p, 65536);
	if (kt_json_pointer(&was, f->text, n, &p) == KT_OK)
		printf("# %s%.*s: %s\n", f->name,
		    KT_SPAN_ARG(kt_buf_span(&p)), what);
	kt_buf_fini(&p);
}

/* One canary, instead of the text at `at` or behind it. */
static bool
holds_at(const struct fixture *f, uint32_t n, size_t at, size_t len,
    const char *glue)
{
	char canary[32];
	struct kt_looked l;
	enum outcome got;
	size_t where;

	(void)snprintf(canary, sizeof(canary), CANARY, n);
	kt_buf_reset(&body);
	put(kt_span_sub(f->text, 0, glue ? at + len : at));
	put(kt_span_of(glue ? glue : ""));
	where = body.len;
	put(kt_span_of(canary));
	put(kt_span_sub(f->text, at + len, f->text.len));
	got = inspect(f, &l);
	if (got == REFUSED && kt_json_type(&was, n) == KT_JSON_NAME)
		return true;
	if (got != FOUND || !is_told(&l, n, where)) {
		complain(f, n, got == FOUND ? "not found" : "not inspected");
		return false;
	}
	if (!is_gone(&l)) {
		complain(f, n, "goes on");
		return false;
	}
	return true;
}

/* A string that holds JSON: each string in it, in its turn. */
static bool
holds_inside(const struct fixture *f, uint32_t n, size_t *places)
{
	struct kt_span raw = kt_json_string(&was, f->text, n), text;
	struct kt_json_map map;
	struct kt_json inner;
	bool holds = true;

	kt_arena_reset(mem);
	kt_json_init(&inner, BODY_MAX);
	if (kt_json_type(&was, n) == KT_JSON_STRING &&
	    kt_json_unescape(raw, mem, &text, &map) == KT_OK &&
	    text.len > 2 && text.ptr[0] == '{' &&
	    kt_json_parse(&inner, text, NULL) == KT_OK)
		for (uint32_t k = 1; k < inner.count; k++) {
			size_t from = inner.nodes[k].start + 1;
			size_t to = inner.nodes[k].end - 1;
			size_t at = kt_json_map_raw(&map, raw, from);

			if (!is_place(&inner, k))
				continue;
			to = kt_json_map_raw(&map, raw, to);
			*places += 1;
			holds &= holds_at(f, n,
			    (size_t)(raw.ptr - f->text.ptr) + at, to - at,
			    NULL);
		}
	kt_json_fini(&inner);
	return holds;
}

static void
holds_everywhere(const struct fixture *f)
{
	size_t places = 0;
	bool holds = true;

	ok(kt_json_parse(&was, f->text, NULL) == KT_OK);
	for (uint32_t n = 1; n < was.count; n++) {
		size_t at = was.nodes[n].start + 1;
		size_t len = was.nodes[n].end - 1 - at;

		if (!is_place(&was, n))
			continue;
		places += 2;
		holds &= holds_at(f, n, at, len, NULL);
		holds &= holds_at(f, n, at, len, " ");
		holds &= holds_inside(f, n, &places);
	}
	if (!ok(holds && places > 10))
		printf("# %s: %zu places\n", f->name, places);
	else
		printf("# %s: %zu places\n", f->name, places);
}

/* Many at once: one inspection serves an eighth of the places. */
static bool
holds_in_pass(const struct fixture *f, unsigned pass, uint64_t *where)
{
	struct kt_looked l;
	size_t at = 0;

	kt_buf_reset(&body);
	for (uint32_t n = 1; n < was.count; n++) {
		char canary[32];

		where[n] = 0;
		if (!is_place(&was, n) || n % PASSES != pass ||
		    (kt_json_type(&was, n) == KT_JSON_NAME &&
		        depth_of(&was, n) < DEEP))
			continue;
		(void)snprintf(canary, sizeof(canary), CANARY, n);
		put(kt_span_sub(f->text, at, was.nodes[n].start + 1 - at));
		where[n] = body.len;
		put(kt_span_of(canary));
		at = was.nodes[n].end - 1;
	}
	put(kt_span_sub(f->text, at, f->text.len));
	if (inspect(f, &l) != FOUND)
		return false;
	at = 0;
	for (uint32_t n = 1; n < was.count; n++) {
		if (where[n] == 0)
			continue;
		/* In order, save that what cannot be read is told twice. */
		while (at < l.nfound && l.found[at].start < where[n])
			at++;
		while (at < l.nfound && l.found[at].detector == NULL)
			at++;
		if (at == l.nfound || l.found[at].start != where[n] ||
		    l.found[at].end != where[n] + CANARY_LEN ||
		    l.found[at].node != n) {
			complain(f, n, "not found");
			return false;
		}
	}
	return is_gone(&l);
}

static void
holds_in_passes(const struct fixture *f)
{
	uint64_t *where;
	bool holds = true;

	ok(kt_json_parse(&was, f->text, NULL) == KT_OK);
	where = kt_alloc_array(was.count, sizeof(*where));
	for (unsigned pass = 0; where != NULL && pass < PASSES; pass++)
		holds = holds && holds_in_pass(f, pass, where);
	if (!ok(where != NULL && holds))
		printf("# %s\n", f->name);
	kt_free(where);
}

static bool
read_file(const char *path, struct kt_buf *out)
{
	struct kt_err err;

	kt_buf_init(out, BODY_MAX);
	return kt_disk_read_file(&kt_disk_real, path, BODY_MAX, out, &err) ==
	    KT_OK;
}

static void
no_string_of_a_body_is_overlooked(void)
{
	static const struct {
		const char *name;
		enum kt_endpoint endpoint;
		enum kt_direction direction;
	} files[] = {
		{ "anthropic-request", KT_ENDPOINT_MESSAGES, KT_REQUEST },
		{ "openai-request", KT_ENDPOINT_COMPLETIONS, KT_REQUEST },
		{ "responses-request", KT_ENDPOINT_RESPONSES, KT_REQUEST },
		{ "anthropic-answer", KT_ENDPOINT_MESSAGES, KT_ANSWER },
		{ "openai-answer", KT_ENDPOINT_COMPLETIONS, KT_ANSWER },
		{ "responses-answer", KT_ENDPOINT_RESPONSES, KT_ANSWER },
		{ "codex-responses", KT_ENDPOINT_RESPONSES, KT_REQUEST },
		{ "claude-code-count-tokens", KT_ENDPOINT_COUNT_TOKENS,
		    KT_REQUEST },
	};

	for (size_t i = 0; i < KT_NELEMS(files); i++) {
		const char *dir = getenv("KT_SRCDIR");
		struct kt_buf bytes;
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/tests/data/%s.json",
		    dir ? dir : ".", files[i].name);
		if (!ok(read_file(path, &bytes)))
			continue;
		holds_everywhere(&(struct fixture){ files[i].name,
		    kt_buf_span(&bytes), files[i].endpoint,
		    files[i].direction });
		kt_buf_fini(&bytes);
	}
}

static enum kt_endpoint
endpoint_of(struct kt_span target)
{
	target = kt_span_sub(target, 0, kt_span_find(target, '?'));
	if (kt_span_eq(target, KT_SPAN("/v1/messages")))
		return KT_ENDPOINT_MESSAGES;
	if (kt_span_ends(target, KT_SPAN("/count_tokens")))
		return KT_ENDPOINT_COUNT_TOKENS;
	if (kt_span_ends(target, KT_SPAN("/responses")))
		return KT_ENDPOINT_RESPONSES;
	return KT_ENDPOINT_NONE;
}

/* The bodies of one recording of a real client. */
static size_t
hold_in_recording(const char *name, struct kt_span text)
{
	struct kt_json file;
	uint32_t at;
	size_t bodies = 0;

	kt_json_init(&file, BODY_MAX);
	ok(kt_json_parse(&file, text, NULL) == KT_OK);
	at = kt_json_first(
	    &file, kt_json_at(&file, text, KT_SPAN("/requests")));
	for (; at != 0; at = kt_json_next(&file, at)) {
		uint32_t b = kt_json_member(&file, text, at, KT_SPAN("body"));
		struct fixture f = { .name = name,
			.text = kt_json_raw(&file, text, b),
			.endpoint = endpoint_of(kt_json_string(&file, text,
			    kt_json_member(
			        &file, text, at, KT_SPAN("target")))) };

		if (f.endpoint == KT_ENDPOINT_NONE ||
		    kt_json_type(&file, b) != KT_JSON_OBJECT)
			continue;
		holds_in_passes(&f);
		bodies++;
	}
	kt_json_fini(&file);
	return bodies;
}

static void
no_string_of_a_real_client_is_overlooked(void)
{
	char path[1024];
	struct dirent *e;
	size_t bodies = 0;
	DIR *d = opendir(folder);

	if (!ok(d != NULL))
		return;
	while ((e = readdir(d)) != NULL) {
		struct kt_buf bytes;

		if (!kt_span_ends(kt_span_of(e->d_name), KT_SPAN(".json")))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (ok(read_file(path, &bytes)))
			bodies += hold_in_recording(
			    e->d_name, kt_buf_span(&bytes));
		kt_buf_fini(&bytes);
	}
	(void)closedir(d); /* was only read */
	ok(bodies > 10);
}

/* As many as there are, no more: an unread string is told, once. */
static void
what_cannot_be_read_is_told(void)
{
	static const char text[] = "{\"model\":\"m\",\"max_tokens\":1,"
	    "\"messages\":[{\"role\":\"user\",\"content\":["
	    "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"u\"}},"
	    "{\"type\":\"document\",\"source\":{\"type\":\"file\","
	    "\"file_id\":\"f\"}},"
	    "{\"type\":\"redacted_thinking\",\"data\":\"d\"},"
	    "{\"type\":\"from_the_future\",\"words\":\"w\"},"
	    "{\"type\":\"text\",\"text\":\"t\"}]}]}";
	static const char *const pointers[] = {
		"/messages/0/content/0/source/url",
		"/messages/0/content/1/source/file_id",
		"/messages/0/content/2/data",
		"/messages/0/content/3/type",
	};
	struct kt_looked l;

	ok(kt_json_parse(&is, KT_SPAN(text), NULL) == KT_OK);
	ok(kt_look_at_body(look, KT_ENDPOINT_MESSAGES, KT_REQUEST, &is,
	       KT_SPAN(text), &l) == KT_OK);
	ok(l.nfound == KT_NELEMS(pointers));
	for (size_t i = 0; i < l.nfound; i++)
		ok(l.found[i].detector == NULL &&
		    l.found[i].action == KT_ACTION_FLAG &&
		    l.found[i].node ==
		        kt_json_at(&is, KT_SPAN(text), kt_span_of(pointers[i])));
	ok(l.action == KT_ACTION_FLAG &&
	    l.by_component[KT_COMPONENT_IMAGES] ==
	        KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE));
}

int
main(void)
{
	const char *dir = getenv("KT_SRCDIR");

	(void)snprintf(folder, sizeof(folder),
	    "%s/../shared/corpora/claude-code", dir ? dir : ".");
	if (!world_init(&w, config))
		return EXIT_FAILURE;
	look = kt_look_new(w.program, w.scratch);
	mem = kt_arena_new(BODY_MAX);
	kt_buf_init(&body, BODY_MAX);
	kt_buf_init(&redacted, BODY_MAX);
	kt_json_init(&was, BODY_MAX);
	kt_json_init(&is, BODY_MAX);
	RUN(what_cannot_be_read_is_told);
	RUN(no_string_of_a_body_is_overlooked);
	if (access(folder, R_OK) == 0)
		RUN(no_string_of_a_real_client_is_overlooked);
	else
		SKIP(no_string_of_a_real_client_is_overlooked,
		    "no corpora beside the sources");
	kt_look_free(&look);
	kt_arena_free(&mem);
	kt_buf_fini(&body);
	kt_buf_fini(&redacted);
	kt_json_fini(&was);
	kt_json_fini(&is);
	world_fini(&w);
	return done();
}
