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
#include <time.h>
#include <unistd.h>

#include "cmd/gateway/console.h"
#include "json/write.h"

#define LINES_MAX (1u << 20)

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

/* Printable, at most `room` bytes, for a terminal. */
static const char *
shown(struct kt_span s, char *to, size_t room)
{
	size_t n = s.len < room - 1 ? s.len : room - 1;

	if (n == 0) {
		(void)snprintf(to, room, "-");
		return to;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = s.ptr[i] > 0x20 && s.ptr[i] < 0x7f ? s.ptr[i] : '?';
	to[n] = '\0';
	return to;
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

static void
clock_text(char out[static 16], uint64_t wall_us)
{
	time_t at = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL ||
	    strftime(out, 16, "%H:%M:%S", &tm) == 0)
		(void)snprintf(out, 16, "--:--:--");
}

static void
print_call(struct kt_console *c, const struct kt_summary *s)
{
	char at[16], who[21], model[31], decision[10], class[10], why[40];
	struct kt_span served =
	    s->model_served.len > 0 ? s->model_served : s->model_requested;

	clock_text(at, s->start_wall_us);
	if (kt_buf_printf(&c->lines,
	        "%s  %-16s %-28s %s%-8s%s %-9s %7llu %6llu %6llums %6llums"
	        "  %u%s%s\n",
	        at, shown(s->principal, who, sizeof(who)),
	        shown(served.len > 0 ? served : s->endpoint, model,
	            sizeof(model)),
	        color_of(c, s->decision),
	        shown(s->decision, decision, sizeof(decision)),
	        c->is_colored ? "\033[0m" : "",
	        shown(s->data_class, class, sizeof(class)),
	        (unsigned long long)(s->usage.input + s->usage.cache_read +
	            s->usage.cache_write),
	        (unsigned long long)s->usage.output,
	        (unsigned long long)s->first_byte_us / 1000,
	        (unsigned long long)s->total_us / 1000, s->status,
	        s->reason.len > 0 ? " " : "",
	        s->reason.len > 0 ? shown(s->reason, why, sizeof(why)) : "") < 0)
		c->dropped++;
}

static void
put(struct kt_json_writer *w, const char *name, struct kt_span text)
{
	if (text.len == 0)
		return;
	/* A model's name is the client's text and may be no UTF-8 at all. */
	kt_json_put_name(w, name);
	kt_json_put_string(w,
	    kt_utf8_check(text) == text.len ? text : KT_SPAN("(not text)"));
}

static void
put_number(struct kt_json_writer *w, const char *name, uint64_t n)
{
	kt_json_put_name(w, name);
	kt_json_put_u64(w, n);
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
	kt_json_put_name(w, "time");
	kt_json_put_cstr(w, text);
}

static void
put_call(struct kt_json_writer *w, const struct kt_summary *s)
{
	put(w, "gen_ai.operation.name", s->endpoint);
	put(w, "gen_ai.provider.name", s->provider);
	put(w, "gen_ai.request.model", s->model_requested);
	put(w, "gen_ai.response.model", s->model_served);
	if (s->usage.is_known) {
		put_number(w, "gen_ai.usage.input_tokens", s->usage.input +
		    s->usage.cache_read + s->usage.cache_write);
		put_number(w, "gen_ai.usage.output_tokens", s->usage.output);
	}
	put_number(w, "http.response.status_code", s->status);
	put(w, "kt.call_id", s->call_id);
	put(w, "kt.principal", s->principal);
	put(w, "kt.target", s->target_id);
	put(w, "kt.outcome", s->outcome);
	put(w, "kt.decision", s->decision);
	put(w, "kt.data_class", s->data_class);
	put(w, "kt.reason_code", s->reason);
	put_number(w, "kt.first_byte_us", s->first_byte_us);
	put_number(w, "kt.duration_us", s->total_us);
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
	char at[16];

	if (c->fd < 0)
		return;
	if (!c->is_json) {
		clock_text(at, wall_us);
		if (kt_buf_printf(&c->lines, "%s  refused before it was a call:"
		        " %u %s\n", at, status, what) < 0)
			c->dropped++;
		return;
	}
	kt_json_writer_init(&w, &c->lines);
	kt_json_begin_object(&w);
	put_time(&w, wall_us);
	put_number(&w, "http.response.status_code", status);
	put(&w, "kt.reject", kt_span_of(what));
	end_line(c, &w, before);
}
