/*
 * signed - whether each checkpoint is by the keys that were due.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stable key says whose log it is, the epoch's key says when: it was
 * wiped at the end of its epoch, so whoever steals today's keys cannot sign
 * yesterday's sizes.  A log whose records name no key is from before
 * checkpoints were signed, and nothing is due there.
 */
#include "audit/verify_priv.h"

/* ---- the stable key ---- */

static struct kt_span
name_part(struct kt_span origin)
{
	size_t n = origin.len;

	while (n > 0 && origin.ptr[n - 1] != '/')
		n--;
	return kt_span_sub(origin, 0, n > 0 ? n - 1 : 0);
}

static void
say_replaced(struct kt_audit_verify *v)
{
	if (!v->has_replaced_key)
		kt_audit_break(v, KT_AUDIT_KEY_REPLACED, 0);
	v->has_replaced_key = true;
}

/* A pin may be by the full origin, or by the name part as in genesis. */
static void
check_pinned_name(struct kt_audit_verify *v)
{
	struct kt_span pinned = kt_span_of(v->pinned.name);
	struct kt_span origin = kt_span_of(v->report.origin);

	if (v->report.is_pinned && origin.len > 0 &&
	    !kt_span_eq(pinned, origin) &&
	    !kt_span_eq(pinned, name_part(origin)))
		say_replaced(v);
}

enum kt_rc
kt_audit_signed_begin(struct kt_audit_verify *v,
    const struct kt_audit_evidence *e, struct kt_err *err)
{
	struct kt_audit_vkey own;

	if (e->pinned.len > 0) {
		if (kt_audit_vkey_parse(e->pinned, &v->pinned, err) < 0)
			return kt_wrap(err, "pinned key");
		v->report.is_pinned = v->is_signature_due = true;
		memcpy(v->stable_pub, v->pinned.pub, KT_AUDIT_PUB);
	}
	if (e->log_vkey.len == 0)
		return KT_OK;
	if (kt_audit_vkey_parse(e->log_vkey, &own, err) < 0) {
		say_replaced(v);
		return KT_OK;
	}
	if (v->report.is_pinned &&
	    memcmp(own.pub, v->pinned.pub, KT_AUDIT_PUB) != 0)
		say_replaced(v);
	if (!v->is_signature_due)
		memcpy(v->stable_pub, own.pub, KT_AUDIT_PUB);
	v->is_signature_due = true;
	return KT_OK;
}

/* Made when the origin is known, which is its name. */
static bool
has_stable(struct kt_audit_verify *v)
{
	struct kt_audit_vkey k;
	struct kt_err err;

	if (v->stable.state == NULL && v->is_signature_due &&
	    v->report.origin[0] != '\0') {
		check_pinned_name(v);
		if (kt_audit_vkey_make(&k, kt_span_of(v->report.origin),
		    v->stable_pub, &err) == KT_OK)
			(void)!kt_audit_checker_init(&v->stable, &k, &err);
		v->report.key = k;
		v->report.has_key = v->stable.state != NULL;
	}
	return v->stable.state != NULL;
}

/* ---- epochs ---- */

static void
set_epoch(struct kt_audit_verify *v, const struct kt_audit_vkey *k)
{
	struct kt_err err; /* a key that is none signs nothing: found later */

	kt_audit_checker_fini(&v->before);
	v->before = v->epoch;
	v->epoch.state = NULL;
	if (kt_audit_checker_init(&v->epoch, k, &err) == KT_OK)
		v->report.epochs++;
}

static void
learn_genesis(
    struct kt_audit_verify *v, const struct kt_audit_named *named)
{
	if (named->has_stable) {
		if (v->is_signature_due && memcmp(v->stable_pub,
		    named->stable.pub, KT_AUDIT_PUB) != 0) {
			v->is_replaced_by_genesis = !v->has_replaced_key;
			say_replaced(v);
		}
		if (!v->is_signature_due) {
			memcpy(v->stable_pub, named->stable.pub, KT_AUDIT_PUB);
			v->is_due_by_genesis = true;
		}
		v->is_signature_due = true;
	}
	if (named->has_epoch)
		set_epoch(v, &named->epoch);
}

void
kt_audit_forget_genesis(struct kt_audit_verify *v)
{
	if (v->is_replaced_by_genesis)
		v->has_replaced_key = v->is_replaced_by_genesis = false;
	if (v->is_due_by_genesis) {
		v->is_signature_due = v->is_due_by_genesis = false;
		kt_audit_checker_fini(&v->stable);
	}
}

void
kt_audit_learn_keys(
    struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_audit_named named;
	struct kt_err err;
	bool is_key = kt_span_eq(s->l.type, KT_SPAN("key"));
	bool is_segment = kt_span_eq(s->l.type, KT_SPAN("segment"));

	if (!is_key && !is_segment && s->i != 0)
		return;
	if (kt_audit_keys_read(s->text, &named, &err) < 0) {
		kt_audit_break(v, KT_AUDIT_KEY_OUT_OF_EPOCH, s->i);
		return;
	}
	if (named.has_recovery && !v->report.has_recovery) {
		v->report.recovery = named.recovery;
		v->report.has_recovery = true;
	}
	if (s->i == 0) {
		learn_genesis(v, &named);
	} else if (is_key && named.has_epoch) {
		set_epoch(v, &named.epoch);
		v->epoch_from = s->i + 1;
		v->is_epoch_open = v->before.state != NULL;
	} else if (is_segment && named.has_epoch) {
		if (v->epoch.state == NULL || v->is_epoch_lost) {
			set_epoch(v, &named.epoch);
			v->is_epoch_open = v->is_epoch_lost = false;
			v->epoch_from = 0;
		} else if (memcmp(v->epoch.vkey.pub, named.epoch.pub,
		    KT_AUDIT_PUB) != 0) {
			kt_audit_break(v, KT_AUDIT_KEY_OUT_OF_EPOCH, s->i);
		}
	}
}

void
kt_audit_signed_resume(
    struct kt_audit_verify *v, const struct kt_audit_vkey *epoch)
{
	set_epoch(v, epoch);
	v->report.epochs = 0; /* it began before */
}

/* Sizes of the epoch before it are closed, too. */
bool
kt_audit_is_epoch_of(
    const struct kt_audit_verify *v, const struct kt_audit_vkey *epoch)
{
	return v->epoch.state != NULL && !v->is_epoch_open &&
	    !v->is_epoch_lost &&
	    memcmp(v->epoch.vkey.pub, epoch->pub, KT_AUDIT_PUB) == 0;
}

/* ---- one checkpoint ---- */

/*
 * The first bad record is one from `from` on, of the first `size`.  What was
 * told of the same before was of a smaller size, and says more.
 */
static void
report_range(struct kt_audit_verify *v, enum kt_audit_class class,
    uint64_t from, uint64_t size)
{
	struct kt_audit_report *r = &v->report;
	uint64_t end = size < v->chain.size ? size : v->chain.size;
	struct kt_audit_break *b;

	if (r->nbreaks > 0 && r->breaks[r->nbreaks - 1].class == class &&
	    r->breaks[r->nbreaks - 1].from == from)
		return;
	b = kt_audit_break(v, class, from);
	if (end > from)
		b->index = end - 1;
}

static bool
judge(struct kt_audit_verify *v, const struct kt_audit_checker *c,
    enum kt_audit_class other)
{
	enum kt_audit_class class = KT_AUDIT_SIGNATURE;

	switch (kt_audit_note_check(c, kt_buf_span(&v->note))) {
	case KT_AUDIT_SIGNED_GOOD:
		return true;
	case KT_AUDIT_SIGNED_OTHER:
		class = other;
		break;
	case KT_AUDIT_SIGNED_BAD:
	case KT_AUDIT_SIGNED_NOT:
		break;
	}
	/* A file without signatures is one finding, not thousands. */
	if (!v->has_bad_signature)
		report_range(v, class, v->proven, v->cp.size);
	v->has_bad_signature = true;
	return false;
}

static bool
judge_epoch(struct kt_audit_verify *v)
{
	bool is_last = v->before.state != NULL && v->epoch_from > 0 &&
	    v->cp.size <= v->epoch_from;
	const struct kt_audit_checker *c = is_last ? &v->before : &v->epoch;

	if (c->state == NULL || v->is_epoch_lost)
		return true; /* its records are missing: said elsewhere */
	if (!judge(v, c, KT_AUDIT_KEY_OUT_OF_EPOCH))
		return false;
	if (is_last && v->cp.size == v->epoch_from)
		v->is_epoch_open = false;
	if (v->is_epoch_open && v->cp.size > v->epoch_from) {
		/* Nothing by the old key covers the record that ended it. */
		report_range(v, KT_AUDIT_KEY_OUT_OF_EPOCH, v->proven,
		    v->epoch_from);
		v->is_epoch_open = false;
	}
	return true;
}

bool
kt_audit_is_signed(struct kt_audit_verify *v, bool is_reached)
{
	if (!has_stable(v)) {
		v->report.unsigned_checkpoints++;
		return !v->is_signature_due;
	}
	if (v->has_replaced_key) /* said once: none will fit */
		return false;
	if (!judge(v, &v->stable, KT_AUDIT_RE_SIGNED) ||
	    (is_reached && !judge_epoch(v)))
		return false;
	v->has_bad_signature = false;
	v->report.signed_checkpoints++;
	return true;
}

/* ---- what reviewers bring ---- */

/* What agrees later is of the other history, and says no more. */
static void
forks(struct kt_audit_verify *v)
{
	if (!v->has_forked)
		report_range(v, KT_AUDIT_FORK, v->agreed, v->chain.size);
	v->has_forked = true;
}

/* Called at each size the tree reaches. */
void
kt_audit_meet_brought(struct kt_audit_verify *v)
{
	const struct kt_audit_brought *b = v->brought;
	uint8_t root[KT_AUDIT_HASH];
	uint64_t n = v->chain.size;

	for (; b != NULL && v->next_known < b->nknown &&
	    b->known[v->next_known].size <= n; v->next_known++) {
		const struct kt_audit_checkpoint *k = &b->known[v->next_known];

		if (k->size < n || v->is_tree_lost)
			continue; /* not compared, so not counted */
		kt_audit_chain_root(&v->chain, root);
		if (memcmp(root, k->root, KT_AUDIT_HASH) == 0)
			v->report.known_size = v->agreed = n;
		else
			forks(v);
	}
	for (; b != NULL && v->next_receipt < b->nreceipts &&
	    b->receipts[v->next_receipt].index < n; v->next_receipt++) {
		const struct kt_audit_receipt *r =
		    &b->receipts[v->next_receipt];

		if (r->index + 1 != n)
			continue;
		if (memcmp(r->leaf, v->chain.prev, KT_AUDIT_HASH) != 0) {
			forks(v);
			continue;
		}
		v->report.receipts++;
		v->agreed = n; /* the leaf binds all before it */
	}
}

/* Who has more than there is has seen what was cut. */
void
kt_audit_finish_brought(struct kt_audit_verify *v)
{
	const struct kt_audit_brought *b = v->brought;

	if (b == NULL || (v->next_known == b->nknown &&
	    v->next_receipt == b->nreceipts))
		return;
	kt_audit_break(v, KT_AUDIT_TRUNCATE, v->chain.size);
}

void
kt_audit_signed_finish(struct kt_audit_verify *v)
{
	/* The first start checkpoints two records before it serves. */
	if (v->is_signature_due && v->report.checkpoints == 0 &&
	    v->chain.size > 2 && !v->has_replaced_key)
		kt_audit_break(v, KT_AUDIT_SIGNATURE, 0);
	if (v->is_signature_due && !has_stable(v))
		v->report.has_key = false;
	check_pinned_name(v);
	v->report.has_open_epoch = v->is_epoch_open;
}

void
kt_audit_signed_end(struct kt_audit_verify *v)
{
	kt_audit_checker_fini(&v->stable);
	kt_audit_checker_fini(&v->epoch);
	kt_audit_checker_fini(&v->before);
	kt_buf_fini(&v->note);
}
