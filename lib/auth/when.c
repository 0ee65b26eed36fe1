/*
 * when - RFC 3339 times in UTC, by arithmetic alone: the C library's way
 * asks the environment for a time zone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/auth.h"

#define DAY UINT64_C(86400)

static bool
is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned
month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static bool
digits(struct kt_span s, size_t from, size_t len, unsigned *out)
{
	uint64_t v;

	if (!kt_span_u64(kt_span_sub(s, from, len), &v))
		return false;
	*out = (unsigned)v;
	return true;
}

bool
kt_auth_when_parse(struct kt_span s, uint64_t *seconds)
{
	unsigned year, month, day, hour, minute, second;
	uint64_t days = 0;

	if (s.len != 20 || s.ptr[4] != '-' || s.ptr[7] != '-' ||
	    s.ptr[10] != 'T' || s.ptr[13] != ':' || s.ptr[16] != ':' ||
	    s.ptr[19] != 'Z' || !digits(s, 0, 4, &year) ||
	    !digits(s, 5, 2, &month) || !digits(s, 8, 2, &day) ||
	    !digits(s, 11, 2, &hour) || !digits(s, 14, 2, &minute) ||
	    !digits(s, 17, 2, &second))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > month_days(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return false;
	for (unsigned y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (unsigned m = 1; m < month; m++)
		days += month_days(year, m);
	*seconds = (days + day - 1) * DAY + hour * 3600u + minute * 60u + second;
	return true;
}

void
kt_auth_when_print(uint64_t seconds, char text[static 21])
{
	uint64_t days = seconds / DAY;
	unsigned rest = (unsigned)(seconds % DAY), year = 1970, month = 1;

	while (year < 9999 && days >= (is_leap(year) ? 366u : 365u))
		days -= is_leap(year++) ? 366 : 365;
	while (month < 12 && days >= month_days(year, month))
		days -= month_days(year, month++);
	(void)snprintf(text, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000,
	    month % 100, ((unsigned)days + 1) % 100, rest / 3600,
	    rest / 60 % 60, rest % 60);
}
