/*
 * pack - copying what belongs together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole segments, cut where the last checkpoint of theirs ends: what no
 * checkpoint covers proves nothing.  Tiles are those of a log of that size.
 */
#include "cmd/audit/pack.h"

#include "audit/canon.h"
#include "cmd/audit/archive.h"
#include "cmd/audit/find.h"
#include "cmd/audit/revoked.h"
#include "cmd/audit/tiles.h"

#include <errno.h>

struct packing {
	const struct kt_pack *pack;
	struct kt_plan plan;
	uint64_t from; /* the first record that was asked for and is there */
	size_t first_seg, end_seg;
	struct kt_pack_told *told;
	struct kt_archive archive;
	struct kt_buf policies; /* for the manifest: a JSON array, open */
	struct kt_span policy;  /* the last of them, in `policy_text` */
	struct kt_buf policy_text;
	struct kt_buf note;     /* the checkpoint */
	struct kt_err *err;

	/* The segment that is being copied. */
	struct kt_audit_lines lines;
	struct kt_buf chunk;
	uint64_t index, line, segment;
	uint64_t example_segment, example_line;
	enum kt_rc rc;
};

static enum kt_rc
put_file(struct packing *p, const char *name, struct kt_span bytes)
{
	return kt_archive_put(&p->archive, name, bytes, p->err);
}

/* ---- records ---- */

static enum kt_rc
flush(struct packing *p)
{
	if (kt_archive_add(&p->archive, kt_buf_span(&p->chunk), p->err) < 0)
		return p->err->rc;
	kt_buf_reset(&p->chunk);
	return KT_OK;
}

/* Which policy is in force from here on, where the record says so. */
static enum kt_rc
see_policy(struct packing *p, struct kt_span line)
{
	struct kt_span type, hash, version;

	if (!kt_audit_member_of_text(line, "type", &type) ||
	    (!kt_span_eq(type, KT_SPAN("policy")) &&
		!kt_span_eq(type, KT_SPAN("segment"))) ||
	    !kt_audit_member_of_text(line, "policy_hash", &hash) ||
	    kt_span_eq(hash, kt_buf_span(&p->policy_text)))
		return KT_OK;
	if (!kt_audit_member_of_text(line, "policy_version", &version))
		version.len = 0;
	if (kt_buf_printf(&p->policies,
	    "%s{\"from\":%llu,\"policy_hash\":\"%.*s\",\"policy_version\":"
	    "\"%.*s\"}", p->policies.len > 0 ? "," : "",
	    (unsigned long long)p->index, KT_SPAN_ARG(hash),
	    version.len > 0 ? (int)version.len : 0,
	    version.len > 0 ? version.ptr : "") < 0)
		return kt_fail(p->err, KT_E_LIMIT, "too many policies");
	kt_buf_reset(&p->policy_text);
	if (kt_buf_add(&p->policy_text, hash) < 0)
		return kt_fail(p->err, KT_E_LIMIT, "a hash too long");
	return KT_OK;
}

static bool
copy_line(void *arg, struct kt_span line)
{
	struct packing *p = arg;

	if (p->index >= p->told->size)
		return false;
	p->line++;
	if (p->index == p->from) {
		p->example_segment = p->segment;
		p->example_line = p->line;
	}
	p->rc = see_policy(p, line);
	if (p->rc == KT_OK && (kt_buf_add(&p->chunk, line) < 0 ||
	    kt_buf_addc(&p->chunk, '\n') < 0))
		p->rc = kt_fail(p->err, KT_E_LIMIT, "a record too long");
	if (p->rc == KT_OK && p->chunk.len > KT_AUDIT_DIR_READ)
		p->rc = flush(p);
	p->index++;
	return p->rc == KT_OK;
}

static enum kt_rc
copy_segment(struct packing *p, size_t k)
{
	const struct kt_audit_dir *d = p->pack->dir;
	char name[40];

	p->segment = d->segments[k];
	(void)snprintf(name, sizeof(name), "seg/%012llu.jsonl",
	    (unsigned long long)p->segment);
	if (kt_archive_begin(&p->archive, name, p->err) < 0)
		return p->err->rc;
	p->index = p->plan.at[k].index;
	p->line = 0;
	p->rc = KT_OK;
	kt_audit_lines_init(&p->lines, copy_line, p);
	if (kt_audit_dir_read(
	    d, p->segment, kt_audit_lines_feed, &p->lines, p->err) < 0)
		p->rc = p->err->rc;
	kt_audit_lines_fini(&p->lines);
	if (p->rc == KT_OK)
		p->rc = flush(p);
	return p->rc < 0 ? p->rc : kt_archive_end(&p->archive, p->err);
}

/* ---- checkpoints ---- */

/* One note of `checkpoints`, which is the newest so far. */
static enum kt_rc
copy_note(struct packing *p, struct kt_span note)
{
	kt_buf_reset(&p->note);
	if (kt_buf_add(&p->note, note) < 0)
		return kt_fail(p->err, KT_E_LIMIT, "a note too long");
	if (kt_archive_add(&p->archive, note, p->err) < 0)
		return p->err->rc;
	return kt_archive_add(&p->archive, KT_SPAN("\n"), p->err);
}

static enum kt_rc
copy_notes(struct packing *p)
{
	size_t end = p->end_seg;
	uint64_t to = end < p->plan.n ? p->plan.at[end].notes :
					p->plan.notes_end;
	struct kt_audit_notes notes;
	struct kt_span note;
	enum kt_rc rc = kt_archive_begin(&p->archive, "checkpoints", p->err);

	kt_audit_notes_init(&notes, &p->pack->dir->notes,
	    p->plan.at[p->first_seg].notes, to);
	while (rc == KT_OK && kt_audit_notes_read(&notes, &note))
		rc = copy_note(p, note);
	if (notes.err.rc < 0) {
		*p->err = notes.err;
		rc = p->err->rc;
	}
	kt_audit_notes_fini(&notes);
	if (rc == KT_OK)
		rc = kt_archive_end(&p->archive, p->err);
	if (rc == KT_OK)
		rc = put_file(p, "checkpoint", kt_buf_span(&p->note));
	return rc;
}

/* ---- tiles ---- */

static enum kt_rc
copy_tile(struct packing *p, struct kt_audit_tile *t)
{
	uint8_t hashes[KT_AUDIT_TILE_WIDTH][KT_AUDIT_HASH];
	struct kt_span bytes = { (const char *)hashes[0],
		(size_t)t->width * KT_AUDIT_HASH };
	struct kt_audit_dir *d = p->pack->dir;
	char name[KT_AUDIT_TILE_PATH];

	for (unsigned k = 0; k < t->width; k++) {
		if (kt_audit_dir_node(d, 8 * t->level,
		    t->index * KT_AUDIT_TILE_WIDTH + k, hashes[k],
		    p->err) < 0)
			return p->err->rc;
		if (k == 0 && kt_tiles_get(d->io, d->dir, t, hashes[0],
		    p->err) == KT_OK)
			break; /* all of it at once */
	}
	kt_audit_tile_path(t, name);
	return put_file(p, name, bytes);
}

/* Those over the records, and the last of each level. */
static enum kt_rc
copy_tiles(struct packing *p)
{
	uint64_t first = p->told->first, size = p->told->size;

	for (unsigned level = 0; size > 0; level++) {
		uint64_t last = size / KT_AUDIT_TILE_WIDTH;

		first /= KT_AUDIT_TILE_WIDTH;
		for (uint64_t i = first; i <= last; i++) {
			struct kt_audit_tile t = { .level = level, .index = i,
				.width = i < last ? KT_AUDIT_TILE_WIDTH :
				    (unsigned)(size % KT_AUDIT_TILE_WIDTH) };

			if (t.width > 0 && copy_tile(p, &t) < 0)
				return p->err->rc;
		}
		size /= KT_AUDIT_TILE_WIDTH;
	}
	return KT_OK;
}

/* ---- bundles of records: C2SP tlog-tiles ---- */

struct bundle {
	struct packing *p;
	struct kt_audit_tile tile; /* of level 0, whose records these are */
	struct kt_buf text;
	unsigned n; /* records in it so far */
	enum kt_rc rc;
};

static enum kt_rc
put_bundle(struct bundle *b)
{
	char name[KT_AUDIT_TILE_PATH];

	kt_audit_bundle_path(&b->tile, name);
	if (put_file(b->p, name, kt_buf_span(&b->text)) < 0)
		return b->p->err->rc;
	kt_buf_reset(&b->text);
	b->n = 0;
	b->tile.index++;
	return KT_OK;
}

static bool
bundle_line(void *arg, struct kt_span line)
{
	uint64_t size = ((struct bundle *)arg)->p->told->size, left;
	struct bundle *b = arg;

	left = size - b->tile.index * KT_AUDIT_TILE_WIDTH;
	b->tile.width = left < KT_AUDIT_TILE_WIDTH ? (unsigned)left :
						     KT_AUDIT_TILE_WIDTH;
	if (kt_buf_addc(&b->text, (char)(line.len >> 8)) < 0 ||
	    kt_buf_addc(&b->text, (char)(line.len & 0xff)) < 0 ||
	    kt_buf_add(&b->text, line) < 0)
		b->rc = kt_fail(b->p->err, KT_E_LIMIT, "a record too long");
	else if (++b->n == b->tile.width)
		b->rc = put_bundle(b);
	return b->rc == KT_OK && b->tile.index * KT_AUDIT_TILE_WIDTH < size;
}

/* Those of which all records are here: a bundle is a whole or nothing. */
static enum kt_rc
write_bundles(struct packing *p)
{
	uint64_t first = (p->told->first + KT_AUDIT_TILE_WIDTH - 1) /
	    KT_AUDIT_TILE_WIDTH;
	struct bundle b = { .p = p, .tile.index = first };

	if (!p->pack->has_entries ||
	    first * KT_AUDIT_TILE_WIDTH >= p->told->size)
		return KT_OK;
	kt_buf_init(&b.text, KT_AUDIT_TILE_WIDTH * (KT_AUDIT_LINE_MAX + 2));
	if (kt_audit_scan(p->pack->dir, first * KT_AUDIT_TILE_WIDTH,
	    bundle_line, &b, p->err) < 0)
		b.rc = p->err->rc;
	kt_buf_fini(&b.text);
	return b.rc;
}

/* ---- all of it ---- */

static enum kt_rc
write_manifest(struct packing *p, struct kt_span origin)
{
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 16u << 20);
	rc = kt_buf_printf(&text, "{\"bytes\":%llu,\"files\":%llu,\"first\":"
	    "%llu,\"from\":%llu,\"origin\":\"%.*s\",\"policies\":[%.*s],"
	    "\"size\":%llu,\"to\":%llu,\"v\":\"kt-export/1\"}\n",
	    (unsigned long long)p->archive.bytes,
	    (unsigned long long)p->archive.files,
	    (unsigned long long)p->told->first,
	    (unsigned long long)p->from, KT_SPAN_ARG(origin),
	    KT_SPAN_ARG(kt_buf_span(&p->policies)),
	    (unsigned long long)p->told->size,
	    (unsigned long long)p->pack->to);
	if (rc < 0)
		(void)kt_fail(p->err, KT_E_LIMIT, "too many policies");
	else
		rc = put_file(p, "manifest.json", kt_buf_span(&text));
	kt_buf_fini(&text);
	return rc;
}

static enum kt_rc
write_texts(struct packing *p, struct kt_span origin)
{
	char segment[40];
	struct kt_buf text;
	enum kt_rc rc;

	(void)snprintf(segment, sizeof(segment), "seg/%012llu.jsonl",
	    (unsigned long long)p->example_segment);
	kt_buf_init(&text, 1u << 16);
	rc = kt_pack_readme(p->told, p->from, kt_span_of(segment),
	    p->example_line, origin, &text, p->err);
	if (rc == KT_OK)
		rc = put_file(p, "README.md", kt_buf_span(&text));
	if (rc == KT_OK)
		rc = put_file(p, "check.py", kt_span_of(kt_pack_script));
	if (rc == KT_OK)
		rc = put_file(p, "SHA256SUMS", kt_buf_span(&p->archive.sums));
	kt_buf_fini(&text);
	return rc;
}

/* Whoever gets the records must not believe keys that were revoked. */
static enum kt_rc
copy_revocation(struct packing *p)
{
	char path[KT_PATH_MAX];
	struct kt_buf note;
	enum kt_rc rc;

	if (snprintf(path, sizeof(path), "%s/" KT_REVOKED_FILE,
	    p->pack->dir->dir) >= (int)sizeof(path))
		return kt_fail(p->err, KT_E_LIMIT, "path too long");
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note, p->err);
	if (rc == KT_OK)
		rc = put_file(p, KT_REVOKED_FILE, kt_buf_span(&note));
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK;
	kt_buf_fini(&note);
	return rc;
}

static enum kt_rc
write_all(struct packing *p)
{
	struct kt_span key = kt_buf_span(&p->pack->dir->log_vkey);
	struct kt_audit_checkpoint cp;

	for (size_t k = p->first_seg; k < p->end_seg; k++) {
		if (copy_segment(p, k) < 0)
			return p->err->rc;
	}
	if (copy_tiles(p) < 0 || write_bundles(p) < 0 || copy_notes(p) < 0 ||
	    copy_revocation(p) < 0 || put_file(p, "log.vkey", key) < 0 ||
	    kt_audit_checkpoint_parse(
		kt_buf_span(&p->note), &cp, p->err) < 0 ||
	    write_manifest(p, cp.origin) < 0 || write_texts(p, cp.origin) < 0)
		return p->err->rc;
	return kt_archive_seal(&p->archive, p->err);
}

/*
 * An archive unpacks into a folder that is named after what is in it, so that
 * two of them do not lie in each other's way; its files are as old as the
 * last record.
 */
static enum kt_rc
open_archive(struct packing *p)
{
	uint64_t last = p->told->size - 1, us = 0;
	uint8_t id[KT_AUDIT_LOG_ID / 2];
	struct kt_audit_checkpoint cp;
	char folder[KT_ARCHIVE_FOLDER];
	struct kt_span ts, log;
	struct kt_buf line;
	enum kt_rc rc;

	if (kt_audit_checkpoint_parse(
	    kt_buf_span(&p->pack->dir->newest), &cp, p->err) < 0)
		return p->err->rc;
	log = kt_span_sub(cp.origin, cp.origin.len < KT_AUDIT_LOG_ID ? 0 :
	    cp.origin.len - KT_AUDIT_LOG_ID, KT_AUDIT_LOG_ID);
	if (!kt_unhex(log, id, sizeof(id)))
		log = KT_SPAN("log");
	(void)snprintf(folder, sizeof(folder), "%.*s-%llu-%llu",
	    KT_SPAN_ARG(log), (unsigned long long)p->told->first,
	    (unsigned long long)last);
	kt_buf_init(&line, 2 * KT_AUDIT_LINE_MAX);
	rc = kt_audit_find(p->pack->dir, last, &line, p->err);
	if (rc == KT_OK && (!kt_audit_member_of_text(
	    kt_buf_span(&line), "ts", &ts) || !kt_audit_time_parse(ts, &us)))
		us = 0;
	kt_buf_fini(&line);
	return rc < 0 ? rc : kt_archive_open(&p->archive, &kt_disk_real,
	    p->pack->out, folder, us / 1000000, p->err);
}

static enum kt_rc
plan(struct packing *p)
{
	struct kt_range range = { .from = p->pack->from, .to = p->pack->to };
	uint64_t first;

	if (kt_plan_make(&p->plan, p->pack->dir, p->err) < 0 ||
	    kt_plan_range(&p->plan, &range, &p->first_seg, &p->end_seg,
	    p->err) < 0)
		return p->err->rc;
	first = p->told->first = p->plan.at[p->first_seg].index;
	p->from = p->pack->from > 0 ? p->pack->from : first;
	if (p->from < first)
		return kt_fail(p->err, KT_E_MISUSE, "record %llu is gone: the "
		    "log begins with record %llu",
		    (unsigned long long)p->from, (unsigned long long)first);
	p->told->size = 0;
	for (size_t k = p->first_seg; k < p->end_seg; k++) {
		if (p->plan.at[k].covered > p->told->size)
			p->told->size = p->plan.at[k].covered;
	}
	if (p->told->size <= p->from)
		return kt_fail(p->err, KT_E_MISUSE,
		    "no checkpoint covers record %llu yet",
		    (unsigned long long)p->from);
	return KT_OK;
}

enum kt_rc
kt_pack_write(const struct kt_pack *pack, struct kt_pack_told *told,
    struct kt_err *err)
{
	struct packing p = { .pack = pack, .told = told, .err = err,
		.archive.file = KT_DISK_FILE_INIT };
	enum kt_rc rc;

	kt_buf_init(&p.policies, 8u << 20);
	kt_buf_init(&p.policy_text, KT_AUDIT_LINE_MAX);
	kt_buf_init(&p.note, KT_AUDIT_NOTE_MAX);
	kt_buf_init(&p.chunk, 2 * KT_AUDIT_DIR_READ);
	rc = plan(&p);
	if (rc == KT_OK)
		rc = open_archive(&p);
	if (rc == KT_OK)
		rc = write_all(&p);
	kt_archive_close(&p.archive);
	kt_plan_fini(&p.plan);
	kt_buf_fini(&p.policies);
	kt_buf_fini(&p.policy_text);
	kt_buf_fini(&p.note);
	kt_buf_fini(&p.chunk);
	return rc;
}
