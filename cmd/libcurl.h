/*
 * libcurl - the one door to libcurl, which is loaded when it is needed: by a
 * target behind a proxy, by a witness far away.  It brings twenty libraries
 * along, and all other commands would wait for them at every start.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which functions of it are used.
 * Does not: use them.
 * Promises: all of them are there, or the library is told to be missing; it
 *           stays loaded, since its own libraries cannot be taken away.
 */
#ifndef KT_LIBCURL_H
#define KT_LIBCURL_H
#include <curl/curl.h>

#include "base/base.h"

#define KT_CURL(X) \
	X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_pause) \
	X(easy_perform) X(easy_setopt) X(easy_strerror) X(global_init) \
	X(multi_add_handle) X(multi_assign) X(multi_cleanup) \
	X(multi_info_read) X(multi_init) X(multi_remove_handle) \
	X(multi_setopt) X(multi_socket_action) X(slist_append) \
	X(slist_free_all) X(version_info)
struct kt_curl {
#define MEMBER(name) __typeof__(curl_##name) *name;
	KT_CURL(MEMBER)
#undef MEMBER
};
/* KT_E_IO: the library is not there. */
KT_MUSTCHECK enum kt_rc kt_curl_load(struct kt_curl *c, struct kt_err *err);

#endif
