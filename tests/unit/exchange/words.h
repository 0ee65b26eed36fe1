/*
 * words - requests, answers and configurations that tests share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Macros, so that a body with something planted in it is one literal.
 */
#ifndef KT_TEST_WORDS_H
#define KT_TEST_WORDS_H

#define CONFIG(actions) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [secret-scanner, pii-detector, audit-logger]}\n" \
	"policy:\n" actions \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define REDACT \
	"  secret-scanner: {action: redact}\n" \
	"  pii-detector: {action: redact}\n"
#define BLOCK \
	"  secret-scanner: {action: block}\n" \
	"  pii-detector: {action: block}\n"

#define CARD "4111 1111 1111 1111"
#define TOKEN "ghp_" "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"

#define ASK(text) \
	"{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":64,\"messages\":" \
	"[{\"role\":\"user\",\"content\":\"" text "\"}]}"
#define ASK_STREAM(text) \
	"{\"model\":\"m\",\"max_tokens\":64,\"stream\":true,\"messages\":" \
	"[{\"role\":\"user\",\"content\":\"" text "\"}]}"
#define WHOLE(text) \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\"," \
	"\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"" text \
	"\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null," \
	"\"usage\":{\"input_tokens\":3,\"output_tokens\":5}}"

#define START \
	"event: message_start\ndata: {\"type\":\"message_start\",\"message\":" \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\"," \
	"\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":" \
	"{\"input_tokens\":3,\"output_tokens\":1}}}\n\n" \
	"event: content_block_start\ndata: {\"type\":\"content_block_start\"," \
	"\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" \
	"event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define DELTA(text) \
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\"," \
	"\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" text \
	"\"}}\n\n"
#define FINISH \
	"event: content_block_stop\ndata: {\"type\":\"content_block_stop\"," \
	"\"index\":0}\n\n" \
	"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":" \
	"{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":" \
	"{\"output_tokens\":9}}\n\n" \
	"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

/* Another vendor, with the same policies. */
#define CONFIG_OPENAI(actions) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [secret-scanner, pii-detector, audit-logger]}\n" \
	"policy:\n" actions \
	"providers:\n  targets:\n    - id: up\n      provider: openai\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define FLAG \
	"  secret-scanner: {action: flag}\n" \
	"  pii-detector: {action: flag}\n"

#define EVENT(name, json) "event: " name "\ndata: " json "\n\n"
#define BLOCK_START(index, block) \
	EVENT("content_block_start", "{\"type\":\"content_block_start\"," \
	    "\"index\":" index ",\"content_block\":" block "}")
#define BLOCK_DELTA(index, delta) \
	EVENT("content_block_delta", "{\"type\":\"content_block_delta\"," \
	    "\"index\":" index ",\"delta\":" delta "}")
#define BLOCK_STOP(index) \
	EVENT("content_block_stop", "{\"type\":\"content_block_stop\"," \
	    "\"index\":" index "}")
#define MESSAGE_START \
	EVENT("message_start", "{\"type\":\"message_start\",\"message\":" \
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\"," \
	    "\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":" \
	    "{\"input_tokens\":3,\"output_tokens\":1}}}")
#define MESSAGE_END \
	EVENT("message_delta", "{\"type\":\"message_delta\",\"delta\":" \
	    "{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":" \
	    "{\"output_tokens\":9}}") \
	EVENT("message_stop", "{\"type\":\"message_stop\"}")
#define CHUNK(delta, finish) \
	"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\"," \
	"\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" \
	delta ",\"finish_reason\":" finish "}]}\n\n"
#define CHUNK_DONE "data: [DONE]\n\n"

#endif
