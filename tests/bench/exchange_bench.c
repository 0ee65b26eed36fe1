/*
 * What one call costs the machine, without a socket: the head, the body in
 * pieces, the upstream's answer, the record, its seal.
 *
 *	exchange_bench CHAIN BODY [CALLS [PIECE]]
 *
 * CHAIN is a file of configuration (policies/starter.yaml) or "empty"; BODY
 * a file with a request for /v1/messages.  Everything that is counted lies
 * in run_calls: callgrind --toggle-collect=run_calls sees nothing else.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/audit.h"
#include "tests/bench/world.h"

static const char answer[] =
    "{\"id\":\"msg_01Bench\",\"type\":\"message\",\"role\":\"assistant\","
    "\"model\":\"claude-sonnet-4-5\",\"stop_reason\":\"end_turn\","
    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":512,"
    "\"output_tokens\":128},\"content\":[{\"type\":\"text\",\"text\":\""
#define GO_ON "the answer goes on the answer goes on the answer goes on "
    GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON GO_ON
    GO_ON GO_ON "\"}]}";
struct log {
	struct kt_audit_chain chain;
	struct kt_buf lines;
	uint64_t records, bytes; /* bytes: of what is gone from lines */
};

static void
seal(struct log *log, struct kt_span body)
{
	const struct kt_audit_envelope env = { .ts_us = 1700000000000000,
		.mono_us = 1, .boot = KT_SPAN("00112233445566778899aabbccddeeff"),
		.origin = KT_SPAN("kt.example.com/bench/"
		                  "00112233445566778899aabbccddeeff") };
	uint8_t leaf[KT_AUDIT_HASH];
	struct kt_err err;

	bench_must(kt_audit_seal(&log->chain, &env, body, &log->lines, leaf, &err) ==
	        KT_OK, "seal");
	log->records++;
	if (log->lines.len > 100000) {
		log->bytes += log->lines.len;
		kt_buf_reset(&log->lines);
	}
}

/* True: a record was ordered and sealed. */
static bool
tell(struct kt_exchange *x, struct log *log, uint64_t n, struct kt_event ev)
{
	bool is_recorded = false, is_turn;
	struct kt_order o;

	do {
		is_turn = false;
		ev.mono_us = n * 1000 + ev.kind * 10;
		ev.wall_us = 1700000000000000 + ev.mono_us;
		kt_exchange_feed(x, &ev);
		while (kt_exchange_next(x, &o)) {
			is_turn |= o.kind == KT_ORDER_TURN;
			if (o.kind != KT_ORDER_RECORD)
				continue;
			seal(log, o.bytes);
			is_recorded = true;
		}
		ev = (struct kt_event){ .kind = KT_EVENT_TURN };
	} while (is_turn);
	return is_recorded;
}

static void
one_call(struct world *w, struct log *log, uint64_t n, struct kt_span body,
    size_t piece)
{
	char length[24];
	const struct kt_header heads[] = {
		{ KT_SPAN("Host"), KT_SPAN("127.0.0.1:8080") },
		{ KT_SPAN("Content-Type"), KT_SPAN("application/json") },
		{ KT_SPAN("Content-Length"), { length, (size_t)snprintf(length,
		    sizeof(length), "%zu", body.len) } },
	};
	const struct kt_header up[] = {
		{ KT_SPAN("Content-Type"), KT_SPAN("application/json") },
		{ KT_SPAN("request-id"), KT_SPAN("req_bench") },
	};
	struct kt_exchange_options o = { .program = w->program,
		.scratch = w->scratch, .is_audit_up = true,
		.peer.address = KT_SPAN("127.0.0.1") };
	struct kt_exchange *x;

	memset(o.seed, (int)n, sizeof(o.seed));
	x = kt_exchange_new(&o);
	bench_must(x != NULL, "no memory");
	(void)tell(x, log, n, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = KT_SPAN("POST"), .target = KT_SPAN("/v1/messages"),
	    .headers = heads, .nheaders = KT_NELEMS(heads), .has_body = true });
	for (size_t at = 0; at < body.len; at += piece)
		(void)tell(x, log, n, (struct kt_event){
		    .kind = KT_EVENT_REQUEST_BODY,
		    .bytes = kt_span_sub(body, at, piece) });
	(void)tell(x, log, n, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
	(void)tell(x, log, n, (struct kt_event){
	    .kind = KT_EVENT_UPSTREAM_SENT });
	(void)tell(x, log, n, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
	    .status = 200, .headers = up, .nheaders = KT_NELEMS(up) });
	(void)tell(x, log, n, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
	    .bytes = { answer, sizeof(answer) - 1 } });
	bench_must(tell(x, log, n, (struct kt_event){
	    .kind = KT_EVENT_UPSTREAM_END }), "no record");
	(void)tell(x, log, n, (struct kt_event){ .kind = KT_EVENT_RECORDED,
	    .is_ok = true, .bytes = KT_SPAN("bench#1;00") });
	kt_exchange_free(&x);
}

__attribute__((noinline)) static void
run_calls(struct world *w, struct log *log, struct kt_span body, size_t piece,
    uint64_t calls)
{
	for (uint64_t n = 0; n < calls; n++)
		one_call(w, log, n, body, piece);
}

int
main(int argc, char **argv)
{
	uint64_t calls = argc > 3 ? strtoul(argv[3], NULL, 10) : 10000;
	size_t piece = argc > 4 ? strtoul(argv[4], NULL, 10) : 65536;
	struct kt_buf chain, body;
	struct kt_disk_time from, to;
	struct world w;
	struct log log = { 0 };

	if (argc < 3)
		bench_must(false, "usage: exchange_bench CHAIN BODY [CALLS [PIECE]]");
	bench_world(&w, argv[1], &chain);
	bench_read(argv[2], &body);
	kt_buf_init(&log.lines, 1u << 20);
	bench_must(kt_audit_chain_init(&log.chain, NULL) == KT_OK, "SHA-256");

	run_calls(&w, &log, kt_buf_span(&body), piece, calls / 10 + 1);
	kt_disk_now(&from);
	run_calls(&w, &log, kt_buf_span(&body), piece, calls);
	kt_disk_now(&to);
	(void)printf("%.2f us each, a record has %.0f bytes\n",
	    (double)(to.mono_us - from.mono_us) / (double)calls,
	    (double)(log.bytes + log.lines.len) / (double)log.records);
	kt_audit_chain_fini(&log.chain);
	kt_buf_fini(&log.lines);
	kt_buf_fini(&chain);
	kt_buf_fini(&body);
	world_fini(&w);
	return 0;
}
