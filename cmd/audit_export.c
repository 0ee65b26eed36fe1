/*
 * audit export - a part of a log, for somebody who checks it elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verified before anything is written: evidence that is handed on is not
 * known to be broken.
 */
#include "cmd/audit/bundle.h"
#include "cmd/audit/archive.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/pack.h"
#include "cmd/audit/told.h"

enum { OUT = KT_OPT_LONG, FROM, TO, ENTRIES, VKEY };

static const struct kt_opt options[] = {
	{ OUT, "out", "PATH", "a folder without records yet, or NAME.tar" },
	{ FROM, "from", "INDEX", "the first record (0)" },
	{ TO, "to", "INDEX", "the last record (the newest that is proven)" },
	{ ENTRIES, "entries", NULL, "records as tile/entries as well (C2SP)" },
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	KT_OPT_JSON_LINE,
};

struct run {
	const char *out, *vkey;
	bool is_json, has_entries;
	struct kt_range range;
	struct kt_pack_told told;
	struct kt_err err;
};

static void
tell(const struct run *r, const struct kt_audit_report *log, enum kt_exit e,
    const char *why)
{
	bool is_tar = kt_archive_is_tar(r->out);
	struct kt_told t;

	if (!r->is_json && e == KT_EXIT_YES)
		(void)printf("%s: records %llu to %llu of %s\nREADME.md in it "
		    "tells how to check them\n", r->out,
		    (unsigned long long)r->told.first,
		    (unsigned long long)r->told.size - 1, log->origin);
	else if (!r->is_json)
		kt_say("%s", why);
	if (!r->is_json)
		return;
	kt_told_begin(&t);
	if (e != KT_EXIT_YES)
		kt_audit_member_text(&t.put, "error", kt_span_of(why));
	if (is_tar)
		kt_audit_member_text(&t.put, "file", kt_span_of(r->out));
	if (e == KT_EXIT_YES)
		kt_audit_member_int(&t.put, "first", r->told.first);
	if (!is_tar)
		kt_audit_member_text(&t.put, "folder", kt_span_of(r->out));
	if (log != NULL)
		kt_audit_member_text(
		    &t.put, "origin", kt_span_of(log->origin));
	kt_audit_member_text(&t.put, "result", kt_span_of(kt_told_word(e)));
	if (e == KT_EXIT_YES)
		kt_audit_member_int(&t.put, "size", r->told.size);
	kt_told_end(&t);
}

static enum kt_exit
write_pack(struct run *r, struct kt_judge *j)
{
	struct kt_pack pack = { .dir = &j->dir, .out = r->out,
		.from = r->range.from, .to = r->range.to,
		.has_entries = r->has_entries };

	if (j->report->size > 0 && pack.to > j->report->size - 1)
		pack.to = j->report->size - 1;
	return kt_pack_write(&pack, &r->told, &r->err) < 0 ?
	    KT_EXIT_UNKNOWN : KT_EXIT_YES;
}

static enum kt_exit
run(struct run *r, const char *dir)
{
	struct kt_judge j = { .jobs = 1, .range = &r->range };
	const struct kt_audit_report *log = NULL;
	enum kt_exit e = KT_EXIT_UNKNOWN;
	struct kt_buf key;

	kt_buf_init(&key, 1u << 20);
	j.dir.notes.fd = -1; /* nothing to close before it is open */
	if (r->vkey == NULL ||
	    kt_text_or_file(r->vkey, &key, &r->err) == KT_OK)
		log = kt_judge(&j, dir, kt_buf_span(&key), NULL, NULL, NULL);
	if (r->err.rc == KT_E_MISUSE)
		e = KT_EXIT_MISUSE;
	else if (log != NULL)
		e = log->nbreaks > 0 ? KT_EXIT_NO : write_pack(r, &j);
	tell(r, log, e, e == KT_EXIT_NO ?
	    "the log was tampered with: see kt audit verify" :
	    log == NULL && r->err.rc == KT_OK ? j.err.text : r->err.text);
	kt_judge_fini(&j);
	kt_buf_fini(&key);
	return e;
}

enum kt_exit
kt_cmd_audit_export(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .range = { .to = UINT64_MAX } };
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		uint64_t *index = opt == FROM ? &r.range.from : &r.range.to;

		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == KT_OPT_JSON)
			r.is_json = true;
		else if (opt == ENTRIES)
			r.has_entries = true;
		else if (opt == OUT)
			r.out = args.value;
		else if (opt == VKEY)
			r.vkey = args.value;
		else if (!kt_span_u64(kt_span_of(args.value), index))
			return kt_misuse(self, "'%s' is no index", args.value);
	}
	if (r.out == NULL)
		return kt_misuse(self, "name a folder or NAME.tar: --out");
	if (strcmp(r.out, "-") == 0)
		return kt_misuse(self, "'-': an archive that is cut short "
		    "must not look whole: name a file");
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	return run(&r, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL));
}
