/*
 * flow_priv - the findings of one text, read as it is, while it is arriving.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what detect/stream.h says, of a text that nothing is taken off.
 * Does not: know disguises: stream.c gives each view a flow of its own.
 * Promises: as detect/stream.h.
 */
#ifndef KT_DETECT_FLOW_PRIV_H
#define KT_DETECT_FLOW_PRIV_H
#include "detect/stream.h"

struct kt_detect_flow;

KT_MUSTCHECK enum kt_rc kt_detect_flow_new(struct kt_detect_flow **out,
    const struct kt_detect *db, const struct kt_detect_set *enabled,
    const struct kt_detect_set *held);
void kt_detect_flow_free(struct kt_detect_flow **st);
KT_MUSTCHECK enum kt_rc kt_detect_flow_feed(struct kt_detect_flow *st,
    struct kt_detect_scratch *s, struct kt_span delta,
    struct kt_detect_step *out);
KT_MUSTCHECK enum kt_rc kt_detect_flow_end(struct kt_detect_flow *st,
    struct kt_detect_scratch *s, struct kt_detect_step *out);
uint64_t kt_detect_flow_hold(const struct kt_detect_flow *st);
uint64_t kt_detect_flow_length(const struct kt_detect_flow *st);

/* One that has seen the same text, but none of it from `at` on, which is
   among what is kept. */
KT_MUSTCHECK enum kt_rc kt_detect_flow_fork(struct kt_detect_flow **out,
    const struct kt_detect_flow *of, uint64_t at);
/* The last bytes that it has seen. */
struct kt_span kt_detect_flow_kept(const struct kt_detect_flow *st);
/* Is a tail being swallowed? */
bool kt_detect_flow_is_open(const struct kt_detect_flow *st);

#endif
