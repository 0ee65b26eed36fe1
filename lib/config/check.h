/*
 * check - private to config: forms that several sections share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a URL, a listen address, a header, a date look like.
 * Does not: look anything up.
 * Promises: an absent value is no fault; a value that may hold a secret is
 *           neither repeated nor shown.
 */
#ifndef KT_CONFIG_CHECK_H
#define KT_CONFIG_CHECK_H
#include "config/settings.h"

/* http or https, a host, a port if any, no user, no fragment. */
void kt_config_check_url(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span url);
void kt_config_check_listen(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span address);
/* Names are tokens and nothing that kt says itself, values are clean, and none
   carries a credential. */
void kt_config_check_headers(
    struct kt_config_ctx *ctx, const struct kt_config_pairs *headers);
/* YYYY-MM-DD */
void kt_config_check_date(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span date);
bool kt_config_is_token(struct kt_span s);
/* Nothing that ends a header or a line. */
bool kt_config_is_clean(struct kt_span value);
/* A header that says whom a connection is to, or where a body ends: what is
   sent says it once, from what is sent. */
bool kt_config_is_framing(struct kt_span name);
/* Reports where two elements have the same text. */
void kt_config_check_unique(struct kt_config_ctx *ctx,
    const struct kt_config_items *items, size_t size, size_t offset,
    const char *field);
/* Turns the words of routes into endpoints and checks the suffixes. */
void kt_config_check_routes(
    struct kt_config_ctx *ctx, struct kt_config_pairs *routes);
/* Names of a chain become kinds with their settings. */
void kt_config_resolve_chain(struct kt_config_ctx *ctx,
    struct kt_config_policies *p, const struct kt_config_kinds *kinds);
/* No excerpt shows this field's value. */
void kt_config_fault_hide(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field);

#endif
