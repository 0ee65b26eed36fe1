/*
 * odd_read - an engine that does what its input says: hangs, crashes, eats
 * memory, tries the doors.  Linked into the real worker in the place of read.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/media/read.h"

const char kt_read_engines[] = "odd";

struct kt_ocr *
kt_ocr_open(const char *languages)
{
	(void)languages; /* it reads none */
	return NULL;
}

void
kt_pdf_open(void)
{
	/* nor that */
}

void
kt_reading_missed(struct kt_reading *r, enum kt_media_why why)
{
	r->why = why;
}

void
kt_reading_add(
    struct kt_reading *r, enum kt_media_source source, struct kt_span text)
{
	struct kt_media_text t = { .source = source, .text = text };

	if (kt_media_answer_add(&r->answer, &t) < 0)
		r->why = KT_MEDIA_WHY_TEXT;
}

static void
eat(void)
{
	void *volatile more; /* or a compiler spares itself the asking */
	size_t n = 0;

	for (; (more = malloc(1u << 26)) != NULL; n++)
		continue;
	if (n < 64) /* KT_MEDIA_MEMORY_MAX came before 4 GiB */
		abort();
}

/* What a reader that was taken over would try first. */
static void
try_doors(struct kt_reading *r)
{
	bool is_shut = open("/etc/passwd", O_RDONLY) < 0 &&
	    socket(AF_INET, SOCK_STREAM, 0) < 0 && fork() < 0 &&
	    dup(0) < 0 && execl("/bin/true", "true", (char *)NULL) < 0 &&
	    getenv("KT_TEST_KEY") == NULL && read(3, &(char){ 0 }, 1) < 0;

	kt_reading_add(r, KT_MEDIA_SAID,
	    is_shut ? KT_SPAN("all are shut") : KT_SPAN("one is open"));
}

/* The word behind the last blank, so that a picture may go before it. */
void
kt_read(struct kt_reading *r, struct kt_span bytes)
{
	if (kt_span_starts(bytes, KT_SPAN("said")))
		kt_reading_add(r, KT_MEDIA_SAID, KT_SPAN("said"));
	if (kt_span_ends(bytes, KT_SPAN("hang")))
		for (;;)
			continue;
	else if (kt_span_ends(bytes, KT_SPAN("sleep")))
		for (;;)
			(void)pause();
	else if (kt_span_ends(bytes, KT_SPAN("crash")))
		abort();
	else if (kt_span_ends(bytes, KT_SPAN("leave")))
		_exit(0);
	else if (kt_span_ends(bytes, KT_SPAN("eat")))
		eat();
	else if (kt_span_ends(bytes, KT_SPAN("lie")))
		memset(r->answer.ptr, 'x', r->answer.len);
	else if (kt_span_ends(bytes, KT_SPAN("doors")))
		try_doors(r);
	else
		kt_reading_add(r, KT_MEDIA_SAID, bytes);
}
