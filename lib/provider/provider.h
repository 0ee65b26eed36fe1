/*
 * provider - what the bytes of a wire format mean.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which path is which endpoint, where text stands in a body or in
 *           an event of a stream, how each format says "error", "stop", "I
 *           am alive".  Facts: the vendors' public API references.
 * Does not: decide, inspect, choose targets or do I/O.
 * Promises: every string of a body or event that can reach a model, a tool
 *           or an application is a segment; unknown members, blocks and
 *           events are segments too and are never dropped.
 *
 * This header only gathers the public ones of the room.
 */
#ifndef KT_PROVIDER_H
#define KT_PROVIDER_H
#include "provider/cached.h"
#include "provider/calls.h"
#include "provider/facts.h"
#include "provider/segments.h"
#include "provider/speak.h"
#include "provider/stream.h"
#include "provider/surface.h"

#endif
