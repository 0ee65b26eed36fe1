/*
 * reason - why something was refused, changed or noted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the codes that records and refusals carry (reason.def).
 * Does not: decide anything.
 * Promises: codes never change once released.
 */
#ifndef KT_POLICY_REASON_H
#define KT_POLICY_REASON_H
#include "chat/chat.h"
#include "chat/class.h"

enum kt_reason {
#define KT_REASON(id, code, meaning) KT_REASON_##id,
#include "policy/reason.def"
	KT_NREASONS,
};
const char *kt_reason_code(enum kt_reason r);
const char *kt_reason_meaning(enum kt_reason r);
/* The code of a finding of this class in this place. */
enum kt_reason kt_reason_of(enum kt_component c, enum kt_class class);
/* The same of a URL. */
enum kt_reason kt_reason_of_url(enum kt_component c);
/* What a reason is called in an answer, where nothing is of the prompt. */
enum kt_reason kt_reason_in_answer(enum kt_reason r);

#endif
