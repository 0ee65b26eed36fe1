/*
 * report - findings are kept as they come and sorted once at the end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Places are of characters, as people count; machines want bytes.  A table
 * of where each line begins is made once per file, so that a place becomes
 * an offset without reading the file again.
 */
#include <stdlib.h>

#include "report/report_priv.h"

#define ARENA_MAX (512u << 20)
#define FNV_PRIME 1099511628211u

struct lines {
	uint32_t *at; /* offset of each line's first byte */
	size_t n;
	struct kt_span path, name; /* the same, as bytes and printable */
};

struct kt_report {
	struct kt_report_options o;
	struct kt_arena *mem;
	struct kt_report_finding **findings; /* each in mem: none moves */
	size_t n, cap;
	struct kt_report_pass *passes;
	size_t npasses, passes_cap;
	struct kt_report_place *hidden;
	size_t nhidden, hidden_cap;
	struct lines *lines;
	struct kt_buf scratch;
	bool is_lossy;
};

const char *const kt_report_severities[] = { "info", "warning", "error", NULL };

static bool
index_lines(struct kt_report *r, size_t file)
{
	struct kt_span s = r->o.sources[file].bytes;
	struct lines *l = &r->lines[file];
	size_t n = 1;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == '\n';
	l->at = kt_arena_array(r->mem, n, sizeof(*l->at));
	if (l->at == NULL)
		return false;
	l->n = 1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n')
			l->at[l->n++] = (uint32_t)i + 1;
	}
	return true;
}

/* A printable copy; "" and a loss noted when there is no room. */
static struct kt_span
keep(struct kt_report *r, struct kt_span s)
{
	struct kt_span copy = { 0 };

	if (s.len == 0)
		return KT_SPAN("");
	kt_buf_reset(&r->scratch);
	if (kt_report_add_clean(&r->scratch, s) == KT_OK)
		copy = kt_arena_dup(r->mem, kt_buf_span(&r->scratch));
	if (copy.ptr != NULL)
		return copy;
	r->is_lossy = true;
	return KT_SPAN("");
}

/*
 * "./a//b" is "a/b": what reads a report looks for the paths of a tree, and
 * finds no other.
 */
static enum kt_rc
add_path(struct kt_buf *out, struct kt_span path)
{
	bool is_first = true;

	for (; path.len > 0; is_first = false) {
		size_t len = kt_span_find(path, '/');
		struct kt_span part = kt_span_sub(path, 0, len + 1);

		path = kt_span_sub(path, len + 1, SIZE_MAX);
		if (kt_span_eq(part, KT_SPAN("./")) ||
		    (kt_span_eq(part, KT_SPAN("/")) && !is_first))
			continue;
		if (kt_buf_add(out, part) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static bool
take_name(struct kt_report *r, size_t file)
{
	struct lines *l = &r->lines[file];

	kt_buf_reset(&r->scratch);
	if (add_path(&r->scratch, r->o.sources[file].name) < 0)
		return false;
	l->path = kt_arena_dup(r->mem, kt_buf_span(&r->scratch));
	l->name = keep(r, l->path);
	return l->path.ptr != NULL && !r->is_lossy;
}

struct kt_report *
kt_report_new(const struct kt_report_options *o)
{
	struct kt_report *r = kt_alloc(sizeof(*r));
	bool is_whole;

	if (r == NULL)
		return NULL;
	r->o = *o;
	r->mem = kt_arena_new(ARENA_MAX);
	kt_buf_init(&r->scratch, 1u << 20);
	is_whole = r->mem != NULL;
	if (is_whole && o->nsources > 0) {
		r->lines = kt_arena_array(r->mem, o->nsources, sizeof(*r->lines));
		is_whole = r->lines != NULL;
	}
	for (size_t i = 0; i < o->nsources && is_whole; i++)
		is_whole = index_lines(r, i) && take_name(r, i);
	if (!is_whole)
		kt_report_free(&r);
	return r;
}

void
kt_report_free(struct kt_report **r)
{
	if (*r == NULL)
		return;
	kt_free((*r)->findings);
	kt_free((*r)->passes);
	kt_free((*r)->hidden);
	kt_buf_fini(&(*r)->scratch);
	kt_arena_free(&(*r)->mem);
	kt_free(*r);
	*r = NULL;
}

struct kt_report_finding *
kt_report_add(struct kt_report *r, const struct kt_report_finding *f)
{
	struct kt_report_finding *one = NULL;

	if (r->n < KT_REPORT_FINDINGS_MAX &&
	    kt_grow((void **)&r->findings, &r->cap, r->n + 1,
	    sizeof(struct kt_report_finding *)) == KT_OK)
		one = kt_arena_alloc(r->mem, sizeof(*one));
	if (one == NULL) {
		r->is_lossy = true;
		return NULL;
	}
	*one = *f;
	one->serial = r->n;
	r->findings[r->n++] = one;
	one->message = keep(r, f->message);
	one->why = keep(r, f->why);
	one->help = keep(r, f->help);
	one->subject = keep(r, f->subject);
	one->suppressed = keep(r, f->suppressed);
	one->notes = NULL;
	one->edits = NULL;
	return one;
}

void
kt_report_note(struct kt_report *r, struct kt_report_finding *f,
    struct kt_report_place at, const char *fmt, ...)
{
	struct kt_report_note *note = kt_arena_alloc(r->mem, sizeof(*note));
	const struct kt_report_note **end;
	char text[400];
	va_list ap;

	if (f == NULL || note == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	note->at = at;
	note->text = keep(r, kt_span_of(text));
	for (end = &f->notes; *end != NULL;)
		end = (const struct kt_report_note **)(uintptr_t)&(*end)->next;
	*end = note;
}

void
kt_report_edit(struct kt_report *r, struct kt_report_finding *f,
    struct kt_report_place at, struct kt_span text)
{
	struct kt_report_edit *edit = kt_arena_alloc(r->mem, sizeof(*edit));
	const struct kt_report_edit **end;

	if (f == NULL || edit == NULL)
		return;
	edit->at = at;
	edit->text = kt_arena_dup(r->mem, text);
	if (edit->text.ptr == NULL)
		return; /* close tells of the full arena */
	for (end = &f->edits; *end != NULL;)
		end = (const struct kt_report_edit **)(uintptr_t)&(*end)->next;
	*end = edit;
}

void
kt_report_pass(struct kt_report *r, const struct kt_report_pass *p)
{
	if (kt_grow((void **)&r->passes, &r->passes_cap, r->npasses + 1,
	    sizeof(*r->passes)) < 0) {
		r->is_lossy = true;
		return;
	}
	r->passes[r->npasses] = *p;
	r->passes[r->npasses].subject = keep(r, p->subject);
	r->passes[r->npasses++].skipped = keep(r, p->skipped);
}

void
kt_report_hide(struct kt_report *r, struct kt_report_place at)
{
	if (kt_grow((void **)&r->hidden, &r->hidden_cap, r->nhidden + 1,
	    sizeof(*r->hidden)) < 0)
		r->is_lossy = true; /* and nothing is written */
	else
		r->hidden[r->nhidden++] = at;
}

bool
kt_report_is_hidden(const struct kt_report *r, size_t file)
{
	for (size_t i = 0; i < r->nhidden; i++) {
		if (r->hidden[i].file == file)
			return true;
	}
	return false;
}

uint32_t
kt_report_hidden_from(const struct kt_report *r, size_t file, uint32_t line)
{
	uint32_t from = UINT32_MAX;

	for (size_t i = 0; i < r->nhidden; i++) {
		const struct kt_report_place *h = &r->hidden[i];
		uint32_t column = line == h->line ? h->column : 1;

		if (h->file == file && line >= h->line && line <= h->end_line &&
		    column < from)
			from = column;
	}
	return from;
}

bool
kt_report_hides(const struct kt_report *r, const struct kt_report_place *at)
{
	return kt_report_hidden_from(r, at->file, at->line) <= at->column;
}

struct kt_span
kt_report_text(struct kt_report *r, const char *fmt, ...)
{
	struct kt_span s = KT_SPAN("");
	char text[2048];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		s = keep(r, kt_span_of(text));
	return s;
}

struct kt_arena *
kt_report_mem(struct kt_report *r)
{
	return r->mem;
}

/* Closing. */

static int
compare(const void *left, const void *right)
{
	const struct kt_report_finding *a =
	    *(struct kt_report_finding *const *)left;
	const struct kt_report_finding *b =
	    *(struct kt_report_finding *const *)right;
	int c;

	if (a->at.file != b->at.file)
		return a->at.file < b->at.file ? -1 : 1;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	c = strcmp(a->rule->code, b->rule->code);
	if (c != 0)
		return c;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static uint64_t
mix(uint64_t h, struct kt_span s)
{
	return kt_hash(kt_hash(h, s), KT_SPAN("\xff"));
}

/*
 * Code, file and the line's words, not its number.  It tells findings apart;
 * it protects nothing, and what is hidden is no part of it.
 */
static uint64_t
print_of(const struct kt_report *r, const struct kt_report_finding *f)
{
	uint64_t h = mix(KT_HASH_BEGIN, kt_span_of(f->rule->code));
	uint32_t from;
	struct kt_span line;

	h = mix(h, kt_report_path(r, f->at.file));
	h = mix(h, f->subject);
	if (f->at.file == KT_REPORT_NOWHERE || f->at.line == 0)
		return h;
	line = kt_report_line(r, f->at.file, f->at.line);
	from = kt_report_hidden_from(r, f->at.file, f->at.line);
	if (from != UINT32_MAX)
		line = kt_span_sub(line, 0, from - 1);
	/* A comment may be the suppression itself. */
	return mix(h, kt_span_trim(kt_span_sub(line, 0, kt_span_find(line, '#'))));
}

/* Equal lines are told apart by their order. */
static int
by_print(const void *left, const void *right)
{
	const struct kt_report_finding *a =
	    *(struct kt_report_finding *const *)left;
	const struct kt_report_finding *b =
	    *(struct kt_report_finding *const *)right;

	if (a->print != b->print)
		return a->print < b->print ? -1 : 1;
	return compare(left, right);
}

static enum kt_rc
give_prints(struct kt_report *r)
{
	struct kt_report_finding **all;
	uint64_t nth = 0, last = 0;

	if (r->n == 0)
		return KT_OK;
	all = kt_arena_array(r->mem, r->n, sizeof(*all));
	if (all == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < r->n; i++) {
		all[i] = r->findings[i];
		all[i]->print = print_of(r, all[i]);
	}
	qsort(all, r->n, sizeof(*all), by_print);
	for (size_t i = 0; i < r->n; i++) {
		uint64_t raw = all[i]->print;

		nth = i > 0 && raw == last ? nth + 1 : 0;
		last = raw;
		all[i]->print = (raw ^ nth) * FNV_PRIME;
	}
	return KT_OK;
}

enum kt_rc
kt_report_close(struct kt_report *r, struct kt_err *err)
{
	if (r->n > 0)
		qsort(r->findings, r->n, sizeof(struct kt_report_finding *),
		    compare);
	if (give_prints(r) < 0 || kt_arena_is_full(r->mem) || r->is_lossy)
		return kt_fail(err, KT_E_LIMIT, "there is more to tell than fits: "
		    "%zu findings", r->n);
	return KT_OK;
}

const struct kt_report_options *
kt_report_options(const struct kt_report *r)
{
	return &r->o;
}

struct kt_report_finding *const *
kt_report_findings(const struct kt_report *r, size_t *n)
{
	*n = r->n;
	return r->findings;
}

const struct kt_report_pass *
kt_report_passes(const struct kt_report *r, size_t *n)
{
	*n = r->npasses;
	return r->passes;
}

size_t
kt_report_count(const struct kt_report *r, enum kt_report_severity at_least)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->findings[i]->severity >= at_least &&
		    r->findings[i]->suppressed.len == 0;
	return n;
}

bool
kt_report_has_bytes(const struct kt_report *r, size_t file)
{
	return file < r->o.nsources && r->o.sources[file].bytes.len > 0;
}

struct kt_span
kt_report_line(const struct kt_report *r, size_t file, uint32_t line)
{
	struct kt_span s;
	size_t from, end;

	if (file >= r->o.nsources || line == 0 || line > r->lines[file].n)
		return KT_SPAN("");
	from = r->lines[file].at[line - 1];
	s = kt_span_sub(r->o.sources[file].bytes, from, SIZE_MAX);
	end = kt_span_find(s, '\n');
	if (end > 0 && s.ptr[end - 1] == '\r')
		end--;
	return kt_span_sub(s, 0, end);
}

size_t
kt_report_offset(
    const struct kt_report *r, const struct kt_report_place *at, bool is_end)
{
	uint32_t line = is_end ? at->end_line : at->line;
	uint32_t column = is_end ? at->end_column : at->column, cp;
	struct kt_span s;
	size_t from, len;

	if (at->file >= r->o.nsources || line == 0)
		return 0;
	if (line > r->lines[at->file].n)
		return r->o.sources[at->file].bytes.len;
	from = r->lines[at->file].at[line - 1];
	s = kt_report_line(r, at->file, line);
	for (; column > 1 && s.len > 0; column--) {
		len = kt_utf8_decode(s, &cp);
		len = len ? len : 1;
		s = kt_span_sub(s, len, SIZE_MAX);
		from += len;
	}
	return from;
}

struct kt_span
kt_report_file(const struct kt_report *r, size_t file)
{
	return file < r->o.nsources ? r->lines[file].name :
	    kt_span_of(r->o.tool);
}

struct kt_span
kt_report_path(const struct kt_report *r, size_t file)
{
	return file < r->o.nsources ? r->lines[file].path :
	    kt_span_of(r->o.tool);
}

void
kt_report_hex(uint64_t print, char hex[static 17])
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(print >> (56 - 8 * i));
	kt_hex(bytes, sizeof(bytes), hex);
}

struct kt_span
kt_report_summary(const struct kt_report *r, char room[static 160])
{
	size_t errors = kt_report_count(r, KT_REPORT_ERROR);
	size_t warnings = kt_report_count(r, KT_REPORT_WARNING) - errors;
	size_t infos = kt_report_count(r, KT_REPORT_INFO) - errors - warnings;
	size_t all, suppressed;

	(void)kt_report_findings(r, &all);
	suppressed = all - errors - warnings - infos;
	(void)snprintf(room, 160, "%zu error%s, %zu warning%s, %zu note%s",
	    errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s",
	    infos, infos == 1 ? "" : "s");
	if (suppressed > 0)
		(void)snprintf(room + strlen(room), 40, ", %zu suppressed",
		    suppressed);
	return kt_span_of(room);
}
