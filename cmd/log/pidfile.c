/*
 * pidfile - flock(2) goes away with its holder however that ends; the file
 * itself stays, which is harmless, while removing it would race with the
 * next start.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cmd/log/pidfile.h"

enum kt_rc
kt_pidfile_take(int *fd, const char *path, struct kt_err *err)
{
	char text[32];
	int n;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return kt_fail(err, KT_E_IO, "%s: %s", path, strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		return kt_fail(err, KT_E_MISUSE,
		    "%s: another gateway is running", path);
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(*fd, 0) != 0 || pwrite(*fd, text, (size_t)n, 0) != n)
		return kt_fail(err, KT_E_IO, "%s: %s", path, strerror(errno));
	return KT_OK;
}

enum kt_rc
kt_pidfile_read(pid_t *pid, const char *path, struct kt_err *err)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	uint64_t number = 0;
	bool is_free;

	if (fd < 0)
		return kt_fail(err, errno == ENOENT ? KT_E_MISUSE : KT_E_IO,
		    "%s: %s", path, strerror(errno));
	is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
	n = pread(fd, text, sizeof(text), 0);
	(void)close(fd); /* was only read */
	if (is_free)
		return kt_fail(err, KT_E_MISUSE,
		    "%s: no gateway is running", path);
	if (n <= 1 || !kt_span_u64((struct kt_span){ text, (size_t)n - 1 },
	                  &number) || number == 0 || number > INT32_MAX)
		return kt_fail(err, KT_E_PARSE, "%s: holds no number", path);
	*pid = (pid_t)number;
	return KT_OK;
}
