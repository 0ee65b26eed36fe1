/*
 * drift - how far counts made here are off, by model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what was counted and what the provider reported, of the latest
 *           million or so of tokens of each model; the ratio is what the next
 *           estimate is multiplied with.
 * Does not: store anything: after a restart it is learned anew.
 * Promises: any thread may note and ask, without a lock; one report moves the
 *           ratio by no more than its own share; the ratio is within
 *           KT_DRIFT_LEAST and KT_DRIFT_MOST whatever providers say.
 */
#ifndef KT_DRIFT_H
#define KT_DRIFT_H
#include "base/base.h"

#define KT_DRIFT_LEAST 250 /* per mille */
#define KT_DRIFT_MOST 4000

struct kt_drift;
/* NULL: no memory. */
struct kt_drift *kt_drift_new(void);
void kt_drift_free(struct kt_drift **d);
/* `local` tokens were counted, `reported` were paid for, with those of the
 * cache.  The first KT_DRIFT_MODELS_MAX models are remembered. */
void kt_drift_note(struct kt_drift *d, struct kt_span model, uint64_t local,
    uint64_t reported);
/* reported / local; 1000 of what was never noted. */
unsigned kt_drift_permille(const struct kt_drift *d, struct kt_span model);

#endif
