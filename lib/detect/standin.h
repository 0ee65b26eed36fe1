/*
 * standin - what takes the place of a finding, and is found in its place.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a stand-in is spelled, and the definitions by which a
 *           database finds it as if the text were still there.
 * Does not: choose what is replaced.
 * Promises: a stand-in tells its detector, the confidence and, by its tag,
 *           which others stand for the same text; it is letters that need no
 *           escape in JSON and say nothing to other detectors, because a word
 *           such as "ssn" would be context for what stands beside it.
 */
#ifndef KT_DETECT_STANDIN_H
#define KT_DETECT_STANDIN_H
#include "detect/detector.h"

#define KT_STANDIN_BYTES 24
#define KT_STANDIN_FORMS_MAX 8 /* of one detector: its confidences */

/* tag: the same for the same text.  The confidence of a model is cut down to
 * a step. */
KT_MUSTCHECK enum kt_rc kt_standin_write(struct kt_buf *out,
    const struct kt_detector *d, uint16_t confidence_pm, uint32_t tag);
/* Stands for text of which nobody knows what it was. */
KT_MUSTCHECK enum kt_rc kt_standin_write_blank(struct kt_buf *out);
/* Is there any in text? */
bool kt_standin_is_in(struct kt_span text);
/* The letters that stand for a detector's id. */
void kt_standin_code(const char *detector, char code[static 9]);

/*
 * Definitions that find what stands in for d: its id, class and place, no
 * other conditions.  Returns how many; 0: mem is full.
 */
size_t kt_standin_define(const struct kt_detector *d, struct kt_arena *mem,
    struct kt_detector out[static KT_STANDIN_FORMS_MAX]);

#endif
