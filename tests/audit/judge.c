/*
 * judge - kt audit verify --json for a test that asks ten thousand times.
 *
 * Each line of standard input is a directory, and behind tabs a checkpoint
 * that is known and a key that is pinned, either of them empty; each line of
 * the answer is the exit code and the JSON.
 */
#include "config.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/verdict.h"

#include <stdarg.h>

/* As the commands' own, which are not linked here. */
void
kt_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
}

static struct kt_span
field(struct kt_span *line)
{
	size_t n = kt_span_find(*line, '\t');
	struct kt_span out = kt_span_sub(*line, 0, n);

	*line = kt_span_sub(*line, n + 1, line->len);
	return out;
}

static void
answer(struct kt_span line)
{
	struct kt_span dir = field(&line), file = field(&line);
	struct kt_audit_checkpoint known = { .size = 0 };
	struct kt_audit_brought brought = { .known = &known };
	struct kt_judge j = { .jobs = 1 };
	struct kt_verdict_told told = { .dir = &j.dir, .err = &j.err };
	char path[KT_PATH_MAX];
	struct kt_buf note;
	struct kt_err err;

	kt_buf_init(&note, 1u << 20);
	(void)snprintf(path, sizeof(path), "%.*s", KT_SPAN_ARG(file));
	if (file.len > 0 &&
	    (kt_disk_read_file(&kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note,
	    &err) < 0 || kt_audit_checkpoint_parse(kt_buf_span(&note), &known,
	    &err) < 0))
		KT_BUG("the known checkpoint is none");
	brought.nknown = file.len > 0;
	(void)snprintf(path, sizeof(path), "%.*s", KT_SPAN_ARG(dir));
	told.report = kt_judge(&j, path, line, &brought, NULL, NULL);
	(void)printf("%d ", kt_verdict_exit(&told));
	(void)kt_verdict_json(&told);
	(void)fflush(stdout);
	kt_judge_fini(&j);
	kt_buf_fini(&note);
}

int
main(void)
{
	char line[3 * KT_PATH_MAX];

	while (fgets(line, sizeof(line), stdin) != NULL)
		answer(kt_span_sub(kt_span_of(line), 0, strlen(line) - 1));
	return 0;
}
