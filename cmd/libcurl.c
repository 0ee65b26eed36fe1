/*
 * libcurl - by either name that one ABI has: which of them is there depends
 * on the library for TLS that it was built with, and ours is preferred.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/libcurl.h"

#include <dlfcn.h>

static void *
find(void)
{
	static const char *const names[] = { "libcurl-gnutls.so.4",
		"libcurl.so.4" };
	void *library = NULL;

	for (size_t i = 0; i < KT_NELEMS(names) && library == NULL; i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return library;
}

enum kt_rc
kt_curl_load(struct kt_curl *c, struct kt_err *err)
{
	void *library = find(), *at = library;

#define TAKE(name) \
	if (at != NULL && (at = dlsym(library, "curl_" #name)) != NULL) \
		memcpy(&c->name, &at, sizeof(at));
	KT_CURL(TAKE)
#undef TAKE
	return at != NULL ? KT_OK : kt_fail(err, KT_E_IO,
	    "libcurl cannot be loaded: install it (Debian: libcurl3-gnutls)");
}
