/*
 * sse - first the end of an event is found, then its lines are read: two
 * passes, so that an event which came in one piece is never copied, and one
 * that came in many is copied once.  The alternative, a machine that gathers
 * fields byte by byte, copies every data line.
 *
 * A CR may be half of a CRLF whose LF has not come.  Waiting for the next
 * byte would delay every event of a stream whose lines end in CR, by the
 * time until the next event.  So a blank line ending in CR waits only when
 * the line before did not end in a bare CR; that depends on earlier bytes
 * alone, so the cutting still does not matter.  An LF that comes after all
 * is the first byte of the next raw span, and means nothing there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/sse.h"

#define KT_SSE_KEPT 16384u

void
kt_sse_init(struct kt_sse *s, size_t limit)
{
	*s = (struct kt_sse){ .limit = limit, .is_first = true };
	kt_buf_init(&s->held, limit + 1);
	kt_buf_init(&s->joined, limit);
}

void
kt_sse_fini(struct kt_sse *s)
{
	kt_buf_fini(&s->held);
	kt_buf_fini(&s->joined);
}

void
kt_sse_feed(struct kt_sse *s, struct kt_span bytes)
{
	if (s->in.len > 0 || s->is_finished)
		KT_BUG("fed before all events were taken, or after the end");
	s->in = bytes;
}

void
kt_sse_finish(struct kt_sse *s)
{
	s->is_finished = true;
}

struct kt_span
kt_sse_rest(const struct kt_sse *s)
{
	if (s->was_held)
		return s->in;
	return s->held.len > 0 ? kt_buf_span(&s->held) : s->in;
}

/* A stream that was large once must not cost memory for hours. */
static void
empty(struct kt_buf *b)
{
	if (b->cap > KT_SSE_KEPT)
		kt_buf_fini(b);
	kt_buf_reset(b);
}

/* Length of the run without CR and LF. */
static size_t
run_of_text(const char *p, size_t len)
{
	const char *lf = memchr(p, '\n', len);
	const char *cr;

	if (lf != NULL)
		len = (size_t)(lf - p);
	cr = len > 0 ? memchr(p, '\r', len) : NULL;
	return cr != NULL ? (size_t)(cr - p) : len;
}

/*
 * Walks over bytes until the event is complete.  Returns how many of them
 * belong to it; *is_complete says whether it ended there.
 */
static size_t
walk(struct kt_sse *s, struct kt_span in, bool *is_complete)
{
	size_t i = 0, run;

	*is_complete = false;
	while (i < in.len) {
		char c = in.ptr[i];

		if (s->after_cr) {
			bool was_blank = s->is_blank;

			s->after_cr = false;
			s->is_blank = false;
			if (c == '\n') {
				s->last_end = KT_SSE_LF;
				i++;
			}
			if (was_blank) {
				*is_complete = true;
				return i;
			}
			continue;
		}
		if (c == '\n' || c == '\r') {
			s->is_blank = s->line == 0;
			s->line = 0;
			i++;
			if (c == '\n') {
				s->last_end = KT_SSE_LF;
				*is_complete = s->is_blank;
				s->is_blank = false;
			} else {
				*is_complete =
				    s->is_blank && s->last_end == KT_SSE_CR;
				s->is_blank = s->is_blank && !*is_complete;
				s->after_cr = true;
				s->last_end = KT_SSE_CR;
			}
			if (*is_complete)
				return i;
			continue;
		}
		run = run_of_text(in.ptr + i, in.len - i);
		s->line += run;
		i += run;
	}
	return i;
}

/* Takes one line off the front of *rest. */
static struct kt_span
next_line(struct kt_span *rest)
{
	size_t n = run_of_text(rest->ptr, rest->len);
	struct kt_span line = kt_span_sub(*rest, 0, n);

	if (n < rest->len) {
		bool is_crlf = rest->ptr[n] == '\r' && n + 1 < rest->len &&
		    rest->ptr[n + 1] == '\n';

		n += is_crlf ? 2 : 1;
	}
	*rest = kt_span_sub(*rest, n, rest->len - n);
	return line;
}

static enum kt_rc
join(struct kt_sse *s, struct kt_sse_event *ev, struct kt_span value)
{
	enum kt_rc rc = KT_OK;

	if (ev->data_lines++ == 0) {
		ev->data = value;
		return KT_OK;
	}
	if (ev->data_lines == 2)
		rc = kt_buf_add(&s->joined, ev->data);
	if (rc == KT_OK)
		rc = kt_buf_addc(&s->joined, '\n');
	if (rc == KT_OK)
		rc = kt_buf_add(&s->joined, value);
	ev->data = kt_buf_span(&s->joined);
	return rc;
}

static enum kt_rc
read_lines(struct kt_sse *s, struct kt_sse_event *ev)
{
	struct kt_span rest = ev->raw;
	enum kt_rc rc = KT_OK;

	empty(&s->joined);
	ev->is_comment = true;
	if (s->is_first && kt_span_starts(rest, KT_SPAN("\xef\xbb\xbf")))
		rest = kt_span_sub(rest, 3, rest.len - 3);
	while (rest.len > 0 && rc == KT_OK) {
		struct kt_span line = next_line(&rest);
		size_t colon = kt_span_find(line, ':');
		struct kt_span field = kt_span_sub(line, 0, colon);
		struct kt_span value = { line.ptr + line.len, 0 };

		if (line.len == 0 || colon == 0)
			continue;
		ev->is_comment = false;
		if (colon < line.len)
			value = kt_span_sub(line, colon + 1, line.len - colon - 1);
		if (value.len > 0 && value.ptr[0] == ' ')
			value = kt_span_sub(value, 1, value.len - 1);
		if (kt_span_eq(field, KT_SPAN("data")))
			rc = join(s, ev, value);
		else if (kt_span_eq(field, KT_SPAN("event")))
			ev->name = value;
	}
	s->is_first = false;
	return rc;
}

static int
give(struct kt_sse *s, struct kt_sse_event *ev, struct kt_span raw,
    struct kt_err *err)
{
	*ev = (struct kt_sse_event){ .raw = raw };
	if (read_lines(s, ev) == KT_OK)
		return 1;
	return s->failed = kt_fail(err, KT_E_LIMIT, "no memory for an event");
}

int
kt_sse_next(struct kt_sse *s, struct kt_sse_event *ev, struct kt_err *err)
{
	bool is_complete;
	struct kt_span part;

	if (s->failed < 0)
		return kt_fail(err, s->failed, "event stream has failed before");
	if (s->was_held) {
		empty(&s->held);
		s->was_held = false;
	}
	part = kt_span_sub(s->in, 0, walk(s, s->in, &is_complete));
	s->in = kt_span_sub(s->in, part.len, s->in.len - part.len);
	if (s->held.len + part.len > s->limit)
		return s->failed = kt_fail(err, KT_E_LIMIT,
		           "event is larger than %zu bytes", s->limit);
	if (is_complete && s->held.len == 0)
		return give(s, ev, part, err);
	if (kt_buf_add(&s->held, part) < 0)
		return s->failed = kt_fail(err, KT_E_LIMIT, "no memory for an event");
	if (!is_complete && s->is_finished && s->is_blank)
		is_complete = true; /* the LF of a CRLF that will not come */
	s->is_blank = s->is_blank && !is_complete;
	if (!is_complete)
		return 0;
	s->was_held = true;
	return give(s, ev, kt_buf_span(&s->held), err);
}
