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
 * it is a finding, extended by its tail, and the search goes on behind it;
 * else the search goes on one byte behind the start of the match.
 */
#ifndef KT_DETECT_H
#define KT_DETECT_H
#include "base/base.h"
#include "detect/detector.h"
#include "detect/set.h"

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
/* Loads what was saved if there is any and it fits, else compiles. */
KT_MUSTCHECK enum kt_rc kt_detect_open(struct kt_detect **out,
    const struct kt_detector *defs, size_t n, struct kt_span saved,
    struct kt_err *err);
/* Does libhs, as it is here, pass over matches of a few patterns? */
bool kt_detect_engine_misses(void);
/* Of a database that kt_detect_new made. */
KT_MUSTCHECK enum kt_rc kt_detect_save(
    const struct kt_detect *db, struct kt_buf *out);
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
/*
 * The same; label is what the text is called, such as a member's name.  A short
 * text with a label is searched as "label": "text", for what a pattern or a
 * context says of that; to a longer one the label is context.  Nothing is
 * found in the label itself, and what is named is not alone.
 */
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

/*
 * What the texts of one message make of each other.  A bit for each detector
 * with `beside`: topics that the text has; and those that would make more of
 * its persons, in the same block or anywhere in the message.
 */
#define KT_DETECT_TOPICS_MAX 32
struct kt_detect_beside {
	uint32_t topics, near, far;
};
struct kt_detect_beside kt_detect_beside(const struct kt_detect *db,
    const struct kt_detect_set *enabled, struct kt_span text,
    const struct kt_findings *found);
/* What topics of the block and of the message do make of them, as findings of
   one detector; returns how many, at most found->n. */
size_t kt_detect_join(const struct kt_detect *db,
    const struct kt_detect_set *enabled, struct kt_span text,
    const struct kt_findings *found, uint32_t near, uint32_t far,
    struct kt_finding *out);

bool kt_detect_validator_exists(const char *name);

#endif
