/*
 * part - feeding a verifier.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread and one pass: the tamper evidence of a record may be in the one
 * after it, so the order is what makes the diagnosis exact.
 */
#include "cmd/audit/part.h"

#include "cmd/audit/tiles.h"

struct feed {
	const struct kt_part *part;
	struct kt_audit_verify *verify;
	struct kt_audit_hash hash; /* for tiles */
	struct kt_audit_lines lines;
	uint64_t bytes; /* of the segment, so far */
	struct kt_err err;
};

static bool
feed_piece(void *arg, struct kt_span piece)
{
	struct feed *f = arg;

	f->bytes += piece.len;
	if (kt_audit_verify_feed(f->verify, piece, &f->err) < 0)
		return false;
	/* A line too long is the verifier's to report, not to show. */
	if (f->part->each != NULL)
		(void)kt_audit_lines_feed(&f->lines, piece);
	if (f->part->progress != NULL)
		f->part->progress(f->part->progress_arg, piece.len);
	return true;
}

/* A tile that is missing can be rebuilt; one that differs was changed. */
static void
compare_tiles(struct feed *f, const struct kt_audit_chain *c)
{
	uint8_t found[KT_AUDIT_TILE_BYTES], root[KT_AUDIT_HASH];
	struct kt_err ignored;

	for (unsigned k = 1; k <= KT_AUDIT_TILE_LEVELS &&
	    (c->size & ((UINT64_C(1) << 8 * k) - 1)) == 0; k++) {
		struct kt_audit_tile t = { .level = k - 1,
			.index = (c->size >> 8 * k) - 1,
			.width = KT_AUDIT_TILE_WIDTH };

		if (kt_tiles_get(f->part->dir->io, f->part->dir->dir, &t,
		    found, &ignored) < 0)
			continue;
		kt_audit_tile_root(&f->hash, found, 8, root);
		if (memcmp(root, c->full[k], KT_AUDIT_HASH) != 0)
			kt_audit_verify_bad_tile(
			    f->verify, t.index << 8 * k);
	}
}

/* Its own function, or each record would clear room for a tile. */
static void
see_size(void *arg, const struct kt_audit_chain *c)
{
	if (c->size % KT_AUDIT_TILE_WIDTH == 0)
		compare_tiles(arg, c);
}

static enum kt_rc
feed_segments(struct feed *f, struct kt_err *err)
{
	const struct kt_audit_dir *d = f->part->dir;

	for (size_t i = f->part->first; i < f->part->end; i++) {
		f->bytes = 0;
		kt_audit_verify_segment(f->verify, d->segments[i]);
		if (kt_audit_dir_read(
		    d, d->segments[i], feed_piece, f, err) < 0)
			return err->rc;
		if (f->err.rc < 0) {
			*err = f->err;
			return err->rc;
		}
		kt_audit_lines_end(&f->lines, d, i);
	}
	return KT_OK;
}

static enum kt_rc
begin(struct feed *f, struct kt_audit_notes *notes, struct kt_err *err)
{
	const struct kt_part *p = f->part;
	struct kt_audit_evidence e = { .newest = p->newest,
		.next = kt_audit_notes_read, .arg = notes,
		.log_vkey = kt_buf_span(&p->dir->log_vkey),
		.pinned = p->pinned, .brought = p->brought,
		.is_part = p->is_one_of_many };

	if (kt_audit_hash_init(&f->hash, err) < 0 ||
	    kt_audit_verify_new(&f->verify, &e, err) < 0)
		return err->rc;
	kt_audit_verify_watch(f->verify, see_size, f);
	return p->header.len == 0 ? KT_OK :
	    kt_audit_verify_resume(f->verify, p->header, err);
}

static enum kt_rc
finish(struct feed *f, struct kt_audit_notes *notes,
    struct kt_part_told *told, struct kt_err *err)
{
	const struct kt_part *p = f->part;

	told->leads_on = p->next.len > 0 &&
	    kt_audit_verify_leads_to(f->verify, p->next);
	told->report = kt_alloc(sizeof(*told->report));
	if (told->report == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	*told->report = *kt_audit_verify_finish(f->verify);
	told->has_torn_note = notes->is_torn;
	told->bytes = f->bytes;
	if (notes->err.rc == KT_OK)
		return KT_OK;
	*err = notes->err;
	kt_free(told->report);
	told->report = NULL;
	return err->rc;
}

enum kt_rc
kt_part_verify(const struct kt_part *p, struct kt_part_told *told,
    struct kt_err *err)
{
	struct feed f = { .part = p };
	struct kt_audit_notes notes;
	enum kt_rc rc;

	*told = (struct kt_part_told){ .report = NULL };
	kt_audit_notes_init(
	    &notes, &p->dir->notes, p->notes_from, p->notes_to);
	kt_audit_lines_init(&f.lines, p->each, p->each_arg);
	rc = begin(&f, &notes, err);
	if (rc == KT_OK)
		rc = feed_segments(&f, err);
	if (rc == KT_OK)
		rc = finish(&f, &notes, told, err);
	kt_audit_verify_free(&f.verify);
	kt_audit_hash_fini(&f.hash);
	kt_audit_lines_fini(&f.lines);
	kt_audit_notes_fini(&notes);
	return rc;
}
