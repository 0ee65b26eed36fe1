/*
 * find - bisecting segments, then bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No index file: lines carry their own index, so a seek into the middle and
 * the next line feed say on which side to go on.  An index would be one more
 * thing that can disagree with the log.
 */
#include "cmd/audit/find.h"

#include "audit/canon.h"
#include "audit/key.h"
#include "cmd/audit/tiles.h"

#define WINDOW (2 * KT_AUDIT_LINE_MAX + 4)

void
kt_audit_leaf_of(struct kt_span line, uint8_t leaf[KT_AUDIT_HASH])
{
	struct kt_audit_chain c;
	struct kt_err err;

	if (kt_audit_chain_init(&c, &err) < 0)
		KT_BUG("no SHA-256 in the crypto library");
	kt_audit_leaf(&c, line, leaf);
	kt_audit_chain_fini(&c);
}

/* ---- one segment ---- */

struct at { /* a line, and where it begins */
	uint64_t offset, i;
	struct kt_span line;
};

/*
 * The first whole line that begins at or behind `from`; one that lacks its LF
 * but is a record is one: whether the log may end so, verification says.
 */
static enum kt_rc
line_behind(struct kt_disk_file *f, uint64_t from, char *window,
    struct at *at, struct kt_err *err)
{
	uint64_t start = from > 0 ? from - 1 : 0;
	struct kt_audit_line l;
	size_t got, skip = 0, n;

	if (kt_disk_read_at(f, start, window, WINDOW, &got, err) < 0)
		return err->rc;
	if (from > 0) /* the byte before it ends a line, or one is skipped */
		skip = kt_span_find((struct kt_span){ window, got }, '\n') + 1;
	if (skip >= got)
		return kt_fail(err, KT_E_MISUSE, "no line behind");
	n = kt_span_find((struct kt_span){ window + skip, got - skip }, '\n');
	at->line = (struct kt_span){ window + skip, n };
	at->offset = start + skip;
	if (kt_audit_line_parse(at->line, &l, err) < 0 || !l.is_whole)
		return skip + n >= got ?
		    kt_fail(err, KT_E_MISUSE, "no line behind") :
		    kt_fail(err, KT_E_PARSE,
		    "byte %llu of a segment: not a record",
		    (unsigned long long)at->offset);
	at->i = l.i;
	return KT_OK;
}

/* The line of this index; from and to are offsets, to is excluded. */
static enum kt_rc
find_in(struct kt_disk_file *f, uint64_t index, char *window, struct at *at,
    struct kt_err *err)
{
	uint64_t from = 0, to = f->size;

	for (;;) {
		uint64_t mid = from + (to - from) / 2;
		enum kt_rc rc;

		if (to - from < WINDOW)
			mid = from;
		rc = line_behind(f, mid, window, at, err);
		if (rc < 0 && (rc != KT_E_MISUSE || mid == from))
			return rc;
		if (rc == KT_OK && at->i == index)
			return KT_OK;
		if (rc == KT_OK && at->i < index)
			from = at->offset + at->line.len + 1;
		else if (mid == from)
			break;
		else
			to = mid;
		if (from >= to)
			break;
	}
	return kt_fail(err, KT_E_MISUSE, "no line of it");
}

static enum kt_rc
first_index(struct kt_audit_dir *d, size_t k, char *window, uint64_t *i,
    struct kt_err *err)
{
	struct kt_disk_file f;
	struct at at;
	enum kt_rc rc;

	if (kt_audit_dir_segment(d, d->segments[k], &f, err) < 0)
		return err->rc;
	rc = line_behind(&f, 0, window, &at, err);
	kt_disk_close(&f);
	*i = rc == KT_OK ? at.i : UINT64_MAX; /* an empty one is the last */
	return rc == KT_E_MISUSE ? KT_OK : rc;
}

enum kt_rc
kt_audit_find_first(
    struct kt_audit_dir *d, uint64_t *index, struct kt_err *err)
{
	struct kt_buf window;
	enum kt_rc rc;

	if (d->nsegments == 0)
		return kt_fail(err, KT_E_MISUSE, "no records");
	kt_buf_init(&window, WINDOW);
	rc = kt_buf_reserve(&window, WINDOW);
	rc = rc < 0 ? kt_fail(err, rc, "no memory") :
		      first_index(d, 0, window.ptr, index, err);
	kt_buf_fini(&window);
	return rc;
}

/* The last segment that begins at or before the index. */
static enum kt_rc
segment_of(struct kt_audit_dir *d, uint64_t index, char *window, size_t *k,
    struct kt_err *err)
{
	size_t from = 0, to = d->nsegments;
	uint64_t i = UINT64_MAX;

	while (to - from > 1) {
		size_t mid = from + (to - from) / 2;

		if (first_index(d, mid, window, &i, err) < 0)
			return err->rc;
		*(i <= index ? &from : &to) = mid;
	}
	*k = from;
	return d->nsegments > 0 ? KT_OK :
				  kt_fail(err, KT_E_MISUSE, "no records");
}

/* Why there is none: it may have been let go. */
static enum kt_rc
no_record(struct kt_audit_dir *d, uint64_t index, struct kt_err *err)
{
	uint64_t first = 0;

	if (kt_audit_find_first(d, &first, err) < 0)
		return err->rc;
	if (index < first && first < UINT64_MAX)
		return kt_fail(err, KT_E_MISUSE, "record %llu is gone: the log "
		    "begins with record %llu", (unsigned long long)index,
		    (unsigned long long)first);
	return kt_fail(err, KT_E_MISUSE, "there is no record %llu",
	    (unsigned long long)index);
}

enum kt_rc
kt_audit_find(struct kt_audit_dir *d, uint64_t index, struct kt_buf *line,
    struct kt_err *err)
{
	struct kt_audit_found ignored;

	return kt_audit_find_at(d, index, line, &ignored, err);
}

enum kt_rc
kt_audit_find_at(struct kt_audit_dir *d, uint64_t index, struct kt_buf *line,
    struct kt_audit_found *found, struct kt_err *err)
{
	struct kt_disk_file f = KT_DISK_FILE_INIT;
	struct kt_buf window;
	struct at at;
	size_t k = 0;
	enum kt_rc rc;

	kt_buf_init(&window, WINDOW);
	kt_buf_reset(line);
	rc = kt_buf_reserve(&window, WINDOW);
	if (rc < 0)
		rc = kt_fail(err, rc, "no memory");
	if (rc == KT_OK)
		rc = segment_of(d, index, window.ptr, &k, err);
	if (rc == KT_OK)
		rc = kt_audit_dir_segment(d, d->segments[k], &f, err);
	if (rc == KT_OK)
		rc = find_in(&f, index, window.ptr, &at, err);
	if (rc == KT_E_MISUSE)
		rc = no_record(d, index, err);
	if (rc == KT_OK && kt_buf_add(line, at.line) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "a record too long");
	if (rc == KT_OK)
		*found = (struct kt_audit_found){ d->segments[k], at.offset };
	kt_disk_close(&f);
	kt_buf_fini(&window);
	return rc;
}

/* ---- all from one on ---- */

void
kt_audit_lines_init(
    struct kt_audit_lines *l, kt_audit_line_fn *each, void *arg)
{
	*l = (struct kt_audit_lines){ .each = each, .arg = arg };
	kt_buf_init(&l->part, 2 * KT_AUDIT_LINE_MAX);
}

void
kt_audit_lines_fini(struct kt_audit_lines *l)
{
	kt_buf_fini(&l->part);
}

static bool
give(struct kt_audit_lines *s, struct kt_span line)
{
	struct kt_audit_line l;
	struct kt_err ignored; /* a bad line is the caller's to judge */

	if (s->from > 0 && kt_audit_line_parse(line, &l, &ignored) == KT_OK &&
	    l.is_whole && l.i < s->from)
		return true;
	s->is_over = !s->each(s->arg, line);
	return !s->is_over;
}

bool
kt_audit_lines_feed(void *lines, struct kt_span piece)
{
	struct kt_audit_lines *s = lines;

	while (piece.len > 0) {
		size_t n = kt_span_find(piece, '\n');
		struct kt_span line = kt_span_sub(piece, 0, n);

		if ((n == piece.len || s->part.len > 0) &&
		    kt_buf_add(&s->part, line) < 0) {
			s->is_too_long = true;
			return false;
		}
		if (n == piece.len)
			return true;
		if (s->part.len > 0)
			line = kt_buf_span(&s->part);
		if (!give(s, line))
			return false;
		kt_buf_reset(&s->part);
		piece = kt_span_sub(piece, n + 1, piece.len);
	}
	return true;
}

void
kt_audit_lines_end(
    struct kt_audit_lines *l, const struct kt_audit_dir *d, size_t k)
{
	if (l->part.len > 0 && k + 1 < d->nsegments && !l->is_over)
		(void)give(l, kt_buf_span(&l->part)); /* is_over says it */
	kt_buf_reset(&l->part);
}

enum kt_rc
kt_audit_scan(struct kt_audit_dir *d, uint64_t index, kt_audit_line_fn *each,
    void *arg, struct kt_err *err)
{
	struct kt_audit_lines s;
	struct kt_buf window;
	enum kt_rc rc;
	size_t k = 0;

	kt_buf_init(&window, WINDOW);
	kt_audit_lines_init(&s, each, arg);
	s.from = index;
	rc = kt_buf_reserve(&window, WINDOW);
	if (rc == KT_OK && index > 0)
		rc = segment_of(d, index, window.ptr, &k, err);
	for (; rc == KT_OK && k < d->nsegments && !s.is_over; k++) {
		rc = kt_audit_dir_read(
		    d, d->segments[k], kt_audit_lines_feed, &s, err);
		kt_audit_lines_end(&s, d, k);
	}
	if (rc == KT_OK && s.is_too_long)
		rc = kt_fail(err, KT_E_PARSE, "a line too long");
	kt_buf_fini(&window);
	kt_audit_lines_fini(&s);
	return rc;
}

/* ---- the tree ---- */

/* From the tile that has the level: at most 256 hashes and one file. */
static enum kt_rc
node_by_tile(void *arg, unsigned level, uint64_t i,
    uint8_t out[KT_AUDIT_HASH], struct kt_err *err)
{
	struct kt_audit_dir *d = arg;
	unsigned height = level % 8, first, width = 1u << height;
	uint8_t hashes[KT_AUDIT_TILE_WIDTH][KT_AUDIT_HASH];
	struct kt_audit_tile t = { .level = level / 8 };
	struct kt_audit_hash h;

	first = (unsigned)(i << height & 255);
	t.index = i >> (8 - height);
	t.width = first + width;
	if (kt_tiles_get(d->io, d->dir, &t, hashes[0], err) < 0 ||
	    kt_audit_hash_init(&h, err) < 0)
		return err->rc;
	kt_audit_tile_root(&h, hashes[first], height, out);
	kt_audit_hash_fini(&h);
	return KT_OK;
}

struct range {
	struct kt_audit_chain chain;
	uint64_t left;
};

static bool
step(void *arg, struct kt_span line)
{
	struct range *r = arg;
	uint8_t leaf[KT_AUDIT_HASH];

	kt_audit_leaf(&r->chain, line, leaf);
	kt_audit_chain_step(&r->chain, leaf);
	return --r->left > 0;
}

static enum kt_rc
node_by_records(void *arg, unsigned level, uint64_t i,
    uint8_t out[KT_AUDIT_HASH], struct kt_err *err)
{
	struct range r = { .left = UINT64_C(1) << level };
	enum kt_rc rc;

	if (kt_audit_chain_init(&r.chain, err) < 0)
		return err->rc;
	rc = kt_audit_scan(arg, i << level, step, &r, err);
	if (rc == KT_OK && r.left > 0)
		rc = kt_fail(err, KT_E_PARSE, "records are missing");
	if (rc == KT_OK)
		kt_audit_chain_root(&r.chain, out);
	kt_audit_chain_fini(&r.chain);
	return rc;
}

enum kt_rc
kt_audit_dir_node(struct kt_audit_dir *d, unsigned level, uint64_t i,
    uint8_t out[KT_AUDIT_HASH], struct kt_err *err)
{
	if (node_by_tile(d, level, i, out, err) == KT_OK)
		return KT_OK;
	return node_by_records(d, level, i, out, err);
}

enum kt_rc
kt_audit_dir_prove(struct kt_audit_dir *d, const uint8_t leaf[KT_AUDIT_HASH],
    uint64_t index, const struct kt_audit_checkpoint *cp,
    struct kt_audit_path *path, struct kt_err *err)
{
	if (index >= cp->size)
		return kt_fail(err, KT_E_MISUSE,
		    "the checkpoint covers %llu records: record %llu is not "
		    "proven yet", (unsigned long long)cp->size,
		    (unsigned long long)index);
	if (kt_audit_prove_inclusion(
	    index, cp->size, node_by_tile, d, path, err) == KT_OK &&
	    kt_audit_inclusion_holds(leaf, index, cp->size, path, cp->root))
		return KT_OK;
	if (kt_audit_prove_inclusion(
	    index, cp->size, node_by_records, d, path, err) < 0)
		return err->rc;
	if (!kt_audit_inclusion_holds(leaf, index, cp->size, path, cp->root))
		return kt_fail(err, KT_E_PARSE,
		    "record %llu is not what the checkpoint commits to",
		    (unsigned long long)index);
	return KT_OK;
}

/* The root that the log had then, by the same nodes. */
static enum kt_rc
try_older(struct kt_audit_dir *d, uint64_t older,
    const struct kt_audit_checkpoint *cp, kt_audit_node_fn *node,
    struct kt_audit_path *path, struct kt_err *err)
{
	uint8_t root[KT_AUDIT_HASH];

	if (kt_audit_root_of(older, node, d, root, err) < 0 ||
	    kt_audit_prove_consistency(
		older, cp->size, node, d, path, err) < 0)
		return err->rc;
	if (!kt_audit_consistency_holds(older, root, cp->size, cp->root, path))
		return kt_fail(err, KT_E_PARSE,
		    "the records are not what the checkpoint commits to");
	return KT_OK;
}

enum kt_rc
kt_audit_dir_prove_older(struct kt_audit_dir *d, uint64_t older,
    const struct kt_audit_checkpoint *cp, struct kt_audit_path *path,
    struct kt_err *err)
{
	if (older > cp->size)
		return kt_fail(err, KT_E_MISUSE,
		    "the checkpoint covers only %llu records",
		    (unsigned long long)cp->size);
	if (try_older(d, older, cp, node_by_tile, path, err) == KT_OK)
		return KT_OK;
	return try_older(d, older, cp, node_by_records, path, err);
}

enum kt_rc
kt_audit_newest(struct kt_audit_dir *d, struct kt_span note,
    struct kt_span pinned, struct kt_audit_signed_tree *t, struct kt_err *err)
{
	struct kt_span key = pinned.len > 0 ? pinned :
	    d == NULL ? pinned : kt_buf_span(&d->log_vkey);
	struct kt_audit_checker c;
	enum kt_audit_signed s;

	*t = (struct kt_audit_signed_tree){ .is_pinned = pinned.len > 0 };
	if (kt_audit_checkpoint_parse(note, &t->cp, err) < 0)
		return err->rc;
	if (key.len == 0)
		return KT_OK;
	if (kt_audit_vkey_parse(key, &t->key, err) < 0 ||
	    kt_audit_vkey_make(&t->key, t->cp.origin, t->key.pub, err) < 0 ||
	    kt_audit_checker_init(&c, &t->key, err) < 0)
		return err->rc;
	s = kt_audit_note_check(&c, note);
	kt_audit_checker_fini(&c);
	if (s != KT_AUDIT_SIGNED_GOOD)
		return kt_fail(err, KT_E_PARSE,
		    "the checkpoint is not signed by that key");
	t->is_signed = true;
	return KT_OK;
}
