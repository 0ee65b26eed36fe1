/*
 * err - the text of a failure grows at the front, so that what a user reads
 * first is where it happened and last is why.  It never allocates.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "base/base.h"

enum kt_rc
kt_fail(struct kt_err *err, enum kt_rc rc, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return rc;
	err->rc = rc;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return rc;
}

enum kt_rc
kt_wrap(struct kt_err *err, const char *fmt, ...)
{
	char front[sizeof(err->text)];
	va_list ap;
	size_t n;
	int len;

	if (err == NULL)
		return KT_E_PARSE;
	va_start(ap, fmt);
	len = vsnprintf(front, sizeof(front) - 2, fmt, ap);
	va_end(ap);
	if (len < 0)
		return err->rc;
	n = (size_t)len < sizeof(front) - 3 ? (size_t)len : sizeof(front) - 3;
	memcpy(front + n, ": ", 2);
	n += 2;
	memmove(err->text + n, err->text, sizeof(err->text) - n);
	memcpy(err->text, front, n);
	err->text[sizeof(err->text) - 1] = '\0';
	return err->rc;
}

_Noreturn void
kt_bug(const char *file, int line, const char *why)
{
	(void)fprintf(stderr, "kt: bug at %s:%d: %s\n", file, line, why);
	abort();
}
