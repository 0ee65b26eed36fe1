/*
 * standin - a definition for each confidence that a detector can have, with
 * the confidence in the letters: then no engine has to know of stand-ins, and
 * they are found in streams, in pieces and in escapes like anything else.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/standin.h"

#define CONTEXT_GAIN_PM 300 /* as rule.c raises it */
#define CONFIDENCE_MAX_PM 990
#define OPENS "<kt|"
#define BLANK "<kt|->"

/* Of a model, which says any confidence: policies ask for these. */
static const uint16_t steps[] = { 100, 300, 500, 650, 800, 900, 950, 990 };

static size_t
find(struct kt_span text)
{
	size_t at = 0;

	for (;;) {
		at += kt_span_find(kt_span_sub(text, at, text.len), '<');
		if (at >= text.len || kt_span_starts(
		        kt_span_sub(text, at, text.len), KT_SPAN(OPENS)))
			return at;
		at++;
	}
}

/* Sixteen letters of which no word is made. */
static char *
letters(char *at, uint32_t v, unsigned digits)
{
	while (digits-- > 0)
		*at++ = "bcdfghjklmnpqrst"[v >> 4 * digits & 15];
	return at;
}

void
kt_standin_code(const char *detector, char code[static 9])
{
	uint32_t h = 2166136261u;

	for (; *detector != '\0'; detector++)
		h = (h ^ (unsigned char)*detector) * 16777619u;
	*letters(code, h, 8) = '\0';
}

static uint16_t
step_of(const struct kt_detector *d, uint16_t pm)
{
	size_t i = KT_NELEMS(steps);

	if (d->model.len == 0)
		return pm;
	while (i > 1 && steps[i - 1] > pm)
		i--;
	return steps[i - 1];
}

enum kt_rc
kt_standin_write(struct kt_buf *out, const struct kt_detector *d,
    uint16_t confidence_pm, uint32_t tag)
{
	char text[KT_STANDIN_BYTES + 1] = OPENS;
	char *at = text + sizeof(OPENS) - 1;

	kt_standin_code(d->id, at);
	at = letters(at + 8, step_of(d, confidence_pm), 3);
	at = letters(at, tag, 8);
	*at++ = '>';
	return kt_buf_add(out, (struct kt_span){ text, (size_t)(at - text) });
}

enum kt_rc
kt_standin_write_blank(struct kt_buf *out)
{
	return kt_buf_add(out, KT_SPAN(BLANK));
}

bool
kt_standin_is_in(struct kt_span text)
{
	return find(text) < text.len;
}

/* Every confidence that rule.c can give to a match. */
static size_t
confidences(
    const struct kt_detector *d, uint16_t out[static KT_STANDIN_FORMS_MAX])
{
	uint16_t base = d->confidence_pm, raised;
	size_t n = 0;

	out[n++] = base;
	if (d->checksum != NULL)
		out[n++] = CONFIDENCE_MAX_PM;
	if (d->checksum != NULL || d->is_alone_enough)
		out[n++] = base / 2;
	if (d->is_alone_enough)
		out[n++] = base / 2 / 2;
	if (d->ncontext > 0 && !d->is_context_required &&
	    base < CONFIDENCE_MAX_PM) {
		raised = (uint16_t)(base + CONTEXT_GAIN_PM);
		if (raised > CONFIDENCE_MAX_PM)
			raised = CONFIDENCE_MAX_PM;
		out[n++] = raised;
		out[n++] = raised / 2;
	}
	return n;
}

static bool
is_repeated(const uint16_t *v, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (v[k] == v[i])
			return true;
	}
	return false;
}

size_t
kt_standin_define(const struct kt_detector *d, struct kt_arena *mem,
    struct kt_detector out[static KT_STANDIN_FORMS_MAX])
{
	char code[9], level[4] = "";
	uint16_t own[KT_STANDIN_FORMS_MAX];
	const uint16_t *all = d->model.len > 0 ? steps : own;
	size_t n = d->model.len > 0 ? KT_NELEMS(steps) : confidences(d, own);
	size_t made = 0;

	kt_standin_code(d->id, code);
	for (size_t i = 0; i < n; i++) {
		struct kt_span p;

		if (is_repeated(all, i))
			continue;
		(void)letters(level, all[i], 3);
		p = kt_arena_printf(mem, "<kt\\|%s%s[b-t]{8}>", code, level);
		if (p.ptr == NULL)
			return 0;
		out[made++] = (struct kt_detector){ .id = d->id,
			.group = d->group, .entity = d->entity,
			.class = d->class, .when = d->when,
			.confidence_pm = all[i], .components = d->components,
			.pattern = p.ptr };
	}
	return made;
}
