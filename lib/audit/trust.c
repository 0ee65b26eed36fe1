/*
 * trust - one pass over lines that may only name what stands before them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * So a quorum is one pass over the nodes as well, and no name leads back to
 * itself.  Bytes beyond ASCII are parts of names, and nothing more is known
 * of them.
 */
#include "audit/trust.h"

#include "audit/cosign.h"

_Static_assert(2 * KT_WITNESSES_MAX <= 64, "a bit for each node");

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next item of a line; empty: there is none. */
static struct kt_span
take(struct kt_span *line)
{
	struct kt_span item;
	size_t from = 0, n;

	while (from < line->len && is_blank(line->ptr[from]))
		from++;
	for (n = from; n < line->len && !is_blank(line->ptr[n]);)
		n++;
	item = kt_span_sub(*line, from, n - from);
	*line = kt_span_sub(*line, n, line->len);
	return item;
}

/* A node and one; 0: none has this name. */
static size_t
find(const struct kt_audit_trust *t, struct kt_span name)
{
	for (size_t i = 0; i < t->nnodes; i++) {
		if (kt_span_eq(t->nodes[i].name, name))
			return i + 1;
	}
	return 0;
}

static enum kt_rc
end(struct kt_span rest, struct kt_err *err)
{
	if (take(&rest).len > 0)
		return kt_fail(err, KT_E_PARSE, "more than belongs here");
	return KT_OK;
}

/* Two are the same by what they wrap, whatever they are called. */
static enum kt_rc
check_new(const struct kt_audit_vkey *keys, size_t n, struct kt_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (memcmp(keys[i].pub, keys[n].pub, KT_AUDIT_PUB) == 0)
			return kt_fail(
			    err, KT_E_PARSE, "this key was named before");
	}
	return KT_OK;
}

static enum kt_rc
take_log(struct kt_audit_trust *t, struct kt_span rest, struct kt_err *err)
{
	if (t->nlogs == KT_WITNESSES_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d logs",
		    KT_WITNESSES_MAX);
	if (kt_audit_vkey_parse(take(&rest), &t->logs[t->nlogs], err) < 0 ||
	    check_new(t->logs, t->nlogs, err) < 0)
		return err->rc;
	t->nlogs++;
	(void)take(&rest); /* where it is, which nobody asks here */
	return end(rest, err);
}

static enum kt_rc
add_node(struct kt_audit_trust *t, struct kt_span name, struct kt_err *err)
{
	if (name.len == 0)
		return kt_fail(err, KT_E_PARSE, "a name must follow");
	if (kt_span_eq(name, KT_SPAN("none")) || find(t, name) > 0)
		return kt_fail(err, KT_E_PARSE, "the name is taken");
	t->nodes[t->nnodes++] = (struct kt_audit_trust_node){ .name = name };
	return KT_OK;
}

static enum kt_rc
take_witness(
    struct kt_audit_trust *t, struct kt_span rest, struct kt_err *err)
{
	struct kt_span name = take(&rest);
	size_t n = t->nwitnesses;

	if (n == KT_WITNESSES_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d witnesses",
		    KT_WITNESSES_MAX);
	if (add_node(t, name, err) < 0 || kt_audit_covkey_parse(
	    take(&rest), &t->witnesses[n], err) < 0 ||
	    check_new(t->witnesses, n, err) < 0)
		return err->rc;
	t->nodes[t->nnodes - 1].witness = (unsigned)n;
	t->nwitnesses++;
	(void)take(&rest); /* as above */
	return end(rest, err);
}

static enum kt_rc
take_members(struct kt_audit_trust *t, struct kt_span rest,
    struct kt_audit_trust_node *group, unsigned *n, struct kt_err *err)
{
	struct kt_span name;

	for (*n = 0; (name = take(&rest)).len > 0; ++*n) {
		size_t k = find(t, name);
		uint64_t bit = k > 0 ? UINT64_C(1) << (k - 1) : 0;

		if (k == 0)
			return kt_fail(err, KT_E_PARSE,
			    "a member that no line before it defines");
		if ((t->grouped & bit) != 0)
			return kt_fail(err, KT_E_PARSE,
			    "a member of a group already");
		t->grouped |= bit;
		group->members |= bit;
	}
	return KT_OK;
}

static enum kt_rc
take_group(struct kt_audit_trust *t, struct kt_span rest, struct kt_err *err)
{
	struct kt_span name = take(&rest), least = take(&rest);
	struct kt_audit_trust_node group = { .name = name };
	uint64_t k = 0;
	unsigned n;

	if (t->ngroups == KT_WITNESSES_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d groups",
		    KT_WITNESSES_MAX);
	if (take_members(t, rest, &group, &n, err) < 0 ||
	    add_node(t, name, err) < 0)
		return err->rc;
	if (kt_span_eq(least, KT_SPAN("any")))
		k = 1;
	else if (kt_span_eq(least, KT_SPAN("all")))
		k = n;
	else if (least.len == 0 || *least.ptr == '0' ||
	    !kt_span_u64(least, &k))
		k = 0;
	if (k < 1 || k > n)
		return kt_fail(err, KT_E_PARSE, "any, all, or a number from 1 "
		    "to that of the members must follow the name");
	group.least = (unsigned)k;
	t->nodes[t->nnodes - 1] = group;
	t->ngroups++;
	return KT_OK;
}

static enum kt_rc
take_quorum(
    struct kt_audit_trust *t, struct kt_span rest, struct kt_err *err)
{
	struct kt_span name = take(&rest);

	if (t->has_quorum)
		return kt_fail(err, KT_E_PARSE, "a second quorum");
	t->has_quorum = true;
	t->quorum = find(t, name);
	if (t->quorum == 0 && !kt_span_eq(name, KT_SPAN("none")))
		return kt_fail(err, KT_E_PARSE,
		    "a quorum that no line before it defines");
	return end(rest, err);
}

static enum kt_rc
take_line(struct kt_audit_trust *t, struct kt_span line, struct kt_err *err)
{
	struct kt_span word;

	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return kt_fail(
			    err, KT_E_PARSE, "a control character");
	}
	word = take(&line);
	if (word.len == 0 || *word.ptr == '#')
		return KT_OK;
	if (kt_span_eq(word, KT_SPAN("log")))
		return take_log(t, line, err);
	if (kt_span_eq(word, KT_SPAN("witness")))
		return take_witness(t, line, err);
	if (kt_span_eq(word, KT_SPAN("group")))
		return take_group(t, line, err);
	if (kt_span_eq(word, KT_SPAN("quorum")))
		return take_quorum(t, line, err);
	return kt_fail(err, KT_E_PARSE,
	    "log, witness, group or quorum must be the first word");
}

enum kt_rc
kt_audit_trust_parse(
    struct kt_span text, struct kt_audit_trust *t, struct kt_err *err)
{
	memset(t, 0, sizeof(*t));
	for (size_t number = 1; text.len > 0; number++) {
		struct kt_span line;
		enum kt_rc rc = kt_audit_take_line(&text, &line) ?
		    take_line(t, line, err) :
		    kt_fail(err, KT_E_PARSE, "no line feed at its end");

		if (rc < 0)
			return kt_wrap(err, "line %zu", number);
	}
	return t->has_quorum ? KT_OK :
	    kt_fail(err, KT_E_PARSE, "there is no quorum line");
}

bool
kt_audit_trust_is_met(const struct kt_audit_trust *t, uint64_t seen)
{
	uint64_t met = 0;

	for (size_t i = 0; i < t->nnodes; i++) {
		const struct kt_audit_trust_node *n = &t->nodes[i];
		bool is_met = n->least == 0 ? (seen >> n->witness & 1) != 0 :
		    (unsigned)__builtin_popcountll(met & n->members) >=
			n->least;

		met |= (uint64_t)is_met << i;
	}
	return t->quorum == 0 || (met >> (t->quorum - 1) & 1) != 0;
}
