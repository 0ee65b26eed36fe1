/*
 * Tiles of more records than there are: a cut, unless the log went on
 * meanwhile.
 */
#include "config.h"
#include "cmd/audit/ahead.h"
#include "cmd/audit/tiles.h"
#include "tests/unit/tap.h"

#include <sys/stat.h>
#include <unistd.h>

static struct kt_err err;
static char dir[KT_PATH_MAX];

static void
put(const char *name, size_t n)
{
	static const char zeros[9000];
	char path[KT_PATH_MAX + 64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ok(f != NULL);
	if (f == NULL)
		return;
	ok(fwrite(zeros, 1, n, f) == n);
	ok(fclose(f) == 0);
}

static void
put_tile(uint64_t index, unsigned width)
{
	static const char hashes[KT_AUDIT_TILE_BYTES];
	struct kt_audit_tile t = { .index = index, .width = width };

	ok(kt_tiles_put(&kt_disk_real, dir, &t,
	    (struct kt_span){ hashes, width * KT_AUDIT_HASH }, &err) == KT_OK);
}

static void
make(void)
{
	char path[KT_PATH_MAX + 64];

	(void)snprintf(dir, sizeof(dir), "/tmp/kt-ahead.XXXXXX");
	ok(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/seg", dir);
	ok(mkdir(path, 0700) == 0);
	put("seg/000000000000.jsonl", 1000);
}

static void
unmake(void)
{
	char command[KT_PATH_MAX + 64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ok(system(command) == 0);
}

/* A log of `size` records, of which its newest checkpoint covers some. */
static struct kt_audit_report
compare(uint64_t size, uint64_t newest, uint64_t bytes)
{
	struct kt_audit_report r = { .size = size, .newest_size = newest };
	struct kt_audit_dir d;

	ok(kt_audit_dir_open(&d, dir, &err) == KT_OK);
	ok(kt_audit_dir_list(&d, &err) == KT_OK);
	kt_ahead_compare(&d, bytes, &r);
	kt_audit_dir_close(&d);
	return r;
}

static bool
is_cut(const struct kt_audit_report *r, uint64_t at, uint64_t tiled)
{
	return r->tiled == tiled && r->nbreaks == 1 &&
	    r->breaks[0].class == KT_AUDIT_TRUNCATE &&
	    r->breaks[0].index == at;
}

static bool
is_clean(struct kt_audit_report r)
{
	return r.tiled == 0 && r.nbreaks == 0;
}

static void
full_tile_beyond_the_newest_checkpoint_is_a_cut(void)
{
	struct kt_audit_report r;

	make();
	put_tile(0, 256);
	ok(is_clean(compare(256, 256, 1000)));
	ok(is_clean(compare(300, 300, 1000)));
	r = compare(255, 255, 1000);
	ok(is_cut(&r, 255, 256));
	put_tile(1, 256);
	put_tile(2, 9);
	r = compare(100, 100, 1000);
	ok(is_cut(&r, 100, 521));
	r = compare(256, 256, 1000);
	ok(is_cut(&r, 256, 521));
	unmake();
}

static void
copy_that_may_have_been_made_meanwhile_is_only_told(void)
{
	struct kt_audit_report r;

	make();
	put_tile(0, 256);
	r = compare(200, 190, 1000); /* it ends behind its checkpoint */
	ok(r.tiled == 256 && r.nbreaks == 0);
	put_tile(1, 20);
	put_tile(1, 30);
	r = compare(270, 270, 1000); /* a tile that nobody synced */
	ok(r.tiled == 286 && r.nbreaks == 0);
	ok(is_clean(compare(286, 286, 1000)));
	unmake();
}

static void
log_that_grew_while_it_was_read_is_not_accused(void)
{
	make();
	put_tile(0, 256);
	ok(is_clean(compare(200, 200, 999)));
	put("seg/000000000001.jsonl", 1);
	struct kt_audit_report r = { .size = 200, .newest_size = 200 };
	struct kt_audit_dir d;
	uint64_t first = 0;

	/* Listed before the second one was begun. */
	ok(kt_audit_dir_open(&d, dir, &err) == KT_OK);
	d.segments = &first;
	d.nsegments = 1;
	kt_ahead_compare(&d, 1000, &r);
	ok(is_clean(r));
	d.segments = NULL;
	kt_audit_dir_close(&d);
	unmake();
}

int
main(void)
{
	RUN(full_tile_beyond_the_newest_checkpoint_is_a_cut);
	RUN(copy_that_may_have_been_made_meanwhile_is_only_told);
	RUN(log_that_grew_while_it_was_read_is_not_accused);
	return done();
}
