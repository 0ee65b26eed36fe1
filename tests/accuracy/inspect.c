/*
 * inspect - the shipped detectors over JSON Lines, for tests/accuracy.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	tests/accuracy/inspect <IN >OUT
 *
 * Each line {"id"?, "text", "component"?} gives one line {"id", "findings"},
 * in the words of `kt inspect --as jsonl`.  No policy decides here: what is
 * measured is what detectors tell, before anybody acts upon it.
 */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "chat/chat.h"
#include "tests/unit/detect/shipped.h"

static struct kt_detect *db;
static struct kt_detect_scratch *scratch;

static int
complain(const char *what)
{
	(void)fprintf(stderr, "inspect: %s\n", what);
	return EXIT_FAILURE;
}

static bool
add_finding(cJSON *list, const struct kt_finding *f)
{
	const struct kt_detector *d = kt_detect_def(db, f->detector);
	cJSON *o = cJSON_CreateObject();

	return cJSON_AddItemToArray(list, o) &&
	    cJSON_AddStringToObject(o, "detector", d->id) != NULL &&
	    cJSON_AddStringToObject(o, "class", kt_class_name(d->class)) !=
	    NULL &&
	    cJSON_AddStringToObject(o, "entity", d->entity) != NULL &&
	    cJSON_AddNumberToObject(o, "start", (double)f->start) != NULL &&
	    cJSON_AddNumberToObject(o, "end", (double)f->end) != NULL &&
	    cJSON_AddNumberToObject(o, "confidence",
		(double)f->confidence_pm / 1000) != NULL;
}

static bool
inspect(const cJSON *in, cJSON *out)
{
	const char *text =
	    cJSON_GetStringValue(cJSON_GetObjectItem(in, "text"));
	cJSON *list = cJSON_AddArrayToObject(out, "findings");
	struct kt_findings f;

	if (text == NULL ||
	    kt_detect_scan(db, scratch, kt_span_of(text), NULL, &f) < 0)
		return false;
	for (size_t i = 0; i < f.n; i++)
		if (!add_finding(list, &f.v[i]))
			return false;
	return true;
}

static bool
answer(const char *line)
{
	cJSON *in = cJSON_Parse(line), *out = cJSON_CreateObject();
	cJSON *id = cJSON_DetachItemFromObject(in, "id");
	char *said = NULL;
	bool is_done = false;

	if (in != NULL && inspect(in, out)) {
		if (id != NULL)
			(void)cJSON_AddItemToObject(out, "id", id); /* is given */
		said = cJSON_PrintUnformatted(out);
		is_done = said != NULL && puts(said) >= 0;
	}
	cJSON_free(said);
	cJSON_Delete(out);
	cJSON_Delete(in);
	return is_done;
}

int
main(void)
{
	struct kt_err err;
	char *line = NULL;
	size_t room = 0, n = 0;

	if (!load_shipped())
		return complain("the detectors do not load");
	if (kt_detect_new(&db, shipped, nshipped, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0)
		return complain(err.text);
	while (getline(&line, &room, stdin) > 0) {
		n++;
		if (!answer(line)) {
			(void)fprintf(stderr, "line %zu: ", n);
			return complain("cannot be inspected");
		}
	}
	free(line);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	kt_arena_free(&shipped_mem);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
