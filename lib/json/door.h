/*
 * door - the way from the strict index to cJSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what cJSON would read differently from the rest of the world.
 * Does not: serve a client's or a model's text: only documents that kt
 *           itself owns (tokens, sessions, reports) become a tree.
 * Promises: what comes out was accepted by the strict index and has no
 *           \u0000 in any name or string, where cJSON would cut it.
 * Does not promise: integers above 2^53; cJSON keeps a double.  Look names
 *           up with cJSON_GetObjectItemCaseSensitive only.
 */
#ifndef KT_JSON_DOOR_H
#define KT_JSON_DOOR_H
#include <cJSON.h>

#include "base/base.h"

/* NULL with err set; else the caller frees it with cJSON_Delete. */
KT_MUSTCHECK cJSON *kt_json_door(struct kt_span text, struct kt_err *err);

#endif
