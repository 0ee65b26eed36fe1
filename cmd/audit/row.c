/*
 * row - columns of a record.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts are printed as the record spells them: canonical JSON has escaped the
 * controls already, and the rest beyond ASCII is escaped here.
 */
#include "cmd/audit/row.h"

#include "audit/canon.h"

static const struct {
	const char *path, *title;
	int width;
} columns[] = {
	{ "i", "INDEX", 9 },
	{ "ts", "TIME", 23 },
	{ "type", "TYPE", 9 },
	{ "principal.id", "PRINCIPAL", 16 },
	{ "model_requested", "MODEL", 22 },
	{ "data_class", "CLASS", 8 },
	{ "decision", "DECISION", 8 },
	{ "outcome", "OUTCOME", 19 },
};

int
kt_row_escape(struct kt_span *value, char out[static 16])
{
	uint32_t cp = 0;
	size_t n = kt_utf8_decode(*value, &cp);

	if (n == 0) {
		n = 1;
		cp = 0xfffd;
	}
	*value = kt_span_sub(*value, n, value->len);
	if (cp >= ' ' && cp <= '~')
		return snprintf(out, 16, "%c", (int)cp);
	if (cp < 0x10000)
		return snprintf(out, 16, "\\u%04x", (unsigned)cp);
	return snprintf(out, 16, "\\U%08x", (unsigned)cp);
}

void
kt_row_put(struct kt_span value)
{
	char out[16];

	while (value.len > 0) {
		(void)kt_row_escape(&value, out);
		(void)fputs(out, stdout);
	}
}

void
kt_row_column(struct kt_span value, int width)
{
	char out[16];
	int used = 0;

	while (value.len > 0) {
		int n = kt_row_escape(&value, out);

		if (used + n > width)
			break;
		(void)fputs(out, stdout);
		used += n;
	}
	(void)printf("%*s", width - used + 1, "");
}

void
kt_row_head(void)
{
	for (size_t i = 0; i < KT_NELEMS(columns); i++)
		kt_row_column(kt_span_of(columns[i].title), columns[i].width);
	(void)printf("\n");
}

void
kt_row(struct kt_span line)
{
	for (size_t i = 0; i < KT_NELEMS(columns); i++) {
		struct kt_span v = { .ptr = NULL };

		if (!kt_audit_member(line, columns[i].path, &v))
			v.len = 0;
		if (v.len >= 2 && v.ptr[0] == '"')
			v = kt_span_sub(v, 1, v.len - 2);
		kt_row_column(v, columns[i].width);
	}
	(void)printf("\n");
}
