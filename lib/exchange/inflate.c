/*
 * inflate - a compressed request body, read for inspection only.
 * SPDX-License-Identifier: Apache-2.0
 *
 * zlib does the reading; here are the bounds: at most a hundred bytes out
 * for one in, at most KT_BODY_MAX, one member, nothing behind it.
 */
#include <zlib.h>

#include "exchange/look.h"

#define RATIO_MAX 100
#define STEP 65536

enum kt_rc
kt_look_inflate(struct kt_span in, bool is_gzip, struct kt_buf *out)
{
	z_stream z = { 0 };
	size_t most = in.len > KT_BODY_MAX / RATIO_MAX ? KT_BODY_MAX :
	    in.len * RATIO_MAX;
	enum kt_rc rc = KT_OK;
	int zrc = Z_OK;

	if (most > out->limit)
		most = out->limit;
	/* "deflate" is zlib's format (RFC 9110, 8.4.1.2): 15; gzip: +16. */
	if (inflateInit2(&z, is_gzip ? 15 + 16 : 15) != Z_OK)
		return KT_E_LIMIT;
	z.next_in = (unsigned char *)(uintptr_t)in.ptr;
	z.avail_in = (unsigned)in.len;
	while (rc == KT_OK && zrc != Z_STREAM_END) {
		if (out->len > most ||
		    kt_buf_reserve(out, STEP < out->limit - out->len ?
		            STEP : out->limit - out->len) < 0 ||
		    out->cap == out->len) {
			rc = KT_E_LIMIT;
			break;
		}
		z.next_out = (unsigned char *)out->ptr + out->len;
		z.avail_out = (unsigned)(out->cap - out->len);
		zrc = inflate(&z, Z_NO_FLUSH);
		out->len = out->cap - z.avail_out;
		if (zrc != Z_OK && zrc != Z_STREAM_END)
			rc = KT_E_PARSE;
		else if (out->len > most)
			rc = KT_E_LIMIT;
		else if (zrc == Z_OK && z.avail_in == 0 && z.avail_out > 0)
			rc = KT_E_PARSE; /* cut off */
	}
	if (rc == KT_OK && z.avail_in != 0)
		rc = KT_E_PARSE; /* bytes behind the end */
	(void)inflateEnd(&z); /* frees, and can only say the state was bad */
	return rc;
}
