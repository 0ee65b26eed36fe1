/*
 * scan - the index is built by a small machine that may stop at any byte.
 *
 * A recursive parser would be shorter, but it cannot wait for the rest of an
 * upload.  Here every token leaves the machine in a state that the next call
 * resumes; the few tokens that cannot be judged by their first bytes (an
 * escape, a UTF-8 sequence, a literal: at most 12 bytes) are read again from
 * their start, so that no cutting makes the work more than linear.  Long
 * tokens (strings, numbers) never are.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json_priv.h"

_Static_assert(sizeof(struct kt_json_node) == 16, "a node has 16 bytes");

#define PARENT_MAX ((1u << 27) - 1)
#define FIRST_NODES 64

enum state {
	WANTS_VALUE = 0,
	WANTS_VALUE_OR_END,
	WANTS_NAME,
	WANTS_NAME_OR_END,
	WANTS_COLON,
	WANTS_COMMA_OR_END,
	IN_STRING,
	IN_NUMBER,
	BEHIND,
};

/* Where in a number the scanner stands; the second half may end there. */
enum number {
	N_MINUS,
	N_POINT,
	N_E,
	N_E_SIGN,
	N_ZERO, /* from here on the number may end */
	N_INTEGER,
	N_FRACTION,
	N_EXPONENT,
	N_OUT,
};

void
kt_json_init(struct kt_json *j, size_t max_bytes)
{
	*j = (struct kt_json){ .seed = UINT64_C(0x9e3779b97f4a7c15) };
	kt_json_reset(j, max_bytes);
}

void
kt_json_seed(struct kt_json *j, uint64_t seed)
{
	j->seed = seed;
}

static uint32_t
most_nodes(size_t bytes)
{
	size_t n = bytes / KT_JSON_BYTES_PER_NODE;

	if (n < KT_JSON_NODES_MIN)
		n = KT_JSON_NODES_MIN;
	return n > PARENT_MAX ? PARENT_MAX : (uint32_t)n;
}

void
kt_json_reset(struct kt_json *j, size_t max_bytes)
{
	if (max_bytes > UINT32_MAX)
		max_bytes = UINT32_MAX;
	j->max_bytes = max_bytes;
	j->store.limit = ((size_t)most_nodes(max_bytes) + 1) * sizeof(*j->nodes);
	j->names.limit = j->table.limit = SIZE_MAX;
	j->frames.limit = KT_JSON_DEPTH_MAX * sizeof(*j->open);
	j->names.len = 0;
	j->count = 1;
	j->cap = 0;
	j->pos = 0;
	j->state = WANTS_VALUE;
	j->depth = 0;
	j->rc = KT_OK;
	j->why = NULL;
	j->why_at = 0;
	j->is_complete = false;
}

void
kt_json_fini(struct kt_json *j)
{
	kt_buf_fini(&j->store);
	kt_buf_fini(&j->frames);
	kt_buf_fini(&j->names);
	kt_buf_fini(&j->table);
	j->nodes = NULL;
	j->open = NULL;
	j->count = j->cap = 0;
	j->is_complete = false;
}

/* Always false, so that "return refuse(...)" ends the scan. */
static bool
refuse(struct kt_json *j, enum kt_rc rc, size_t at, const char *why)
{
	j->rc = rc;
	j->why = why;
	j->why_at = at;
	return false;
}

static bool
wrong(struct kt_json *j, size_t at, const char *why)
{
	return refuse(j, KT_E_PARSE, at, why);
}

/*
 * The bound is that of the text up to here: what may still come does not
 * help, so values never take more memory than a multiple of what was sent.
 */
static bool
more_nodes(struct kt_json *j)
{
	size_t most = (size_t)most_nodes(j->pos) + 1, room;

	if (j->count >= most)
		return refuse(j, KT_E_LIMIT, j->pos, "too many values");
	room = j->store.cap / sizeof(*j->nodes);
	if (room <= j->count) {
		j->store.len = room * sizeof(*j->nodes);
		if (kt_buf_reserve(&j->store,
		        (room ? 1 : FIRST_NODES) * sizeof(*j->nodes)) < 0)
			return refuse(
			    j, KT_E_LIMIT, j->pos, "no memory for the index");
		room = j->store.cap / sizeof(*j->nodes);
	}
	j->nodes = (struct kt_json_node *)(void *)j->store.ptr;
	j->nodes[0] = (struct kt_json_node){ 0 };
	j->cap = (uint32_t)(room < most ? room : most);
	return true;
}

static inline bool
add_node(struct kt_json *j, enum kt_json_type type, size_t at)
{
	if (j->count >= j->cap && !more_nodes(j))
		return false;
	j->nodes[j->count] = (struct kt_json_node){
		.start = (uint32_t)at,
		.next = j->count + 1,
		.parent = (j->depth ? j->open[j->depth - 1].node : 0) & PARENT_MAX,
		.type = (unsigned)type & 0xf,
	};
	j->count++;
	return true;
}

static bool
more_frames(struct kt_json *j)
{
	if (j->depth == KT_JSON_DEPTH_MAX)
		return wrong(j, j->pos, "nested too deep");
	j->frames.len = j->depth * sizeof(*j->open);
	if (kt_buf_reserve(&j->frames, sizeof(*j->open)) < 0)
		return refuse(j, KT_E_LIMIT, j->pos, "no memory for the index");
	j->open = (struct kt_json_frame *)(void *)j->frames.ptr;
	return true;
}

static bool
open_value(struct kt_json *j, enum kt_json_type type)
{
	if (j->depth == j->frames.cap / sizeof(*j->open) && !more_frames(j))
		return false;
	if (!add_node(j, type, j->pos))
		return false;
	j->open[j->depth++] = (struct kt_json_frame){
		.node = j->count - 1,
		.names = (uint32_t)j->names.len,
	};
	j->state =
	    type == KT_JSON_OBJECT ? WANTS_NAME_OR_END : WANTS_VALUE_OR_END;
	j->pos++;
	return true;
}

static inline void
end_value(struct kt_json *j, struct kt_json_node *node)
{
	node->end = (uint32_t)j->pos;
	j->state = j->depth ? WANTS_COMMA_OR_END : BEHIND;
}

static bool
close_value(struct kt_json *j, const char *text, enum kt_json_type type)
{
	struct kt_json_frame *frame = &j->open[j->depth - 1];
	struct kt_json_node *node = &j->nodes[frame->node];
	uint32_t twice = 0;

	if (node->type != (unsigned)type)
		return wrong(j, j->pos, "the wrong closing bracket");
	if (type == KT_JSON_OBJECT &&
	    kt_json_names_pop(j, text, frame->names, &twice) < 0)
		return refuse(j, KT_E_LIMIT, node->start,
		    "the names of an object collide");
	if (twice != 0)
		return wrong(j, j->nodes[twice].start,
		    "a name for the second time in its object");
	j->depth--;
	j->pos++;
	node->next = j->count;
	end_value(j, node);
	return true;
}

/* The last node is the one whose string ends here. */
static inline bool
end_string(struct kt_json *j, const char *text)
{
	struct kt_json_node *node = &j->nodes[j->count - 1];

	j->pos++;
	end_value(j, node);
	if (node->type != KT_JSON_NAME)
		return true;
	j->state = WANTS_COLON;
	if (kt_json_names_push(j, text, j->count - 1) < 0)
		return refuse(j, KT_E_LIMIT, node->start, "no memory for names");
	return true;
}

static bool
wrong_letter(struct kt_json *j, size_t at, int why)
{
	switch (why) {
	case KT_JSON_BAD_ESCAPE:
		return wrong(j, at, "an unknown escape in a string");
	case KT_JSON_BAD_PAIR:
		return wrong(j, at, "a surrogate without its other half");
	case KT_JSON_BAD_UTF8:
		return wrong(j, at, "not UTF-8");
	default: /* zero: its end has not arrived */
		j->pos = at;
		return false;
	}
}

/* Behind the escapes of two bytes that stand at i in a row, if any do. */
static inline size_t
pass_escapes(const char *p, size_t i, size_t n)
{
	while (n - i >= 2 && p[i] == '\\' &&
	    kt_json_simple[(unsigned char)p[i + 1]] != 0)
		i += 2;
	return i;
}

/* Behind the letter at *i that is neither plain nor a quote. */
static bool
scan_letter(struct kt_json *j, const char *p, size_t *i, size_t n)
{
	uint32_t cp;
	int len;

	if (p[*i] == '\\') {
		j->nodes[j->count - 1].has_escapes = 1;
		*i = pass_escapes(p, *i, n);
		if (*i == n || p[*i] != '\\')
			return true;
		len = kt_json_escape(p + *i, n - *i, &cp);
		if (len <= 0)
			return wrong_letter(j, *i, len);
		*i += (size_t)len;
		return true;
	}
	if ((unsigned char)p[*i] < 0x20)
		return wrong(j, *i, "a control character in a string");
	do {
		len = kt_json_utf8(p + *i, n - *i);
		if (len <= 0)
			return wrong_letter(j, *i, len);
		*i += (size_t)len;
	} while (*i < n && (unsigned char)p[*i] >= 0x80);
	return true;
}

#ifdef KT_PLAIN_SSE2
/* A bit for each of 64 bytes, the first one lowest. */
struct marks {
	uint64_t slash, quote, odd; /* odd: a control, or not ASCII */
};

static inline struct marks
mark(const char *p)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	struct marks m = { 0 };

	for (unsigned k = 0; k < 64; k += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + k));

		m.slash |= (uint64_t)(unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(v, slash)) << k;
		m.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(v, quote)) << k;
		m.odd |= (uint64_t)(unsigned)_mm_movemask_epi8(
		    _mm_cmplt_epi8(v, space)) << k;
	}
	return m;
}

/*
 * The bytes that a backslash stands before, where the first byte is not one
 * of them: of each run of backslashes every second one, and what follows a
 * run of odd length (Langdale and Lemire, Parsing Gigabytes of JSON per
 * Second: a subtraction carries through each run).
 */
static inline uint64_t
escaped_by(uint64_t slash)
{
	const uint64_t odd_bits = UINT64_C(0xaaaaaaaaaaaaaaaa);
	uint64_t behind = slash << 1;

	return (((behind | odd_bits) - slash) ^ odd_bits) ^ slash;
}

/*
 * From a backslash at i over whole blocks of 64 bytes, in text that is full
 * of escapes as source code is.  Stops at whatever needs a closer look: the
 * end, an escape of more than two bytes, a letter that is not ASCII.
 */
static size_t
pass_blocks(const char *p, size_t i, size_t n)
{
	while (n - i >= 64) {
		struct marks m = mark(p + i);
		uint64_t escaped = escaped_by(m.slash);
		uint64_t stop = (m.quote & ~escaped) | m.odd;
		size_t end = stop != 0 ? (size_t)__builtin_ctzll(stop) : 64;

		for (uint64_t e = escaped; e != 0; e &= e - 1) {
			size_t at = (size_t)__builtin_ctzll(e);

			if (at >= end)
				break;
			if (kt_json_simple[(unsigned char)p[i + at]] == 0)
				return i + at - 1;
		}
		if (end < 64) /* an escape may stand before an odd byte */
			return i + end - (escaped >> end & 1);
		/* Its backslash is the last byte: looked at with the next. */
		i += 64 - ((m.slash & ~escaped) >> 63);
	}
	return i;
}
#else
static size_t
pass_blocks(const char *p, size_t i, size_t n)
{
	(void)p, (void)n;
	return i;
}
#endif

static bool
scan_string(struct kt_json *j, const char *p, size_t n)
{
	size_t i = j->pos;

	for (;;) {
		i = kt_plain(p, i, n);
		if (n - i >= 64 && p[i] == '\\' &&
		    kt_json_simple[(unsigned char)p[i + 1]] != 0) {
			size_t to = pass_blocks(p, i, n);

			if (to > i) {
				j->nodes[j->count - 1].has_escapes = 1;
				i = to;
				continue;
			}
		}
		if (i == n || p[i] == '"')
			break;
		if (!scan_letter(j, p, &i, n))
			return false;
	}
	j->pos = i;
	return i < n && end_string(j, p);
}

static enum number
number_step(enum number at, char c)
{
	bool is_digit = c >= '0' && c <= '9';

	switch (at) {
	case N_MINUS:
		return c == '0' ? N_ZERO : is_digit ? N_INTEGER : N_OUT;
	case N_INTEGER:
		if (is_digit)
			return N_INTEGER;
		/* fallthrough */
	case N_ZERO:
		if (c == '.')
			return N_POINT;
		return c == 'e' || c == 'E' ? N_E : N_OUT;
	case N_POINT:
		return is_digit ? N_FRACTION : N_OUT;
	case N_FRACTION:
		if (is_digit)
			return N_FRACTION;
		return c == 'e' || c == 'E' ? N_E : N_OUT;
	case N_E:
		if (c == '+' || c == '-')
			return N_E_SIGN;
		/* fallthrough */
	case N_E_SIGN:
	case N_EXPONENT:
		return is_digit ? N_EXPONENT : N_OUT;
	case N_OUT:
		break;
	}
	return N_OUT;
}

static bool
scan_number(struct kt_json *j, const char *p, size_t n)
{
	enum number at = (enum number)j->number;
	size_t i = j->pos;

	while (i < n) {
		enum number next;

		if (at >= N_INTEGER) { /* more digits change nothing */
			while (i < n && p[i] >= '0' && p[i] <= '9')
				i++;
			if (i == n || p[i] == ',')
				break;
		}
		next = number_step(at, p[i]);
		if (next == N_OUT)
			break;
		at = next;
		i++;
	}
	j->pos = i;
	j->number = (int)at;
	if (i == n)
		return false;
	if (at < N_ZERO)
		return wrong(j, i, "a malformed number");
	end_value(j, &j->nodes[j->count - 1]);
	return true;
}

static bool
start_number(struct kt_json *j, const char *p, size_t n)
{
	char c = p[j->pos];

	if (!add_node(j, KT_JSON_NUMBER, j->pos))
		return false;
	j->number = c == '-' ? N_MINUS : c == '0' ? N_ZERO : N_INTEGER;
	j->state = IN_NUMBER;
	j->pos++;
	return scan_number(j, p, n);
}

static bool
start_string(struct kt_json *j, enum kt_json_type type)
{
	if (!add_node(j, type, j->pos))
		return false;
	j->state = IN_STRING;
	j->pos++;
	return true;
}

static bool
literal(struct kt_json *j, const char *p, size_t n, enum kt_json_type type)
{
	static const struct kt_span words[] = {
		[KT_JSON_NULL] = KT_SPAN_INIT("null"),
		[KT_JSON_FALSE] = KT_SPAN_INIT("false"),
		[KT_JSON_TRUE] = KT_SPAN_INIT("true"),
	};
	struct kt_span word = words[type];
	size_t here = n - j->pos < word.len ? n - j->pos : word.len;

	if (memcmp(p + j->pos, word.ptr, here) != 0)
		return wrong(j, j->pos, "not a value");
	if (here < word.len || !add_node(j, type, j->pos))
		return false;
	j->pos += word.len;
	end_value(j, &j->nodes[j->count - 1]);
	return true;
}

static bool
start_value(struct kt_json *j, const char *p, size_t n)
{
	switch (p[j->pos]) {
	case '"':
		return start_string(j, KT_JSON_STRING);
	case '{':
		return open_value(j, KT_JSON_OBJECT);
	case '[':
		return open_value(j, KT_JSON_ARRAY);
	case 'n':
		return literal(j, p, n, KT_JSON_NULL);
	case 'f':
		return literal(j, p, n, KT_JSON_FALSE);
	case 't':
		return literal(j, p, n, KT_JSON_TRUE);
	case '-':
	case '0' ... '9':
		return start_number(j, p, n);
	case '\xef':
		if (j->pos == 0)
			return wrong(j, 0, "a byte order mark, or not JSON");
		/* fallthrough */
	default:
		return wrong(j, j->pos, "not a value");
	}
}

static bool
comma_or_end(struct kt_json *j, const char *p)
{
	uint32_t node = j->open[j->depth - 1].node;
	enum kt_json_type type = (enum kt_json_type)j->nodes[node].type;

	switch (p[j->pos]) {
	case ',':
		j->state = type == KT_JSON_OBJECT ? WANTS_NAME : WANTS_VALUE;
		j->pos++;
		return true;
	case ']':
		return close_value(j, p, KT_JSON_ARRAY);
	case '}':
		return close_value(j, p, KT_JSON_OBJECT);
	default:
		return wrong(j, j->pos, "neither a comma nor the end");
	}
}

/* One token.  False: refused, or its end has not arrived. */
static bool
step(struct kt_json *j, const char *p, size_t n)
{
	if (j->state == IN_STRING)
		return scan_string(j, p, n);
	if (j->state == IN_NUMBER)
		return scan_number(j, p, n);
	while (j->pos < n && (p[j->pos] == ' ' || p[j->pos] == '\n' ||
	    p[j->pos] == '\r' || p[j->pos] == '\t'))
		j->pos++;
	if (j->pos == n)
		return false;
	switch ((enum state)j->state) {
	case WANTS_VALUE_OR_END:
		if (p[j->pos] == ']')
			return close_value(j, p, KT_JSON_ARRAY);
		/* fallthrough */
	case WANTS_VALUE:
		return start_value(j, p, n);
	case WANTS_NAME_OR_END:
		if (p[j->pos] == '}')
			return close_value(j, p, KT_JSON_OBJECT);
		/* fallthrough */
	case WANTS_NAME:
		if (p[j->pos] != '"')
			return wrong(j, j->pos, "not a name");
		return start_string(j, KT_JSON_NAME);
	case WANTS_COLON:
		if (p[j->pos] != ':')
			return wrong(j, j->pos, "no colon behind a name");
		j->pos++;
		j->state = WANTS_VALUE;
		return true;
	case WANTS_COMMA_OR_END:
		return comma_or_end(j, p);
	case BEHIND:
		return wrong(j, j->pos, "more behind the value");
	case IN_STRING:
	case IN_NUMBER:
		break;
	}
	KT_BUG("no such state of the scanner");
}

static enum kt_rc
outcome(const struct kt_json *j, struct kt_err *err)
{
	if (j->rc == KT_OK)
		return KT_OK;
	return kt_fail(err, j->rc, "byte %zu: %s", j->why_at, j->why);
}

enum kt_rc
kt_json_feed(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	size_t n = text.len < j->max_bytes ? text.len : j->max_bytes;

	if (j->rc < 0)
		return outcome(j, err);
	if (n < j->pos || j->count == 0)
		KT_BUG("an index was fed less text than before");
	while (step(j, text.ptr, n))
		;
	if (j->rc == KT_OK && text.len > n)
		(void)refuse(j, KT_E_LIMIT, n, "the text is too long");
	return outcome(j, err);
}

enum kt_rc
kt_json_end(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	if (j->is_complete)
		return KT_OK;
	if (kt_json_feed(j, text, err) < 0)
		return j->rc;
	if (j->state == IN_NUMBER && j->depth == 0 && j->number >= N_ZERO)
		end_value(j, &j->nodes[1]);
	if (j->state != BEHIND)
		(void)wrong(j, text.len, "the text ends before the value does");
	kt_buf_fini(&j->names);
	kt_buf_fini(&j->table);
	j->is_complete = j->rc == KT_OK;
	return outcome(j, err);
}

enum kt_rc
kt_json_parse(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	kt_json_reset(j, j->max_bytes);
	return kt_json_end(j, text, err);
}
