/*
 * detect - finds secrets, personal data and attacks in decoded text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    patterns (Vectorscan to find, PCRE2 to confirm), validators,
 *           context words, and what a detector is made of.
 * Does not: know where a text came from, what is to be done with a finding,
 *           or where detectors are stored.
 * Promises: the findings are those of the definition below, whatever engine
 *           looked first and however the text was cut (detect/stream.h); an
 *           engine that fails is KT_E_ENGINE, never "nothing found"; the
 *           work is linear in the text.  No matched text is kept or told.
 *
 * The definition.  Per detector, from left to right: the leftmost match of
 * pattern; if every validator holds and required context stands to its left
 * (a label is read as if it stood there, in front of the text), it is a finding, extended by its tail, and the search goes on behind it;
 * else the search goes on one byte behind the start of the match.
 */
#ifndef KT_DETECT_H
#define KT_DETECT_H
#include "base/base.h"
#include "chat/class.h"
#include "detect/set.h"

/* When a detector can tell: see detect/stream.h. */
enum kt_detect_when {
	KT_DETECT_SPAN =
	    0, /* from the bytes of the match: holds its bytes back */
	KT_DETECT_BLOCK, /* needs the whole block */
	KT_DETECT_LATE, /* tells when it knows; holds nothing back */
};

/* One detector, as its author wrote it.  Unset members are NULL or zero. */
struct kt_detector {
	const char *id; /* "github-pat"; unique */
	const char *group; /* "secret", "pii", "injection", "user" */
	const char
	    *entity; /* "CREDIT_CARD"; a redaction writes [CREDIT_CARD] */
	enum kt_class class;
	enum kt_detect_when when;
	uint16_t confidence_pm;
	bool is_caseless;
	/* Bytes, not characters.  Capture 1, when there is one, is the span. */
	const char *pattern;
	/* The span begins behind this many bytes of the match, which tell
	   nothing: a country, the number of a key.  Not beside a capture;
	   validators and checksum see all of the match. */
	uint16_t public_bytes;
	/* Cheap to find and part of each match that validates, for patterns
	   without a literal.  A narrower one loses findings in whole texts. */
	const char *anchor;
	/* Each match that validates holds six digits with at most two bytes
	   of " .()+/-" between each other: it is looked for near such only. */
	bool is_number;
	/* Swallowed behind the match: bytes of a class "[A-Za-z0-9_-]", to the
	   first that is not in it or up to and including the end literal. */
	const char *tail;
	const char *tail_end;
	/* All must hold, on the span: kt_detect_validator_exists. */
	const char *const *validators;
	size_t nvalidators;
	/* A check of the format that raises the confidence when it holds and
	   halves it when not; nothing is dropped by it. */
	const char *checksum;
	uint16_t entropy_cb; /* least Shannon entropy, 1/100 bit per byte */
	/* Whole words, ASCII case folded, within context_bytes to the left. */
	const char *const *context;
	size_t ncontext;
	uint16_t context_bytes; /* 0: KT_DETECT_CONTEXT_DEFAULT */
	bool is_context_required; /* else it raises the confidence */
	/* For lint and tests: a finding each, no finding each. */
	const char *const *examples, *const *counter_examples;
	size_t nexamples, ncounter_examples;
};
#define KT_DETECT_CONTEXT_DEFAULT 64

/* Compiled, immutable, shared between threads. */
struct kt_detect;
/* What one thread needs to scan; grown to the database it is used with. */
struct kt_detect_scratch;

/*
 * Copies nothing: definitions outlive the database.  The error names the
 * detector.  A span pattern wider than KT_HOLD_MAX is refused.
 */
KT_MUSTCHECK enum kt_rc kt_detect_new(struct kt_detect **out,
    const struct kt_detector *defs, size_t n, struct kt_err *err);
/*
 * The same, with what kt_detect_save gave for the first of the definitions;
 * the rest, if there is any, is compiled.  KT_E_PARSE when it was made from
 * others, by another library version or for another CPU: use kt_detect_new.
 */
KT_MUSTCHECK enum kt_rc kt_detect_load(struct kt_detect **out,
    const struct kt_detector *defs, size_t n, struct kt_span saved,
    struct kt_err *err);
/* Of a database that kt_detect_new made. */
KT_MUSTCHECK enum kt_rc kt_detect_save(
    const struct kt_detect *db, struct kt_buf *out);
/*
 * For a database that was loaded: spends milliseconds once so that texts are searched several times
 * as fast; what is found is the same.  Before the database is shared.
 */
KT_MUSTCHECK enum kt_rc kt_detect_hasten(struct kt_detect *db);
void kt_detect_free(struct kt_detect **db);
size_t kt_detect_count(const struct kt_detect *db);
const struct kt_detector *kt_detect_def(const struct kt_detect *db, size_t i);
/* Is there a literal every match begins with, or an anchor? */
bool kt_detect_is_anchored(const struct kt_detect *db, size_t i);

KT_MUSTCHECK enum kt_rc kt_detect_scratch_new(struct kt_detect_scratch **out,
    const struct kt_detect *db, struct kt_err *err);
/* Before a new database is used with it; one scratch serves many. */
KT_MUSTCHECK enum kt_rc kt_detect_scratch_grow(struct kt_detect_scratch *s,
    const struct kt_detect *db, struct kt_err *err);
void kt_detect_scratch_free(struct kt_detect_scratch **s);
/* Tests only: the n-th engine call from now fails, once; 0 never. */
void kt_detect_scratch_fail_at(struct kt_detect_scratch *s, uint64_t n);
/* Tests only: engine calls so far, each of which reads a bounded text. */
uint64_t kt_detect_scratch_calls(const struct kt_detect_scratch *s);

struct kt_finding {
	uint64_t start, end; /* byte offsets in the text */
	uint32_t detector;
	uint16_t confidence_pm;
	uint8_t disguise; /* detect/search.h: 0 is in the clear */
	bool is_open; /* a stream's tail is still being swallowed: end grows */
};
struct kt_findings {
	const struct kt_finding *v; /* the scratch's, until its next use */
	size_t n;
};

/*
 * All findings of the enabled detectors (NULL: all) in the whole text, sorted
 * by start, end, detector; overlapping ones are all kept.
 * KT_E_ENGINE, or KT_E_LIMIT over KT_FINDINGS_MAX: nothing may be concluded.
 */
KT_MUSTCHECK enum kt_rc kt_detect_scan(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out);
/* The same; label is what the text is called, such as a member's name: it is
 * context for the text, never searched itself. */
KT_MUSTCHECK enum kt_rc kt_detect_scan_labelled(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span label, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out);

/*
 * For redaction: overlapping findings become one.  v is sorted and is
 * rewritten in place; the widest of those merged gives the detector (ties:
 * the higher class, then the first).  Returns how many are left.
 */
size_t kt_findings_merge(
    const struct kt_detect *db, struct kt_finding *v, size_t n);

bool kt_detect_validator_exists(const char *name);

#endif
