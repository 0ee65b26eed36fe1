/*
 * rules - a small set of definitions, one of each shape, for tests.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TEST_DETECT_RULES_H
#define KT_TEST_DETECT_RULES_H
#include "detect/stream.h"

static const char *const luhn_only[] = { "card" };
static const char *const email_only[] = { "email" };
static const char *const card_words[] = { "account", "konto" };

enum {
	R_AWS,
	R_GHP,
	R_LONG,
	R_PEM,
	R_CARD,
	R_EMAIL,
	R_ACCOUNT,
	R_PASSWORD,
	R_PHRASE,
	R_WHOLE,
	NRULES
};

static const struct kt_detector rules[NRULES] = {
	[R_AWS] = { .id = "aws",
	    .group = "secret",
	    .entity = "AWS_KEY",
	    .class = KT_CLASS_SECRET,
	    .confidence_pm = 950,
	    .pattern = "\\b(?:AKIA|ASIA)[A-Z2-7]{16}\\b" },
	[R_GHP] = { .id = "ghp",
	    .group = "secret",
	    .entity = "GITHUB_TOKEN",
	    .class = KT_CLASS_SECRET,
	    .confidence_pm = 900,
	    .checksum = "crc32-base62",
	    .pattern = "\\bghp_[A-Za-z0-9]{20,36}\\b" },
	[R_LONG] = { .id = "long",
	    .group = "secret",
	    .entity = "LONG_TOKEN",
	    .class = KT_CLASS_SECRET,
	    .confidence_pm = 900,
	    .pattern = "\\bops_[a-z0-9]{12}",
	    .tail = "[a-z0-9_=]" },
	[R_PEM] = { .id = "pem",
	    .group = "secret",
	    .entity = "PRIVATE_KEY",
	    .class = KT_CLASS_SECRET,
	    .confidence_pm = 990,
	    .pattern = "-----BEGIN[ A-Z]{0,20}PRIVATE KEY-----\\s{1,2}"
		       "[A-Za-z0-9+/]{8}",
	    .tail = "[A-Za-z0-9+/=\\s-]",
	    .tail_end = "PRIVATE KEY-----" },
	[R_CARD] = { .id = "card",
	    .group = "pii",
	    .entity = "CREDIT_CARD",
	    .class = KT_CLASS_PCI,
	    .confidence_pm = 900,
	    .validators = luhn_only,
	    .nvalidators = 1,
	    .pattern = "\\b\\d(?:[ -]?\\d){11,18}\\b" },
	[R_EMAIL] = { .id = "email",
	    .group = "pii",
	    .entity = "EMAIL_ADDRESS",
	    .class = KT_CLASS_PII,
	    .confidence_pm = 900,
	    .validators = email_only,
	    .nvalidators = 1,
	    .anchor = "[a-z0-9._%+-]@[a-z0-9-]",
	    .is_caseless = true,
	    .pattern = "(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@"
		       "(?:[a-z0-9-]{1,63}\\.){1,3}[a-z]{2,12}\\b" },
	[R_ACCOUNT] = { .id = "account",
	    .group = "pii",
	    .entity = "ACCOUNT",
	    .class = KT_CLASS_PII,
	    .confidence_pm = 700,
	    .context = card_words,
	    .ncontext = 2,
	    .is_context_required = true,
	    .pattern = "\\b\\d{6,9}\\b" },
	[R_PASSWORD] = { .id = "password",
	    .group = "secret",
	    .entity = "PASSWORD",
	    .class = KT_CLASS_SECRET,
	    .confidence_pm = 700,
	    .is_caseless = true,
	    .pattern = "(?:password|passwd)\\s{0,3}[:=]\\s{0,3}"
		       "([A-Za-z0-9]{6,20})\\b" },
	[R_PHRASE] = { .id = "phrase",
	    .group = "injection",
	    .entity = "INJECTION",
	    .class = KT_CLASS_PROMPT_INJECTION,
	    .when = KT_DETECT_LATE,
	    .confidence_pm = 800,
	    .is_caseless = true,
	    .pattern = "ignore (?:all )?previous instructions" },
	[R_WHOLE] = { .id = "whole",
	    .group = "user",
	    .entity = "WHOLE",
	    .class = KT_CLASS_INTERNAL,
	    .when = KT_DETECT_BLOCK,
	    .confidence_pm = 800,
	    .pattern = "alpha[^z]{1,600}omega" },
};

#endif
