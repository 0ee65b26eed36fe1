/*
 * Policies of C2SP tlog-policy: what is one, by whom its quorum is met, and
 * which line is at fault where it is none.
 */
#include "config.h"
#include "audit/cosign.h"
#include "audit/trust.h"
#include "tests/unit/tap.h"

#define LOG "a.example/log+efec8d58+AQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ"
#define W1 "w1.example+befa920a+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define W2 "w2.example+60cb1452+BAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
#define W3 "w3.example+0b0a6459+BAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD"
#define W4 "w4.example+d891fddd+BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define W5 "w5.example+36cd33d5+BAUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUF"
#define THREE "witness X1 " W1 "\nwitness X2 " W2 "\nwitness X3 " W3 "\n"

static struct kt_err err;
static struct kt_audit_trust t;

static bool
parse(const char *text)
{
	return kt_audit_trust_parse(kt_span_of(text), &t, &err) == KT_OK;
}

static void
the_example_is_met_by_both_operators(void)
{
	ok(parse("  # two operators\n\t\nlog " LOG " https://log.example \n"
		 THREE
		 "group X-witnesses 2 X1 X2 X3\n"
		 "witness Y1 " W4 " https://y.example\n\twitness\tY2 " W5 "\n"
		 "group Y any Y1 Y2\ngroup X-and-Y all X-witnesses Y\n"
		 "quorum X-and-Y\n"));
	ok(t.nlogs == 1 && t.nwitnesses == 5 && t.ngroups == 3);
	for (uint64_t seen = 0; seen < 32; seen++)
		ok(kt_audit_trust_is_met(&t, seen) ==
		    (__builtin_popcountll(seen & 7) >= 2 && seen >> 3 != 0));
}

static void
one_witness_or_none_is_a_quorum(void)
{
	ok(parse(THREE "quorum X2\n"));
	ok(kt_audit_trust_is_met(&t, 2) && !kt_audit_trust_is_met(&t, 5));
	ok(parse("quorum none\n") && kt_audit_trust_is_met(&t, 0));
	ok(parse("quorum none\nwitness \xe2\x84\xaa " W1 "\n")); /* no K */
	ok(parse(THREE "group all all X1 X2 X3\nquorum all\n"));
	ok(kt_audit_trust_is_met(&t, 7) && !kt_audit_trust_is_met(&t, 3));
}

static void
what_is_none_is_told_with_its_line(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "there is no quorum line" },
		{ THREE, "there is no quorum line" },
		{ "quorum none", "line 1: no line feed" },
		{ "quorum none\nquorum none\n", "line 2: a second quorum" },
		{ "quorum\n", "line 1: a quorum that no line" },
		{ "quorum X1\n" THREE, "line 1: a quorum that no line" },
		{ THREE "quorum X1 X2\n", "line 4: more than belongs" },
		{ "Quorum none\n", "line 1: log, witness, group or" },
		{ "\nquorum none\r\n", "line 2: a control character" },
		{ "# \x7f\nquorum none\n", "line 1: a control character" },
		{ "log " LOG " u v\n", "line 1: more than belongs" },
		{ "log " LOG "\nlog " LOG "\n", "line 2: this key was named" },
		{ "log\n", "line 1: " }, { "log " W1 "\n", "line 1: " },
		{ "witness a " LOG "\n", "line 1: " },
		{ "witness\n", "line 1: a name must follow" },
		{ "witness none " W1 "\n", "line 1: the name is taken" },
		{ THREE "witness X1 " W4 "\n", "line 4: the name is taken" },
		{ "witness a " W1 "\nwitness b " W1 "\n",
		    "line 2: this key was named" },
		{ THREE "group g any\n", "line 4: any, all, or a number" },
		{ THREE "group g\n", "line 4: any, all, or a number" },
		{ THREE "group g 0 X1\n", "line 4: any, all, or a number" },
		{ THREE "group g 2 X1\n", "line 4: any, all, or a number" },
		{ THREE "group g 01 X1\n", "line 4: any, all, or a number" },
		{ THREE "group g most X1\n", "line 4: any, all, or a number" },
		{ THREE "group g any g\n", "line 4: a member that no line" },
		{ THREE "group g any none\n", "line 4: a member that no line" },
		{ THREE "group g 1 X1 X1\n", "line 4: a member of a group" },
		{ THREE "group g any X1\ngroup h any X1\n",
		    "line 5: a member of a group" },
		{ THREE "group X1 any X2\n", "line 4: the name is taken" },
	};

	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		ok(!parse(bad[i].text));
		ok(strstr(err.text, bad[i].why) != NULL);
	}
}

/* So many and one of each kind. */
static bool
parse_many(const char *kind, unsigned n)
{
	uint8_t pub[KT_AUDIT_PUB] = { 0 };
	char key[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_vkey k;
	struct kt_buf text;
	bool holds;

	kt_buf_init(&text, 1u << 20);
	for (unsigned i = 0; i < n; i++) {
		pub[0] = (uint8_t)i;
		if (*kind == 'l') {
			ok(kt_audit_vkey_make(
			    &k, KT_SPAN("l"), pub, &err) == KT_OK);
			kt_audit_vkey_text(&k, key);
			ok(kt_buf_printf(&text, "log %s\n", key) == KT_OK);
			continue;
		}
		ok(kt_audit_covkey_make(&k, KT_SPAN("w"), pub, &err) == KT_OK);
		kt_audit_covkey_text(&k, key);
		if (*kind == 'w' || i < KT_WITNESSES_MAX)
			ok(kt_buf_printf(
			    &text, "witness w%u %s\n", i, key) == KT_OK);
	}
	for (unsigned i = 0; *kind == 'g' && i < n; i++)
		ok(kt_buf_printf(&text, "group g%u any %c%u\n", i,
		    i < KT_WITNESSES_MAX ? 'w' : 'g',
		    i % KT_WITNESSES_MAX) == KT_OK);
	ok(kt_buf_printf(&text, "quorum none\n") == KT_OK);
	holds = kt_audit_trust_parse(kt_buf_span(&text), &t, &err) == KT_OK;
	kt_buf_fini(&text);
	return holds;
}

static void
there_are_not_more_than_the_limit(void)
{
	static const char *const kinds[] = { "logs", "witnesses", "groups" };

	for (size_t i = 0; i < KT_NELEMS(kinds); i++) {
		ok(parse_many(kinds[i], KT_WITNESSES_MAX));
		ok(!parse_many(kinds[i], KT_WITNESSES_MAX + 1));
		ok(err.rc == KT_E_LIMIT && strstr(err.text, kinds[i]) != NULL);
	}
}

int
main(void)
{
	RUN(the_example_is_met_by_both_operators);
	RUN(one_witness_or_none_is_a_quorum);
	RUN(what_is_none_is_told_with_its_line);
	RUN(there_are_not_more_than_the_limit);
	return done();
}
