/*
 * engine - whether libhs finds what it says it finds.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Vectorscan 5.4.9 on x86 passes over pairs of bytes in the last vector of a
 * text, for some lengths of it (issue 317 of that project tells of the like).
 * It looks for pairs where a database has few patterns, as detectors of a
 * user's own do, and then up to one match in four is missed at the end of a
 * short text.  The shipped detectors together are not seen to suffer.
 * Hyperscan has no such fault.
 */
#include "detect/detect_priv.h"

#define VECTOR 64 /* bytes, of the longest ones */
#define TAIL 16 /* bytes that may stand behind a match */

static int
on_hit(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)arg = true;
	return 0;
}

/* Is it found near the end of a text of whatever length? */
static bool
finds(const hs_database_t *db, hs_scratch_t *s, const char *what)
{
	size_t n = strlen(what);
	char text[3 * VECTOR];

	for (size_t len = VECTOR; len < sizeof(text); len++)
		for (size_t behind = 0; behind < TAIL; behind++) {
			bool is_found = false;

			memset(text, 'x', len);
			memcpy(text + len - behind - n, what, n);
			if (hs_scan(db, text, (unsigned)len, 0, s, on_hit,
			        &is_found) != HS_SUCCESS || !is_found)
				return false;
		}
	return true;
}

bool
kt_detect_engine_misses(void)
{
	static const char *const pattern[] = { "APIM|ACDb|\\+ABa" };
	const unsigned flags[] = { 0 }, ids[] = { 0 };
	hs_database_t *db = NULL;
	hs_compile_error_t *why = NULL;
	hs_scratch_t *s = NULL;
	bool is_sound;

	if (hs_compile_multi(pattern, flags, ids, 1, HS_MODE_BLOCK, NULL, &db,
	        &why) != HS_SUCCESS) {
		(void)hs_free_compile_error(why);
		return true;
	}
	is_sound = hs_alloc_scratch(db, &s) == HS_SUCCESS &&
	    finds(db, s, "ACDb");
	(void)hs_free_scratch(s);
	(void)hs_free_database(db);
	return !is_sound;
}
