/*
 * train - learns the weights of a model, in integers and in a fixed order.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	tests/accuracy/train [-s] [-o FILE] [-w FOLD] [-f FLAG -b BLOCK] <SAMPLES
 *
 * A line of samples is {"text", "label": 1 or -1, "fold", "span"?}: span is
 * the part of the text that is an attack; without it, all of it is.  Samples
 * of the fold that -w names are not learned from; the highest score of each
 * of them is printed, in order (of all of them without -o and -w).
 *
 * Logistic regression by stochastic descent over windows, as lib/detect/model
 * cuts them.  policies/detectors/train.py makes the samples and calls this.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "detect/model_priv.h"

#define EPOCHS 12
#define UNIT 4096 /* a learned weight of one step of an int8 */
#define STEP 24
#define SCORE_UNIT 64 /* of a score, where the logistic function is one */

struct window {
	uint32_t first, n; /* of words, in all buckets */
	int8_t label;
	uint8_t scale;
};
static struct window *window;
static size_t nwindows, windows_cap;
static uint16_t (*word)[KT_DETECT_MODEL_GRAMS];
static size_t nwords, words_cap;
static int32_t learned[KT_DETECT_MODEL_BUCKETS], bias[KT_DETECT_MODEL_SCALES];
static int8_t weights[KT_DETECT_MODEL_BUCKETS];
static const int8_t *const lanes[KT_DETECT_MODEL_LANES] = { weights, weights };

static void
add_window(const struct kt_detect_model_window *w, int label)
{
	void *p = window;

	if (kt_grow(&p, &windows_cap, nwindows + 1, sizeof(*window)) < 0)
		KT_BUG("no memory");
	window = p;
	p = word;
	if (kt_grow(&p, &words_cap, nwords + w->n, sizeof(*word)) < 0)
		KT_BUG("no memory");
	word = p;
	window[nwindows++] = (struct window){ (uint32_t)nwords, (uint32_t)w->n,
		(int8_t)label, (uint8_t)w->scale };
	for (uint32_t i = 0; i < w->n; i++)
		memcpy(word[nwords++], kt_detect_model_word_at(w, i)->bucket,
		    sizeof(*word));
}

struct sample {
	int label;
	uint64_t from, to; /* of the attack; from == to: all of the text */
	const struct kt_detect_model *model;
	int32_t best;
};

static bool short_only; /* -s: of sentences alone */

static void
learn_from(void *arg, const struct kt_detect_model_window *w)
{
	const struct sample *s = arg;
	uint64_t a = kt_detect_model_word_at(w, 0)->start, both = 0;
	uint64_t b = kt_detect_model_word_at(w, w->n - 1)->end;

	if (short_only && w->scale != KT_DETECT_MODEL_SENTENCE)
		return;
	if (s->from == s->to || s->label < 0) {
		add_window(w, s->label);
		return;
	}
	if (a < s->to && b > s->from)
		both = (b < s->to ? b : s->to) - (a > s->from ? a : s->from);
	if (both == 0)
		add_window(w, -1);
	else if (both * 2 >= b - a || both * 4 >= (s->to - s->from) * 3)
		add_window(w, 1);
}

/* What is half an attack and half its surroundings teaches nothing. */
static void
score(void *arg, const struct kt_detect_model_window *w)
{
	struct sample *s = arg;
	int32_t is = kt_detect_model_score(s->model, w->scale, w->sum[0], w->n);

	if (short_only && w->scale != KT_DETECT_MODEL_SENTENCE)
		return;
	s->best = is > s->best ? is : s->best;
}

/* 4096 / (1 + exp(-x / SCORE_UNIT)), by the tangent's algebraic sister. */
static int32_t
logistic(int32_t x)
{
	int32_t a = x < 0 ? -x : x;

	return 2048 + 2048 * x / (a + 2 * SCORE_UNIT);
}

static int32_t
score_of(const struct window *w)
{
	int64_t sum = 0;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < KT_DETECT_MODEL_GRAMS; k++)
			sum += learned[word[w->first + i][k]];
	return bias[w->scale] / UNIT +
	    kt_detect_model_scaled((int32_t)(sum / UNIT), w->n);
}

static void
step(const struct window *w, int32_t rate)
{
	int32_t off = (w->label > 0 ? 4096 : 0) - logistic(score_of(w));
	int32_t by = kt_detect_model_scaled(off * rate / 64, w->n);

	bias[w->scale] += by;
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < KT_DETECT_MODEL_GRAMS; k++)
			learned[word[w->first + i][k]] += by;
}

/* The same order everywhere: a walk by a step that shares no divisor. */
static void
learn(void)
{
	size_t stride = 1000003 % (nwindows ? nwindows : 1);

	while (nwindows > 0 && stride > 1) {
		size_t a = nwindows, b = stride;

		while (b > 0) {
			size_t c = a % b;

			a = b;
			b = c;
		}
		if (a == 1)
			break;
		stride++;
	}
	for (int e = 0; e < EPOCHS; e++) {
		for (size_t i = 0, at = 0; i < nwindows;
		     i++, at = (at + stride) % nwindows)
			step(&window[at], STEP * (EPOCHS - e) / EPOCHS + 1);
		for (size_t i = 0; i < KT_DETECT_MODEL_BUCKETS; i++)
			learned[i] -= learned[i] / 28;
	}
	for (size_t i = 0; i < KT_DETECT_MODEL_BUCKETS; i++) {
		int32_t q = (learned[i] + (learned[i] < 0 ? -UNIT / 2
							   : UNIT / 2)) /
		    UNIT;

		weights[i] = (int8_t)(q > 127 ? 127 : q < -127 ? -127 : q);
	}
}

static bool
is_saved(const char *path, const struct kt_detect_model_head *head)
{
	FILE *f = fopen(path, "wb");

	return f != NULL && fwrite(head, sizeof(*head), 1, f) == 1 &&
	    fwrite(weights, sizeof(weights), 1, f) == 1 && fclose(f) == 0;
}

struct line {
	cJSON *json;
	struct kt_span text;
	struct sample s;
	int fold;
};

static int
number_at(const cJSON *o, const char *key, int fallback)
{
	const cJSON *n = cJSON_GetObjectItem(o, key);

	return cJSON_IsNumber(n) ? n->valueint : fallback;
}

static struct line
read_line(const char *text)
{
	cJSON *o = cJSON_Parse(text);
	const cJSON *span = cJSON_GetObjectItem(o, "span");
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(o, "text"));
	struct line l = { .json = o, .fold = number_at(o, "fold", 0) };

	if (s == NULL)
		KT_BUG("a sample without text");
	l.text = kt_span_of(s);
	l.s.label = number_at(o, "label", -1);
	l.s.best = -1000000;
	if (cJSON_GetArraySize(span) == 2) {
		l.s.from = (uint64_t)cJSON_GetArrayItem(span, 0)->valueint;
		l.s.to = (uint64_t)cJSON_GetArrayItem(span, 1)->valueint;
	}
	return l;
}

int
main(int argc, char **argv)
{
	struct kt_detect_model_head head = { .magic = KT_DETECT_MODEL_MAGIC };
	struct kt_detect_model model = { .weights = weights };
	struct line *lines = NULL;
	size_t n = 0, cap = 0, room = 0;
	const char *path = NULL;
	char *text = NULL;
	int without = -1, c;

	while ((c = getopt(argc, argv, "o:w:f:b:s")) != -1) {
		if (c == 'o')
			path = optarg;
		else if (c == 'w')
			without = (int)strtol(optarg, NULL, 10);
		else if (c == 's')
			head.is_short = short_only = true;
		else if (c == 'f')
			head.flag = (int32_t)strtol(optarg, NULL, 10);
		else if (c == 'b')
			head.block = (int32_t)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	while (getline(&text, &room, stdin) > 0) {
		void *p = lines;

		if (kt_grow(&p, &cap, n + 1, sizeof(*lines)) < 0)
			KT_BUG("no memory");
		lines = p;
		lines[n++] = read_line(text);
		if (lines[n - 1].fold != without)
			kt_detect_model_windows(lines[n - 1].text, lanes,
			    learn_from, &lines[n - 1].s);
	}
	learn();
	for (size_t i = 0; i < KT_DETECT_MODEL_SCALES; i++)
		head.bias[i] = bias[i] / UNIT;
	if (path != NULL && !is_saved(path, &head))
		return 1;
	model.head = head;
	for (size_t i = 0; i < n && path == NULL; i++) {
		if (without >= 0 && lines[i].fold != without)
			continue;
		lines[i].s.model = &model;
		kt_detect_model_windows(
		    lines[i].text, lanes, score, &lines[i].s);
		printf("%d\n", lines[i].s.best);
	}
	while (n > 0)
		cJSON_Delete(lines[--n].json);
	kt_free(lines);
	free(text);
	return 0;
}
