/*
 * audit retain - records that were kept long enough.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without --apply it only looks, with the same plan that the writer makes
 * anew when the order comes: what is removed cannot be brought back.
 */
#include "audit/canon.h"
#include "cmd/audit/dir.h"
#include "cmd/audit_orders.h"
#include "cmd/files.h"
#include "cmd/log/retain.h"
#include "policy/policy.h"

#define GROUND_MAX 64 /* as an order takes it */

enum { DAYS = KT_OPT_LONG, BELOW_MINIMUM, BY, APPLY };

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	KT_OPT_POLICY_LINE,
	{ DAYS, "days", "N", "how long records are kept" },
	{ BELOW_MINIMUM, "below-minimum", "REASON",
	    "why less than 183 days, in a word" },
	{ BY, "by", "NAME", "who ordered it, in a word" },
	{ APPLY, "apply", NULL, "remove them, instead of only telling" },
};

struct run {
	uint64_t days; /* 0: not said yet */
	char *policies[KT_CONFIG_FILES_MAX];
	size_t npolicies;
	char ground[GROUND_MAX + 1];
	const char *by, *dir;
	bool is_json, applies;
	struct kt_retain plan;
};

/* A sentence becomes a word, as orders and records want it. */
static void
take_ground(struct run *r, struct kt_span why)
{
	size_t n = why.len < GROUND_MAX ? why.len : GROUND_MAX;

	for (size_t i = 0; i < n; i++) {
		char c = why.ptr[i];
		bool is_plain = (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		r->ground[i] = is_plain ? c : '-';
	}
	r->ground[n] = '\0';
}

/* What the configuration says, where no option does. */
static enum kt_exit
read_policy(struct run *r)
{
	struct kt_cmd_files files = { .n = 0 };
	struct kt_cmd_settings s = { .settings = NULL };
	struct kt_config_audit audit;
	struct kt_err err = { .rc = KT_OK };
	enum kt_rc rc;

	rc = kt_cmd_files_policy(&files, r->policies, r->npolicies, &err);
	if (rc == KT_OK)
		rc = kt_cmd_settings_load(&s, &files, &err);
	if (rc == KT_OK) {
		audit = kt_policy_audit(s.settings);
		r->days = (uint64_t)audit.retention_days;
		if (r->ground[0] == '\0')
			take_ground(r, audit.below_minimum);
	} else if (err.text[0] != '\0') {
		kt_say("%s", err.text);
	}
	kt_cmd_settings_fini(&s);
	kt_cmd_files_fini(&files);
	return rc == KT_OK ? KT_EXIT_YES : KT_EXIT_UNKNOWN;
}

/* ---- telling ---- */

static void
tell_text(const struct run *r)
{
	const struct kt_retain *p = &r->plan;

	if (p->size > p->first)
		(void)printf("records [%llu, %llu) in %llu segments, %llu "
		    "bytes, are older than %llu days\n",
		    (unsigned long long)p->first, (unsigned long long)p->size,
		    (unsigned long long)(p->segment - p->first_segment),
		    (unsigned long long)p->bytes,
		    (unsigned long long)p->days);
	else
		(void)printf("no segment %s older than %llu days\n",
		    p->is_held ? "that no hold covers is" : "is",
		    (unsigned long long)p->days);
	if (p->is_held)
		(void)printf("segment %llu is old enough, but a legal hold "
		    "covers it: it stays, and all behind it\n",
		    (unsigned long long)p->segment);
	if (p->size > p->first && !r->applies)
		(void)printf("nothing was removed: --apply does it\n");
}

static enum kt_exit
tell_json(const struct run *r, bool is_removed)
{
	const struct kt_retain *p = &r->plan;
	struct kt_audit_put put;
	struct kt_buf out;
	struct kt_err err;
	bool is_told;

	kt_buf_init(&out, 1u << 16);
	kt_audit_put_begin(&put, &out);
	kt_audit_member_int(&put, "bytes", p->bytes);
	kt_audit_member_int(&put, "days", p->days);
	kt_audit_member_text(&put, "dir", kt_span_of(r->dir));
	kt_audit_member_int(&put, "first", p->first);
	kt_audit_member_bool(&put, "held", p->is_held);
	kt_audit_member_bool(&put, "removed", is_removed);
	kt_audit_member_int(
	    &put, "segments", p->segment - p->first_segment);
	kt_audit_member_int(&put, "size", p->size);
	is_told = kt_audit_put_finish(&put, &err) == KT_OK &&
	    kt_buf_addc(&out, '\n') == KT_OK && kt_print(kt_buf_span(&out));
	kt_buf_fini(&out);
	return is_told ? KT_EXIT_YES : KT_EXIT_UNKNOWN;
}

/* ---- doing ---- */

static enum kt_rc
make_plan(struct run *r, struct kt_err *err)
{
	struct kt_log *log = kt_alloc(sizeof(*log));
	enum kt_rc rc = KT_OK;

	if (log == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	log->io = &kt_disk_real;
	if ((size_t)snprintf(log->dir, sizeof(log->dir), "%s", r->dir) >=
	    sizeof(log->dir))
		rc = kt_fail(err, KT_E_LIMIT, "%s: path too long", r->dir);
	r->plan.days = r->days;
	if (rc == KT_OK)
		rc = kt_retain_plan(log, &r->plan, err);
	kt_free(log);
	return rc;
}

/* A few segments with each order, so that calls wait for one, not for all. */
static enum kt_exit
remove_all(const struct run *r)
{
	struct run left = *r;
	uint64_t first = UINT64_MAX;
	struct kt_err err;
	enum kt_exit e = KT_EXIT_YES;

	while (e == KT_EXIT_YES && left.plan.size > left.plan.first &&
	    left.plan.first != first) {
		first = left.plan.first;
		e = kt_audit_order_retain(r->dir, r->days,
		    r->ground[0] != '\0' ? r->ground : NULL, r->by);
		if (e == KT_EXIT_YES && make_plan(&left, &err) < 0) {
			kt_say("%s: %s", r->dir, err.text);
			e = KT_EXIT_UNKNOWN;
		}
	}
	return e;
}

static enum kt_exit
retain(struct run *r)
{
	struct kt_err err;
	enum kt_exit e = KT_EXIT_YES;
	bool has_some;

	if (r->days < KT_AUDIT_RETENTION_MIN && r->ground[0] == '\0') {
		kt_say("records are kept for %d days at least: --below-minimum "
		    "says why not", KT_AUDIT_RETENTION_MIN);
		return KT_EXIT_REFUSED;
	}
	if (make_plan(r, &err) < 0) {
		kt_say("%s: %s", r->dir, err.text);
		return KT_EXIT_UNKNOWN;
	}
	has_some = r->plan.size > r->plan.first;
	if (!r->is_json)
		tell_text(r);
	if (has_some && r->applies)
		e = remove_all(r);
	else if (!has_some && r->plan.is_held)
		e = KT_EXIT_REFUSED;
	if (has_some && r->applies && e == KT_EXIT_YES && !r->is_json)
		(void)printf("they were removed\n");
	if (r->is_json && tell_json(r, has_some && r->applies &&
	    e == KT_EXIT_YES) != KT_EXIT_YES)
		return KT_EXIT_UNKNOWN;
	return e;
}

static enum kt_exit
take_option(struct run *r, const struct kt_cmd *self, int opt, char *value)
{
	switch (opt) {
	case KT_OPT_JSON:
		r->is_json = true;
		return KT_EXIT_YES;
	case APPLY:
		r->applies = true;
		return KT_EXIT_YES;
	case BY:
		r->by = value;
		return KT_EXIT_YES;
	case BELOW_MINIMUM:
		take_ground(r, kt_span_of(value));
		return KT_EXIT_YES;
	case DAYS:
		if (kt_span_u64(kt_span_of(value), &r->days) && r->days > 0 &&
		    r->days <= KT_AUDIT_RETENTION_MAX)
			return KT_EXIT_YES;
		return kt_misuse(self, "--days: '%s' is not 1 to %d", value,
		    KT_AUDIT_RETENTION_MAX);
	default:
		if (r->npolicies == KT_CONFIG_FILES_MAX)
			return kt_misuse(self, "too many configurations");
		r->policies[r->npolicies++] = value;
		return KT_EXIT_YES;
	}
}

enum kt_exit
kt_cmd_audit_retain(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .days = 0 };
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		e = take_option(&r, self, opt, args.value);
		if (e != KT_EXIT_YES)
			return e;
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	if ((r.days > 0) == (r.npolicies > 0))
		return kt_misuse(self, "either --days or --policy-config says "
		    "how long records are kept");
	r.dir = kt_audit_dir_default(
	    args.operand < argc ? argv[args.operand] : NULL);
	if (r.npolicies > 0) {
		e = read_policy(&r);
		if (e != KT_EXIT_YES)
			return e;
	}
	return retain(&r);
}
