/*
 * header - one field of an HTTP message, and the one list of names that stay
 * on their own hop.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that names are compared without case and values are opaque.
 * Does not: read or write messages (http1.h), or say what a field means.
 * Promises: nothing is copied; a name that Connection lists is hop-by-hop too.
 */
#ifndef KT_FRAME_HEADER_H
#define KT_FRAME_HEADER_H
#include "base/base.h"

struct kt_header {
	struct kt_span name;  /* as written */
	struct kt_span value; /* without the white space around it */
};

/* RFC 9110, section 5.6.2: tchar; a name is a token, so never empty. */
bool kt_header_is_token_char(char c);
bool kt_header_is_name(struct kt_span s);
/* No control but the tab: nothing that could end a line or a string. */
bool kt_header_is_value(struct kt_span s);

/* The value of the first header of this name; ptr is NULL without one. */
struct kt_span kt_header_find(
    const struct kt_header *headers, size_t n, struct kt_span name);
/* True when one of the values, a list of tokens, contains this token. */
bool kt_header_has_token(const struct kt_header *headers, size_t n,
    struct kt_span name, struct kt_span token);
/* Must not be passed on: RFC 9110, section 7.6.1. */
bool kt_header_is_hop_by_hop(
    const struct kt_header *headers, size_t n, struct kt_span name);

#endif
