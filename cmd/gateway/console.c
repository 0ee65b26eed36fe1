/*
 * console - a worker keeps the lines of a turn and writes them in one go.  A
 * terminal or pipe is opened again for writing without waiting, because
 * setting O_NONBLOCK on our own standard output would set it on the shell's
 * as well; a file needs none.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gateway/console.h"
#include "json/write.h"

#define LINES_MAX (1u << 20)
#define LINE_MAX_BYTES 512 /* more than all columns at their widest */

void
kt_console_init(struct kt_console *c, bool is_json)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct stat st;

	*c = (struct kt_console){ .fd = STDOUT_FILENO, .is_json = is_json };
	kt_buf_init(&c->lines, LINES_MAX);
	c->is_colored = !is_json && isatty(STDOUT_FILENO) &&
	    (no_color == NULL || *no_color == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	if (fstat(STDOUT_FILENO, &st) != 0) {
		c->fd = -1; /* started without standard output */
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		int fd = open("/proc/self/fd/1",
		    O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0) {
			c->fd = fd;
			c->is_owned = true;
		}
	}
}

void
kt_console_fini(struct kt_console *c)
{
	kt_console_flush(c);
	if (c->is_owned)
		(void)close(c->fd); /* lines were written or counted */
	kt_buf_fini(&c->lines);
}

void
kt_console_flush(struct kt_console *c)
{
	ssize_t n;

	if (c->lines.len == 0)
		return;
	do
		n = write(c->fd, c->lines.ptr, c->lines.len);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		c->fd = -1; /* the reader is gone: nobody is there to tell */
	if (n > 0)
		kt_buf_shift(&c->lines, (size_t)n);
	else if (c->fd < 0)
		kt_buf_reset(&c->lines);
}

/* The parts of a line, which has room for them. */

static void
text(struct kt_buf *line, const char *s)
{
	size_t n = strlen(s);

	memcpy(line->ptr + line->len, s, n);
	line->len += n;
}

/* Printable, for a terminal; at most `most` bytes, filled up to `width`. */
static void
column(struct kt_buf *line, struct kt_span s, size_t most, size_t width)
{
	struct kt_span shown = s.len > 0 ? kt_span_sub(s, 0, most) : KT_SPAN("-");
	char *to = line->ptr + line->len;

	for (size_t i = 0; i < shown.len; i++)
		to[i] = shown.ptr[i] > 0x20 && shown.ptr[i] < 0x7f
		    ? shown.ptr[i]
		    : '?';
	if (shown.len < width)
		memset(to + shown.len, ' ', width - shown.len);
	line->len += shown.len < width ? width : shown.len;
}

static void
number(struct kt_buf *line, uint64_t n, size_t width)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	for (size_t len = sizeof(digits) - at; len < width; len++)
		text(line, " ");
	memcpy(line->ptr + line->len, digits + at, sizeof(digits) - at);
	line->len += sizeof(digits) - at;
}

static const char *
color_of(const struct kt_console *c, struct kt_span decision)
{
	if (!c->is_colored)
		return "";
	if (kt_span_eq(decision, KT_SPAN("pass")))
		return "\033[32m";
	if (kt_span_eq(decision, KT_SPAN("redact")))
		return "\033[33m";
	return "\033[31m";
}

/* Local time, spelt once a second. */
static const char *
clock_text(struct kt_console *c, uint64_t wall_us)
{
	time_t at = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (at == c->clock_at && c->clock[0] != '\0')
		return c->clock;
	c->clock_at = at;
	if (localtime_r(&at, &tm) == NULL ||
	    strftime(c->clock, sizeof(c->clock), "%H:%M:%S", &tm) == 0)
		(void)snprintf(c->clock, sizeof(c->clock), "--:--:--");
	return c->clock;
}

static void
print_call(struct kt_console *c, const struct kt_summary *s)
{
	struct kt_buf *line = &c->lines;
	struct kt_span served =
	    s->model_served.len > 0 ? s->model_served : s->model_requested;

	if (kt_buf_reserve(line, LINE_MAX_BYTES) < 0) {
		c->dropped++;
		return;
	}
	text(line, clock_text(c, s->start_wall_us));
	text(line, "  ");
	column(line, s->principal, 20, 16);
	text(line, " ");
	column(line, served.len > 0 ? served : s->endpoint, 30, 28);
	text(line, " ");
	text(line, color_of(c, s->decision));
	column(line, s->decision, 9, 8);
	text(line, c->is_colored ? "\033[0m " : " ");
	column(line, s->data_class, 9, 9);
	text(line, " ");
	number(line, s->usage.input + s->usage.cache_read +
	    s->usage.cache_write, 7);
	text(line, " ");
	number(line, s->usage.output, 6);
	text(line, " ");
	number(line, s->first_byte_us / 1000, 6);
	text(line, "ms ");
	number(line, s->total_us / 1000, 6);
	text(line, "ms  ");
	number(line, s->status, 0);
	text(line, s->reason.len > 0 ? " " : "");
	if (s->reason.len > 0)
		column(line, s->reason, 39, 0);
	text(line, "\n");
}

static void
put(struct kt_json_writer *w, const char *name, struct kt_span text)
{
	if (text.len == 0)
		return;
	/* A model's name is the client's text and may be no UTF-8 at all. */
	kt_json_named_string(w, name,
	    kt_utf8_check(text) == text.len ? text : KT_SPAN("(not text)"));
}

static void
put_time(struct kt_json_writer *w, uint64_t wall_us)
{
	time_t at = (time_t)(wall_us / 1000000);
	char day[32], text[48];
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	(void)snprintf(text, sizeof(text), "%s.%06uZ", day,
	    (unsigned)(wall_us % 1000000));
	kt_json_named_cstr(w, "time", text);
}

static void
put_call(struct kt_json_writer *w, const struct kt_summary *s)
{
	put(w, "gen_ai.operation.name", s->endpoint);
	put(w, "gen_ai.provider.name", s->provider);
	put(w, "gen_ai.request.model", s->model_requested);
	put(w, "gen_ai.response.model", s->model_served);
	if (s->usage.is_known) {
		kt_json_named_u64(w, "gen_ai.usage.input_tokens",
		    s->usage.input + s->usage.cache_read +
			s->usage.cache_write);
		kt_json_named_u64(w, "gen_ai.usage.output_tokens",
		    s->usage.output);
	}
	kt_json_named_u64(w, "http.response.status_code", s->status);
	put(w, "kt.call_id", s->call_id);
	put(w, "kt.principal", s->principal);
	put(w, "kt.target", s->target_id);
	put(w, "kt.outcome", s->outcome);
	put(w, "kt.decision", s->decision);
	put(w, "kt.data_class", s->data_class);
	put(w, "kt.reason_code", s->reason);
	kt_json_named_u64(w, "kt.first_byte_us", s->first_byte_us);
	kt_json_named_u64(w, "kt.duration_us", s->total_us);
}

/* Ends the object; a line that did not become whole is taken back. */
static void
end_line(struct kt_console *c, struct kt_json_writer *w, size_t before)
{
	kt_json_end_object(w);
	if (kt_json_written(w) < 0 || kt_buf_addc(&c->lines, '\n') < 0) {
		c->lines.len = before;
		c->dropped++;
	}
}

void
kt_console_call(struct kt_console *c, const struct kt_summary *s)
{
	struct kt_json_writer w;
	size_t before = c->lines.len;

	if (c->fd < 0)
		return;
	if (!c->is_json) {
		print_call(c, s);
		return;
	}
	kt_json_writer_init(&w, &c->lines);
	kt_json_begin_object(&w);
	put_time(&w, s->start_wall_us);
	put_call(&w, s);
	end_line(c, &w, before);
}

void
kt_console_reject(
    struct kt_console *c, uint64_t wall_us, unsigned status, const char *what)
{
	struct kt_json_writer w;
	size_t before = c->lines.len;

	if (c->fd < 0)
		return;
	if (!c->is_json) {
		if (kt_buf_printf(&c->lines, "%s  refused before it was a call:"
		        " %u %s\n", clock_text(c, wall_us), status, what) < 0)
			c->dropped++;
		return;
	}
	kt_json_writer_init(&w, &c->lines);
	kt_json_begin_object(&w);
	put_time(&w, wall_us);
	kt_json_named_u64(&w, "http.response.status_code", status);
	put(&w, "kt.reject", kt_span_of(what));
	end_line(c, &w, before);
}
