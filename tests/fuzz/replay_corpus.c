/*
 * replay_corpus - the main of a fuzz target that is not linked with
 * libFuzzer: fuzz_NAME feeds every file of tests/fuzz/corpus/NAME, or those
 * given as arguments.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>

#include "base/base.h"

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int
feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes, *exact;
	size_t len;

	if (f == NULL) {
		printf("# cannot open %s\n", path);
		return 1;
	}
	bytes = kt_alloc(INPUT_MAX);
	len = fread(bytes, 1, INPUT_MAX, f);
	/* Of the exact size, so that a sanitizer sees a read past it. */
	exact = kt_alloc(len);
	memcpy(exact, bytes, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	kt_free(exact);
	kt_free(bytes);
	(void)fclose(f);
	return 0;
}

static int
feed_folder(const char *name)
{
	const char *src = getenv("KT_SRCDIR");
	char dir[512], path[1024];
	struct dirent *entry;
	int bad = 0, n = 0;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s",
	    src != NULL ? src : ".", name);
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		bad |= feed_file(path);
		n++;
	}
	if (d != NULL)
		(void)closedir(d);
	printf("%s 1 - %d inputs of %s\n1..1\n", n > 0 && !bad ? "ok" : "not ok",
	    n, name);
	return bad || n == 0;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int bad = 0;

	name = name != NULL ? name + 1 : argv[0];
	if (argc == 1)
		return feed_folder(strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
	for (int i = 1; i < argc; i++)
		bad |= feed_file(argv[i]);
	return bad;
}
