/*
 * sandbox - a call that is not on the list fails with EPERM, so that a
 * library that looks for a font goes on without it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/media/sandbox.h"

static const int calls[] = {
	SCMP_SYS(alarm), SCMP_SYS(brk), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(close), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(fstat), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(gettid), SCMP_SYS(gettimeofday),
	SCMP_SYS(lseek), SCMP_SYS(madvise),
	SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield), SCMP_SYS(sigaltstack), SCMP_SYS(sysinfo),
	SCMP_SYS(tgkill), SCMP_SYS(uname), SCMP_SYS(write),
	SCMP_SYS(writev),
};

static const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };

static bool
limit(int what, rlim_t most)
{
	struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	return setrlimit(what, &r) == 0;
}

static bool
limit_all(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* Sanitizers take terabytes of addresses for their shadow. */
	if (!limit(RLIMIT_AS, KT_MEDIA_MEMORY_MAX))
		return false;
#endif
	/* One more than the alarm, which says why. */
	return limit(RLIMIT_CPU, KT_MEDIA_SECONDS + 1) &&
	    limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 0);
}

static bool
filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool is_on = ctx != NULL;

	for (size_t i = 0; is_on && i < KT_NELEMS(calls); i++)
		is_on = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	/* No page becomes code. */
	for (size_t i = 0; is_on && i < KT_NELEMS(mapping); i++)
		is_on = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, mapping[i], 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	is_on = is_on && seccomp_load(ctx) == 0;
	seccomp_release(ctx);
	return is_on;
}

enum kt_rc
kt_sandbox_enter(int fd)
{
	bool is_in = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    close_range((unsigned)fd + 1, ~0u, 0) == 0 && limit_all();

	/* What waits for it is slower than what does not. */
	(void)setpriority(PRIO_PROCESS, 0, 10); /* lower always goes */
	(void)alarm(KT_MEDIA_SECONDS); /* never fails */
	return is_in && filter() ? KT_OK : KT_E_IO;
}
