/*
 * witness_ask - libcurl by itself: one request, waited for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/witness_ask.h"

#include "cmd/libcurl.h"

#define CONNECT_SECONDS 10L
#define ALL_SECONDS 30L

static size_t
on_write(char *bytes, size_t size, size_t n, void *arg)
{
	(void)size; /* 1 */
	return kt_buf_add(arg, (struct kt_span){ bytes, n }) == KT_OK ? n : 0;
}

static enum kt_rc
post(const struct kt_curl *curl, CURL *e, const char *url,
    struct curl_slist *headers, struct kt_span request, struct kt_buf *answer,
    struct kt_err *err)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc = CURLE_OK;

#define SET(option, value) (rc |= curl->easy_setopt(e, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request.len);
	SET(CURLOPT_POSTFIELDS, request.ptr);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, ALL_SECONDS);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_WRITEDATA, answer);
	SET(CURLOPT_ERRORBUFFER, why);
#undef SET
	if (rc == CURLE_OK)
		rc = curl->easy_perform(e);
	if (rc != CURLE_OK)
		return kt_fail(err, KT_E_IO, "%s: %s", url,
		    why[0] != '\0' ? why : curl->easy_strerror(rc));
	return KT_OK;
}

enum kt_rc
kt_witness_ask(const char *url, struct kt_span request, unsigned *status,
    struct kt_buf *answer, struct kt_err *err)
{
	struct kt_span base = kt_span_of(url);
	struct curl_slist *headers = NULL;
	char full[2048], *type = NULL;
	long code = 0;
	struct kt_curl curl;
	enum kt_rc rc;
	CURL *e;

	if (kt_curl_load(&curl, err) < 0)
		return err->rc;
	while (base.len > 0 && base.ptr[base.len - 1] == '/')
		base.len--;
	if (snprintf(full, sizeof(full), "%.*s/add-checkpoint",
	    KT_SPAN_ARG(base)) >= (int)sizeof(full))
		return kt_fail(err, KT_E_LIMIT, "an address too long");
	e = curl.easy_init();
	headers = curl.slist_append(NULL, "Content-Type: text/plain");
	rc = e == NULL || headers == NULL ?
	    kt_fail(err, KT_E_LIMIT, "no memory") :
	    post(&curl, e, full, headers, request, answer, err);
	if (rc == KT_OK &&
	    (curl.easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK ||
		curl.easy_getinfo(e, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK))
		rc = kt_fail(err, KT_E_IO, "%s: no status", full);
	*status = (unsigned)code;
	if (code == 409 &&
	    (type == NULL || strcmp(type, "text/x.tlog.size") != 0))
		kt_buf_reset(answer);
	curl.slist_free_all(headers);
	curl.easy_cleanup(e);
	return rc;
}
