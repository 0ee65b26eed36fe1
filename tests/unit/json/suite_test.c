/*
 * Every file of the JSON parsing test suite against the verdict written
 * beside it, whole and byte by byte.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "tests/unit/tap.h"

#define LINES_MIN 300

static char folder[4096];

static size_t
read_file(const char *name, char *out, size_t room)
{
	char path[8192];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return SIZE_MAX;
	n = fread(out, 1, room, f);
	(void)fclose(f); /* it was only read */
	return n;
}

static enum kt_rc
verdict(struct kt_span text, size_t step)
{
	struct kt_json j;
	struct kt_err err = { 0 };
	enum kt_rc rc;

	kt_json_init(&j, text.len);
	rc = KT_OK;
	for (size_t n = 0; n < text.len && rc == KT_OK; n += step)
		rc = kt_json_feed(&j, kt_span_sub(text, 0, n), &err);
	if (rc == KT_OK)
		rc = kt_json_end(&j, text, &err);
	kt_json_fini(&j);
	return rc;
}

static char list[1 << 16], bytes[1 << 20];

static void
every_file_of_the_suite_gets_its_verdict(void)
{
	size_t n = read_file("expected.tsv", list, sizeof(list) - 1);
	unsigned lines = 0;
	char *save = NULL;

	ok(n < sizeof(list));
	for (char *line = strtok_r(list, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[256], suite[16], want[16];
		struct kt_span text = { .ptr = bytes };
		bool is_accepted;

		if (sscanf(line, "%255s %15s %15s", name, suite, want) != 3 ||
		    strcmp(name, "file") == 0)
			continue;
		text.len = read_file(name, bytes, sizeof(bytes));
		is_accepted = strcmp(want, "accept") == 0;
		lines++;
		if (!ok(text.len != SIZE_MAX) ||
		    !ok((verdict(text, text.len + 1) == KT_OK) == is_accepted) ||
		    !ok((verdict(text, 1) == KT_OK) == is_accepted))
			printf("# %s\n", name);
	}
	ok(lines >= LINES_MIN);
}

int
main(void)
{
	const char *top = getenv("KT_SRCDIR");

	(void)snprintf(folder, sizeof(folder),
	    "%s/../shared/corpora/json-test-suite", top ? top : ".");
	if (read_file("expected.tsv", list, sizeof(list) - 1) == SIZE_MAX)
		SKIP(every_file_of_the_suite_gets_its_verdict,
		    "the suite is not here");
	else
		RUN(every_file_of_the_suite_gets_its_verdict);
	return done();
}
