/*
 * trial_priv - between the form of cases and the exchange.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TRIAL_PRIV_H
#define KT_TRIAL_PRIV_H
#include "trial/trial.h"

/* The request of a case as its API has it. */
KT_MUSTCHECK enum kt_rc kt_trial_body(
    const struct kt_trial_case *c, struct kt_buf *out);
/* What an upstream of this format answers, whole or as events. */
KT_MUSTCHECK enum kt_rc kt_trial_answer(const struct kt_trial_case *c,
    enum kt_format format, struct kt_buf *out);
/* One call. */
KT_MUSTCHECK enum kt_rc kt_trial_play(const struct kt_trial *t,
    const struct kt_trial_case *c, struct kt_trial_result *out);

#endif
