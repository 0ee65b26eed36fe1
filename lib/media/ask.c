/*
 * ask - two heads and a list.  Reading checks all before it gives any, so
 * that its caller needs no second look.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/ask.h"

#define TEXT_HEAD 12

static const char *const words[KT_MEDIA_NWHYS] = {
#define KT_MEDIA_WHY(id, word, meaning) word,
#include "media/why.def"
};

const char *
kt_media_why_word(enum kt_media_why w)
{
	return words[w];
}

static const char *const sources[KT_MEDIA_NSOURCES] = {
	[KT_MEDIA_SAID] = "said", [KT_MEDIA_SEEN] = "seen",
	[KT_MEDIA_CODE] = "code", [KT_MEDIA_ABOUT] = "about",
};

bool
kt_media_source_of(struct kt_span word, enum kt_media_source *out)
{
	for (unsigned i = 0; i < KT_MEDIA_NSOURCES; i++) {
		if (!kt_span_eq(word, kt_span_of(sources[i])))
			continue;
		*out = (enum kt_media_source)i;
		return true;
	}
	return false;
}

const char *
kt_media_source_word(enum kt_media_source s)
{
	return sources[s];
}

static void
put(char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		at[i] = (char)(v & 0xff);
}

static uint32_t
get(struct kt_span s, size_t at)
{
	uint32_t v = 0;

	for (size_t i = 4; i-- > 0;)
		v = v << 8 | (uint8_t)s.ptr[at + i];
	return v;
}

void
kt_media_question_write(
    const struct kt_media_question *q, char out[static KT_MEDIA_HEAD])
{
	memcpy(out, "KTMQ", 4);
	put(out + 4, q->encoding);
	put(out + 8, q->pixels_max);
	put(out + 12, q->pages_max);
	put(out + 16, q->seconds_max);
	put(out + 20, q->length);
}

enum kt_rc
kt_media_question_read(struct kt_span head, struct kt_media_question *q)
{
	uint32_t encoding;

	if (head.len < KT_MEDIA_HEAD || !kt_span_starts(head, KT_SPAN("KTMQ")))
		return KT_E_PARSE;
	encoding = get(head, 4);
	*q = (struct kt_media_question){
		.encoding = (enum kt_media_encoding)encoding,
		.pixels_max = get(head, 8),
		.pages_max = get(head, 12),
		.seconds_max = get(head, 16),
		.length = get(head, 20),
	};
	return encoding < KT_MEDIA_NENCODINGS && q->length <= KT_MEDIA_MAX ?
	    KT_OK : KT_E_PARSE;
}

enum kt_rc
kt_media_answer_begin(struct kt_buf *out)
{
	static const char head[KT_MEDIA_ANSWER_HEAD] = "KTMA";

	kt_buf_reset(out);
	return kt_buf_add(out, (struct kt_span){ head, sizeof(head) });
}

enum kt_rc
kt_media_answer_add(struct kt_buf *out, const struct kt_media_text *t)
{
	char head[TEXT_HEAD];

	if (t->text.len > KT_MEDIA_ANSWER_MAX ||
	    kt_buf_reserve(out, sizeof(head) + t->text.len) < 0)
		return KT_E_LIMIT;
	put(head, t->source);
	put(head + 4, t->page);
	put(head + 8, (uint32_t)t->text.len);
	if (kt_buf_add(out, (struct kt_span){ head, sizeof(head) }) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, t->text);
}

void
kt_media_answer_end(struct kt_buf *out, enum kt_media_why why, uint32_t pages)
{
	put(out->ptr + 4, why);
	put(out->ptr + 8, pages);
	put(out->ptr + 12, (uint32_t)(out->len - KT_MEDIA_ANSWER_HEAD));
}

size_t
kt_media_answer_length(struct kt_span begin)
{
	size_t length;

	if (begin.len < KT_MEDIA_ANSWER_HEAD)
		return 0;
	length = KT_MEDIA_ANSWER_HEAD + (size_t)get(begin, 12);
	if (!kt_span_starts(begin, KT_SPAN("KTMA")) ||
	    length > KT_MEDIA_ANSWER_MAX)
		return KT_MEDIA_ANSWER_BAD;
	return length;
}

/* The first text of rest; false: there is none, or it is not right. */
static bool
take(struct kt_span *rest, struct kt_media_text *t)
{
	uint32_t length;

	if (rest->len < TEXT_HEAD || get(*rest, 0) >= KT_MEDIA_NSOURCES)
		return false;
	length = get(*rest, 8);
	if (length > rest->len - TEXT_HEAD)
		return false;
	*t = (struct kt_media_text){
		.source = (enum kt_media_source)get(*rest, 0),
		.page = get(*rest, 4),
		.text = kt_span_sub(*rest, TEXT_HEAD, length),
	};
	*rest = kt_span_sub(*rest, TEXT_HEAD + length, rest->len);
	return true;
}

enum kt_rc
kt_media_answer_read(struct kt_span bytes, struct kt_media_answer *a)
{
	struct kt_span rest =
	    kt_span_sub(bytes, KT_MEDIA_ANSWER_HEAD, bytes.len);
	struct kt_media_text t;

	*a = (struct kt_media_answer){ .why = KT_MEDIA_WHY_FAILED };
	if (bytes.len < KT_MEDIA_ANSWER_HEAD ||
	    kt_media_answer_length(bytes) != bytes.len ||
	    get(bytes, 4) >= KT_MEDIA_NWHYS)
		return KT_E_PARSE;
	while (rest.len > 0)
		if (!take(&rest, &t) || kt_utf8_check(t.text) != t.text.len)
			return KT_E_PARSE;
	*a = (struct kt_media_answer){
		.why = (enum kt_media_why)get(bytes, 4),
		.pages = get(bytes, 8),
		.rest = kt_span_sub(bytes, KT_MEDIA_ANSWER_HEAD, bytes.len),
	};
	return KT_OK;
}

bool
kt_media_answer_next(struct kt_media_answer *a, struct kt_media_text *t)
{
	return a->rest.len > 0 && take(&a->rest, t);
}
