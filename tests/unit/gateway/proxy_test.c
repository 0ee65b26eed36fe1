#include "cmd/gateway/proxy.h"
#include "tests/unit/tap.h"

static void
no_proxy_covers_names_their_subdomains_and_ports(void)
{
	static const struct {
		struct kt_span list, host;
		uint16_t port;
		bool is_covered;
	} cases[] = {
#define S KT_SPAN_INIT
		{ S(""), S("a.test"), 443, false },
		{ S("*"), S("a.test"), 443, true },
		{ S("a.test"), S("A.test"), 443, true },
		{ S("x, .a.test"), S("b.a.test"), 443, true },
		{ S("a.test"), S("b.a.test"), 443, true },
		{ S("a.test"), S("ba.test"), 443, false },
		{ S("b.a.test"), S("a.test"), 443, false },
		{ S("a.test:443"), S("a.test"), 443, true },
		{ S("a.test:80"), S("a.test"), 443, false },
		{ S("a.test:x"), S("a.test"), 443, false },
		{ S("10.0.0.1"), S("10.0.0.1"), 443, true },
		{ S("fe80::1"), S("fe80::1"), 443, true },
		{ S(",,. ,"), S("a.test"), 443, false },
		{ S(""), S("localhost"), 80, true },
		{ S(""), S("127.0.0.2"), 80, true },
		{ S(""), S("::1"), 80, true },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct kt_proxy_env env = { KT_SPAN("http://p:1"),
			KT_SPAN("http://p:2"), cases[i].list };
		struct kt_span got =
		    kt_proxy_for(&env, true, cases[i].host, cases[i].port);

		if (!ok(kt_span_eq(got, cases[i].is_covered
		            ? KT_SPAN("")
		            : KT_SPAN("http://p:2"))))
			printf("# case %zu\n", i);
	}
}

static void
each_scheme_has_its_own_proxy(void)
{
	struct kt_proxy_env env = { .http_proxy = KT_SPAN("http://p:1") };

	ok(kt_proxy_for(&env, true, KT_SPAN("a.test"), 443).len == 0);
	ok(kt_span_eq(kt_proxy_for(&env, false, KT_SPAN("a.test"), 80),
	    KT_SPAN("http://p:1")));
}

int
main(void)
{
	RUN(no_proxy_covers_names_their_subdomains_and_ports);
	RUN(each_scheme_has_its_own_proxy);
	return done();
}
