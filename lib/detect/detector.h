/*
 * detector - what a detector is, as its author wrote it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the keys of kt-detectors(5), read.
 * Does not: compile or search.
 * Promises: a definition borrows all that it points to.
 */
#ifndef KT_DETECT_DETECTOR_H
#define KT_DETECT_DETECTOR_H
#include "base/base.h"
#include "chat/chat.h"
#include "chat/class.h"

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
	/* Where it applies; 0: everywhere.  For the caller: a text does not
	   know its component. */
	kt_component_set components;
	/* Bytes, not characters.  Capture 1, when there is one, is the span. */
	const char *pattern;
	/* The span begins behind this many bytes of the match, which tell
	   nothing: a country, the number of a key.  Not beside a capture;
	   validators and checksum see all of the match. */
	uint16_t public_bytes;
	/* Instead of a pattern: in a text with a finding of this group, each
	   finding of a person (class pii) is one of this detector as well.
	   Such a detector is KT_DETECT_BLOCK. */
	const char *beside;
	/* With `beside`: entities that do not join with a finding in another
	   block of the message unless one that is not listed is with them. */
	const char *const *close_only;
	size_t nclose_only;
	/* Instead of a pattern: the bytes of a linear model (tests/accuracy),
	   which outlive the database.  Such a detector is KT_DETECT_BLOCK. */
	struct kt_span model;
	/* Cheap to find and part of each match that validates, for patterns
	   without a literal.  A narrower one loses findings in whole texts. */
	const char *anchor;
	/* Each match that validates holds six digits with at most three bytes
	   of " .()+/-" between each other: it is looked for near such only. */
	bool is_number;
	/* Swallowed behind the match: bytes of a class "[A-Za-z0-9_-]", to the
	   first that is not in it or up to and including the end literal. */
	const char *tail;
	const char *tail_end;
	/* Other bytes that may stand between runs of KT_DETECT_SOLID of that
	   class: what is in front of lines that somebody numbered or quoted. */
	uint16_t tail_gap;
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
	/* Required context may be absent where the match is all of the text;
	   then the confidence is half of what it would be. */
	bool is_alone_enough;
	/* For lint and tests: a finding each, no finding each. */
	const char *const *examples, *const *counter_examples;
	size_t nexamples, ncounter_examples;
};
/* By its id, group or entity. */
bool kt_detect_is_called(const struct kt_detector *d, struct kt_span name);

#define KT_DETECT_CONTEXT_DEFAULT 64
#define KT_DETECT_SOLID 16 /* no word of a sentence is as long */

#endif
