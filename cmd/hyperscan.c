/*
 * hyperscan - libhs, loaded where a pattern is first compiled or scanned.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It brings the library of C++, and both take as long to relocate as the
 * rest of the program: a command that reads a log, a record or a token has
 * no use for them.  The functions here have the names of its own, so that
 * lib/detect calls them as if they were linked, and the linker leaves libhs
 * out.  Whoever has patterns has them at the start, so that a library that
 * is missing ends the program there, as the loader would have.
 *
 * The table of what was found is the one variable of this program that is
 * not on somebody's stack or heap: it is written once and the same for all.
 */
#include "config.h"
#include "base/base.h"
#include "cmd/cmd.h"

#include <dlfcn.h>
#include <hs/hs.h>
#include <pthread.h>
#include <stdlib.h>

/* Of its header: what it gives, its name, what it takes, and takes along. */
#define KT_HS(F) \
	F(const char *, version, (void), ()) \
	F(hs_error_t, expression_info, (const char *text, unsigned flags, \
	    hs_expr_info_t **info, hs_compile_error_t **why), \
	    (text, flags, info, why)) \
	F(hs_error_t, compile_multi, (const char *const *texts, \
	    const unsigned *flags, const unsigned *ids, unsigned n, \
	    unsigned mode, const hs_platform_info_t *platform, \
	    hs_database_t **db, hs_compile_error_t **why), \
	    (texts, flags, ids, n, mode, platform, db, why)) \
	F(hs_error_t, free_compile_error, (hs_compile_error_t *why), (why)) \
	F(hs_error_t, serialize_database, (const hs_database_t *db, \
	    char **bytes, size_t *n), (db, bytes, n)) \
	F(hs_error_t, deserialize_database, (const char *bytes, \
	    const size_t n, hs_database_t **db), (bytes, n, db)) \
	F(hs_error_t, free_database, (hs_database_t *db), (db)) \
	F(hs_error_t, alloc_scratch, (const hs_database_t *db, \
	    hs_scratch_t **s), (db, s)) \
	F(hs_error_t, free_scratch, (hs_scratch_t *s), (s)) \
	F(hs_error_t, scan, (const hs_database_t *db, const char *data, \
	    unsigned n, unsigned flags, hs_scratch_t *s, \
	    match_event_handler on, void *arg), \
	    (db, data, n, flags, s, on, arg))

static struct {
#define KEEP(type, name, params, args) type(*name) params;
	KT_HS(KEEP)
#undef KEEP
} hs;

static void
load(void)
{
	void *library = dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL);
	void *at = library;

#define TAKE(type, function, params, args) \
	if (at != NULL && (at = dlsym(library, "hs_" #function)) != NULL) \
		memcpy(&hs.function, &at, sizeof(at));
	KT_HS(TAKE)
#undef TAKE
	if (at != NULL)
		return;
	kt_say("libhs.so.5 cannot be loaded: install it (Debian: "
	    "libhyperscan5 or libvectorscan5)");
	exit(KT_EXIT_UNKNOWN);
}

static void
need(void)
{
	static pthread_once_t is_loaded = PTHREAD_ONCE_INIT;

	(void)pthread_once(&is_loaded, load); /* cannot fail */
}

/* What is asked before each is one load and one branch. */
#define FORWARD(type, name, params, args) \
	type hs_##name params \
	{ \
		need(); \
		return hs.name args; \
	}
KT_HS(FORWARD)
