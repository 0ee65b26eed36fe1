/*
 * Which path is which API.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/surface.h"
#include "tests/unit/tap.h"

#define LONGEST 4096 /* of those with another spelling */

static struct kt_surface
read_target(const char *method, const char *target)
{
	struct kt_surface s;

	kt_surface(&s, kt_span_of(method), kt_span_of(target), NULL, 0);
	return s;
}

static bool
goes_up_as(const struct kt_surface *s, const char *want)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%.*s%.*s%.*s",
	    KT_SPAN_ARG(s->root), KT_SPAN_ARG(s->path), KT_SPAN_ARG(s->query));
	if (strcmp(path, want) != 0)
		printf("# goes up as %s, not %s\n", path, want);
	return strcmp(path, want) == 0;
}

static const struct {
	const char *method, *target;
	enum kt_endpoint endpoint;
	const char *up;
} served[] = {
	{ "POST", "/v1/messages", KT_ENDPOINT_MESSAGES, "/v1/messages" },
	{ "POST", "/v1/messages?beta=true", KT_ENDPOINT_MESSAGES,
	    "/v1/messages?beta=true" },
	{ "POST", "/v1/messages/count_tokens?beta=true",
	    KT_ENDPOINT_COUNT_TOKENS, "/v1/messages/count_tokens?beta=true" },
	{ "GET", "/v1/models", KT_ENDPOINT_MODELS, "/v1/models" },
	{ "GET", "/v1/models?limit=1000", KT_ENDPOINT_MODELS,
	    "/v1/models?limit=1000" },
	{ "GET", "/v1/models/claude-x", KT_ENDPOINT_MODELS,
	    "/v1/models/claude-x" },
	{ "POST", "/v1/chat/completions", KT_ENDPOINT_COMPLETIONS,
	    "/v1/chat/completions" },
	{ "POST", "/v1/responses", KT_ENDPOINT_RESPONSES, "/v1/responses" },
	{ "POST", "/v1/responses/compact", KT_ENDPOINT_RESPONSES,
	    "/v1/responses/compact" },
	{ "POST", "/v1/responses/input_tokens", KT_ENDPOINT_RESPONSES,
	    "/v1/responses/input_tokens" },
	{ "POST", "/v1/files", KT_ENDPOINT_FILES, "/v1/files" },
	{ "DELETE", "/v1/files/file_1", KT_ENDPOINT_FILES,
	    "/v1/files/file_1" },
	{ "GET", "/v1/files/file_1/content", KT_ENDPOINT_FILES,
	    "/v1/files/file_1/content" },
	{ "HEAD", "/", KT_ENDPOINT_HELLO, "/" },
	{ "GET", "/api/hello", KT_ENDPOINT_HELLO, "/api/hello" },
	{ "GET", "/healthz", KT_ENDPOINT_HEALTH, "/healthz" },
	/* Prefixes of ours. */
	{ "POST", "/v1/anthropic/messages", KT_ENDPOINT_MESSAGES,
	    "/v1/messages" },
	{ "POST", "/v1/anthropic/v1/messages?a=b", KT_ENDPOINT_MESSAGES,
	    "/v1/messages?a=b" },
	{ "GET", "/v1/anthropic/models/x", KT_ENDPOINT_MODELS,
	    "/v1/models/x" },
	{ "POST", "/api/p1/v1/messages", KT_ENDPOINT_MESSAGES,
	    "/v1/messages" },
	{ "GET", "/api/p1/v1/anthropic/models?x", KT_ENDPOINT_MODELS,
	    "/v1/models?x" },
};

static void
every_path_is_served_as_the_vendor_wants_it(void)
{
	for (size_t i = 0; i < KT_NELEMS(served); i++) {
		struct kt_surface s =
		    read_target(served[i].method, served[i].target);

		ok(s.endpoint == served[i].endpoint);
		ok(s.is_method_ok);
		ok(goes_up_as(&s, served[i].up));
		s = read_target("PATCH", served[i].target);
		ok(s.endpoint == served[i].endpoint && !s.is_method_ok);
	}
}

static void
each_method_that_is_named_is_taken_and_no_other(void)
{
	static const struct {
		const char *target, *methods;
	} of[] = { { "/v1/messages", "POST" }, { "/v1/models", "GET, HEAD" },
		{ "/v1/files", "GET, POST" },
		{ "/v1/files/f", "GET, DELETE" }, { "/v1/none", "" } };
	static const char *const methods[] = { "GET", "HEAD", "POST",
		"DELETE" };

	for (size_t i = 0; i < KT_NELEMS(of); i++)
		for (size_t k = 0; k < KT_NELEMS(methods); k++) {
			const char *named = of[i].methods;
			struct kt_surface s =
			    read_target(methods[k], of[i].target);

			ok(kt_span_eq(s.methods, kt_span_of(named)));
			ok(s.is_method_ok ==
			    (*named == '\0' ||
			        strstr(named, methods[k]) != NULL));
		}
}

static void
what_nobody_claims_is_none(void)
{
	static const char *const unknown[] = { "", "/v1", "/v1/", "/v2/messages",
		"/v1/messages/", "/v1/messages/batches", "/v1/messagesx",
		"/x/v1/messages", "/v1/modelsx", "/v1/models/", "/V1/messages",
		"/api//v1/messages", "/api/p1/messages", "/v1/anthropic",
		"/v1/anthropic/", "/v1/responses/resp_1", "/healthz/x",
		"/v1%2fmessages", "/messages", "*" };

	for (size_t i = 0; i < KT_NELEMS(unknown); i++) {
		ok(read_target("POST", unknown[i]).endpoint ==
		    KT_ENDPOINT_NONE);
		ok(read_target("POST", unknown[i]).is_method_ok);
	}
}

static void
items_and_projects_are_named(void)
{
	struct kt_surface s = read_target("GET", "/api/p-1/v1/models/a%2Fb?c");

	ok(kt_span_eq(s.item, KT_SPAN("a%2Fb")));
	ok(kt_span_eq(s.project, KT_SPAN("p-1")));
	ok(kt_span_eq(s.query, KT_SPAN("?c")));
	s = read_target("GET", "/v1/files/f/content");
	ok(kt_span_eq(s.item, KT_SPAN("f/content")));
	s = read_target("GET", "/v1/models");
	ok(s.item.len == 0 && s.project.len == 0 && s.query.len == 0);
}

static const struct kt_route routes[] = {
	{ KT_SPAN_INIT("*"), KT_ENDPOINT_PASSTHROUGH },
	{ KT_SPAN_INIT("/messages"), KT_ENDPOINT_DENY },
	{ KT_SPAN_INIT("/v1/messages"), KT_ENDPOINT_MESSAGES },
	{ KT_SPAN_INIT("/v1/models"), KT_ENDPOINT_MODELS },
	{ KT_SPAN_INIT("/ours"), KT_ENDPOINT_COMPLETIONS },
	{ KT_SPAN_INIT("/our/models"), KT_ENDPOINT_MODELS },
	{ KT_SPAN_INIT("/v1/responses"), KT_ENDPOINT_DETECT },
};
static const struct {
	const char *target;
	enum kt_endpoint endpoint;
	const char *up;
} routed[] = {
	{ "/v1/messages", KT_ENDPOINT_MESSAGES, "/v1/messages" },
	{ "/x/messages", KT_ENDPOINT_DENY, "/x/messages" },
	{ "/xmessages", KT_ENDPOINT_PASSTHROUGH, "/xmessages" },
	{ "/a/b/ours?q", KT_ENDPOINT_COMPLETIONS, "/v1/chat/completions?q" },
	{ "/v1/models/m", KT_ENDPOINT_MODELS, "/v1/models/m" },
	{ "/our/models/m", KT_ENDPOINT_MODELS, "/v1/models/m" },
	{ "/our/models", KT_ENDPOINT_MODELS, "/v1/models" },
	{ "/v1/responses", KT_ENDPOINT_DETECT, "/v1/responses" },
	{ "/v1/embeddings?x=1", KT_ENDPOINT_PASSTHROUGH, "/v1/embeddings?x=1" },
	{ "/api/p/v1/embeddings", KT_ENDPOINT_PASSTHROUGH, "/v1/embeddings" },
	{ "/healthz", KT_ENDPOINT_HEALTH, "/healthz" },
};

static void
the_longest_suffix_wins_and_the_star_comes_last(void)
{
	for (size_t i = 0; i < KT_NELEMS(routed); i++) {
		struct kt_surface s;

		kt_surface(&s, KT_SPAN("POST"), kt_span_of(routed[i].target),
		    routes, KT_NELEMS(routes));
		if (!ok(s.endpoint == routed[i].endpoint))
			printf("# %s\n", routed[i].target);
		ok(goes_up_as(&s, routed[i].up));
	}
}

static void
what_others_read_as_another_endpoint_is_none(void)
{
	static const char *const unclear[] = { "/v1//messages",
		"/v1/messages/", "/v1/m%65ssages",
		"/v1%2Fmessages", "/v1%5cmessages", "/v1/messages;a=b",
		"/v1;x/messages", "/x%2fmessages", "/our/%6dodels/m",
		"/healthz/", "/v1/responses%3B" };
	static const char *const clear[] = { "/v1/embeddings/",
		"/v1/models/a%2Fb", "/v1/models/m/", "/a%20b;c//d/",
		"/our/models/a;b" };
	char path[LONGEST + 1] = "/";
	struct kt_surface s;

	for (size_t i = 0; i < KT_NELEMS(unclear); i++) {
		kt_surface(&s, KT_SPAN("POST"), kt_span_of(unclear[i]), routes,
		    KT_NELEMS(routes));
		if (!ok(s.endpoint == KT_ENDPOINT_NONE && s.is_unclear))
			printf("# %s\n", unclear[i]);
	}
	for (size_t i = 0; i < KT_NELEMS(clear); i++) {
		kt_surface(&s, KT_SPAN("POST"), kt_span_of(clear[i]), routes,
		    KT_NELEMS(routes));
		if (!ok(s.endpoint != KT_ENDPOINT_NONE && !s.is_unclear))
			printf("# %s\n", clear[i]);
	}
	memset(path + 1, '/', LONGEST - 1); /* as long as it may be */
	kt_surface(&s, KT_SPAN("POST"), (struct kt_span){ path, LONGEST },
	    routes, KT_NELEMS(routes));
	ok(s.is_unclear); /* it is "/", which is ours */
	path[LONGEST] = 'a';
	kt_surface(&s, KT_SPAN("POST"),
	    (struct kt_span){ path, LONGEST + 1 }, routes,
	    KT_NELEMS(routes));
	ok(s.is_unclear);
}

static void
routes_replace_the_built_in_map(void)
{
	struct kt_surface s;

	kt_surface(&s, KT_SPAN("POST"), KT_SPAN("/v1/chat/completions"),
	    &routes[2], 1);
	ok(s.endpoint == KT_ENDPOINT_NONE);
	kt_surface(&s, KT_SPAN("HEAD"), KT_SPAN("/"), &routes[2], 1);
	ok(s.endpoint == KT_ENDPOINT_HELLO);
}

int
main(void)
{
	RUN(every_path_is_served_as_the_vendor_wants_it);
	RUN(each_method_that_is_named_is_taken_and_no_other);
	RUN(what_nobody_claims_is_none);
	RUN(items_and_projects_are_named);
	RUN(the_longest_suffix_wins_and_the_star_comes_last);
	RUN(what_others_read_as_another_endpoint_is_none);
	RUN(routes_replace_the_built_in_map);
	return done();
}
