/*
 * door - cJSON reads only what the strict index accepted first.  That costs
 * a second pass over small documents, and spares every owner of one the
 * question of which of two equal names counts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/door.h"

#include "json/json.h"
#include "json/json_priv.h"

/* cJSON keeps NUL-terminated strings: what follows \u0000 would vanish. */
static bool
has_zero(struct kt_span raw)
{
	struct kt_json_letters l = kt_json_letters_of(raw);
	int c;

	while ((c = kt_json_letter(&l)) > 0)
		;
	return c == 0;
}

static enum kt_rc
check(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	if (kt_json_parse(j, text, err) < 0)
		return j->rc;
	for (uint32_t n = 1; n < j->count; n++) {
		if (kt_json_has_escapes(j, n) &&
		    has_zero(kt_json_string(j, text, n)))
			return kt_fail(err, KT_E_PARSE,
			    "byte %u: \\u0000 in a string", j->nodes[n].start);
	}
	return KT_OK;
}

cJSON *
kt_json_door(struct kt_span text, struct kt_err *err)
{
	struct kt_json j;
	cJSON *tree = NULL;
	enum kt_rc rc;

	kt_json_init(&j, text.len);
	rc = check(&j, text, err);
	kt_json_fini(&j);
	if (rc < 0)
		return NULL;
	tree = cJSON_ParseWithLength(text.ptr, text.len);
	if (tree == NULL)
		(void)kt_fail(err, KT_E_LIMIT, "no memory for a document");
	return tree; /* err is set where it is NULL */
}
