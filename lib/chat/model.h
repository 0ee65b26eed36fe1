/*
 * model - how names of models are compared.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that names grow dates, suffixes and the names of who serves them
 *           faster than any list of whole names, so that facts are listed by
 *           prefix and the longest wins.
 * Does not: list any fact.
 * Promises: a version in a prefix never begins another version.
 */
#ifndef KT_CHAT_MODEL_H
#define KT_CHAT_MODEL_H
#include "base/base.h"

/* Without who serves it: "us.anthropic.claude-x", "openai/gpt-x". */
struct kt_span kt_model_bare(struct kt_span name);
/* "gpt-5." does not begin "gpt-5-mini", nor "claude-opus-4" the name
   "claude-opus-42": a version ends where its digits end. */
bool kt_model_begins(struct kt_span bare, struct kt_span prefix);

#endif
