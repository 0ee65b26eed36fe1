/*
 * edge - one small file, replaced as a whole.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line with size and segment, then the hashes, level by level: how many
 * there are follows from the size.  Partial tiles would say the same, but
 * they come and go with checkpoints and may be torn.
 */
#include "cmd/log/edge.h"

#include <errno.h>

#define LINE_MAX_BYTES 48
#define EDGE_MAX (LINE_MAX_BYTES + KT_AUDIT_TILE_LEVELS * KT_AUDIT_TILE_BYTES)

static enum kt_rc
take_hashes(struct kt_audit_tiles *t, struct kt_span bytes, struct kt_err *err)
{
	for (unsigned level = 0; level < KT_AUDIT_TILE_LEVELS; level++) {
		size_t n = (size_t)kt_audit_tile_last(t->size, level).width *
		    KT_AUDIT_HASH;

		if (n > bytes.len)
			return kt_fail(err, KT_E_PARSE, "tile/edge: too short");
		if (n > 0)
			memcpy(t->node[level], bytes.ptr, n);
		bytes = kt_span_sub(bytes, n, bytes.len);
	}
	return bytes.len == 0 ? KT_OK :
	    kt_fail(err, KT_E_PARSE, "tile/edge: too long");
}

static enum kt_rc
take(struct kt_audit_tiles *t, uint64_t *segment, struct kt_span text,
    struct kt_err *err)
{
	size_t n = kt_span_find(text, '\n');
	struct kt_span line = kt_span_sub(text, 0, n);
	size_t middle = kt_span_find(line, ' ');

	if (!kt_span_u64(kt_span_sub(line, 0, middle), &t->size) ||
	    !kt_span_u64(kt_span_sub(line, middle + 1, line.len), segment))
		return kt_fail(err, KT_E_PARSE, "tile/edge: no edge");
	return take_hashes(t, kt_span_sub(text, n + 1, text.len), err);
}

enum kt_rc
kt_edge_read(const struct kt_log *log, struct kt_audit_tiles *t,
    uint64_t *segment, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_buf text;
	struct kt_err why;
	enum kt_rc rc;

	t->size = *segment = 0;
	if (kt_log_path(log, path, err, "tile/edge") < 0)
		return err->rc;
	kt_buf_init(&text, 2 * EDGE_MAX);
	rc = kt_disk_read_file(log->io, path, EDGE_MAX, &text, &why);
	if (rc == KT_OK)
		rc = take(t, segment, kt_buf_span(&text), &why);
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK; /* and err stays as it was */
	kt_buf_fini(&text);
	if (rc < 0)
		*err = why;
	return rc;
}

enum kt_rc
kt_edge_write(const struct kt_log *log, const struct kt_audit_tiles *t,
    uint64_t segment, struct kt_err *err)
{
	char path[KT_PATH_MAX], dir[KT_PATH_MAX];
	struct kt_buf text;
	enum kt_rc rc;

	if (kt_log_path(log, path, err, "tile/edge") < 0 ||
	    kt_log_path(log, dir, err, "tile") < 0 ||
	    kt_disk_mkdir(log->io, dir, 0700, err) < 0)
		return err->rc;
	kt_buf_init(&text, 2 * EDGE_MAX);
	rc = kt_buf_printf(&text, "%llu %llu\n", (unsigned long long)t->size,
	    (unsigned long long)segment);
	for (unsigned level = 0;
	    rc == KT_OK && level < KT_AUDIT_TILE_LEVELS; level++)
		rc = kt_buf_add(&text, (struct kt_span){
		    (const char *)t->node[level],
		    (size_t)kt_audit_tile_last(t->size, level).width *
			KT_AUDIT_HASH });
	rc = rc < 0 ? kt_fail(err, KT_E_LIMIT, "no memory") :
	    kt_disk_write_atomic(
		log->io, path, kt_buf_span(&text), 0600, err);
	kt_buf_fini(&text);
	return rc;
}
