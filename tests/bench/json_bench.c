/*
 * What indexing costs, beside what cJSON costs, in the same run.
 *
 *	json_bench [file]
 *
 * Without a file it makes a body as a coding agent sends it: instructions,
 * tools with schemas, and a long conversation of tool calls and the source
 * text they returned.  Times are CPU time; the best of a few rounds counts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cJSON.h>
#include <time.h>

#include "json/json.h"
#include "json/write.h"

#define BODY_BYTES 1050000
#define ROUNDS 15
#define HOSTILE_BYTES (32u << 20)

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char prose[] =
    "You are an agent for software engineering. Use the tools below to help "
    "the person in front of you.\n\n# Tone\n - Be short.\n - Say what you "
    "did not do.\n\nIMPORTANT: never invent a URL \xe2\x80\x94 ask instead.\n";

static const char source[] =
    "     1\t#include <stdio.h>\n     2\t\n     3\tstatic int\n"
    "     4\tcount(const char *name, struct list *l)\n     5\t{\n"
    "     6\t\tfor (size_t i = 0; i < l->len; i++) {\n"
    "     7\t\t\tif (strcmp(l->items[i].name, \"default\") == 0)\n"
    "     8\t\t\t\treturn printf(\"%s: found\\n\", name);\n"
    "     9\t\t}\n    10\t\treturn 0; /* nothing \xc3\xa0 voir */\n    11\t}\n";

static const char schema[] =
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"type\":"
    "\"object\",\"properties\":{\"file_path\":{\"type\":\"string\","
    "\"description\":\"The absolute path\"},\"offset\":{\"type\":\"integer\","
    "\"minimum\":0},\"limit\":{\"type\":\"number\",\"exclusiveMinimum\":0}},"
    "\"required\":[\"file_path\"],\"additionalProperties\":false}";

static void
repeat(struct kt_json_writer *w, const char *text, unsigned times)
{
	size_t len = strlen(text);
	char *all = kt_alloc(len * times);

	for (unsigned i = 0; i < times; i++)
		memcpy(all + i * len, text, len);
	kt_json_put_string(w, (struct kt_span){ all, len * times });
	kt_free(all);
}

static void
member(struct kt_json_writer *w, const char *name, const char *text)
{
	kt_json_put_name(w, name);
	kt_json_put_cstr(w, text);
}

static void
tool(struct kt_json_writer *w, unsigned number)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "tool_%u", number);
	kt_json_begin_object(w);
	member(w, "name", name);
	kt_json_put_name(w, "description");
	repeat(w, prose, 6);
	kt_json_put_name(w, "input_schema");
	kt_json_put_raw(w, kt_span_of(schema));
	kt_json_end_object(w);
}

static void
begin_turn(struct kt_json_writer *w, const char *role, const char *type)
{
	kt_json_begin_object(w);
	member(w, "role", role);
	kt_json_put_name(w, "content");
	kt_json_begin_array(w);
	kt_json_begin_object(w);
	member(w, "type", type);
}

static void
end_turn(struct kt_json_writer *w)
{
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
call_and_result(struct kt_json_writer *w, unsigned number)
{
	char id[40];

	(void)snprintf(id, sizeof(id), "toolu_%024u", number);
	begin_turn(w, "assistant", "tool_use");
	member(w, "id", id);
	member(w, "name", "Read");
	kt_json_put_name(w, "input");
	kt_json_put_raw(w, KT_SPAN("{\"file_path\":\"/a/count.c\",\"limit\":20}"));
	end_turn(w);
	begin_turn(w, "user", "tool_result");
	member(w, "tool_use_id", id);
	kt_json_put_name(w, "content");
	repeat(w, source, 1 + number % 23);
	end_turn(w);
}

static void
make_body(struct kt_buf *b)
{
	struct kt_json_writer w;

	kt_buf_init(b, SIZE_MAX);
	kt_json_writer_init(&w, b);
	kt_json_begin_object(&w);
	member(&w, "model", "a-model");
	kt_json_put_name(&w, "system");
	repeat(&w, prose, 60);
	kt_json_put_name(&w, "tools");
	kt_json_begin_array(&w);
	for (unsigned i = 0; i < 24; i++)
		tool(&w, i);
	kt_json_end_array(&w);
	kt_json_put_name(&w, "messages");
	kt_json_begin_array(&w);
	for (unsigned i = 0; b->len < BODY_BYTES && w.rc == KT_OK; i++)
		call_and_result(&w, i);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	if (kt_json_written(&w) < 0)
		KT_BUG("the body of the benchmark is not whole");
}

/* Memory is taken and given back in every round, as cJSON does. */
static double
index_seconds(struct kt_span text, enum kt_rc *rc, uint32_t *nodes)
{
	unsigned rounds = text.len > BODY_BYTES * 4 ? 1 : ROUNDS;
	double best = 1e9;

	while (rounds-- > 0) {
		struct kt_json j;
		struct kt_err err;
		double from = now(), took;

		kt_json_init(&j, text.len);
		*rc = kt_json_parse(&j, text, &err);
		*nodes = j.count - 1;
		kt_json_fini(&j);
		took = now() - from;
		best = took < best ? took : best;
	}
	return best;
}

static double
cjson_seconds(struct kt_span text)
{
	double best = 1e9;

	for (unsigned i = 0; i < ROUNDS; i++) {
		double from = now(), took;

		cJSON_Delete(cJSON_ParseWithLength(text.ptr, text.len));
		took = now() - from;
		best = took < best ? took : best;
	}
	return best;
}

static void
print(const char *what, struct kt_span text, double seconds)
{
	printf("%-26s %9zu bytes %8.3f ms %6.3f GB/s", what, text.len,
	    seconds * 1e3, (double)text.len / seconds / 1e9);
}

static void
beside_cjson(const char *what, struct kt_span text)
{
	enum kt_rc rc;
	uint32_t nodes;
	double ours = index_seconds(text, &rc, &nodes);
	double theirs = cjson_seconds(text);

	print(what, text, ours);
	printf("  %u nodes, rc %d\n", nodes, rc);
	print("  cJSON, same text", text, theirs);
	printf("  ratio %.2f\n", theirs / ours);
}

enum shape { PIECES, NAMES };

static void
hostile(const char *what, const char *head, const char *piece, enum shape shape)
{
	struct kt_buf b;
	enum kt_rc rc;
	uint32_t nodes;
	double seconds;

	kt_buf_init(&b, HOSTILE_BYTES);
	rc = kt_buf_add(&b, kt_span_of(head));
	for (unsigned i = 0; rc == KT_OK && b.len + 64 < HOSTILE_BYTES; i++) {
		if (shape == NAMES)
			rc = kt_buf_printf(&b, "\"%s%x\":0,", piece, i);
		else
			rc = kt_buf_add(&b, kt_span_of(piece));
	}
	if (rc == KT_OK && shape == NAMES)
		rc = kt_buf_add(&b, KT_SPAN("\"\":0}"));
	if (rc < 0)
		KT_BUG("no memory for a hostile text");
	seconds = index_seconds(kt_buf_span(&b), &rc, &nodes);
	print(what, kt_buf_span(&b), seconds);
	printf("  %u nodes, rc %d\n", nodes, rc);
	kt_buf_fini(&b);
}

static bool
read_file(const char *path, struct kt_buf *b)
{
	FILE *f = fopen(path, "rb");
	size_t got = 1;

	kt_buf_init(b, SIZE_MAX);
	while (f != NULL && got > 0 && kt_buf_reserve(b, 65536) == KT_OK) {
		got = fread(b->ptr + b->len, 1, 65536, f);
		b->len += got;
	}
	return f != NULL && fclose(f) == 0;
}

int
main(int argc, char **argv)
{
	struct kt_buf body = { 0 };

	if (argc > 1 && !read_file(argv[1], &body)) {
		fprintf(stderr, "json_bench: cannot read '%s'\n", argv[1]);
		return 3;
	}
	if (argc == 1)
		make_body(&body);
	beside_cjson(argc > 1 ? "file" : "coding agent", kt_buf_span(&body));
	kt_buf_fini(&body);
	if (argc > 1)
		return 0;
	hostile("[0,0,0,...", "[", "0,", PIECES);
	hostile("[[[[...", "[", "[", PIECES);
	hostile("[[],[],...", "[", "[],", PIECES);
	hostile("\"\\n\\n\\n...", "\"", "\\n", PIECES);
	hostile("\"\\ud83d\\ude00...", "\"", "\\ud83d\\ude00", PIECES);
	hostile("three-byte letters", "\"", "\xe2\x82\xac", PIECES);
	hostile("small objects", "[", "{\"a\":1,\"b\":2},", PIECES);
	hostile("long names", "{", "a name of some length ", NAMES);
	hostile("names", "{", "a name of ", NAMES);
	return 0;
}
