/*
 * marks - genesis, segment, recovery and the plain marks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A segment record carries the whole frontier of the tree, so that a restart
 * reads one segment and not the log, and old segments can go one day without
 * taking the proofs of newer ones along.
 */
#include "audit/marks.h"
#include "audit/canon.h"

enum kt_rc
kt_audit_genesis_write(const struct kt_audit_genesis *g, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	p.text_max = KT_AUDIT_VKEY_TEXT;
	kt_audit_member_some(&p, "cites", g->cites);
	kt_audit_member_some(&p, "epoch_vkey", g->epoch_vkey);
	kt_audit_member_text(&p, "hash", KT_SPAN("sha256"));
	kt_audit_member_some(&p, "recovery_vkey", g->recovery_vkey);
	kt_audit_member_some(&p, "software", g->software);
	kt_audit_member_text(&p, "type", KT_SPAN("genesis"));
	kt_audit_member_some(&p, "vkey", g->vkey);
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_segment_write(const struct kt_audit_segment *s,
    struct kt_audit_chain *c, struct kt_buf *out, struct kt_err *err)
{
	uint8_t root[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	p.text_max = KT_AUDIT_VKEY_TEXT;
	kt_audit_member_text(&p, "durability", s->durability);
	kt_audit_member_some(&p, "epoch_vkey", s->epoch_vkey);
	kt_audit_put_name(&p, "frontier");
	kt_audit_put_open(&p, '[');
	for (unsigned level = 64; level-- > 0;) {
		if ((c->size >> level & 1) == 0)
			continue;
		kt_hex(c->frontier[level], KT_AUDIT_HASH, hex);
		kt_audit_put_text(&p, kt_span_of(hex));
	}
	kt_audit_put_close(&p, ']');
	kt_audit_member_int(&p, "number", s->number);
	if (s->has_open)
		kt_audit_member_int(&p, "open_since", s->open_since);
	kt_audit_member_some(&p, "policy_hash", s->policy_hash);
	kt_audit_member_some(&p, "policy_version", s->policy_version);
	kt_audit_member_some(&p, "recovery_vkey", s->recovery_vkey);
	kt_audit_chain_root(c, root);
	kt_hex(root, KT_AUDIT_HASH, hex);
	kt_audit_member_text(&p, "root", kt_span_of(hex));
	kt_audit_member_int(&p, "size", c->size);
	kt_audit_member_some(&p, "software", s->software);
	kt_audit_member_text(&p, "type", KT_SPAN("segment"));
	return kt_audit_put_finish(&p, err);
}

struct header {
	struct kt_span frontier, root, size;
};

static bool
header_member(void *arg, struct kt_span name, struct kt_span value)
{
	struct header *h = arg;

	if (kt_span_eq(name, KT_SPAN("frontier")))
		h->frontier = value;
	else if (kt_span_eq(name, KT_SPAN("root")))
		h->root = value;
	else if (kt_span_eq(name, KT_SPAN("size")))
		h->size = value;
	return true;
}

/* The text is canonical JSON already: ["<64 digits>",...]. */
static bool
read_frontier(struct kt_span list, struct kt_audit_chain *c)
{
	size_t at = 1;

	for (unsigned level = 64; level-- > 0;) {
		if ((c->size >> level & 1) == 0)
			continue;
		if (at + 67 > list.len || list.ptr[at] != '"' ||
		    list.ptr[at + 65] != '"' ||
		    !kt_unhex(kt_span_sub(list, at + 1, 64),
			c->frontier[level], KT_AUDIT_HASH))
			return false;
		at += 67; /* with the comma or the bracket */
	}
	return c->size == 0 ? list.len == 2 : at == list.len;
}

enum kt_rc
kt_audit_segment_read(
    struct kt_span line, struct kt_audit_chain *c, struct kt_err *err)
{
	struct header h = { .root = { .ptr = NULL } };
	struct kt_audit_line env;
	uint8_t root[KT_AUDIT_HASH], said[KT_AUDIT_HASH];

	if (kt_audit_line_parse(line, &env, err) < 0 ||
	    kt_audit_canon_check(line, header_member, &h, err) < 0)
		return kt_wrap(err, "segment record");
	if (!env.is_whole || !kt_span_eq(env.type, KT_SPAN("segment")) ||
	    !kt_span_u64(h.size, &c->size) || c->size != env.i ||
	    !kt_unhex(env.prev, c->prev, KT_AUDIT_HASH) ||
	    h.root.len != 66 ||
	    !kt_unhex(kt_span_sub(h.root, 1, 64), said, KT_AUDIT_HASH) ||
	    !read_frontier(h.frontier, c))
		return kt_fail(err, KT_E_PARSE, "not a segment record");
	kt_audit_chain_root(c, root);
	if (memcmp(root, said, KT_AUDIT_HASH) != 0)
		return kt_fail(err, KT_E_PARSE,
		    "segment record: its frontier has another root");
	return KT_OK;
}

bool
kt_audit_segment_open_since(struct kt_span line, uint64_t *index)
{
	struct kt_span text;

	return kt_audit_member(line, "open_since", &text) &&
	    kt_span_u64(text, index);
}

enum kt_rc
kt_audit_recovery_write(const struct kt_audit_recovery *r, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	kt_audit_member_int(&p, "bytes_cut", r->bytes_cut);
	kt_audit_member_some(&p, "cause", r->cause);
	kt_audit_member_some(&p, "cut_sha256", r->cut_sha256);
	kt_audit_member_some(&p, "quarantine", r->quarantine);
	kt_audit_member_text(&p, "type", KT_SPAN("recovery"));
	if (r->unfinished > 0)
		kt_audit_member_int(&p, "unfinished", r->unfinished);
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_retention_write(const struct kt_audit_retention *r,
    struct kt_buf *out, struct kt_err *err)
{
	char hex[2 * KT_AUDIT_HASH + 1];
	struct kt_audit_put p;

	kt_hex(r->root, KT_AUDIT_HASH, hex);
	kt_audit_put_begin(&p, out);
	kt_audit_member_some(&p, "by", r->by);
	kt_audit_member_int(&p, "days", r->days);
	kt_audit_member_int(&p, "first", r->first);
	kt_audit_member_some(&p, "ground", r->ground);
	kt_audit_member_text(&p, "root", kt_span_of(hex));
	kt_audit_member_int(&p, "segment", r->segment);
	kt_audit_member_int(&p, "size", r->size);
	kt_audit_member_text(&p, "type", KT_SPAN("retention"));
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_retention_read(
    struct kt_span line, struct kt_audit_retention *r, struct kt_err *err)
{
	struct header h = { .root = { .ptr = NULL } };

	if (kt_audit_canon_check(line, header_member, &h, err) < 0)
		return kt_wrap(err, "retention record");
	if (!kt_span_u64(h.size, &r->size) || h.root.len != 66 ||
	    !kt_unhex(kt_span_sub(h.root, 1, 64), r->root, KT_AUDIT_HASH))
		return kt_fail(err, KT_E_PARSE, "not a retention record");
	return KT_OK;
}

enum kt_rc
kt_audit_key_write(
    struct kt_span epoch_vkey, struct kt_buf *out, struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	p.text_max = KT_AUDIT_VKEY_TEXT;
	kt_audit_member_text(&p, "epoch_vkey", epoch_vkey);
	kt_audit_member_text(&p, "type", KT_SPAN("key"));
	return kt_audit_put_finish(&p, err);
}

/* Numbers have no sign here: the direction is the member's name. */
enum kt_rc
kt_audit_clock_write(
    int64_t step_us, struct kt_buf *out, struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	if (step_us < 0)
		kt_audit_member_int(&p, "back_us", (uint64_t)-step_us);
	else
		kt_audit_member_int(&p, "forward_us", (uint64_t)step_us);
	kt_audit_member_text(&p, "type", KT_SPAN("clock"));
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_space_write(unsigned free_percent, unsigned below,
    struct kt_buf *out, struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	if (below > 0)
		kt_audit_member_int(&p, "below", below);
	kt_audit_member_int(&p, "free_percent", free_percent);
	kt_audit_member_text(&p, "type", KT_SPAN("space"));
	return kt_audit_put_finish(&p, err);
}

struct key_texts {
	struct kt_span stable, epoch, recovery;
};

static bool
key_member(void *arg, struct kt_span name, struct kt_span value)
{
	struct key_texts *t = arg;

	if (kt_span_eq(name, KT_SPAN("vkey")))
		t->stable = value;
	else if (kt_span_eq(name, KT_SPAN("epoch_vkey")))
		t->epoch = value;
	else if (kt_span_eq(name, KT_SPAN("recovery_vkey")))
		t->recovery = value;
	return true;
}

/* Names of keys need no escape, so what is spelt is what is meant. */
static enum kt_rc
read_key(struct kt_span text, struct kt_audit_vkey *k, bool *has_it,
    struct kt_err *err)
{
	*has_it = false;
	if (text.len == 0)
		return KT_OK;
	if (text.len < 2 || text.ptr[0] != '"')
		return kt_fail(err, KT_E_PARSE, "a key that is no text");
	*has_it = true;
	return kt_audit_vkey_parse(
	    kt_span_sub(text, 1, text.len - 2), k, err);
}

enum kt_rc
kt_audit_keys_read(
    struct kt_span line, struct kt_audit_named *keys, struct kt_err *err)
{
	struct key_texts t = { .stable = { .ptr = NULL } };

	if (kt_audit_canon_check(line, key_member, &t, err) < 0 ||
	    read_key(t.stable, &keys->stable, &keys->has_stable, err) < 0 ||
	    read_key(t.epoch, &keys->epoch, &keys->has_epoch, err) < 0 ||
	    read_key(t.recovery, &keys->recovery, &keys->has_recovery, err) <
		0)
		return kt_wrap(err, "keys of a record");
	return KT_OK;
}

enum kt_rc
kt_audit_mark_write(struct kt_span type, uint64_t records, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	kt_audit_member_int(&p, "records", records);
	kt_audit_member_text(&p, "type", type);
	return kt_audit_put_finish(&p, err);
}
