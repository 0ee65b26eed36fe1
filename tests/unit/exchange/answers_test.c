/*
 * The same answer is judged the same, in whatever form a vendor writes it and
 * in whatever protocol a client reads it: whole and streamed.
 */
#include "tests/unit/exchange/answers.h"

/* What each kind of text becomes: text a redaction, thinking a flag. */
static void
each_text_is_found_in_each_form(void)
{
	static const char *const texts[NSAID] = {
		[SAID_ARGUMENTS] = "{\"to\":\"card " CARD " ok\"}" };
	struct world w[2];

	ok(world_init(&w[0], CONFIG(REDACT)));
	ok(world_init(&w[1], CONFIG_OPENAI(REDACT)));
	for (unsigned i = 0; i < NSAID * NFORMS * 2; i++) {
		enum said_kind kind = i % NSAID;
		enum form f = i / NSAID % NFORMS;
		bool is_translated = i / NSAID / NFORMS;
		bool is_signed = kind == SAID_THINKING || kind == SAID_SUMMARY;
		struct said said = { kind, texts[kind] != NULL ? texts[kind] :
			"card " CARD " ok" };
		struct result r;

		if (!can_say(f, kind) || (is_translated && f / 2 == 2))
			continue;
		run_answer(&w[f / 2 != 0], f, is_translated, &said, 1, &r);
		if (!ok(has(&r.record, "\"pci\"")) ||
		    !ok(strcmp(r.decision, is_signed ? "pass" : "redact") == 0) ||
		    !ok(is_signed || !has(&r.out, "1111")))
			printf("# kind %d form %d%s: %s\n# %.*s\n", kind, f,
			    is_translated ? " translated" : "", r.decision,
			    KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
	}
	world_fini(&w[0]);
	world_fini(&w[1]);
}

int
main(void)
{
	RUN(each_text_is_found_in_each_form);
	return done();
}
