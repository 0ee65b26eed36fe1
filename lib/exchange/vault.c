/*
 * vault - the values of one request and the tokens they went up as.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Findings come in the order of the body, which is not that of the
 * conversation: messages may stand in front of the system prompt and grow
 * from turn to turn.  So a value first gets a place holder, and its number
 * when all are known.
 */
#include "detect/search.h"
#include "exchange/exchange_priv.h"

static uint64_t
hash_of(const struct kt_exchange *x, const char *label, struct kt_span value)
{
	uint64_t h;

	memcpy(&h, x->seed + 8, sizeof(h));
	h = kt_hash(kt_hash(h, kt_span_of(label)), value);
	return h ^ h >> 31;
}

/* Takes the number that a listing puts before a line, "12\t"; 0: none. */
static uint32_t
take_line_number(struct kt_span *line)
{
	uint32_t n = 0;
	size_t i = 0;

	while (i < line->len && line->ptr[i] == ' ')
		i++;
	for (; i < line->len && line->ptr[i] >= '0' && line->ptr[i] <= '9' &&
	     n < 100000000;
	     i++)
		n = 10 * n + (uint32_t)(line->ptr[i] - '0');
	*line = kt_span_sub(*line, i, line->len);
	if (!kt_span_starts(*line, KT_SPAN("\t")) &&
	    !kt_span_starts(*line, KT_SPAN("\xe2\x86\x92")))
		return 0;
	*line = kt_span_sub(*line, *line->ptr == '\t' ? 1 : 3, line->len);
	return n;
}

/*
 * Agents read files as listings, where a key of several lines has numbers
 * inside.  It is the key without them: what is written back is no listing.
 */
static struct kt_span
without_line_numbers(struct kt_exchange *x, struct kt_span s)
{
	size_t first = kt_span_find(s, '\n') + 1, n = first;
	uint32_t before = 0;
	char *to;

	if (first >= s.len)
		return s;
	to = kt_arena_alloc(x->mem, s.len);
	if (to == NULL)
		return s; /* the full arena tells */
	memcpy(to, s.ptr, first);
	for (struct kt_span rest = kt_span_sub(s, first, s.len); rest.len > 0;) {
		struct kt_span line =
		    kt_span_sub(rest, 0, kt_span_find(rest, '\n') + 1);
		uint32_t number;

		rest = kt_span_sub(rest, line.len, rest.len);
		number = take_line_number(&line);
		if (number == 0 || (before > 0 && number != before + 1))
			return s;
		before = number;
		memcpy(to + n, line.ptr, line.len);
		n += line.len;
	}
	return (struct kt_span){ to, n };
}

/* Room for one more: twice as many slots as values. */
static enum kt_rc
grow(struct kt_exchange *x)
{
	struct kt_x_vault *v = &x->vault;
	size_t cap = v->cap ? 2 * v->cap : 16;
	struct kt_x_value *values = kt_arena_array(x->mem, cap, sizeof(*values));
	uint32_t *slots = kt_arena_array(x->mem, 2 * cap, sizeof(*slots));

	if (values == NULL || slots == NULL)
		return KT_E_LIMIT;
	if (v->n > 0)
		memcpy(values, v->v, v->n * sizeof(*values));
	for (uint32_t i = 0; i < v->n; i++) {
		size_t at = hash_of(x, values[i].label, values[i].value) %
		    (2 * cap);

		while (slots[at] != 0)
			at = (at + 1) % (2 * cap);
		slots[at] = i + 1;
	}
	v->v = values;
	v->slots = slots;
	v->cap = cap;
	return KT_OK;
}

/* Its index; KT_X_NO_VALUE: no memory, which the full arena tells. */
static uint32_t
value_of(struct kt_exchange *x, const char *label, struct kt_span value)
{
	struct kt_x_vault *v = &x->vault;
	size_t at;

	if (v->n == v->cap && grow(x) < 0)
		return KT_X_NO_VALUE;
	at = hash_of(x, label, value) % (2 * v->cap);
	while (v->slots[at] != 0) {
		const struct kt_x_value *o = &v->v[v->slots[at] - 1];

		if (strcmp(o->label, label) == 0 && kt_span_eq(o->value, value))
			return v->slots[at] - 1;
		at = (at + 1) % (2 * v->cap);
	}
	v->v[v->n] = (struct kt_x_value){ .label = label,
		.value = kt_arena_dup(x->mem, value) };
	if (v->v[v->n].value.ptr == NULL)
		return KT_X_NO_VALUE;
	v->slots[at] = (uint32_t)++v->n;
	return (uint32_t)v->n - 1;
}

/* Nobody else writes this: half of it is random. */
static enum kt_rc
put_holder(const struct kt_exchange *x, uint32_t value, struct kt_buf *out)
{
	uint32_t nonce;

	memcpy(&nonce, x->seed, sizeof(nonce));
	return kt_buf_printf(out, "[[?%08x:%08x]]", nonce, value);
}
#define HOLDER_LEN 22

static const struct kt_x_value *
issued(const struct kt_exchange *x, struct kt_span text)
{
	struct kt_span said;
	uint32_t number;

	if (!x->vault.is_numbered || !kt_policy_token_read(text, &said, &number))
		return NULL;
	for (size_t i = 0; i < x->vault.nlabels; i++) {
		const struct kt_x_label *l = &x->vault.labels[i];

		if (number > 0 && number <= l->n && kt_policy_token_same(l->label, said))
			return &x->vault.v[l->values[number - 1]];
	}
	return NULL;
}

/* Could this policy have issued it? */
static bool
may_be_issued(const struct kt_exchange *x, const struct kt_policy *p,
    struct kt_span text)
{
	const struct kt_detect *db = x->program->chain.detect;
	struct kt_span said;
	uint32_t number;

	if (!kt_policy_token_read(text, &said, &number))
		return false;
	for (size_t i = 0; i < kt_detect_count(db); i++) {
		if (kt_detect_set_has(&p->listens, i) && kt_policy_token_same(
		        kt_policy_token_label(kt_detect_def(db, i)->entity), said))
			return true;
	}
	return false;
}

bool
kt_x_vault_hears(const struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_policy *p, const struct kt_finding *f,
    enum kt_component c, enum kt_segment_kind kind, struct kt_span matched)
{
	const struct kt_detector *d =
	    kt_detect_def(x->program->chain.detect, f->detector);

	if (p->kind->restores == NULL)
		return true;
	if (kt_policy_token_is(d) && ((kind != KT_SEGMENT_TEXT &&
	            kind != KT_SEGMENT_NAME) ||
	        (f->disguise & ~KT_DISGUISE_ESCAPE) != 0))
		return false;
	if (v == &x->answer_verdict)
		return kt_policy_token_is(d) && p->kind->restores(p, c) &&
		    issued(x, matched) != NULL;
	return !kt_policy_token_is(d) || may_be_issued(x, p, matched);
}

bool
kt_x_vault_restores(const struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_policy *p)
{
	return p->kind->restores != NULL && v == &x->answer_verdict;
}

enum kt_rc
kt_x_mark(struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_policy *by, const struct kt_finding *f,
    struct kt_span matched, struct kt_buf *out)
{
	const struct kt_detector *d =
	    kt_detect_def(x->program->chain.detect, f->detector);
	const struct kt_x_value *value;
	uint32_t i;

	if (by->kind->restores == NULL)
		return kt_policy_mark(by, d, matched, out);
	if (v == &x->answer_verdict) {
		value = issued(x, matched);
		return kt_buf_add(out, value != NULL ? value->value : matched);
	}
	i = value_of(x, kt_policy_token_label(d->entity),
	    without_line_numbers(x, matched));
	return i == KT_X_NO_VALUE ? KT_E_LIMIT : put_holder(x, i, out);
}

/* ---- numbers ---- */

/* Tools, system, messages, and what else there is. */
enum { NPARTS = 4 };
static unsigned
part_of(const struct kt_json *j, struct kt_span text, size_t at)
{
	static const struct {
		const char *name;
		unsigned part;
	} members[] = { { "tools", 0 }, { "functions", 0 }, { "system", 1 },
		{ "instructions", 1 }, { "messages", 2 }, { "input", 2 } };
	for (size_t i = 0; j != NULL && i < KT_NELEMS(members); i++) {
		uint32_t n = kt_json_member(j, text, kt_json_root(j),
		    kt_span_of(members[i].name));

		if (n != 0 && at >= j->nodes[n].start && at < j->nodes[n].end)
			return members[i].part;
	}
	return 3;
}

static enum kt_rc
give_number(struct kt_exchange *x, uint32_t value)
{
	struct kt_x_vault *v = &x->vault;
	struct kt_x_label *l = v->labels;
	const char *label = v->v[value].label;

	while (l < v->labels + v->nlabels &&
	    !kt_policy_token_same(l->label, kt_span_of(label)))
		l++;
	if (l == v->labels + KT_NELEMS(v->labels))
		return KT_E_LIMIT;
	if (l == v->labels + v->nlabels) {
		v->nlabels++;
		l->label = label;
	}
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? 2 * l->cap : 8;
		uint32_t *all = kt_arena_array(x->mem, cap, sizeof(*all));

		if (all == NULL)
			return KT_E_LIMIT;
		if (l->n > 0)
			memcpy(all, l->values, l->n * sizeof(*all));
		l->values = all;
		l->cap = cap;
	}
	l->values[l->n++] = value;
	v->v[value].number = l->n;
	return KT_OK;
}

/* A place holder of ours at s; false: there is none. */
static bool
read_holder(const struct kt_exchange *x, struct kt_span s, uint32_t *value)
{
	uint32_t nonce;
	char head[16];
	uint8_t b[4];

	memcpy(&nonce, x->seed, sizeof(nonce));
	(void)snprintf(head, sizeof(head), "[[?%08x:", nonce);
	if (!kt_span_starts(s, kt_span_of(head)) ||
	    !kt_unhex(kt_span_sub(s, 12, 8), b, 4))
		return false;
	*value = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
	return *value < x->vault.n;
}

static enum kt_rc
write_numbers(struct kt_exchange *x, struct kt_edit *e)
{
	struct kt_span rest = e->text;
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&b, KT_BODY_MAX);
	while (rc == KT_OK && rest.len > 0) {
		size_t n = 1;
		uint32_t i;

		if (read_holder(x, rest, &i)) {
			struct kt_x_value *v = &x->vault.v[i];

			if (v->number == 0)
				rc = give_number(x, i);
			if (rc == KT_OK)
				rc = kt_policy_token_write(v->label, v->number, &b);
			n = HOLDER_LEN;
		} else {
			rc = kt_buf_add(&b, kt_span_sub(rest, 0, 1));
		}
		rest = kt_span_sub(rest, n, rest.len);
	}
	if (rc == KT_OK)
		e->text = kt_arena_dup(x->mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return rc < 0 || e->text.ptr == NULL ? KT_E_LIMIT : KT_OK;
}

static bool
has_holder(const struct kt_exchange *x, struct kt_span text)
{
	uint32_t value;

	for (size_t i = 0; i + HOLDER_LEN <= text.len; i++) {
		if (read_holder(x, kt_span_sub(text, i, text.len), &value))
			return true;
	}
	return false;
}

enum kt_rc
kt_x_vault_number(struct kt_exchange *x, const struct kt_json *j,
    struct kt_span text, struct kt_x_edits *edits)
{
	if (x->vault.n == 0)
		return KT_OK;
	for (unsigned part = 0; part < NPARTS; part++) {
		for (size_t i = 0; i < edits->n; i++) {
			struct kt_edit *e = &edits->v[i];

			if (has_holder(x, e->text) &&
			    part_of(j, text, e->start) == part &&
			    write_numbers(x, e) < 0)
				return KT_E_LIMIT;
		}
	}
	x->vault.is_numbered = true;
	return KT_OK;
}
