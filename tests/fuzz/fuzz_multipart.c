/*
 * The first byte says how the rest is cut.  However it is cut, the parts are
 * the same; they lie in the body, in order, and no content has a delimiter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static enum kt_rc
run(struct kt_multipart *m, struct kt_span text, size_t step)
{
	enum kt_rc rc =
	    kt_multipart_init(m, KT_SPAN("multipart/form-data; boundary=xYz"));

	for (size_t at = step; rc == KT_OK && at < text.len; at += step)
		rc = kt_multipart_feed(m, kt_span_sub(text, 0, at), NULL);
	return rc == KT_OK ? kt_multipart_end(m, text, NULL) : rc;
}

static void
check(const struct kt_multipart *m, struct kt_span text)
{
	size_t at = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct kt_multipart_part *p = &m->parts[i];
		struct kt_span c =
		    kt_span_sub(text, p->content, p->content_len);

		if (p->name < at || p->name + p->name_len > p->content ||
		    p->filename + p->filename_len > p->content ||
		    p->content + p->content_len > text.len)
			KT_BUG("a part that is not where it belongs");
		for (size_t k = 0; k + 7 <= c.len; k++)
			if (memcmp(c.ptr + k, "\r\n--xYz", 7) == 0)
				KT_BUG("a delimiter inside a content");
		at = p->content + p->content_len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span text = { (const char *)bytes + 1, len - 1 };
	struct kt_multipart whole, cut;
	enum kt_rc rc;

	if (len < 2 || len > 65536)
		return 0;
	rc = run(&whole, text, text.len);
	if (run(&cut, text, 1 + bytes[0] % 64) != rc)
		KT_BUG("a cut changed what it is");
	if (rc < 0)
		return 0;
	if (cut.n != whole.n ||
	    memcmp(cut.parts, whole.parts, sizeof(cut.parts)) != 0)
		KT_BUG("a cut changed the parts");
	check(&whole, text);
	return 0;
}
