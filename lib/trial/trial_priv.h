/*
 * trial_priv - between the form of cases and the exchange.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TRIAL_PRIV_H
#define KT_TRIAL_PRIV_H
#include "json/write.h"
#include "trial/trial.h"

/* What a tool is called with: a map, else nothing; or the text of it. */
void kt_trial_put_input(
    struct kt_json_writer *w, const struct kt_config_node *input);
void kt_trial_put_arguments(
    struct kt_json_writer *w, const struct kt_config_node *input);
/* The request of a case as its API has it. */
KT_MUSTCHECK enum kt_rc kt_trial_body(
    const struct kt_trial_case *c, struct kt_buf *out);
/* What an upstream of this format answers, whole or as events. */
KT_MUSTCHECK enum kt_rc kt_trial_answer(const struct kt_trial_case *c,
    enum kt_format format, struct kt_buf *out);
/* What r->record says, into all but the status. */
KT_MUSTCHECK enum kt_rc kt_trial_read_record(struct kt_trial_result *r);
/* What came of a case, added to what was seen. */
void kt_trial_cover(struct kt_trial_coverage *c,
    const struct kt_trial_case *one, const struct kt_trial_result *r);
/* One call. */
KT_MUSTCHECK enum kt_rc kt_trial_play(const struct kt_trial *t,
    const struct kt_trial_case *c, struct kt_trial_result *out);

#endif
