/*
 * detector_saved - the structs as they lie in memory, each pointer replaced by
 * an offset.  So whatever is added to a definition that is no pointer is
 * saved without a word here; a pointer needs its line below, and a test says
 * so when one is missing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/detector_saved.h"

#define MAGIC "kt-definitions/4"

/* 0 is NULL: the head lies there. */
struct head {
	char magic[16];
	uint64_t digest[2], n, struct_bytes, all_bytes;
};

static const size_t texts[] = {
#define TEXT(name) offsetof(struct kt_detector, name)
	TEXT(id), TEXT(group), TEXT(entity), TEXT(pattern), TEXT(anchor),
	TEXT(tail), TEXT(tail_end), TEXT(checksum), TEXT(beside),
#undef TEXT
};
static const struct {
	size_t at, n;
} lists[] = {
#define LIST(name) \
	{ offsetof(struct kt_detector, name), \
		offsetof(struct kt_detector, n##name) }
	LIST(validators), LIST(context), LIST(close_only),
#undef LIST
};

static void
mix(uint64_t h[static 2], uint64_t word)
{
	h[0] = (h[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	h[1] = (h[1] ^ word) * UINT64_C(0xff51afd7ed558ccd);
	h[0] ^= h[0] >> 32;
	h[1] ^= h[1] >> 29;
}

/*
 * It tells files apart that nobody forged, at every start: so by words, as a
 * byte at a time was a third of what kt inspect does for a line of text.
 */
static void
digest(const struct kt_config_source *files, size_t n, uint64_t h[static 2])
{
	for (size_t i = 0; i < n; i++) {
		struct kt_span s = files[i].bytes;
		uint64_t word = 0;

		for (; s.len >= sizeof(word);
		     s.ptr += sizeof(word), s.len -= sizeof(word)) {
			memcpy(&word, s.ptr, sizeof(word));
			mix(h, word);
		}
		word = 0;
		if (s.len > 0)
			memcpy(&word, s.ptr, s.len);
		mix(h, word);
		mix(h, files[i].bytes.len);
	}
}

static struct head
head_of(const struct kt_config_source *files, size_t nfiles, size_t n)
{
	struct head h = { .magic = MAGIC, .n = n,
		.struct_bytes = sizeof(struct kt_detector) };

	digest(files, nfiles, h.digest);
	return h;
}

static enum kt_rc
add_text(struct kt_buf *out, const char *text, uint64_t *at)
{
	*at = 0;
	if (text == NULL)
		return KT_OK;
	*at = out->len;
	return kt_buf_add(out, (struct kt_span){ text, strlen(text) + 1 });
}

static enum kt_rc
add_list(struct kt_buf *out, const char *const *list, size_t n, uint64_t *at)
{
	static const char zeros[8];
	size_t first;

	*at = 0;
	if (n == 0)
		return KT_OK;
	if (kt_buf_add(out, kt_span_sub((struct kt_span){ zeros, 8 }, 0,
	                        (8 - out->len % 8) % 8)) < 0)
		return KT_E_LIMIT;
	*at = first = out->len;
	for (size_t i = 0; i < n; i++)
		if (kt_buf_add(out, (struct kt_span){ zeros, 8 }) < 0)
			return KT_E_LIMIT;
	for (size_t i = 0; i < n; i++) {
		uint64_t text;

		if (add_text(out, list[i], &text) < 0)
			return KT_E_LIMIT;
		memcpy(out->ptr + first + 8 * i, &text, 8);
	}
	return KT_OK;
}

/* NUL behind it, as behind a text. */
static enum kt_rc
add_model(struct kt_buf *out, struct kt_span model, uint64_t *at)
{
	*at = 0;
	if (model.ptr == NULL)
		return KT_OK;
	*at = out->len;
	if (kt_buf_add(out, model) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, (struct kt_span){ "", 1 });
}

/* The struct without what it points to, then that; base: of the buffer. */
static enum kt_rc
add_definition(struct kt_buf *out, size_t at, const struct kt_detector *d)
{
	struct kt_detector image;
	char *bytes = (char *)&image;
	uint64_t offset;

	memcpy(&image, d, sizeof(image)); /* padding too */
	image.examples = image.counter_examples = NULL;
	image.nexamples = image.ncounter_examples = 0;
	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		const char *text;

		memcpy(&text, bytes + texts[i], sizeof(text));
		if (add_text(out, text, &offset) < 0)
			return KT_E_LIMIT;
		memcpy(bytes + texts[i], &offset, sizeof(offset));
	}
	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		const char *const *list;
		size_t n;

		memcpy(&list, bytes + lists[i].at, sizeof(list));
		memcpy(&n, bytes + lists[i].n, sizeof(n));
		if (add_list(out, list, n, &offset) < 0)
			return KT_E_LIMIT;
		memcpy(bytes + lists[i].at, &offset, sizeof(offset));
	}
	if (add_model(out, d->model, &offset) < 0)
		return KT_E_LIMIT;
	memcpy(&image.model.ptr, &offset, sizeof(offset));
	memcpy(out->ptr + at, &image, sizeof(image));
	return KT_OK;
}

enum kt_rc
kt_policy_detectors_save(const struct kt_config_source *files, size_t nfiles,
    const struct kt_detector *defs, size_t n, struct kt_buf *out)
{
	struct head h = head_of(files, nfiles, n);
	size_t room = n * sizeof(*defs);

	_Static_assert(sizeof(char *) == sizeof(uint64_t), "offsets fit");
	if (out->len != 0)
		return KT_E_MISUSE;
	if (kt_buf_add(out, (struct kt_span){ (char *)&h, sizeof(h) }) < 0 ||
	    kt_buf_reserve(out, room) < 0)
		return KT_E_LIMIT;
	out->len += room;
	for (size_t i = 0; i < n; i++)
		if (add_definition(
			out, sizeof(h) + i * sizeof(*defs), &defs[i]) < 0)
			return KT_E_LIMIT;
	h.all_bytes = out->len;
	memcpy(out->ptr, &h, sizeof(h));
	return KT_OK;
}

/* Offset to pointer; false: it points outside. */
static bool
link_text(char *base, size_t len, char *member)
{
	uint64_t offset;
	const char *text = NULL;

	memcpy(&offset, member, sizeof(offset));
	if (offset >= len)
		return false;
	if (offset > 0)
		text = base + offset;
	memcpy(member, &text, sizeof(text));
	return true;
}

static bool
link_model(char *base, size_t len, char *d)
{
	uint64_t at;
	size_t n;

	d += offsetof(struct kt_detector, model);
	memcpy(&at, d + offsetof(struct kt_span, ptr), sizeof(at));
	memcpy(&n, d + offsetof(struct kt_span, len), sizeof(n));
	return at < len && n < len - at && (at > 0 || n == 0) &&
	    link_text(base, len, d + offsetof(struct kt_span, ptr));
}

static bool
link_definition(char *base, size_t len, char *d)
{
	if (!link_model(base, len, d))
		return false;
	for (size_t i = 0; i < KT_NELEMS(texts); i++)
		if (!link_text(base, len, d + texts[i]))
			return false;
	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		uint64_t at;
		size_t n;

		memcpy(&at, d + lists[i].at, sizeof(at));
		memcpy(&n, d + lists[i].n, sizeof(n));
		if (at >= len || at % 8 != 0 || n > (len - at) / 8 ||
		    (n > 0 && at == 0) || !link_text(base, len, d + lists[i].at))
			return false;
		for (size_t k = 0; k < n; k++)
			if (!link_text(base, len, base + at + 8 * k))
				return false;
	}
	return true;
}

enum kt_rc
kt_policy_detectors_restore(const struct kt_config_source *files,
    size_t nfiles, struct kt_span saved, struct kt_arena *mem,
    const struct kt_detector **out, size_t *n)
{
	struct head said, is;
	size_t first = sizeof(said);
	char *base;

	if (saved.len < sizeof(said))
		return KT_E_PARSE;
	memcpy(&said, saved.ptr, sizeof(said));
	is = head_of(files, nfiles, said.n);
	is.all_bytes = saved.len;
	if (memcmp(&said, &is, sizeof(is)) != 0 ||
	    said.n > KT_DETECTORS_MAX ||
	    said.n > (saved.len - first) / sizeof(struct kt_detector) ||
	    saved.ptr[saved.len - 1] != '\0')
		return KT_E_PARSE;
	base = kt_arena_alloc(mem, saved.len);
	if (base == NULL)
		return KT_E_LIMIT;
	memcpy(base, saved.ptr, saved.len);
	for (size_t i = 0; i < said.n; i++)
		if (!link_definition(base, saved.len,
			base + first + i * sizeof(struct kt_detector)))
			return KT_E_PARSE;
	*out = (const struct kt_detector *)(void *)(base + first);
	*n = (size_t)said.n;
	return KT_OK;
}
