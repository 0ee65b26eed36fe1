/*
 * version - asks each library at run time, because that is the one whose
 * faults a user has to know about; what it was compiled against may differ.
 * Besides those that tests/rules/layers.sh names this is the only file that
 * sees the headers of the HTTP libraries, and it only asks for their names.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <gnutls/gnutls.h>
#include <hs.h>
#include <microhttpd.h>
#include <unistring/version.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <cjson/cJSON.h>

#include "cmd/cmd.h"
#include "cmd/libcurl.h"
#include "detect/detect.h"

/* From the compiler's own macros: what is claimed is what was compiled. */
static const char *const hardening[] = {
#ifdef __PIE__
	"pie",
#endif
#if defined(__SSP_STRONG__) || defined(__SSP_ALL__)
	"stack-protector",
#endif
#ifdef __CET__
	"cet",
#endif
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
	"fortify",
#endif
	NULL,
};

static void
line(FILE *out, const char *name, const char *version)
{
	(void)fprintf(out, "  %-16s %s\n", name, version ? version : "?");
}

void
kt_version_print(FILE *out)
{
	char pcre2[64] = "", unistring[32];
	struct kt_curl curl;

	(void)snprintf(unistring, sizeof(unistring), "%d.%d",
	    _libunistring_version >> 16, _libunistring_version >> 8 & 0xff);
	(void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
	(void)fprintf(out, "kt %s\nlibraries:\n", PACKAGE_VERSION);
	line(out, "libmicrohttpd", MHD_get_version());
	line(out, "GnuTLS", gnutls_check_version(NULL));
	line(out, "libcurl", kt_curl_load(&curl, NULL) < 0 ? "none" :
	    curl.version_info(CURLVERSION_NOW)->version);
	line(out, "cJSON", cJSON_Version());
	line(out, "libyaml", yaml_get_version_string());
	line(out, "Hyperscan API", hs_version());
	if (kt_detect_engine_misses())
		line(out, "", "misses matches: install libhyperscan5");
	line(out, "PCRE2", pcre2);
	line(out, "zlib", zlibVersion());
	line(out, "zstd", ZSTD_versionString());
	line(out, "libunistring", unistring);
	line(out, "kt-media", KT_MEDIA_ENGINES[0] ? KT_MEDIA_ENGINES : "none");
	(void)fprintf(out, "built with:\n");
	line(out, "compiler", __VERSION__);
	line(out, "sanitizers", KT_SANITIZERS);
	(void)fprintf(out, "  %-16s", "hardening");
	for (size_t i = 0; hardening[i] != NULL; i++)
		(void)fprintf(out, " %s", hardening[i]);
	(void)fprintf(out, "%s\n", hardening[0] == NULL ? " none" : "");
	line(out, "shipped files", KT_DATADIR);
}
