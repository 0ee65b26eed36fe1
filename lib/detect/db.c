/*
 * db - compiles detectors, and keeps what was compiled.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two engines for one rule.  Vectorscan looks at a text once for all rules
 * but tells only where a match ends and takes every end; PCRE2 tells the
 * start, the one match that the definition means, and whether more text could
 * change it.  So Vectorscan only says where PCRE2 has to look, and a pattern
 * that Vectorscan knows approximately (assertions) is as exact as any other.
 *
 * For the same reason it is not given more than it needs: of a pattern whose
 * matches begin with literals it seeks the literals only.  Measured, this
 * compiles many times faster than whole patterns and scans no slower.
 */
#include "detect/jit_priv.h"

#define RULE_ARENA_MAX (4u << 20)
#define SOUGHT_LITERAL_MIN 3 /* shorter ones are everywhere */
#define NUMBER_MARGIN 8

static enum kt_rc
fail_rule(const struct kt_detector *d, struct kt_err *err, enum kt_rc rc,
    const char *why)
{
	return kt_fail(err, rc, "detector %s: %s", d->id, why);
}

static enum kt_rc
compile_pcre2(struct kt_detect_rule *r, pcre2_compile_context *how,
    uint32_t options, struct kt_err *err)
{
	const struct kt_detector *d = r->def;
	uint32_t backrefs = 0;
	PCRE2_SIZE at;
	char why[128];
	int rc;

	r->code = pcre2_compile((PCRE2_SPTR)d->pattern, PCRE2_ZERO_TERMINATED,
	    options, &rc, &at, how);
	if (r->code == NULL) {
		if (pcre2_get_error_message(
			rc, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
			why[0] = '\0';
		return kt_fail(err, KT_E_PARSE,
		    "detector %s: pattern: byte %zu: %s", d->id, at, why);
	}
	if (pcre2_pattern_info(r->code, PCRE2_INFO_BACKREFMAX, &backrefs) != 0)
		KT_BUG("PCRE2 does not know its own pattern");
	if (backrefs > 0)
		return fail_rule(d, err, KT_E_PARSE,
		    "pattern: a back reference makes the cost unbounded");
	return KT_OK;
}

/* What PCRE2 knows of it: assertions tell it more. */
static void
learn_first(struct kt_detect_rule *r)
{
	struct kt_detect_bytes first = { { 0 } };
	const uint8_t *map = NULL;
	uint32_t type = 0, unit = 0;

	if (pcre2_pattern_info(r->code, PCRE2_INFO_FIRSTCODETYPE, &type) != 0)
		KT_BUG("PCRE2 does not know its own pattern");
	if (type == 1 &&
	    pcre2_pattern_info(r->code, PCRE2_INFO_FIRSTCODEUNIT, &unit) == 0) {
		kt_detect_bytes_add(&first, (char)unit);
		/* Whether it is caseless is not told: both. */
		if ((unit | 32) >= 'a' && (unit | 32) <= 'z')
			kt_detect_bytes_add(&first, (char)(unit ^ 32));
	} else if (type == 0 &&
	    pcre2_pattern_info(r->code, PCRE2_INFO_FIRSTBITMAP, &map) == 0 &&
	    map != NULL) {
		for (unsigned c = 0; c < 256; c++)
			if (map[c >> 3] >> (c & 7) & 1)
				kt_detect_bytes_add(&first, (char)c);
	} else {
		return;
	}
	for (size_t i = 0; i < KT_NELEMS(first.w); i++)
		r->begin[0].w[i] &= first.w[i];
}

static enum kt_rc
compile_tail(struct kt_detect_rule *r, struct kt_err *err)
{
	const struct kt_detector *d = r->def;

	if (d->tail == NULL && d->tail_end == NULL)
		return KT_OK;
	r->has_tail = true;
	if (d->tail == NULL)
		memset(&r->tail, 0xff, sizeof(r->tail));
	else if (!kt_detect_bytes_parse(d->tail, &r->tail))
		return fail_rule(d, err, KT_E_PARSE, "tail: not a byte class");
	if (d->tail_end != NULL)
		r->tail_end_len = strlen(d->tail_end);
	if (r->tail_end_len > KT_DETECT_TAIL_END_MAX)
		return fail_rule(d, err, KT_E_LIMIT, "tail_end: too long");
	if (d->tail_gap > KT_DETECT_TAIL_GAP_MAX)
		return fail_rule(d, err, KT_E_LIMIT, "tail_gap: too wide");
	return KT_OK;
}

static enum kt_rc
check_definition(struct kt_detect_rule *r, struct kt_err *err)
{
	const struct kt_detector *d = r->def;

	if (d->model.len > 0 && d->when != KT_DETECT_BLOCK)
		return fail_rule(d, err, KT_E_PARSE, "model: not a block");
	if (d->beside != NULL && d->when != KT_DETECT_BLOCK)
		return fail_rule(d, err, KT_E_PARSE, "beside: not a block");
	if (d->model.len == 0 && d->beside == NULL &&
	    (d->pattern == NULL || d->pattern[0] == '\0'))
		return fail_rule(d, err, KT_E_PARSE, "no pattern");
	if (d->nvalidators > KT_DETECT_VALIDATORS_MAX)
		return fail_rule(d, err, KT_E_LIMIT, "too many validators");
	for (size_t i = 0; i < d->nvalidators; i++) {
		r->validators[i] = kt_detect_validator(d->validators[i]);
		if (r->validators[i] == NULL)
			return kt_fail(err, KT_E_PARSE,
			    "detector %s: unknown validator '%s'", d->id,
			    d->validators[i]);
	}
	if (d->checksum != NULL) {
		r->checksum = kt_detect_validator(d->checksum);
		if (r->checksum == NULL)
			return kt_fail(err, KT_E_PARSE,
			    "detector %s: unknown checksum '%s'", d->id,
			    d->checksum);
	}
	kt_detect_rule_learn_context(r);
	r->context_bytes =
	    d->context_bytes ? d->context_bytes : KT_DETECT_CONTEXT_DEFAULT;
	if (r->context_bytes > KT_DETECT_CONTEXT_MAX)
		return fail_rule(d, err, KT_E_LIMIT, "context_bytes: too many");
	return compile_tail(r, err);
}

static enum kt_rc
read_model(struct kt_detect_rule *r, struct kt_arena *mem, struct kt_err *err)
{
	r->model = kt_arena_alloc(mem, sizeof(*r->model));
	if (r->model == NULL)
		return fail_rule(r->def, err, KT_E_LIMIT, "no memory");
	if (!kt_detect_model_read(r->model, r->def->model))
		return fail_rule(r->def, err, KT_E_PARSE, "model: not one");
	return KT_OK;
}

/* Widths of the pattern, with the flags by which Vectorscan takes it. */
static enum kt_rc
measure(struct kt_detect_rule *r, const char *text, unsigned *flags,
    unsigned *min, unsigned *max, struct kt_err *err)
{
	hs_compile_error_t *why = NULL;
	hs_expr_info_t *info = NULL;
	enum kt_rc rc = KT_OK;

	*flags = r->def->is_caseless ? HS_FLAG_CASELESS : 0;
	if (hs_expression_info(text, *flags, &info, &why) != HS_SUCCESS) {
		(void)hs_free_compile_error(why); /* the next one tells */
		why = NULL;
		*flags |= HS_FLAG_PREFILTER;
		if (hs_expression_info(text, *flags, &info, &why) != HS_SUCCESS)
			rc = kt_fail(err, KT_E_PARSE,
			    "detector %s: pattern: %s", r->def->id,
			    why != NULL ? why->message : "no memory");
	}
	if (rc == KT_OK) {
		*min = info->min_width;
		*max = info->max_width;
	}
	(void)hs_free_compile_error(why); /* frees only */
	free(info);
	return rc;
}

static enum kt_rc
measure_rule(struct kt_detect_rule *r, struct kt_err *err)
{
	const struct kt_detector *d = r->def;
	unsigned flags, min, max, limit = KT_HOLD_MAX;

	if (r->code == NULL)
		return KT_OK;
	if (measure(r, d->pattern, &flags, &min, &max, err) < 0)
		return err->rc;
	r->min_width = min;
	r->max_width = max;
	if (d->when == KT_DETECT_BLOCK)
		limit = KT_DETECT_WIDTH_MAX;
	if (min == 0)
		return fail_rule(
		    d, err, KT_E_PARSE, "pattern: matches nothing");
	if (min <= d->public_bytes)
		return fail_rule(
		    d, err, KT_E_PARSE, "public: as long as a match");
	if (max > limit)
		return kt_fail(err, KT_E_PARSE,
		    "detector %s: pattern: may be wider than %u bytes; "
		    "bound its repeats or use a tail",
		    d->id, limit);
	if (r->sought != NULL) { /* literals; reach and slack are theirs */
		r->hs_flags = r->is_folded || r->is_near ? HS_FLAG_CASELESS : 0;
		return KT_OK;
	}
	r->sought = d->pattern;
	r->slack = r->min_width;
	r->reach = r->max_width;
	if (d->anchor != NULL) {
		if (measure(r, d->anchor, &flags, &min, &max, err) < 0)
			return err->rc;
		r->sought = d->anchor;
		r->slack = 1;
	}
	r->hs_flags = flags;
	return KT_OK;
}

/* A pattern for any of the literals: each byte in hexadecimal. */
static const char *
seek_literals(struct kt_detect_rule *r, struct kt_arena *mem,
    const struct kt_detect_literal *lit, size_t n)
{
	size_t room = 1, at = 0;
	char *out;

	r->slack = UINT32_MAX;
	r->reach = 0;
	for (size_t i = 0; i < n; i++) {
		room += lit[i].len * 4 + 1;
		if (lit[i].len < r->slack)
			r->slack = lit[i].len;
		if (lit[i].len > r->reach)
			r->reach = lit[i].len;
	}
	if (r->slack < SOUGHT_LITERAL_MIN)
		return NULL;
	out = kt_arena_alloc(mem, room);
	for (size_t i = 0; i < n && out != NULL; i++) {
		for (size_t k = 0; k < lit[i].len; k++, at += 4) {
			out[at] = '\\';
			out[at + 1] = 'x';
			kt_hex(lit[i].text + k, 1, out + at + 2);
		}
		out[at++] = '|';
	}
	if (out != NULL)
		out[at - 1] = '\0';
	return out;
}

static enum kt_rc
add_literal(struct kt_detect *db, struct kt_detect_literal lit)
{
	return kt_detect_index_add(db->rules[lit.rule].is_folded ? &db->folded
	                                                         : &db->exact,
	    db->mem, lit);
}

static enum kt_rc
index_rule(struct kt_detect *db, uint32_t i, struct kt_err *err)
{
	struct kt_detect_rule *r = &db->rules[i];
	bool caseless = r->def->is_caseless;
	struct kt_detect_literal *lit;
	size_t n;

	if (kt_detect_literals_of(
		r->def->pattern, db->mem, &lit, &n, &caseless) < 0)
		return fail_rule(r->def, err, KT_E_LIMIT, "too many literals");
	r->begins_word = kt_detect_begins_word(r->def->pattern);
	r->is_literal = n > 0;
	r->is_folded = caseless;
	if (n > 0 && r->def->anchor == NULL)
		r->sought = seek_literals(r, db->mem, lit, n);
	for (size_t k = 0; k < n; k++) {
		lit[k].rule = i;
		if (add_literal(db, lit[k]) < 0)
			return fail_rule(r->def, err, KT_E_LIMIT, "no memory");
	}
	if (n > 0 || r->def->anchor != NULL || !kt_detect_near_learn(r))
		return KT_OK;
	r->sought = kt_detect_near_words(r->def, db->mem);
	if (r->sought == NULL)
		return fail_rule(r->def, err, KT_E_LIMIT, "too many words");
	return KT_OK;
}

/* Its code, and all that is KT_DETECT_LEARNED but for Vectorscan's part. */
static enum kt_rc
learn_pattern(struct kt_detect *db, uint32_t i, pcre2_compile_context *how,
    struct kt_err *err)
{
	struct kt_detect_rule *r = &db->rules[i];
	uint32_t captures = 0, options = PCRE2_USE_OFFSET_LIMIT |
	    PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;

	if (r->def->is_caseless)
		options |= PCRE2_CASELESS;
	if (compile_pcre2(r, how, options, err) < 0)
		return err->rc;
	if (pcre2_pattern_info(
		r->code, PCRE2_INFO_CAPTURECOUNT, &captures) != 0)
		KT_BUG("PCRE2 does not know its own pattern");
	r->has_capture = captures > 0;
	if (r->has_capture && r->def->public_bytes > 0)
		return fail_rule(r->def, err, KT_E_PARSE,
		    "public: beside a capture, which is the span already");
	kt_detect_head_learn(r, how, options);
	if (index_rule(db, i, err) < 0)
		return err->rc;
	kt_detect_needs_learn(r);
	learn_first(r);
	return KT_OK;
}

/* One more rule, of d. */
static enum kt_rc
prepare_rule(struct kt_detect *db, pcre2_compile_context *how,
    const struct kt_detector *d, struct kt_detect_saved *saved,
    struct kt_err *err)
{
	uint32_t i = (uint32_t)db->n++;
	struct kt_detect_rule *r = &db->rules[i];

	if (saved != NULL && i < saved->n) {
		*r = saved->v[i];
		saved->v[i] = (struct kt_detect_rule){ .code = NULL };
	}
	r->def = d;
	r->jit = &db->jits[i];
	if (check_definition(r, err) < 0)
		return err->rc;
	if (d->model.len > 0) {
		db->models[db->nmodels++] = i;
		return read_model(r, db->mem, err);
	}
	if (d->beside != NULL) {
		if (db->njoins == KT_DETECT_TOPICS_MAX)
			return fail_rule(d, err, KT_E_LIMIT, "beside: too many");
		db->joins[db->njoins++] = i;
		return KT_OK;
	}
	if (r->code == NULL && learn_pattern(db, i, how, err) < 0)
		return err->rc;
	if (!r->is_literal)
		db->runs.rule[db->runs.n++] = i;
	if (r->is_near)
		db->nears[db->nnears++] = i;
	return KT_OK;
}

/* Everything but what Vectorscan has to say. */
enum kt_rc
kt_detect_prepare(struct kt_detect **out, const struct kt_detector *defs,
    size_t n, struct kt_detect_saved *saved, struct kt_err *err)
{
	struct kt_detect *db = kt_alloc(sizeof(*db));
	pcre2_compile_context *how = pcre2_compile_context_create(NULL);

	*out = db;
	if (db == NULL || how == NULL)
		goto full;
	if (n > KT_DETECTORS_MAX) {
		(void)kt_fail(err, KT_E_LIMIT, "%zu detectors, at most %d", n,
		    KT_DETECTORS_MAX); /* told by err */
		goto out;
	}
	db->rules = kt_alloc_array(n, sizeof(*db->rules));
	db->jits = kt_alloc_array(n, sizeof(*db->jits));
	db->runs.rule = kt_alloc_array(n, sizeof(*db->runs.rule));
	db->nears = kt_alloc_array(n, sizeof(*db->nears));
	db->models = kt_alloc_array(n, sizeof(*db->models));
	db->joins = kt_alloc_array(n, sizeof(*db->joins));
	db->mem = kt_arena_new(RULE_ARENA_MAX);
	db->folded.is_folded = true;
	if (db->rules == NULL || db->jits == NULL || db->runs.rule == NULL ||
	    db->nears == NULL || db->models == NULL || db->joins == NULL ||
	    db->mem == NULL ||
	    pcre2_set_newline(how, PCRE2_NEWLINE_LF) != 0)
		goto full;
	err->rc = KT_OK;
	while (db->n < n)
		if (prepare_rule(db, how, &defs[db->n], saved, err) < 0)
			goto out;
	for (size_t i = 0; saved != NULL && i < saved->nlit; i++)
		if (add_literal(db, saved->lit[i]) < 0)
			goto full;
	if (kt_detect_index_build(&db->exact) < 0 ||
	    kt_detect_index_build(&db->folded) < 0 ||
	    kt_detect_runs_build(&db->runs, db->rules) < 0)
		goto full;
	kt_detect_filter_learn(&db->filter, db, NULL);
	goto out;
full:
	(void)kt_fail(err, KT_E_LIMIT, "detectors: no memory"); /* in err */
out:
	pcre2_compile_context_free(how);
	if (err->rc < 0)
		kt_detect_free(out);
	return err->rc;
}

/* What a database is compiled from. */
struct source {
	const char **text;
	unsigned *flags, *ids;
	unsigned n;
};

static void
add_source(struct source *src, const char *text, unsigned flags, unsigned id)
{
	src->text[src->n] = text;
	src->flags[src->n] = flags;
	src->ids[src->n++] = id;
}

/* Hyperscan 5.4.0 writes where it was given no memory, so it is asked for
   first: more than a compilation takes. */
static bool
has_room(size_t npatterns)
{
	void *p = kt_alloc((4u << 20) + npatterns * (64u << 10));

	kt_free(p);
	return p != NULL;
}

static enum kt_rc
compile_source(const struct kt_detect *db, const struct source *src,
    hs_database_t **out, struct kt_err *err)
{
	hs_compile_error_t *why = NULL;
	unsigned id;

	if (!has_room(src->n))
		return kt_fail(err, KT_E_LIMIT, "detectors: no memory");
	if (hs_compile_multi(src->text, src->flags, src->ids, src->n,
		HS_MODE_BLOCK, NULL, out, &why) == HS_SUCCESS)
		return KT_OK;
	id = why != NULL && why->expression >= 0 ? src->ids[why->expression]
						 : UINT_MAX;
	(void)kt_fail(err, KT_E_PARSE, "detector %s: pattern: %s",
	    id < db->n ? db->rules[id].def->id : "(all)",
	    why != NULL ? why->message : "no memory"); /* in err */
	(void)hs_free_compile_error(why); /* frees only */
	return err->rc;
}

/*
 * The rules from `from` on become one more database.  Numbers are apart, if
 * these are the first: two dozen patterns of digits cost four times as much
 * as all other rules together, and most text has few digits.
 */
static enum kt_rc
compile_hs(struct kt_detect *db, size_t from, struct kt_err *err)
{
	size_t n = db->n - from;
	struct source src = { kt_alloc_array(n, sizeof(*src.text)),
		kt_alloc_array(n, sizeof(*src.flags)),
		kt_alloc_array(n, sizeof(*src.ids)), 0 };

	err->rc = KT_OK;
	if (src.text == NULL || src.flags == NULL || src.ids == NULL) {
		(void)kt_fail(err, KT_E_LIMIT, "detectors: no memory"); /* in err */
		goto out;
	}
	for (size_t i = 0; i < db->n && from == 0; i++)
		if (db->rules[i].def->is_number)
			add_source(&src, db->rules[i].sought,
			    db->rules[i].hs_flags, (unsigned)i);
	if (src.n > 0 &&
	    compile_source(db, &src, &db->numbers, err) < 0)
		goto out;
	src.n = 0;
	for (size_t i = from; i < db->n; i++)
		if (db->rules[i].code != NULL &&
		    (from > 0 || !db->rules[i].def->is_number))
			add_source(&src, db->rules[i].sought,
			    db->rules[i].hs_flags, (unsigned)i);
	if (src.n > 0 &&
	    compile_source(db, &src, &db->hs[db->nhs], err) == KT_OK)
		db->nhs++;
out:
	kt_free(src.text);
	kt_free(src.flags);
	kt_free(src.ids);
	return err->rc;
}

/* How far from a digit matches of the first n rules can lie, those that are
   numbers, or words that they need; and how wide what stands near a word is. */
static void
reach_numbers(struct kt_detect *db, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct kt_detect_rule *r = &db->rules[i];

		r->is_gated = r->def->is_number;
		if (r->is_gated && r->max_width > db->number_reach)
			db->number_reach = r->max_width;
		if (r->is_gated && r->is_near &&
		    r->context_bytes > db->number_before)
			db->number_before = r->context_bytes;
	}
	for (size_t i = 0; i < db->nnears; i++)
		if (db->rules[db->nears[i]].max_width > db->alone_max)
			db->alone_max = db->rules[db->nears[i]].max_width;
	/* And what the assertions at both ends of a pattern look at. */
	db->number_reach += NUMBER_MARGIN;
	db->number_before += db->number_reach;
}

/* Measures and compiles the rules from `from` on; frees all on failure. */
enum kt_rc
kt_detect_compile_from(struct kt_detect **pdb, size_t from, struct kt_err *err)
{
	struct kt_detect *db = *pdb;

	for (size_t i = from; i < db->n; i++)
		if (measure_rule(&db->rules[i], err) < 0)
			goto fail;
	if (from == db->n || compile_hs(db, from, err) == KT_OK) {
		reach_numbers(db, from > 0 ? from : db->n);
		return KT_OK;
	}
fail:
	kt_detect_free(pdb);
	return err->rc;
}

enum kt_rc
kt_detect_new(struct kt_detect **out, const struct kt_detector *defs, size_t n,
    struct kt_err *err)
{
	if (kt_detect_prepare(out, defs, n, NULL, err) < 0)
		return err->rc;
	return kt_detect_compile_from(out, 0, err);
}

void
kt_detect_free(struct kt_detect **pdb)
{
	struct kt_detect *db = *pdb;

	*pdb = NULL;
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->n; i++) {
		kt_detect_jit_fini(&db->jits[i]);
		pcre2_code_free(db->rules[i].code);
		pcre2_code_free(db->rules[i].head);
		pcre2_code_free(db->rules[i].rest);
	}
	for (size_t i = 0; i < db->nhs; i++)
		if (hs_free_database(db->hs[i]) != HS_SUCCESS)
			KT_BUG("a database that cannot be freed");
	if (db->numbers != NULL && hs_free_database(db->numbers) != HS_SUCCESS)
		KT_BUG("a database that cannot be freed");
	kt_detect_index_fini(&db->exact);
	kt_detect_index_fini(&db->folded);
	kt_arena_free(&db->mem);
	kt_free(db->rules);
	kt_free(db->jits);
	kt_detect_runs_fini(&db->runs);
	kt_free(db->nears);
	kt_free(db->models);
	kt_free(db->joins);
	kt_free(db);
}

size_t
kt_detect_count(const struct kt_detect *db)
{
	return db->n;
}

bool
kt_detect_is_anchored(const struct kt_detect *db, size_t i)
{
	if (i >= db->n)
		KT_BUG("a detector that is not in the database");
	return db->rules[i].is_literal || db->rules[i].is_near ||
	    db->rules[i].def->anchor != NULL;
}
