#include <cjson/cJSON.h>

#include "config/fill.h"
#include "policy/policy.h"
#include "tests/unit/config/load.h"

/* A value that the field takes, for each field of a table. */
static void
write_value(struct kt_buf *b, const struct kt_config_field *f, int depth);

static void
write_section(struct kt_buf *b, const struct kt_config_table *t, int depth)
{
	size_t embedded = t->embed != NULL ? t->embed->n : 0;
	const char *between = "";

	ok(kt_buf_printf(b, "{") == KT_OK);
	for (size_t i = 0; i < embedded + t->n; i++) {
		const struct kt_config_field *f = i < embedded ?
		    &t->embed->fields[i] : &t->fields[i - embedded];

		/* One of the two that exclude one another. */
		if (strcmp(f->name, "jwks_url") == 0 ||
		    (strcmp(f->name, "path") == 0 &&
		    strcmp(t->name, "health_probe") == 0))
			continue;
		ok(kt_buf_printf(b, "%s\"%s\": ", between, f->name) == KT_OK);
		write_value(b, f, depth);
		between = ", ";
	}
	ok(kt_buf_printf(b, "}") == KT_OK);
}

static const char *
sample(const struct kt_config_field *f)
{
	static const struct {
		const char *name, *value;
	} forms[] = {
		{ "id", "4f9c1b7e-0a55-4c1e-9d0e-2f6a8f3b7c11" },
		{ "version", "1.2.3" }, { "provider", "anthropic" },
		{ "base_url", "https://h/" }, { "url", "https://h/" },
		{ "endpoint", "https://h/" }, { "expires", "2030-01-01" },
		{ "listen", "[::1]:0" },
		{ "target", "4f9c1b7e-0a55-4c1e-9d0e-2f6a8f3b7c11" },
	};

	for (size_t i = 0; i < KT_NELEMS(forms); i++) {
		if (strcmp(f->name, forms[i].name) == 0)
			return forms[i].value;
	}
	return "word";
}

static void
write_value(struct kt_buf *b, const struct kt_config_field *f, int depth)
{
	long long number = (long long)f->min;
	enum kt_rc rc = KT_OK;

	if (strcmp(f->name, "total_timeout_seconds") == 0 ||
	    strcmp(f->name, "max_ms") == 0 ||
	    strcmp(f->name, "retention_days") == 0)
		number = (long long)f->max;
	switch (f->type) {
	case KT_CONFIG_BOOL:
		rc = kt_buf_printf(b, "true");
		break;
	case KT_CONFIG_INT: case KT_CONFIG_SIZE: case KT_CONFIG_NUMBER:
		rc = kt_buf_printf(b, "%lld", number);
		break;
	case KT_CONFIG_STRING:
		rc = kt_buf_printf(b, "\"%s\"", sample(f));
		break;
	case KT_CONFIG_ENUM:
		rc = kt_buf_printf(b, "\"%s\"", f->names[0]);
		break;
	case KT_CONFIG_ENUMS:
		rc = kt_buf_printf(b, "[\"%s\"]", f->names[0]);
		break;
	case KT_CONFIG_STRINGS:
		rc = strcmp(f->name, "chain") == 0 ?
		    kt_buf_printf(b, "[pii, audit-logger]") :
		    kt_buf_printf(b, "[\"%s\"]", sample(f));
		break;
	case KT_CONFIG_INTS:
		rc = kt_buf_printf(b, "[%lld]", number);
		break;
	case KT_CONFIG_PAIRS: case KT_CONFIG_WORDS:
		rc = kt_buf_printf(b, "{\"/x\": \"%s\"}",
		    f->names != NULL ? f->names[0] : "v");
		if (strcmp(f->name, "headers") == 0) {
			b->len -= strlen("{\"/x\": \"v\"}");
			rc = kt_buf_printf(b, "{\"x\": \"v\"}");
		}
		break;
	case KT_CONFIG_SECRET:
		rc = kt_buf_printf(b, "{file: /f}");
		break;
	case KT_CONFIG_ANY:
		rc = kt_buf_printf(b, "{a: [1, \"b\", true, {c: \"\"}]}");
		break;
	case KT_CONFIG_SECTION:
		write_section(b, f->table, depth + 1);
		break;
	case KT_CONFIG_NAMED:
		rc = kt_buf_printf(b, "{\"/a\": ");
		write_section(b, f->table, depth + 1);
		if (kt_buf_printf(b, "}") < 0)
			rc = KT_E_LIMIT;
		break;
	case KT_CONFIG_SECTIONS:
		rc = kt_buf_printf(b, "[");
		write_section(b, f->table, depth + 1);
		if (kt_buf_printf(b, "]") < 0)
			rc = KT_E_LIMIT;
		break;
	case KT_CONFIG_KINDS:
		rc = kt_buf_printf(b, "{");
		for (size_t i = 0; i < KT_NELEMS(kinds); i++) {
			ok(kt_buf_printf(b, "%s%s: ", i ? ", " : "",
			    kinds[i].name) == KT_OK);
			write_section(b, kinds[i].table, depth + 1);
		}
		if (kt_buf_printf(b, "}") < 0)
			rc = KT_E_LIMIT;
		break;
	}
	ok(rc == KT_OK);
}

/* Each field of each table reached, with the text that must name it. */
static void
all_fields(const struct kt_config_table *t, const char *text,
    const char *before, const char *after, size_t *n)
{
	size_t embedded = t->embed != NULL ? t->embed->n : 0;

	for (size_t i = 0; i < embedded + t->n; i++) {
		const struct kt_config_field *f = i < embedded ?
		    &t->embed->fields[i] : &t->fields[i - embedded];
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted), "%s%s%s", before, f->name,
		    after);
		if (!ok(strstr(text, wanted) != NULL))
			printf("# '%s' of %s is not there\n", wanted, t->name);
		ok(f->doc != NULL && f->doc[strlen(f->doc) - 1] != '.');
		ok((f->type == KT_CONFIG_BOOL) <= (f->fallback != NULL));
		++*n;
		if (f->table != NULL)
			all_fields(f->table, text, before, after, n);
	}
}

static void
schema_manual_and_show_name_every_field_of_every_table(void)
{
	struct kt_buf schema, man, yaml, shown, again;
	size_t n = 0;
	struct load l, l2;
	cJSON *json;

	kt_buf_init(&schema, 1u << 20);
	kt_buf_init(&man, 1u << 20);
	kt_buf_init(&yaml, 1u << 20);
	kt_buf_init(&shown, 1u << 20);
	kt_buf_init(&again, 1u << 20);
	ok(kt_config_schema(&kt_config_root_table, kinds, KT_NELEMS(kinds),
	    &schema) == KT_OK && kt_buf_addc(&schema, '\0') == KT_OK);
	ok(kt_config_man(&kt_config_root_table, kinds, KT_NELEMS(kinds), &man) ==
	    KT_OK && kt_buf_addc(&man, '\0') == KT_OK);
	json = cJSON_Parse(schema.ptr);
	ok(json != NULL && cJSON_GetObjectItem(json, "$defs") != NULL);
	cJSON_Delete(json);
	/* A file that says everything there is. */
	write_section(&yaml, &kt_config_root_table, 0);
	ok(kt_buf_addc(&yaml, '\0') == KT_OK);
	load(&l, yaml.ptr);
	ok(l.rc == KT_OK && says(&l, ""));
	if (l.rc != KT_OK)
		return;
	ok(kt_config_show(&kt_config_root_table, l.settings, KT_CONFIG_YAML,
	    &shown) == KT_OK && kt_buf_addc(&shown, '\0') == KT_OK);
	all_fields(&kt_config_root_table, schema.ptr, "\"", "\": {", &n);
	all_fields(&kt_config_root_table, man.ptr, ".It Cm \"\\&", "\"", &n);
	all_fields(&kt_config_root_table, shown.ptr, "", ":", &n);
	for (size_t i = 0; i < KT_NELEMS(kinds); i++) {
		all_fields(kinds[i].table, schema.ptr, "\"", "\": {", &n);
		all_fields(kinds[i].table, man.ptr, ".It Cm \"\\&", "\"", &n);
		all_fields(kinds[i].table, shown.ptr, " ", ":", &n);
	}
	ok(n > 300);
	/* What is shown loads again and means the same. */
	load(&l2, shown.ptr);
	ok(l2.rc == KT_OK && says(&l2, ""));
	if (l2.rc == KT_OK)
		ok(kt_config_show(&kt_config_root_table, l2.settings,
		    KT_CONFIG_YAML, &again) == KT_OK &&
		    kt_buf_addc(&again, '\0') == KT_OK &&
		    strcmp(shown.ptr, again.ptr) == 0);
	drop(&l2);
	kt_buf_reset(&again);
	ok(kt_config_show(&kt_config_root_table, l.settings, KT_CONFIG_JSON,
	    &again) == KT_OK && kt_buf_addc(&again, '\0') == KT_OK);
	json = cJSON_Parse(again.ptr);
	ok(json != NULL);
	cJSON_Delete(json);
	drop(&l);
	kt_buf_fini(&schema);
	kt_buf_fini(&man);
	kt_buf_fini(&yaml);
	kt_buf_fini(&shown);
	kt_buf_fini(&again);
}

static void
awkward_text_is_shown_so_that_it_reads_back(void)
{
	static const char *const texts[] = { "yes", "null", "1.0", "", " a ",
		"a: b", "- a", "#", "\\\"quoted\\\"", "\\ttab\\n", "\\u0007",
		"gr\xc3\xbc\xc3\x9f", "\\u202e", "*", "{", "a:", "true" };

	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		char yaml[512];
		struct load l, l2;
		struct kt_buf b;

		(void)snprintf(yaml, sizeof(yaml), "pack: {name: \"%s\"}\n"
		    "policies: {chain: []}\n" TAIL, texts[i]);
		kt_buf_init(&b, 1u << 20);
		load(&l, yaml);
		ok(l.rc == KT_OK && kt_config_show(&kt_config_root_table, l.settings,
		    KT_CONFIG_YAML, &b) == KT_OK &&
		    kt_buf_addc(&b, '\0') == KT_OK);
		load(&l2, b.ptr);
		ok(l2.rc == KT_OK && kt_span_eq(l.settings->pack.name,
		    l2.settings->pack.name));
		drop(&l);
		drop(&l2);
		kt_buf_fini(&b);
	}
}

/* The same law for what kt ships with, whatever kinds it has. */
static bool
has_required(const struct kt_config_table *t)
{
	size_t offset;

	for (size_t i = 0; i < kt_config_fields_n(t); i++)
		if (kt_config_field_at(t, i, &offset)->is_required)
			return true;
	return false;
}

static void
the_kinds_of_this_program_keep_the_law(void)
{
	size_t kinds_n, n = 0;
	const struct kt_config_kind *real = kt_policy_config_kinds(&kinds_n);
	struct kt_config_source file = { KT_SPAN("t.yaml"), KT_SPAN(HEAD TAIL) };
	struct kt_config_diags *d = kt_alloc(sizeof(*d));
	struct kt_arena *mem = kt_arena_new(16u << 20);
	const struct kt_settings *s = NULL;
	struct kt_buf schema, man, shown;

	kt_buf_init(&schema, 1u << 20);
	kt_buf_init(&man, 1u << 20);
	kt_buf_init(&shown, 1u << 20);
	ok(kt_config_schema(&kt_config_root_table, real, kinds_n, &schema) ==
	    KT_OK && kt_buf_addc(&schema, '\0') == KT_OK);
	ok(kt_config_man(&kt_config_root_table, real, kinds_n, &man) == KT_OK &&
	    kt_buf_addc(&man, '\0') == KT_OK);
	d->files = &file;
	d->files_n = 1;
	/* Every default is a value of its field, or this would not load. */
	ok(kt_config_load(&s, real, kinds_n, mem, d) == KT_OK);
	for (size_t i = 0; i < d->n; i++)
		printf("# %s\n", d->at[i].text);
	ok(s == NULL || (kt_config_show(&kt_config_root_table, s, KT_CONFIG_YAML,
	    &shown) == KT_OK && kt_buf_addc(&shown, '\0') == KT_OK));
	for (size_t i = 0; i < kinds_n; i++) {
		all_fields(real[i].table, schema.ptr, "\"", "\": {", &n);
		all_fields(real[i].table, man.ptr, ".It Cm \"\\&", "\"", &n);
		/* Unless it has to be told something, and was not. */
		ok(s == NULL || (strstr(shown.ptr, real[i].name) != NULL) !=
		    has_required(real[i].table));
	}
	ok(kinds_n > 0 && n > 0);
	kt_buf_fini(&schema);
	kt_buf_fini(&man);
	kt_buf_fini(&shown);
	kt_arena_free(&mem);
	kt_free(d);
}

int
main(void)
{
	RUN(schema_manual_and_show_name_every_field_of_every_table);
	RUN(awkward_text_is_shown_so_that_it_reads_back);
	RUN(the_kinds_of_this_program_keep_the_law);
	return done();
}
