/*
 * An archive that is handed on: whole or not there, whatever the disk does.
 */
#include "config.h"
#include "cmd/audit/archive.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/log/folder.h"
#include "tests/unit/tap.h"

static struct kt_err err;
static char path[300], tmp[310];

static enum kt_rc
pack(const struct kt_disk_io *io)
{
	static const char block[512];
	struct kt_archive c;
	enum kt_rc rc = kt_archive_open(&c, io, path, "folder", 86400, &err);

	if (rc == KT_OK)
		rc = kt_archive_put(&c, "a", KT_SPAN("first"), &err);
	if (rc == KT_OK)
		rc = kt_archive_put(&c, "b/c", (struct kt_span){ block, 512 },
		    &err);
	if (rc == KT_OK)
		rc = kt_archive_put(&c, "empty", KT_SPAN(""), &err);
	if (rc == KT_OK)
		rc = kt_archive_seal(&c, &err);
	kt_archive_close(&c);
	return rc;
}

static void
start(void)
{
	fresh_dir("archive");
	(void)snprintf(path, sizeof(path), "%s/out.tar", dir);
	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	ok(mkdir(dir, 0700) == 0);
}

/* Three headers, one block of content each but for the last, and the end. */
static void
archive_is_whole_or_not_there_whichever_call_fails(void)
{
	struct faults f;
	struct stat st;
	unsigned long n = 0;

	for (bool is_done = false; !is_done; n++) {
		start();
		faults_init(&f);
		f.error = ENOSPC;
		f.fail_at = n;
		is_done = pack(&f.io) == KT_OK && n > 0;
		if (is_done || n == 0)
			ok(stat(path, &st) == 0 && st.st_size == 7 * 512);
		else
			ok(access(path, F_OK) < 0);
		ok(access(tmp, F_OK) < 0);
	}
	ok(n > 12);
}

static void
archive_that_is_there_is_not_replaced(void)
{
	start();
	ok(pack(&kt_disk_real) == KT_OK);
	ok(pack(&kt_disk_real) == KT_E_IO);
	ok(strstr(err.text, "is there already") != NULL);
}

static void
short_writes_make_the_same_archive(void)
{
	struct kt_buf once, again;
	struct faults f;

	kt_buf_init(&once, 1u << 16);
	kt_buf_init(&again, 1u << 16);
	start();
	ok(pack(&kt_disk_real) == KT_OK && kt_disk_read_file(
	    &kt_disk_real, path, 1u << 15, &once, &err) == KT_OK);
	start();
	faults_init(&f);
	f.is_short = true;
	ok(pack(&f.io) == KT_OK && kt_disk_read_file(
	    &kt_disk_real, path, 1u << 15, &again, &err) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&once), kt_buf_span(&again)));
	kt_buf_fini(&once);
	kt_buf_fini(&again);
}

static void
names_that_ustar_has_no_room_for_are_refused(void)
{
	char name[KT_ARCHIVE_NAME + 1], folder[KT_ARCHIVE_FOLDER + 1];
	struct kt_archive c;

	start();
	memset(name, 'n', sizeof(name));
	memset(folder, 'f', sizeof(folder));
	name[KT_ARCHIVE_NAME] = folder[KT_ARCHIVE_FOLDER] = '\0';
	ok(kt_archive_open(&c, &kt_disk_real, path, folder, 0, &err) ==
	    KT_E_LIMIT);
	kt_archive_close(&c);
	ok(kt_archive_open(&c, &kt_disk_real, path, folder + 1, 0, &err) ==
	    KT_OK);
	ok(kt_archive_begin(&c, name, &err) == KT_E_LIMIT);
	ok(kt_archive_put(&c, name + 1, KT_SPAN("x"), &err) == KT_OK);
	kt_archive_close(&c);
	ok(access(path, F_OK) < 0 && access(tmp, F_OK) < 0);
}

int
main(void)
{
	RUN(archive_is_whole_or_not_there_whichever_call_fails);
	RUN(archive_that_is_there_is_not_replaced);
	RUN(short_writes_make_the_same_archive);
	RUN(names_that_ustar_has_no_room_for_are_refused);
	fresh_dir("archive");
	return done();
}
