/*
 * number - where in a text there are numbers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Patterns of digits cost more than all others together, and most text has
 * few digits: they are looked for in windows around those only.
 */
#include "detect/detect_priv.h"

#define NUMBER_DIGITS 6
#define BETWEEN_MAX 3 /* bytes between two digits of a number */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_between(char c)
{
	return c == ' ' || c == '.' || c == '(' || c == ')' || c == '+' ||
	    c == '/' || c == '-' || c == '_';
}

/* Numbers end from `first` to `last`: what is around them is a window. */
static enum kt_rc
add(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span text, size_t first, size_t last)
{
	size_t from = first > db->number_before ? first - db->number_before : 0;
	size_t to = text.len - last > db->number_reach
	    ? last + db->number_reach
	    : text.len;
	void *v = s->window;

	if (s->nwindows > 0 && from <= s->window[s->nwindows - 1].to) {
		s->window[s->nwindows - 1].to = to;
		return KT_OK;
	}
	if (kt_grow(&v, &s->windows_cap, s->nwindows + 1, sizeof(*s->window)) <
	    0)
		return KT_E_LIMIT;
	s->window = v;
	s->window[s->nwindows++] =
	    (struct kt_detect_window){ .from = from, .to = to };
	return KT_OK;
}

enum kt_rc
kt_detect_number_windows(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span text)
{
	size_t digits = 0, between = 0, first = 0, last = 0;
	enum kt_rc rc = KT_OK;

	s->nwindows = 0;
	for (size_t at = 0; at < text.len && rc == KT_OK; at++) {
		if (digits == 0)
			at = kt_detect_next_digit(text, at);
		if (at < text.len && is_digit(text.ptr[at])) {
			between = 0;
			last = at + 1;
			if (++digits == NUMBER_DIGITS)
				first = last;
		} else if (at < text.len &&
		    (!is_between(text.ptr[at]) || ++between > BETWEEN_MAX)) {
			if (digits >= NUMBER_DIGITS)
				rc = add(db, s, text, first, last);
			digits = 0;
		}
	}
	if (digits >= NUMBER_DIGITS && rc == KT_OK)
		rc = add(db, s, text, first, last);
	return rc;
}
