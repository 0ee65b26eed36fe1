/*
 * hold_bench - how much of a streaming text the detectors hold back.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	KT_SRCDIR=. tests/bench/hold_bench [-v] POLICY FILE...
 *
 * Cuts each FILE into events as models do, and counts for what POLICY
 * enforces and for sets of detectors: events that wait for a later one, for
 * how many, and bytes held.  -v: for each detector that holds any, too.  A
 * table in Markdown; no clock.
 */
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/prose.h"

#define FILE_MAX (64u << 20)

static const char *const cuttings[] = { "words", "tokens" };

struct bench {
	struct world w;
	const char *file;
	struct kt_span text;
};

static void
show(const struct bench *b, const char *name,
    const struct kt_detect_set *enabled, const struct kt_detect_set *held,
    bool always)
{
	for (enum cutting how = WORDS; how <= TOKENS; how++) {
		struct hold h = { 0 };

		if (!measure_hold(b->w.program->chain.detect,
		        b->w.scratch->detect, enabled, held, b->text, how, &h))
			KT_BUG("the engine failed");
		if (h.held == 0 && !always)
			continue;
		printf("| %s | %s | %s | %zu | %.2f | %.2f | %.3f | %zu |\n",
		    b->file, name, cuttings[how], h.events,
		    100.0 * (double)h.held / (double)h.events,
		    h.held ? (double)h.waited / (double)h.held : 0.0,
		    (double)h.bytes / (double)h.events, h.most);
	}
}

static void
show_named(const struct bench *b, const char *name, bool always)
{
	struct kt_detect_set set;
	const struct kt_detect *db = b->w.program->chain.detect;

	if (kt_detect_set_init(&set, db) < 0)
		KT_BUG("no memory");
	(void)kt_detect_set_add_named(&set, db, kt_span_of(name));
	show(b, name, &set, &set, always);
	kt_detect_set_fini(&set);
}

static struct kt_span
read_whole(const char *path, struct kt_buf *bytes)
{
	struct kt_err err = { 0 };

	kt_buf_init(bytes, FILE_MAX);
	if (kt_disk_read_file(&kt_disk_real, path, FILE_MAX - 1, bytes, &err) < 0)
		KT_BUG(err.text);
	keep(bytes, (struct kt_span){ "\0", 1 });
	return kt_span_sub(kt_buf_span(bytes), 0, bytes->len - 1);
}

static void
run(struct bench *b, const char *path, bool is_verbose)
{
	const struct kt_chain *chain = &b->w.program->chain;
	const char *slash = strrchr(path, '/');
	struct kt_buf bytes;

	b->file = slash != NULL ? slash + 1 : path;
	b->text = read_whole(path, &bytes);
	show(b, "policy", &chain->heard[KT_COMPONENT_COMPLETION],
	    &chain->enforced[KT_COMPONENT_COMPLETION], true);
	show_named(b, "secret", true);
	show_named(b, "pii", true);
	for (size_t i = 0; i < kt_detect_count(chain->detect) && is_verbose; i++)
		show_named(b, kt_detect_def(chain->detect, i)->id, false);
	kt_buf_fini(&bytes);
}

int
main(int argc, char **argv)
{
	bool is_verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	struct bench b = { 0 };
	struct kt_buf config;
	int at = is_verbose ? 2 : 1;

	if (argc - at < 2)
		return EXIT_FAILURE;
	if (!world_init(&b.w, read_whole(argv[at], &config).ptr))
		return EXIT_FAILURE;
	printf("| text | detectors | cut at | events | held %% | events each "
	       "waits | bytes held | at most |\n|---|---|---|---|---|---|---|"
	       "---|\n");
	for (int i = at + 1; i < argc; i++)
		run(&b, argv[i], is_verbose);
	world_fini(&b.w);
	kt_buf_fini(&config);
	return EXIT_SUCCESS;
}
