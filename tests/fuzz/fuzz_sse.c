/*
 * The first byte says how the rest is cut.  However that is: the raw spans
 * and the rest are the input, and the events are those of the whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
	struct kt_buf raw, text;
	int rc;
};

static void
take(struct kt_sse *s, struct seen *seen)
{
	struct kt_sse_event ev;

	while ((seen->rc = kt_sse_next(s, &ev, NULL)) > 0) {
		if (kt_buf_add(&seen->raw, ev.raw) < 0 ||
		    kt_buf_printf(&seen->text, "%zu %zu %d ", ev.raw.len,
		        ev.data_lines, ev.is_comment) < 0 ||
		    kt_buf_add(&seen->text, ev.name) < 0 ||
		    kt_buf_addc(&seen->text, '\0') < 0 ||
		    kt_buf_add(&seen->text, ev.data) < 0)
			KT_BUG("more came out than went in");
		if (ev.raw.len == 0)
			KT_BUG("an event without bytes");
	}
}

static void
run(struct seen *seen, struct kt_span in, size_t step, size_t limit)
{
	struct kt_sse s;

	kt_buf_init(&seen->raw, in.len + 1);
	kt_buf_init(&seen->text, 64 * in.len + 64);
	kt_sse_init(&s, limit);
	seen->rc = 0;
	for (size_t at = 0; at < in.len && seen->rc == 0; at += step) {
		kt_sse_feed(&s, kt_span_sub(in, at, step));
		take(&s, seen);
	}
	if (seen->rc == 0) {
		kt_sse_finish(&s);
		take(&s, seen);
	}
	if (seen->rc == 0 && kt_buf_add(&seen->raw, kt_sse_rest(&s)) < 0)
		KT_BUG("the rest is longer than the input");
	kt_sse_fini(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span in = { (const char *)bytes + 1, len - 1 };
	struct seen whole, cut;

	if (len < 2 || len > 65536)
		return 0;
	for (size_t limit = 16; limit <= len + 16; limit += len) {
		run(&whole, in, in.len, limit);
		run(&cut, in, 1 + bytes[0] % 32, limit);
		if (whole.rc != cut.rc || !kt_span_eq(kt_buf_span(&whole.text),
		                              kt_buf_span(&cut.text)))
			KT_BUG("the cutting changed the events");
		if (whole.rc == 0 && !kt_span_eq(kt_buf_span(&whole.raw), in))
			KT_BUG("the raw spans are not the input");
		kt_buf_fini(&whole.raw);
		kt_buf_fini(&whole.text);
		kt_buf_fini(&cut.raw);
		kt_buf_fini(&cut.text);
	}
	return 0;
}
