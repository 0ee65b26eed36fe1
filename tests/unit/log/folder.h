/*
 * folder - the audit folder of a test, empty whenever it asks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * In memory where that is possible: faults are the test's own, and a sync
 * costs less there.
 */
#ifndef KT_TEST_FOLDER_H
#define KT_TEST_FOLDER_H
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
fresh_dir(const char *test)
{
	(void)snprintf(dir, sizeof(dir), "%s%s.%d.dir",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm/kt-" : "", test,
	    (int)getpid());
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
