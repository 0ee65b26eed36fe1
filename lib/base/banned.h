/*
 * banned - calls that have a safer sibling in this tree.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_BANNED_H
#define KT_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Macros in some C libraries: with FORTIFY and clang, sprintf is one. */
#undef alloca
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok atoi
#pragma GCC poison atol gmtime localtime asctime ctime alloca gets

#endif
