/*
 * destinations - what the policies say of each target, for this request.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asked for every attempt anew: a failover must not reach what the first
 * attempt was kept from, and an agreement can end between two.
 */
#include "exchange/exchange_priv.h"

bool
kt_x_has_baa(const struct kt_exchange *x, const struct kt_target *t)
{
	return t->has_baa && (t->baa_until_s == 0 ||
	    x->now_wall / 1000000 < t->baa_until_s);
}

static struct kt_destination
destination_of(const struct kt_exchange *x, const struct kt_target *t)
{
	return (struct kt_destination){
		.is_local = t->provider == KT_PROVIDER_OFFLINE,
		.has_baa = kt_x_has_baa(x, t),
		.keeps_nothing = t->keeps_nothing,
		.is_no_training = t->is_no_training,
		.retention_days = t->retention_days,
		.region = t->region,
	};
}

static struct kt_cargo
cargo_of(const struct kt_exchange *x)
{
	return (struct kt_cargo){
		.classes = x->request_verdict.classes,
		.cached = x->request_verdict.cached,
		.is_marked = x->cached.n > 0,
	};
}

/* A list of models carries nobody's data. */
static bool
carries_data(const struct kt_exchange *x)
{
	return x->surface.endpoint != KT_ENDPOINT_MODELS;
}

bool
kt_x_admits(const struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_destination d = destination_of(x, t);
	struct kt_cargo cargo = cargo_of(x);
	const struct kt_policy *by;

	return !carries_data(x) ||
	    kt_chain_admit(&x->program->chain, &d, &cargo, false, &by) ==
	        KT_REASON_NONE;
}

enum kt_reason
kt_x_why_nowhere(const struct kt_exchange *x, const struct kt_policy **by)
{
	struct kt_cargo cargo = cargo_of(x);

	for (size_t i = 0; carries_data(x) && i < x->program->ntargets; i++) {
		const struct kt_target *t = &x->program->targets[i];
		struct kt_destination d = destination_of(x, t);
		enum kt_reason r;

		if (!t->is_available)
			continue;
		r = kt_chain_admit(&x->program->chain, &d, &cargo, false, by);
		if (r != KT_REASON_NONE)
			return r;
	}
	return KT_REASON_NONE;
}

void
kt_x_note_target(struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_destination d = destination_of(x, t);
	struct kt_cargo cargo = cargo_of(x);
	const struct kt_policy *by;
	enum kt_reason r;

	if (!carries_data(x))
		return;
	r = kt_chain_admit(&x->program->chain, &d, &cargo, true, &by);
	if (r != KT_REASON_NONE)
		(void)kt_x_note_wish(
		    x, &x->request_verdict, KT_ACTION_BLOCK, r, by);
	if (kt_chain_unmarks(&x->program->chain, &d, &cargo, true, &by))
		(void)kt_x_note_wish(x, &x->request_verdict, KT_ACTION_REDACT,
		    KT_REASON_ROUTE_CACHE, by);
	if (!kt_chain_unmarks(&x->program->chain, &d, &cargo, false, &by))
		return;
	kt_x_note(&x->request_verdict, KT_ACTION_REDACT,
	    KT_REASON_ROUTE_CACHE, by);
	if (x->decision > KT_ACTION_REDACT) {
		x->decision = KT_ACTION_REDACT;
		x->reason = KT_REASON_ROUTE_CACHE;
	}
}

enum kt_rc
kt_x_unmark(struct kt_exchange *x, const struct kt_target *t,
    struct kt_x_edits *edits)
{
	struct kt_destination d = destination_of(x, t);
	struct kt_cargo cargo = cargo_of(x);
	struct kt_x_edits own = { 0 };
	const struct kt_policy *by;

	if (!kt_chain_unmarks(&x->program->chain, &d, &cargo, false, &by))
		return KT_OK;
	for (size_t i = 0; i < x->cached.n; i++) {
		uint32_t mark = x->cached.marks[i];

		if (kt_x_erase(&x->json, kt_json_parent(&x->json, mark), &mark,
		        1, x->mem, &own) < 0)
			return KT_E_LIMIT;
	}
	return kt_x_edits_merge(edits, &own, x->mem);
}

/* Equal bytes, equal tag; nobody reads the bytes from it. */
static enum kt_rc
tag_prefix(struct kt_exchange *x)
{
	uint8_t salt[KT_AUDIT_HASH], digest[KT_AUDIT_HASH];
	struct kt_audit_hash h;

	if (kt_audit_hash_init(&h, NULL) < 0)
		return KT_E_LIMIT;
	kt_audit_salt(x->program->instance_key, KT_SPAN("prefix"),
	    KT_SPAN("cache"), salt);
	kt_audit_commit_begin(&h, salt);
	for (size_t i = 0; i < KT_NELEMS(x->cached.part); i++) {
		uint32_t from = x->cached.part[i].from;
		uint32_t to = x->cached.part[i].to;
		size_t start;

		if (to <= from)
			continue;
		start = x->json.nodes[from].start;
		kt_audit_hash_add(&h, kt_span_sub(kt_buf_span(&x->body), start,
		    x->json.nodes[to - 1].end - start));
	}
	kt_audit_hash_take(&h, digest);
	kt_audit_hash_fini(&h);
	kt_hex(digest, 8, x->prefix_tag);
	return KT_OK;
}

enum kt_rc
kt_x_read_cached(struct kt_exchange *x)
{
	if (!kt_chain_hears_cache(&x->program->chain))
		return KT_OK;
	if (kt_cached_read(
	        &x->json, kt_buf_span(&x->body), x->mem, &x->cached) < 0)
		return KT_E_LIMIT;
	return x->cached.n > 0 ? tag_prefix(x) : KT_OK;
}
