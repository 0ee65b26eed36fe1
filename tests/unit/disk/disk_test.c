/*
 * Files under faults: atomic means the old or the new, never between.
 */
#include "config.h"
#include "tests/unit/log/faults.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kt_err err;
static char path[64], tmp[72];

static bool
holds(const char *text)
{
	struct kt_buf b;
	bool is;

	kt_buf_init(&b, 65536);
	is = kt_disk_read_file(&kt_disk_real, path, 4096, &b, &err) == KT_OK &&
	    kt_span_eq(kt_buf_span(&b), kt_span_of(text));
	kt_buf_fini(&b);
	return is;
}

typedef enum kt_rc write_fn(const struct kt_disk_io *io, const char *to,
    struct kt_span text, unsigned mode, struct kt_err *e);

/* How many calls it makes: each of them fails once. */
static unsigned long
leaves_the_old_or_the_new(write_fn *write, const char *to)
{
	unsigned long reached = 0;

	for (unsigned long at = 1; at < 20; at++) {
		struct faults f;
		enum kt_rc rc;

		ok(kt_disk_write_atomic(&kt_disk_real, path, KT_SPAN("old"),
		    0600, &err) == KT_OK);
		faults_init(&f);
		f.fail_at = at;
		f.error = ENOSPC;
		rc = write(&f.io, to, KT_SPAN("new text"), 0640, &err);
		ok(rc == KT_OK || rc == KT_E_IO);
		ok(holds("new text") || (rc != KT_OK && holds("old")));
		if (atomic_load(&f.calls) >= at)
			reached = at;
		else
			ok(rc == KT_OK);
	}
	return reached;
}

static void
a_write_leaves_the_old_or_the_new_whichever_call_fails(void)
{
	char link[80];

	ok(leaves_the_old_or_the_new(kt_disk_write_atomic, path) >= 5);
	(void)snprintf(link, sizeof(link), "%s.link", path);
	ok(symlink(path, link) == 0);
	ok(leaves_the_old_or_the_new(kt_disk_replace, link) >= 8);
	(void)unlink(link);
}

static void
a_users_file_keeps_its_links_its_mode_and_its_neighbours(void)
{
	char link[80], secret[80];
	struct stat st;

	(void)snprintf(link, sizeof(link), "%s.link", path);
	(void)snprintf(secret, sizeof(secret), "%s.secret", path);
	ok(kt_disk_replace(&kt_disk_real, secret, KT_SPAN("s"), 0600, &err) ==
	    KT_OK);
	ok(symlink(secret, tmp) == 0 && symlink(path, link) == 0);
	(void)unlink(path);
	ok(kt_disk_replace(&kt_disk_real, link, KT_SPAN("a"), 0666, &err) ==
	    KT_OK && holds("a"));
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640);
	ok(chmod(path, 0755) == 0);
	ok(kt_disk_replace(&kt_disk_real, link, KT_SPAN("b"), 0600, &err) ==
	    KT_OK && holds("b"));
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0755);
	ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	ok(lstat(tmp, &st) == 0 && S_ISLNK(st.st_mode));
	ok(stat(secret, &st) == 0 && st.st_size == 1);
	(void)unlink(link);
	ok(symlink(link, link) == 0);
	ok(kt_disk_replace(&kt_disk_real, link, KT_SPAN("c"), 0600, &err) ==
	    KT_E_IO && errno == ELOOP);
	(void)unlink(link);
	(void)unlink(secret);
	(void)unlink(tmp);
}

static void
what_is_no_file_is_written_into(void)
{
	char fifo[80], got[64];
	struct faults f;
	struct stat st;
	int fd;

	(void)snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	ok(mkfifo(fifo, 0600) == 0);
	fd = open(fifo, O_RDWR | O_CLOEXEC);
	ok(fd >= 0);
	faults_init(&f);
	f.is_short = true;
	ok(kt_disk_replace(&f.io, fifo, KT_SPAN("whole, not a piece"), 0600,
	    &err) == KT_OK);
	ok(read(fd, got, sizeof(got)) == 18 &&
	    memcmp(got, "whole, not a piece", 18) == 0);
	ok(lstat(fifo, &st) == 0 && S_ISFIFO(st.st_mode));
	(void)close(fd);
	(void)unlink(fifo);
}

static void
short_and_interrupted_calls_are_finished(void)
{
	struct kt_disk_file file;
	struct faults f;
	struct kt_buf b;
	char text[1000], back[1000];
	size_t got;

	memset(text, 'k', sizeof(text));
	faults_init(&f);
	f.is_short = true;
	ok(kt_disk_write_atomic(&f.io, path,
	    (struct kt_span){ text, sizeof(text) }, 0600, &err) == KT_OK);
	kt_buf_init(&b, 65536);
	ok(kt_disk_read_file(&f.io, path, 4096, &b, &err) == KT_OK);
	ok(b.len == sizeof(text) && memcmp(b.ptr, text, b.len) == 0);
	kt_buf_fini(&b);
	ok(kt_disk_open(&file, &f.io, path, KT_DISK_APPEND, &err) == KT_OK);
	ok(file.size == sizeof(text));
	ok(kt_disk_append(&file, KT_SPAN("tail"), &err) == KT_OK);
	ok(kt_disk_read_at(&file, 996, back, sizeof(back), &got, &err) ==
	    KT_OK);
	ok(got == 8 && memcmp(back, "kkkktail", 8) == 0);
	ok(kt_disk_cut(&file, 3, &err) == KT_OK && file.size == 3);
	kt_disk_close(&file);
	ok(holds("kkk"));
}

static void
file_longer_than_its_limit_is_refused(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 65536);
	ok(kt_disk_write_atomic(&kt_disk_real, path, KT_SPAN("12345"), 0600,
	    &err) == KT_OK);
	ok(kt_disk_read_file(&kt_disk_real, path, 5, &b, &err) == KT_OK);
	ok(kt_disk_read_file(&kt_disk_real, path, 4, &b, &err) == KT_E_LIMIT);
	ok(kt_disk_read_file(&kt_disk_real, "no/such/file", 4, &b, &err) ==
	    KT_E_IO && errno == ENOENT);
	kt_buf_fini(&b);
}

/* Whoever put it there would make the reader wait for ever. */
static void
pipe_or_endless_device_is_refused_at_once(void)
{
	struct kt_disk_file f;
	struct kt_buf got;

	kt_buf_init(&got, 65536);
	(void)unlink(path); /* of the tests before */
	ok(mkfifo(path, 0600) == 0);
	(void)alarm(60);
	ok(kt_disk_read_file(&kt_disk_real, path, 4096, &got, &err) ==
	    KT_E_IO);
	ok(errno != ENOENT && strstr(err.text, "not a regular file") != NULL);
	ok(kt_disk_open(&f, &kt_disk_real, path, KT_DISK_READ, &err) ==
	    KT_E_IO);
	ok(kt_disk_open(&f, &kt_disk_real, "/dev/zero", KT_DISK_READ, &err) ==
	    KT_E_IO);
	ok(errno != ENOENT && f.fd == -1);
	(void)alarm(0);
	ok(unlink(path) == 0);
	kt_buf_fini(&got);
}

static void
a_secret_has_its_length_or_leaves_nothing(void)
{
	uint8_t to[6];

	for (size_t n = 4; n <= 6; n++) {
		ok(kt_disk_write_atomic(&kt_disk_real, path, KT_SPAN("12345"),
		    0600, &err) == KT_OK);
		memset(to, 'x', sizeof(to));
		ok((kt_disk_read_secret(&kt_disk_real, path, to, n, &err) ==
		    KT_OK) == (n == 5));
		ok(n == 5 ? memcmp(to, "12345", 5) == 0 :
		    err.rc == KT_E_PARSE && to[0] == 0 && to[n - 1] == 0);
	}
	ok(kt_disk_read_secret(&kt_disk_real, "no/such/file", to, 5, &err) ==
	    KT_E_IO && errno == ENOENT);
}

static void
path_over_kt_path_max_is_an_error(void)
{
	static char longer[KT_PATH_MAX + 8], longer_to[KT_PATH_MAX];

	memset(longer, 'p', sizeof(longer) - 1);
	ok(kt_disk_write_atomic(&kt_disk_real, longer, KT_SPAN("x"), 0600,
	    &err) == KT_E_LIMIT);
	longer[KT_PATH_MAX] = '\0';
	for (size_t i = 100; i < KT_PATH_MAX; i += 100)
		longer[i] = '/';
	ok(kt_disk_follow(&kt_disk_real, longer, longer_to, &err) == KT_E_LIMIT);
}

static void
mono_time_never_steps_back_and_random_bytes_differ(void)
{
	struct kt_disk_time a, b;
	uint8_t x[32], y[32];

	kt_disk_now(&a);
	kt_disk_now(&b);
	ok(b.mono_us >= a.mono_us && a.real_us > UINT64_C(1600000000000000));
	ok(kt_disk_random(x, sizeof(x), &err) == KT_OK);
	ok(kt_disk_random(y, sizeof(y), &err) == KT_OK);
	ok(memcmp(x, y, sizeof(x)) != 0);
}

int
main(void)
{
	(void)umask(027);
	(void)snprintf(path, sizeof(path), "disk_test.%d", (int)getpid());
	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	RUN(a_write_leaves_the_old_or_the_new_whichever_call_fails);
	RUN(a_users_file_keeps_its_links_its_mode_and_its_neighbours);
	RUN(what_is_no_file_is_written_into);
	RUN(short_and_interrupted_calls_are_finished);
	RUN(file_longer_than_its_limit_is_refused);
	RUN(pipe_or_endless_device_is_refused_at_once);
	RUN(a_secret_has_its_length_or_leaves_nothing);
	RUN(path_over_kt_path_max_is_an_error);
	RUN(mono_time_never_steps_back_and_random_bytes_differ);
	(void)unlink(path);
	(void)unlink(tmp);
	return done();
}
