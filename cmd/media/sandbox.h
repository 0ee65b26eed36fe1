/*
 * sandbox - what a process may still do that reads hostile bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    limits of time and memory, and the system calls that computing
 *           and one open socket need.
 * Does not: open anything: engines have their data before.
 * Promises: after it no file, socket, process or thread can be had; SIGALRM
 *           comes when the longest time is over, and the kernel ends the
 *           process soon after, or when its parent ends.
 */
#ifndef KT_MEDIA_SANDBOX_H
#define KT_MEDIA_SANDBOX_H
#include "base/base.h"

/* Keys stay out of its environment, and other descriptors out of its reach:
 * everything above `fd` is closed. */
KT_MUSTCHECK enum kt_rc kt_sandbox_enter(int fd);

#endif
