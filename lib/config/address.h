/*
 * address - where to listen.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    numeric addresses with a port, and "localhost".
 * Does not: look up names or interfaces.
 * Promises: what parses can be handed to bind(2) without another question.
 */
#ifndef KT_CONFIG_ADDRESS_H
#define KT_CONFIG_ADDRESS_H
#include "base/base.h"

/* "127.0.0.1:8080", "[::1]:0", "localhost:8080"; no names, no lookups. */
struct kt_config_address {
	char host[48];       /* numeric, without brackets */
	uint16_t port;
	bool is_v6, is_loopback;
};
bool kt_config_address(struct kt_span text, struct kt_config_address *out);

#endif
