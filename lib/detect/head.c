/*
 * head - where in an unfinished match the span can begin.
 * SPDX-License-Identifier: Apache-2.0
 *
 * "discord" begins a match of discord.{0,24}token = (SECRET), but no byte of
 * it is of the span: a stream that knows this need not hold the word.  What
 * stands before capture 1 is a pattern of its own, the head, and so is what
 * begins with the capture, the rest.  The span can begin where the head ends
 * and the rest is not refused yet.  PCRE2's other matcher, which follows all
 * ways of matching at once, tells all ends of the head.
 *
 * Only patterns plain enough that this is surely so have a head: one capture
 * for everything, and before it nothing that commits.  What looks ahead is
 * left out of the head: without it more matches, and earlier, never less.
 */
#include "detect/detect_priv.h"

#define HEAD_MAX (64u << 10)

/* Behind one element that has a fixed meaning wherever it stands, or NULL. */
static const char *
skip_escape(const char *p)
{
	char c = p[1];

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return strchr("bBdDsSwWnrt", c) != NULL ? p + 2 : NULL;
	return c != '\0' ? p + 2 : NULL;
}

static const char *
skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	for (bool is_first = true; *p != ']' || is_first; is_first = false) {
		if (*p == '\0' || (*p == '[' && p[1] == ':'))
			return NULL;
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return p + 1;
}

static bool
is_quantifier(char c)
{
	return c != '\0' && strchr("?*+{", c) != NULL;
}

/* A group that captures nothing and looks at nothing ahead. */
static const char *
skip_opening(const char *p)
{
	static const char *const known[] = { "(?:", "(?i)", "(?<=", "(?<!" };

	for (size_t i = 0; i < KT_NELEMS(known); i++)
		if (strncmp(p, known[i], strlen(known[i])) == 0)
			return p + strlen(known[i]);
	return NULL;
}

/* Behind what looks ahead at p, if it captures nothing. */
static const char *
skip_ahead(const char *p)
{
	int depth = 1;

	if (strncmp(p, "(?=", 3) != 0 && strncmp(p, "(?!", 3) != 0)
		return NULL;
	for (p += 3; p != NULL && *p != '\0' && depth > 0;) {
		if (*p == '\\') {
			p = skip_escape(p);
		} else if (*p == '[') {
			p = skip_class(p);
		} else if (*p == '(' && strncmp(p, "(?:", 3) != 0) {
			return NULL;
		} else {
			depth += *p == '(';
			depth -= *p++ == ')';
		}
	}
	return p == NULL || depth > 0 || is_quantifier(*p) ? NULL : p;
}

static bool
is_possessive(const char *p)
{
	return p[1] == '+' && strchr("?*+}", *p) != NULL;
}

/*
 * The bracket of capture 1 when only a head stands before it, which is
 * written to head; or NULL.
 */
static const char *
find_capture(const char *p, struct kt_buf *head)
{
	int depth = 0;

	while (p != NULL && *p != '\0') {
		const char *from = p, *q;

		if (*p == '\\') {
			p = skip_escape(p);
		} else if (*p == '[') {
			p = skip_class(p);
		} else if (*p == '(' && p[1] != '?') {
			return depth == 0 && p[1] != '*' ? p : NULL;
		} else if (*p == '(' && (q = skip_ahead(p)) != NULL) {
			p = q;
			continue;
		} else if (*p == '(') {
			p = skip_opening(p);
			depth += p != NULL && p[-1] != ')';
		} else if (*p == '$' || is_possessive(p) ||
		    (*p == '|' && depth == 0)) {
			return NULL;
		} else {
			depth -= *p++ == ')';
		}
		if (p == NULL || kt_buf_add(head, (struct kt_span){
		        from, (size_t)(p - from) }) < 0)
			return NULL;
	}
	return NULL;
}

/* Behind the capture, when it is there once in every match. */
static const char *
find_end(const char *capture)
{
	const char *p = capture, *end = NULL;
	int depth = 0;

	while (p != NULL && *p != '\0') {
		if (*p == '\\') {
			p = p[1] != '\0' && p[1] != 'Q' ? p + 2 : NULL;
		} else if (*p == '[') {
			p = skip_class(p);
		} else if (*p == '|' && depth == 0) {
			return NULL;
		} else {
			depth += *p == '(';
			depth -= *p == ')';
			p++;
			if (depth == 0 && end == NULL)
				end = p;
		}
	}
	return p == NULL || end == NULL || is_quantifier(*end) ? NULL : end;
}

static pcre2_code *
compile(struct kt_span pattern, uint32_t options, pcre2_compile_context *how,
    uint32_t *min)
{
	PCRE2_SIZE at;
	int rc;
	pcre2_code *code = pcre2_compile(
	    (PCRE2_SPTR)pattern.ptr, pattern.len, options, &rc, &at, how);

	*min = 0;
	if (code != NULL &&
	    pcre2_pattern_info(code, PCRE2_INFO_MINLENGTH, min) != 0)
		KT_BUG("PCRE2 does not know its own pattern");
	return code;
}

void
kt_detect_head_learn(struct kt_detect_rule *r, pcre2_compile_context *how,
    uint32_t options)
{
	const char *capture, *end;
	struct kt_buf head;
	pcre2_code *code;
	uint32_t min;

	r->head_min = r->def->public_bytes;
	if (!r->has_capture)
		return;
	kt_buf_init(&head, HEAD_MAX);
	capture = find_capture(r->def->pattern, &head);
	end = capture != NULL ? find_end(capture) : NULL;
	if (end == NULL)
		goto out;
	/* An empty capture would make all of the match the span. */
	code = compile((struct kt_span){ capture, (size_t)(end - capture) },
	    options, how, &min);
	pcre2_code_free(code);
	if (min == 0)
		goto out;
	r->head = compile(kt_buf_span(&head), options, how, &r->head_min);
	if (strstr(r->def->pattern, "(?i)") != NULL)
		options |= PCRE2_CASELESS;
	r->rest = compile(kt_span_of(capture), options, how, &min);
out:
	kt_buf_fini(&head);
}

/* Can no text make the rest match at `at`? */
static bool
is_refused(const struct kt_detect_rule *r, struct kt_detect_scratch *s,
    struct kt_span subject, size_t at)
{
	if (kt_detect_scratch_trips(s))
		return false;
	(void)pcre2_set_offset_limit(s->limits, at); /* cannot fail */
	return pcre2_match(r->rest, (PCRE2_SPTR)subject.ptr, subject.len, at,
		   PCRE2_PARTIAL_HARD, s->match,
		   s->limits) == PCRE2_ERROR_NOMATCH;
}

size_t
kt_detect_head_end(const struct kt_detect_rule *r, struct kt_detect_scratch *s,
    struct kt_span subject, size_t start)
{
	const PCRE2_SIZE *ends;
	int n;

	if (subject.len - start <= r->head_min)
		return subject.len;
	if (r->head == NULL || r->rest == NULL || kt_detect_scratch_trips(s))
		return start + r->head_min;
	n = pcre2_dfa_match(r->head, (PCRE2_SPTR)subject.ptr, subject.len,
	    start, PCRE2_ANCHORED, s->ends, NULL, s->dfa, KT_NELEMS(s->dfa));
	if (n == PCRE2_ERROR_NOMATCH)
		return subject.len;
	/* Out of room or time: what is known without asking. */
	if (n <= 0)
		return start + r->head_min;
	ends = pcre2_get_ovector_pointer(s->ends);
	while (n-- > 0) /* the longest is the first */
		if (ends[2 * n + 1] == subject.len ||
		    !is_refused(r, s, subject, ends[2 * n + 1]))
			return ends[2 * n + 1];
	return subject.len;
}
