#include "frame/http1.h"
#include "tests/unit/tap.h"

/* Reads messages until the bytes or the connection end; writes them down. */
struct reader {
	struct kt_http1 h;
	struct kt_buf text;
	bool in_body, is_closed, is_refused;
	int whole;
};

static void
note(struct reader *r, const struct kt_http1_part *part)
{
	const struct kt_http1_head *head = &part->head;

	if (part->got == KT_HTTP1_HEAD) {
		ok(kt_buf_printf(&r->text, "%d 1.%d '%.*s'", head->status,
		       head->minor, KT_SPAN_ARG(head->reason)) == KT_OK);
		for (size_t i = 0; i < head->n_headers; i++)
			ok(kt_buf_printf(&r->text, " %.*s=%.*s",
			       KT_SPAN_ARG(head->headers[i].name),
			       KT_SPAN_ARG(head->headers[i].value)) == KT_OK);
		ok(kt_buf_addc(&r->text, '{') == KT_OK);
	} else if (part->got == KT_HTTP1_BODY) {
		ok(part->body.len > 0);
		ok(kt_buf_add(&r->text, part->body) == KT_OK);
	} else {
		r->whole++;
		ok(kt_buf_add(&r->text, KT_SPAN("}")) == KT_OK);
	}
}

static void
feed(struct reader *r, struct kt_span in)
{
	struct kt_http1_part part;
	struct kt_err err;
	int got;

	while (!r->is_refused) {
		got = kt_http1_next(&r->h, &in, &part, &err);
		if (got == 0)
			break;
		if (got < 0) {
			r->is_refused = true;
			ok(kt_buf_printf(&r->text, "!%d", got) == KT_OK);
			ok(kt_http1_next(&r->h, &in, &part, &err) == got);
			break;
		}
		note(r, &part);
		if (part.got != KT_HTTP1_END)
			continue;
		r->is_closed = !kt_http1_is_reusable(&r->h);
		if (!r->is_closed)
			kt_http1_again(&r->h, KT_HTTP1_ASKED_ANY);
	}
	if (in.len > 0 && r->is_closed)
		r->is_refused = true;
}

static void
end(struct reader *r)
{
	struct kt_err err;

	if (r->is_refused || r->is_closed || (!r->h.has_begun && r->whole > 0))
		return;
	if (kt_http1_eof(&r->h, &err) == KT_OK)
		ok(kt_buf_add(&r->text, KT_SPAN("}eof")) == KT_OK);
	else
		ok(kt_buf_add(&r->text, KT_SPAN("~")) == KT_OK);
}

static void
read_cut(struct reader *r, struct kt_span in, size_t cut, size_t step)
{
	*r = (struct reader){ 0 };
	kt_http1_init(&r->h, KT_HTTP1_ASKED_ANY);
	kt_buf_init(&r->text, 1 << 22);
	for (size_t from = 0, to = cut; from < in.len; from = to, to += step) {
		char *piece;

		to = to < in.len ? to : in.len;
		piece = kt_alloc(to - from);
		memcpy(piece, in.ptr + from, to - from);
		feed(r, (struct kt_span){ piece, to - from });
		kt_free(piece);
	}
	end(r);
}

static void
forget(struct reader *r)
{
	kt_http1_fini(&r->h);
	kt_buf_fini(&r->text);
}

static bool
same_in_all_cuts(struct kt_span in)
{
	struct reader whole, cut;
	bool is_same = true;

	read_cut(&whole, in, in.len, in.len);
	for (size_t at = 0; at <= in.len && is_same; at++) {
		read_cut(&cut, in, at, at > 0 ? in.len : 1);
		is_same = kt_span_eq(
		    kt_buf_span(&whole.text), kt_buf_span(&cut.text));
		if (!is_same)
			printf("# cut at %zu: %.*s\n# not %.*s\n", at,
			    (int)cut.text.len, cut.text.ptr, (int)whole.text.len,
			    whole.text.ptr);
		forget(&cut);
	}
	forget(&whole);
	return is_same;
}

#define H "HTTP/1.1 200 OK\r\n"
static const struct {
	struct kt_span in, out;
} cases[] = {
	{ KT_SPAN_INIT(H "Content-Length: 2\r\nX: \t a b \r\n\r\nhi"),
	    KT_SPAN_INIT("200 1.1 'OK' Content-Length=2 X=a b{hi}") },
	{ KT_SPAN_INIT(H "Content-Length: 2\r\ncontent-length: 2\r\n\r\nhi"),
	    KT_SPAN_INIT("200 1.1 'OK' Content-Length=2 content-length=2{hi}") },
	{ KT_SPAN_INIT(H "Transfer-Encoding: Chunked\r\n\r\n"
	               "2\r\nhi\r\n00a;x=\"\\\";\" ; y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"),
	    KT_SPAN_INIT("200 1.1 'OK' Transfer-Encoding=Chunked{hi0123456789}") },
	{ KT_SPAN_INIT(H "\r\nto the end"),
	    KT_SPAN_INIT("200 1.1 'OK'{to the end}eof") },
	{ KT_SPAN_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n"
	               "Link: x\r\n\r\nHTTP/1.1 529 \r\nContent-Length:0\r\n\r\n"),
	    KT_SPAN_INIT("529 1.1 '' Content-Length=0{}") },
	{ KT_SPAN_INIT("HTTP/1.0 404\r\nContent-Length: 1\r\n\r\nx"),
	    KT_SPAN_INIT("404 1.0 '' Content-Length=1{x}") },
	{ KT_SPAN_INIT("HTTP/1.1 204 No\r\n\r\n" H "Content-Length: 1\r\n\r\nx"),
	    KT_SPAN_INIT("204 1.1 'No'{}200 1.1 'OK' Content-Length=1{x}") },
	{ KT_SPAN_INIT("HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"),
	    KT_SPAN_INIT("304 1.1 'N' Content-Length=9{}") },
	/* What was cut off is never complete. */
	{ KT_SPAN_INIT(H "Content-Length: 3\r\n\r\nhi"),
	    KT_SPAN_INIT("200 1.1 'OK' Content-Length=3{hi~") },
	{ KT_SPAN_INIT(H "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"),
	    KT_SPAN_INIT("200 1.1 'OK' Transfer-Encoding=chunked{hi~") },
	{ KT_SPAN_INIT(H "Content-Length: 3\r\n"), KT_SPAN_INIT("~") },
};

static void
parts_are_the_same_however_they_are_cut(void)
{
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct reader r;

		read_cut(&r, cases[i].in, cases[i].in.len, 1);
		if (!ok(kt_span_eq(kt_buf_span(&r.text), cases[i].out)))
			printf("# case %zu: %.*s\n", i, (int)r.text.len,
			    r.text.ptr);
		forget(&r);
		ok(same_in_all_cuts(cases[i].in));
	}
}

static void
what_two_readers_could_differ_on_is_refused(void)
{
	static const struct kt_span bad[] = {
		KT_SPAN_INIT(H "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
		KT_SPAN_INIT(H "Content-Length: 2, 2\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length: +2\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length: 0x2\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length:\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length: 9223372036854775808\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length: 18446744073709551618\r\n\r\nab"),
		KT_SPAN_INIT(H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
		               "\r\n0\r\n\r\n"),
		KT_SPAN_INIT(H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
		KT_SPAN_INIT(H "Transfer-Encoding: chunked, gzip\r\n\r\nx"),
		KT_SPAN_INIT(H "Transfer-Encoding: chunked\r\n"
		               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		KT_SPAN_INIT(H "Transfer-Encoding:\r\n\r\nx"),
		KT_SPAN_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		             "0\r\n\r\n"),
		KT_SPAN_INIT(H "A: b\r\n c\r\n\r\n"),
		KT_SPAN_INIT(H "A : b\r\n\r\n"),
		KT_SPAN_INIT(H ": b\r\n\r\n"),
		KT_SPAN_INIT(H "A\r\n\r\n"),
		KT_SPAN_INIT(H "A: b\n\r\n"),
		KT_SPAN_INIT(H "A: b\rc\r\n\r\n"),
		KT_SPAN_INIT(H "A: b\0c\r\n\r\n"),
		KT_SPAN_INIT(H "A: b\x7f\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 200 OK\n\n"),
		KT_SPAN_INIT("HTTP/1.1  200 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 2000 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 099 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 600 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.2 200 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/2 200\r\n\r\n"),
		KT_SPAN_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"),
		KT_SPAN_INIT("HTTP/1.1 101 Upgrade\r\nUpgrade: x\r\n\r\n"),
		KT_SPAN_INIT("SSH-2.0-OpenSSH_9.2\r\n"),
#define C H "Transfer-Encoding: chunked\r\n\r\n"
		KT_SPAN_INIT(C "2\r\nabc\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "2\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "-1\r\n"),
		KT_SPAN_INIT(C "0x2\r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C " 2\r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "2 \r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "2;\r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "2;a=\"b\r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "\r\nab\r\n0\r\n\r\n"),
		KT_SPAN_INIT(C "ffffffffffffffff\r\nab"),
		KT_SPAN_INIT(C "0\r\nbad trailer\r\n\r\n"),
	};

	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		struct reader r;

		read_cut(&r, bad[i], bad[i].len, 1);
		if (!ok(r.is_refused && r.whole == 0))
			printf("# case %zu: %.*s\n", i, (int)r.text.len,
			    r.text.ptr);
		forget(&r);
		ok(same_in_all_cuts(bad[i]));
	}
}

/* Repeats a piece until something is refused; how many times it took. */
static size_t
repeats(struct kt_span start, struct kt_span again, enum kt_rc expected)
{
	struct kt_http1_part part;
	struct kt_http1 h;
	size_t n = 0;
	int got = 0;

	kt_http1_init(&h, KT_HTTP1_ASKED_ANY);
	while (start.len > 0 && kt_http1_next(&h, &start, &part, NULL) > 0)
		;
	for (; got >= 0 && n < 1000000; n++) {
		struct kt_span in = again;

		while ((got = kt_http1_next(&h, &in, &part, NULL)) > 0)
			;
		ok(h.line.cap <= 2 * KT_ANSWER_HEAD_MAX);
	}
	ok(got == (int)expected);
	kt_http1_fini(&h);
	return n;
}

static void
every_bound_of_an_answer_is_reached(void)
{
	struct kt_span none = { NULL, 0 };

	ok(repeats(KT_SPAN("HTTP/1.1 200 "), KT_SPAN("x"), KT_E_LIMIT) <=
	    KT_ANSWER_HEAD_MAX);
	ok(repeats(KT_SPAN(H), KT_SPAN("Aaaaaaaaaaaaaaa: b\r\n"), KT_E_LIMIT) <=
	    KT_ANSWER_HEAD_MAX / 20 + 1);
	ok(repeats(none, KT_SPAN("HTTP/1.1 100 C\r\n\r\n"), KT_E_LIMIT) ==
	    KT_HTTP1_INTERIM_MAX + 1);
	ok(repeats(KT_SPAN(C "1;"), KT_SPAN("x"), KT_E_LIMIT) <=
	    KT_HTTP1_CHUNK_LINE_MAX);
	ok(repeats(KT_SPAN(C), KT_SPAN("1;0123456789=0123456789\r\nx\r\n"),
	       KT_E_LIMIT) <= KT_ANSWER_HEAD_MAX / 20);
	ok(repeats(KT_SPAN(C "0\r\n"), KT_SPAN("Trailing: x\r\n"), KT_E_LIMIT) <=
	    KT_ANSWER_HEAD_MAX / 10);
}

static void
a_header_too_many_is_refused(void)
{
	for (int n = KT_HEADERS_MAX; n <= KT_HEADERS_MAX + 1; n++) {
		struct kt_buf in;
		struct reader r;

		kt_buf_init(&in, KT_ANSWER_HEAD_MAX);
		ok(kt_buf_add(&in, KT_SPAN(H)) == KT_OK);
		for (int i = 0; i < n; i++)
			ok(kt_buf_add(&in, KT_SPAN("A: b\r\n")) == KT_OK);
		ok(kt_buf_add(&in, KT_SPAN("\r\n")) == KT_OK);
		read_cut(&r, kt_buf_span(&in), in.len, 1);
		ok(r.is_refused == (n > KT_HEADERS_MAX));
		forget(&r);
		kt_buf_fini(&in);
	}
}

static void
an_answer_to_head_has_no_body(void)
{
	struct kt_span in = KT_SPAN(H "Content-Length: 5\r\n\r\n");
	struct kt_http1_part part;
	struct kt_http1 h;

	kt_http1_init(&h, KT_HTTP1_ASKED_HEAD);
	ok(kt_http1_next(&h, &in, &part, NULL) == 1);
	ok(kt_http1_next(&h, &in, &part, NULL) == 1);
	ok(part.got == KT_HTTP1_END && kt_http1_is_reusable(&h));
	kt_http1_fini(&h);
}

/*
 * The cases of another project's reader.  What it rejects is refused here
 * too; where it accepts and we refuse, the reason stands in this list.
 */
static const struct {
	const char *file, *why;
} differences[] = {
	{ "connection-03", "an HTTP/1.0 connection is never reused" },
	{ "connection-10", "101 that nobody asked for" },
	{ "connection-11", "101 that nobody asked for" },
	{ "connection-15", "RFC 9112, 2.2: only servers skip an empty line" },
	{ "connection-17", "the same" },
	{ "pipelining-01", "the same" },
	{ "sample-06", "bytes behind the body" },
	{ "sample-19", "an empty line before the answer" },
};

static bool
is_listed(const char *file)
{
	for (size_t i = 0; i < KT_NELEMS(differences); i++)
		if (strcmp(file, differences[i].file) == 0)
			return true;
	return false;
}

static void
check_case(const char *dir, const char *verdict, const char *file)
{
	char path[512], bytes[16384];
	struct kt_span in = { bytes, 0 };
	struct reader r;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/llhttp/response/%s.raw", dir, file);
	f = fopen(path, "rb");
	if (!ok(f != NULL))
		return;
	in.len = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	read_cut(&r, in, in.len, 1);
	if (strcmp(verdict, "reject") == 0)
		ok(r.is_refused || kt_span_ends(kt_buf_span(&r.text), KT_SPAN("~")));
	if (strcmp(verdict, "accept") == 0 && r.is_refused != is_listed(file))
		printf("# %s: %.*s\n", file, (int)r.text.len, r.text.ptr);
	if (strcmp(verdict, "accept") == 0)
		ok(r.is_refused == is_listed(file));
	forget(&r);
	ok(same_in_all_cuts(in));
}

static FILE *verdicts;
static char suites[400];

static bool
has_suites(void)
{
	const char *src = getenv("KT_SRCDIR");
	char path[512];

	(void)snprintf(suites, sizeof(suites),
	    "%s/../shared/corpora/http-parser-suites", src != NULL ? src : ".");
	(void)snprintf(path, sizeof(path), "%s/expected.tsv", suites);
	verdicts = fopen(path, "r");
	return verdicts != NULL;
}

static void
cases_of_another_reader_end_as_reviewed(void)
{
	char line[512], file[64], verdict[16], mode[48];
	int n = 0;

	while (fgets(line, sizeof(line), verdicts) != NULL) {
		if (sscanf(line, "llhttp/response/%63[^.].raw response %15s %47s",
		        file, verdict, mode) != 3)
			continue;
		n++;
		check_case(suites, strcmp(mode, "strict") == 0 ? verdict : "-",
		    file);
	}
	ok(n > 70);
	(void)fclose(verdicts);
}

static void
a_request_head_keeps_case_and_order(void)
{
	static const struct kt_header headers[] = {
		{ KT_SPAN_INIT("hOST"), KT_SPAN_INIT("a.test") },
		{ KT_SPAN_INIT("X-b"), KT_SPAN_INIT("") },
		{ KT_SPAN_INIT("Content-length"), KT_SPAN_INIT("3") },
		{ KT_SPAN_INIT("x-B"), KT_SPAN_INIT("\xc3\xa9 2") },
	};
	struct kt_buf out;

	kt_buf_init(&out, 4096);
	ok(kt_http1_write_request(&out, KT_SPAN("POST"), KT_SPAN("/v1?x=%00"),
	       headers, 4, 3, NULL) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&out),
	    KT_SPAN("POST /v1?x=%00 HTTP/1.1\r\nhOST: a.test\r\nX-b: \r\n"
	            "Content-length: 3\r\nx-B: \xc3\xa9 2\r\n\r\n")));
	kt_buf_reset(&out);
	ok(kt_http1_write_request(&out, KT_SPAN("POST"), KT_SPAN("/"), headers,
	       1, 0, NULL) == KT_OK);
	ok(kt_span_ends(
	    kt_buf_span(&out), KT_SPAN("t\r\nContent-Length: 0\r\n\r\n")));
	ok(kt_http1_write_request(&out, KT_SPAN("POST"), KT_SPAN("/"), headers,
	       1, KT_HTTP1_CHUNKED, NULL) == KT_OK);
	ok(kt_span_ends(
	    kt_buf_span(&out), KT_SPAN("Transfer-Encoding: chunked\r\n\r\n")));
	ok(kt_http1_write_request(&out, KT_SPAN("GET"), KT_SPAN("/"), headers, 1,
	       KT_HTTP1_NO_BODY, NULL) == KT_OK);
	ok(kt_span_ends(kt_buf_span(&out), KT_SPAN("hOST: a.test\r\n\r\n")));
	kt_buf_fini(&out);
}

static void
no_request_head_says_more_than_was_asked(void)
{
	static const struct {
		struct kt_span method, target, name, value;
	} bad[] = {
#define S KT_SPAN_INIT
		{ S("GET x"), S("/"), S("A"), S("b") },
		{ S(""), S("/"), S("A"), S("b") },
		{ S("GET"), S(""), S("A"), S("b") },
		{ S("GET"), S("/ HTTP/1.1"), S("A"), S("b") },
		{ S("GET"), S("/\r\nA: b"), S("A"), S("b") },
		{ S("GET"), S("/\0"), S("A"), S("b") },
		{ S("GET"), S("/"), S("A"), S("b\r\nC: d") },
		{ S("GET"), S("/"), S("A"), S("b\nC: d") },
		{ S("GET"), S("/"), S("A"), S("b\rC: d") },
		{ S("GET"), S("/"), S("A"), S("b\0") },
		{ S("GET"), S("/"), S("A:"), S("b") },
		{ S("GET"), S("/"), S("A\r\nB"), S("b") },
		{ S("GET"), S("/"), S("A "), S("b") },
		{ S("GET"), S("/"), S(""), S("b") },
		{ S("GET"), S("/"), S("host"), S("other.test") },
		{ S("GET"), S("/"), S("transfer-encoding"), S("chunked") },
		{ S("GET"), S("/"), S("content-length"), S("4") },
		{ S("GET"), S("/"), S("content-length"), S("3, 3") },
	};
	struct kt_buf out;

	kt_buf_init(&out, 4096);
	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		struct kt_header headers[] = {
			{ KT_SPAN("Host"), KT_SPAN("a.test") },
			{ bad[i].name, bad[i].value },
		};

		ok(kt_http1_write_request(&out, bad[i].method, bad[i].target,
		       headers, 2, 3, NULL) == KT_E_MISUSE);
		ok(out.len == 0);
	}
	ok(kt_http1_write_request(&out, KT_SPAN("GET"), KT_SPAN("/"), NULL, 0,
	       KT_HTTP1_NO_BODY, NULL) == KT_E_MISUSE);
	kt_buf_fini(&out);
}

static void
hop_by_hop_is_what_the_list_and_connection_say(void)
{
	static const struct kt_header headers[] = {
		{ KT_SPAN_INIT("connection"), KT_SPAN_INIT("close, X-Trace") },
		{ KT_SPAN_INIT("Connection"), KT_SPAN_INIT(" ,x-other ,") },
	};

	ok(kt_header_is_hop_by_hop(headers, 2, KT_SPAN("x-trace")));
	ok(kt_header_is_hop_by_hop(headers, 2, KT_SPAN("X-Other")));
	ok(kt_header_is_hop_by_hop(headers, 0, KT_SPAN("Transfer-Encoding")));
	ok(!kt_header_is_hop_by_hop(headers, 2, KT_SPAN("x-trac")));
	ok(!kt_header_is_hop_by_hop(headers, 2, KT_SPAN("content-type")));
	ok(kt_header_find(headers, 2, KT_SPAN("CONNECTION")).len == 14);
	ok(kt_header_find(headers, 2, KT_SPAN("x")).ptr == NULL);
}

/* Each byte at each place of each length, beside a tab. */
static void
a_value_has_no_control_but_the_tab(void)
{
	char text[20];
	size_t bad = 0;

	for (unsigned c = 0; c < 256; c++) {
		for (size_t i = 0; i < sizeof(text) * sizeof(text); i++) {
			size_t n = 1 + i / sizeof(text), at = i % n;

			memset(text, "a \xff"[c % 3], sizeof(text));
			text[at / 2] = '\t';
			text[at] = (char)c;
			bad += kt_header_is_value((struct kt_span){ text, n }) !=
			    (c == '\t' || (c >= 0x20 && c != 0x7f));
		}
	}
	ok(bad == 0);
	ok(kt_header_is_value(KT_SPAN("")));
}

static void
a_name_is_letters_digits_and_fifteen_signs(void)
{
	static const char signs[] = "!#$%&'*+-.^_`|~";
	size_t bad = 0;

	for (unsigned c = 0; c < 256; c++) {
		char text[] = { 'x', (char)c };
		bool is_plain = (c >= '0' && c <= '9') ||
		    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		bad += kt_header_is_name((struct kt_span){ text, 2 }) !=
		    (is_plain || (c != '\0' && strchr(signs, (int)c) != NULL));
	}
	ok(bad == 0);
	ok(!kt_header_is_name(KT_SPAN("")));
}

int
main(void)
{
	RUN(parts_are_the_same_however_they_are_cut);
	RUN(what_two_readers_could_differ_on_is_refused);
	RUN(every_bound_of_an_answer_is_reached);
	RUN(a_header_too_many_is_refused);
	RUN(an_answer_to_head_has_no_body);
	if (has_suites())
		RUN(cases_of_another_reader_end_as_reviewed);
	else
		SKIP(cases_of_another_reader_end_as_reviewed,
		    "http-parser-suites is absent");
	RUN(a_request_head_keeps_case_and_order);
	RUN(no_request_head_says_more_than_was_asked);
	RUN(a_value_has_no_control_but_the_tab);
	RUN(a_name_is_letters_digits_and_fifteen_signs);
	RUN(hop_by_hop_is_what_the_list_and_connection_say);
	return done();
}
