/*
 * pack - copying what belongs together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole segments, cut where the last checkpoint of theirs ends: what no
 * checkpoint covers proves nothing.  Tiles are those of a log of that size.
 */
#include "cmd/audit/pack.h"

#include "audit/canon.h"
#include "cmd/audit/revoked.h"
#include "cmd/audit/tiles.h"

#include <errno.h>

struct packing {
	const struct kt_pack *pack;
	struct kt_plan plan;
	size_t first_seg, end_seg;
	struct kt_pack_told *told;
	struct kt_buf sums;     /* SHA256SUMS as it grows */
	struct kt_buf policies; /* for the manifest: a JSON array, open */
	struct kt_span policy;  /* the last of them, in `policy_text` */
	struct kt_buf policy_text;
	struct kt_buf note;     /* the checkpoint */
	struct kt_buf path;
	struct kt_audit_hash hash;
	uint64_t bytes, files;
	struct kt_err *err;

	/* The segment that is being copied. */
	struct kt_disk_file to;
	struct kt_audit_lines lines;
	struct kt_buf chunk;
	uint64_t index, line, segment;
	uint64_t example_segment, example_line;
	enum kt_rc rc;
};

static const char *
path_of(struct packing *p, const char *name)
{
	kt_buf_reset(&p->path);
	if (kt_buf_printf(&p->path, "%s/%s", p->pack->out, name) < 0 ||
	    kt_buf_addc(&p->path, '\0') < 0)
		return NULL;
	return p->path.ptr;
}

/* ---- files ---- */

static enum kt_rc
add_sum(struct packing *p, const char *name)
{
	uint8_t digest[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];

	kt_audit_hash_take(&p->hash, digest);
	kt_hex(digest, sizeof(digest), hex);
	p->files++;
	if (kt_buf_printf(&p->sums, "%s  %s\n", hex, name) < 0)
		return kt_fail(p->err, KT_E_LIMIT, "too many files");
	return KT_OK;
}

static enum kt_rc
put_file(struct packing *p, const char *name, struct kt_span bytes)
{
	const char *path = path_of(p, name);

	if (path == NULL)
		return kt_fail(p->err, KT_E_LIMIT, "path too long");
	if (kt_disk_write_atomic(&kt_disk_real, path, bytes, 0644, p->err) < 0)
		return p->err->rc;
	kt_audit_hash_add(&p->hash, bytes);
	p->bytes += bytes.len;
	return add_sum(p, name);
}

static enum kt_rc
make_dir(struct packing *p, const char *name)
{
	const char *path = path_of(p, name);

	if (path == NULL)
		return kt_fail(p->err, KT_E_LIMIT, "path too long");
	return kt_disk_mkdir(&kt_disk_real, path, 0755, p->err);
}

/* ---- records ---- */

static enum kt_rc
flush(struct packing *p)
{
	struct kt_span bytes = kt_buf_span(&p->chunk);

	kt_audit_hash_add(&p->hash, bytes);
	p->bytes += bytes.len;
	if (kt_disk_append(&p->to, bytes, p->err) < 0)
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
	if (p->index == p->pack->from) {
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
	const char *path;
	char name[40];

	p->segment = d->segments[k];
	(void)snprintf(name, sizeof(name), "seg/%012llu.jsonl",
	    (unsigned long long)p->segment);
	path = path_of(p, name);
	if (path == NULL || kt_disk_open(&p->to, &kt_disk_real, path,
	    KT_DISK_NEW, p->err) < 0)
		return path == NULL ? KT_E_LIMIT : p->err->rc;
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
	kt_disk_close(&p->to);
	return p->rc < 0 ? p->rc : add_sum(p, name);
}

/* ---- checkpoints ---- */

static enum kt_rc
copy_notes(struct packing *p)
{
	size_t end = p->end_seg;
	uint64_t to = end < p->plan.n ? p->plan.at[end].notes :
					p->plan.notes_end;
	struct kt_audit_notes notes;
	struct kt_span note;
	struct kt_buf all;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&all, 1u << 30);
	kt_audit_notes_init(&notes, &p->pack->dir->notes,
	    p->plan.at[p->first_seg].notes, to);
	while (rc == KT_OK && kt_audit_notes_read(&notes, &note)) {
		kt_buf_reset(&p->note);
		if (kt_buf_add(&all, note) < 0 ||
		    kt_buf_addc(&all, '\n') < 0 ||
		    kt_buf_add(&p->note, note) < 0)
			rc = kt_fail(p->err, KT_E_LIMIT, "too many notes");
	}
	if (notes.err.rc < 0) {
		*p->err = notes.err;
		rc = p->err->rc;
	}
	kt_audit_notes_fini(&notes);
	if (rc == KT_OK)
		rc = put_file(p, "checkpoints", kt_buf_span(&all));
	if (rc == KT_OK)
		rc = put_file(p, "checkpoint", kt_buf_span(&p->note));
	kt_buf_fini(&all);
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
	if (kt_tiles_put(
	    &kt_disk_real, p->pack->out, t, bytes, p->err) < 0)
		return p->err->rc;
	kt_audit_tile_path(t, name);
	kt_audit_hash_add(&p->hash, bytes);
	p->bytes += bytes.len;
	return add_sum(p, name);
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
	    (unsigned long long)p->bytes, (unsigned long long)p->files,
	    (unsigned long long)p->told->first,
	    (unsigned long long)p->pack->from, KT_SPAN_ARG(origin),
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
	rc = kt_pack_readme(p->told, p->pack->from, kt_span_of(segment),
	    p->example_line, origin, &text, p->err);
	if (rc == KT_OK)
		rc = put_file(p, "README.md", kt_buf_span(&text));
	if (rc == KT_OK)
		rc = put_file(p, "check.py", kt_span_of(kt_pack_script));
	if (rc == KT_OK)
		rc = put_file(p, "SHA256SUMS", kt_buf_span(&p->sums));
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
	struct kt_audit_checkpoint cp;

	if (kt_disk_mkdir(&kt_disk_real, p->pack->out, 0755, p->err) < 0 ||
	    make_dir(p, "seg") < 0)
		return p->err->rc;
	for (size_t k = p->first_seg; k < p->end_seg; k++) {
		if (copy_segment(p, k) < 0)
			return p->err->rc;
	}
	if (copy_tiles(p) < 0 || copy_notes(p) < 0 || copy_revocation(p) < 0 ||
	    put_file(p, "log.vkey", kt_buf_span(&p->pack->dir->log_vkey)) <
	    0 || kt_audit_checkpoint_parse(
	    kt_buf_span(&p->note), &cp, p->err) < 0 ||
	    write_manifest(p, cp.origin) < 0)
		return p->err->rc;
	return write_texts(p, cp.origin);
}

static enum kt_rc
plan(struct packing *p)
{
	struct kt_range range = { p->pack->from, p->pack->to, NULL, NULL };

	if (kt_plan_make(&p->plan, p->pack->dir, p->err) < 0 ||
	    kt_plan_range(&p->plan, &range, &p->first_seg, &p->end_seg,
	    p->err) < 0)
		return p->err->rc;
	p->told->first = p->plan.at[p->first_seg].index;
	p->told->size = 0;
	for (size_t k = p->first_seg; k < p->end_seg; k++) {
		if (p->plan.at[k].covered > p->told->size)
			p->told->size = p->plan.at[k].covered;
	}
	if (p->told->size <= p->pack->from)
		return kt_fail(p->err, KT_E_MISUSE,
		    "no checkpoint covers record %llu yet",
		    (unsigned long long)p->pack->from);
	return KT_OK;
}

enum kt_rc
kt_pack_write(const struct kt_pack *pack, struct kt_pack_told *told,
    struct kt_err *err)
{
	struct packing p = { .pack = pack, .told = told, .err = err,
		.to = KT_DISK_FILE_INIT };
	enum kt_rc rc;

	kt_buf_init(&p.sums, 256u << 20);
	kt_buf_init(&p.policies, 8u << 20);
	kt_buf_init(&p.policy_text, KT_AUDIT_LINE_MAX);
	kt_buf_init(&p.note, KT_AUDIT_NOTE_MAX);
	kt_buf_init(&p.path, KT_PATH_MAX);
	kt_buf_init(&p.chunk, 2 * KT_AUDIT_DIR_READ);
	rc = kt_audit_hash_init(&p.hash, err);
	if (rc == KT_OK)
		rc = plan(&p);
	if (rc == KT_OK)
		rc = write_all(&p);
	kt_audit_hash_fini(&p.hash);
	kt_plan_fini(&p.plan);
	kt_buf_fini(&p.sums);
	kt_buf_fini(&p.policies);
	kt_buf_fini(&p.policy_text);
	kt_buf_fini(&p.note);
	kt_buf_fini(&p.path);
	kt_buf_fini(&p.chunk);
	return rc;
}
