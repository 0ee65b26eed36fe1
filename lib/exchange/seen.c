/*
 * seen - media of a request, as its record tells of them: what they are, how
 * large, what was found, and a commitment; never what they hold.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"
#include "media/image.h"
#include "media/kind.h"
#include "media/unbase64.h"

/* What its beginning says; what came along is not believed. */
static void
describe(struct kt_audit_medium *m, struct kt_span head)
{
	m->media_type = kt_span_of(kt_media_type(head));
	(void)kt_image_size(head, &m->width, &m->height); /* 0: not told */
}

static void
describe_base64(struct kt_audit_medium *m, struct kt_span text)
{
	struct kt_buf head;

	kt_buf_init(&head, KT_IMAGE_HEAD);
	/* Cut anywhere: what was read up to there is the beginning. */
	if (kt_media_unbase64(kt_span_sub(text, 0, KT_IMAGE_HEAD / 3 * 4),
	        &head) == KT_OK || head.len > 0)
		describe(m, kt_buf_span(&head));
	m->bytes = text.len / 4 * 3;
	for (size_t i = text.len; i > 0 && text.ptr[i - 1] == '='; i--)
		m->bytes -= m->bytes > 0;
	kt_buf_fini(&head);
}

struct kt_x_seen_medium *
kt_x_seen_add(struct kt_exchange *x, enum kt_component c,
    enum kt_media_encoding encoding, struct kt_span bytes)
{
	struct kt_x_seen_medium *one;

	if (bytes.len == 0 || (c != KT_COMPONENT_IMAGES &&
	        c != KT_COMPONENT_DOCUMENTS && c != KT_COMPONENT_FILES))
		return NULL;
	if (x->seen.n++ >= KT_AUDIT_MEDIA_MAX)
		return NULL; /* counted, and the record says how many */
	if (x->seen.v == NULL)
		x->seen.v = kt_arena_array(
		    x->mem, KT_AUDIT_MEDIA_MAX, sizeof(*x->seen.v));
	if (x->seen.v == NULL)
		return NULL; /* a full arena refuses the call */
	one = &x->seen.v[x->seen.n - 1];
	*one = (struct kt_x_seen_medium){ .component = c,
		.action = KT_ACTION_IGNORE };
	one->told.component = kt_span_of(kt_component_name(c));
	one->told.hash = kt_x_commit(x,
	    kt_arena_printf(x->turn, "medium:%zu", x->seen.n), bytes);
	if (encoding == KT_MEDIA_BASE64) {
		describe_base64(&one->told, bytes);
	} else {
		describe(&one->told, kt_span_sub(bytes, 0, KT_IMAGE_HEAD));
		one->told.bytes = bytes.len;
	}
	return one;
}

/* Not read is never told as clean. */
static struct kt_span
verdict_of(const struct kt_x_seen_medium *m)
{
	if (m->action != KT_ACTION_BLOCK && !m->is_read)
		return KT_SPAN("uninspectable");
	return m->action == KT_ACTION_IGNORE ? KT_SPAN("pass") :
	    kt_span_of(kt_action_name(m->action));
}

enum kt_rc
kt_x_seen_list(struct kt_exchange *x, bool is_image,
    const struct kt_audit_medium **out, size_t *n)
{
	size_t most = x->seen.n < KT_AUDIT_MEDIA_MAX ? x->seen.n :
	    KT_AUDIT_MEDIA_MAX;
	struct kt_audit_medium *list;

	if (x->seen.v == NULL || most == 0)
		return KT_OK; /* nearly every call */
	list = kt_arena_array(x->turn, most, sizeof(*list));
	if (list == NULL)
		return KT_E_LIMIT;
	*out = list;
	for (size_t i = 0; i < most; i++) {
		struct kt_x_seen_medium *m = &x->seen.v[i];

		if ((m->component == KT_COMPONENT_IMAGES) != is_image)
			continue;
		m->told.verdict = verdict_of(m);
		m->told.data_class =
		    kt_span_of(kt_class_name(kt_class_highest(m->classes)));
		list[(*n)++] = m->told;
	}
	return KT_OK;
}
