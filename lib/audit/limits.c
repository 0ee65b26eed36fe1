/*
 * limits - what a verification leaves open, said every time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A list beside the verdict and not a footnote in a manual: a log that says
 * nothing here would be read as proof of what no log can prove.
 */
#include "audit/limits.h"

enum when { ALWAYS, UNPINNED, UNSIGNED, UNKNOWN, KNOWN, NO_RECEIPT, STRICT,
	RECEIPTS, NO_INVENTORY, INVENTORY, PRUNED };

static const struct {
	int row;
	enum when when;
	const char *text;
} rows[] = {
	{ 3, ALWAYS, "the tail beyond the newest checkpoint, if it was cut" },
	{ 5, UNKNOWN, "records and checkpoints cut together: compare with a "
		      "checkpoint kept elsewhere (--known-checkpoint)" },
	{ 5, KNOWN, "records and checkpoints cut together beyond the known "
		    "checkpoint" },
	{ 7, NO_INVENTORY, "whether a whole log is absent (--inventory)" },
	{ 7, INVENTORY, "whether a log is absent that the inventory does not "
			"name" },
	{ 8, UNKNOWN, "whether an older copy of the log was restored and "
		      "continued" },
	{ 8, KNOWN, "whether a copy not older than the known checkpoint was "
		    "restored and continued" },
	{ 9, UNKNOWN, "whether another history was shown to somebody else" },
	{ 9, KNOWN, "whether another history beyond the known checkpoint was "
		    "shown to somebody else" },
	{ 10, UNSIGNED, "who wrote earlier epochs: checkpoints are not signed" },
	{ 11, UNKNOWN, "a rewrite of the current epoch by who stole its keys" },
	{ 11, KNOWN, "a rewrite of the current epoch beyond the known "
		     "checkpoint by who stole its keys" },
	{ 12, UNPINNED, "who wrote the log: its key was not given from "
			"elsewhere (--vkey), so a consistent rewrite of all "
			"of it is not excluded" },
	{ 16, ALWAYS, "a clock that was wrong from the start" },
	{ 17, ALWAYS, "that the times are true" },
	{ 18, NO_RECEIPT, "calls that were never recorded, or in flight at a "
			  "crash (--receipt shows it for one)" },
	{ 18, STRICT, "calls that were never recorded (--receipt shows it for "
		      "one); what was in flight at a crash is told" },
	{ 18, RECEIPTS, "calls that were never recorded, but for the receipts "
			"shown" },
	{ 19, ALWAYS, "the truth of what was recorded" },
	{ 22, PRUNED, "what the records said that are gone, and whether it was "
		      "right to remove them" },
};
_Static_assert(KT_NELEMS(rows) <= KT_AUDIT_LIMITS_MAX, "room for all rows");

/* In every segment that was read. */
static bool
is_strict(const struct kt_audit_report *r)
{
	return r->durability == 1u << KT_AUDIT_DURABLE_STRICT;
}

static bool
holds(const struct kt_audit_report *r, enum when when)
{
	switch (when) {
	case ALWAYS:
		return true;
	case UNPINNED:
		return !r->is_pinned;
	case UNSIGNED:
		return !r->has_key;
	case UNKNOWN:
		return r->known_size == 0;
	case KNOWN:
		return r->known_size > 0;
	case NO_RECEIPT:
		return r->receipts == 0 && !is_strict(r);
	case STRICT:
		return r->receipts == 0 && is_strict(r);
	case RECEIPTS:
		return r->receipts > 0;
	case NO_INVENTORY:
		return !r->has_inventory;
	case INVENTORY:
		return r->has_inventory;
	case PRUNED:
		return r->pruned > 0;
	}
	return true;
}

size_t
kt_audit_not_proven(const struct kt_audit_report *r,
    struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		if (holds(r, rows[i].when))
			limits[n++] = (struct kt_audit_limit){ rows[i].row,
				rows[i].text };
	}
	return n;
}
