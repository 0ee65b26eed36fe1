/*
 * image - how large a picture is, by its header.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    PNG (ISO 15948), JPEG (ITU T.81), GIF89a, WebP (RFC 9649).
 * Does not: decode a picture, or check that it is one behind its header.
 * Promises: reads only what it is given; never allocates.
 */
#ifndef KT_MEDIA_IMAGE_H
#define KT_MEDIA_IMAGE_H
#include "base/base.h"

/* What is needed of a file's beginning; JPEG may hide its size behind more. */
#define KT_IMAGE_HEAD 65536

/* In pixels; false when the bytes, or as many as there are, do not tell. */
bool kt_image_size(struct kt_span head, uint32_t *width, uint32_t *height);

#endif
