/*
 * format - the table of formats.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/report_priv.h"

const struct kt_report_format kt_report_formats[] = {
#define KT_REPORT_FORMAT(fn, name, readers) \
	{ name, readers, kt_report_write_##fn },
#include "report/formats.def"
};
const size_t kt_report_nformats = KT_NELEMS(kt_report_formats);

const struct kt_report_format *
kt_report_format_named(struct kt_span name)
{
	for (size_t i = 0; i < kt_report_nformats; i++) {
		if (kt_span_eq(name, kt_span_of(kt_report_formats[i].name)))
			return &kt_report_formats[i];
	}
	return NULL;
}
