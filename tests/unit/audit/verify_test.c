/*
 * The tamper sweep: every change to a small log is named, with its index,
 * and the blind spots are exactly the documented ones.
 */
#include "config.h"
#include "audit/canon.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "audit/verify.h"
#include "tests/unit/tap.h"

#define RECORDS 14
#define KEY 3 /* announces the second epoch; a checkpoint follows */
#define CUT 7 /* the first record of the second segment */

static struct kt_err err;

struct log {
	struct kt_buf text; /* both segments */
	size_t at[RECORDS + 1]; /* where each line begins */
	struct kt_buf notes;
	struct kt_buf newest;
};

static struct kt_audit_signer stable, epochs[2], thief;
static char stable_text[KT_AUDIT_VKEY_TEXT], epoch_text[2][KT_AUDIT_VKEY_TEXT];

static void
make_keys(void)
{
	uint8_t seed[KT_AUDIT_SEED] = { 1 };

	ok(kt_audit_signer_init(&stable, KT_SPAN("kt/gw"), seed, &err) ==
	    KT_OK);
	kt_audit_vkey_text(&stable.vkey, stable_text);
	for (int i = 0; i < 2; i++) {
		seed[0]++;
		ok(kt_audit_signer_init(&epochs[i], KT_SPAN("kt/gw/epoch"),
		    seed, &err) == KT_OK);
		kt_audit_vkey_text(&epochs[i].vkey, epoch_text[i]);
	}
	seed[0]++;
	ok(kt_audit_signer_init(&thief, KT_SPAN("kt/gw"), seed, &err) ==
	    KT_OK);
}

static void
add(struct log *log, struct kt_audit_chain *c, const char *origin, uint64_t i)
{
	struct kt_audit_envelope env = {
		.ts_us = 1000000 * i, .mono_us = i, .boot = KT_SPAN("b0"),
		.origin = kt_span_of(i == 0 ? "kt/gw" : origin),
	};
	struct kt_audit_genesis g = { .software = KT_SPAN("kt"),
		.vkey = kt_span_of(stable_text),
		.epoch_vkey = kt_span_of(epoch_text[0]) };
	struct kt_audit_segment s = { .number = i >= CUT,
		.epoch_vkey = kt_span_of(epoch_text[i >= CUT]) };
	struct kt_audit_call call = { .call_id = KT_SPAN("c"), .bytes_in = i };
	struct kt_buf body;
	uint8_t leaf[32];

	kt_buf_init(&body, 32768);
	if (i == 0)
		ok(kt_audit_genesis_write(&g, &body, &err) == KT_OK);
	else if (i == 1 || i == CUT)
		ok(kt_audit_segment_write(&s, c, &body, &err) == KT_OK);
	else if (i == KEY)
		ok(kt_audit_key_write(kt_span_of(epoch_text[1]), &body,
		    &err) == KT_OK);
	else if (i % 4 == 0)
		ok(kt_audit_call_write(&call, &body, &err) == KT_OK);
	else
		ok(kt_audit_mark_write(
		    KT_SPAN("heartbeat"), i, &body, &err) == KT_OK);
	log->at[i] = log->text.len;
	ok(kt_audit_seal(
	    c, &env, kt_buf_span(&body), &log->text, leaf, &err) == KT_OK);
	log->at[i + 1] = log->text.len;
	kt_buf_fini(&body);
}

/* By the stable key, renamed to the origin, and an epoch's. */
static void
sign(struct kt_buf *note, const char *origin, struct kt_audit_signer *by,
    const struct kt_audit_signer *epoch)
{
	size_t text = note->len - 1;

	ok(kt_audit_signer_rename(by, kt_span_of(origin), &err) == KT_OK);
	ok(kt_audit_note_sign(by, note, text, &err) == KT_OK);
	ok(kt_audit_note_sign(epoch, note, text, &err) == KT_OK);
}

static struct kt_audit_signer *signs = &stable;
static int epoch_from = KEY + 2; /* the first size that epochs[1] signs */

/* Checkpoints after 3, 4, 9 and `last` records. */
static void
make(struct log *log, uint64_t last)
{
	struct kt_audit_chain c;
	char origin[64], id[33];

	kt_buf_init(&log->text, 1u << 20);
	kt_buf_init(&log->notes, 1u << 16);
	kt_buf_init(&log->newest, 1u << 16);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (uint64_t i = 0; i < RECORDS; i++) {
		add(log, &c, origin, i);
		if (i == 0) {
			kt_hex(c.prev, 16, id);
			(void)snprintf(origin, sizeof(origin), "kt/gw/%s", id);
		}
		if (c.size != 3 && c.size != 4 && c.size != 9 && c.size != last)
			continue;
		kt_buf_reset(&log->newest);
		ok(kt_audit_checkpoint_write(&c, kt_span_of(origin),
		    &log->newest, &err) == KT_OK);
		if (signs != NULL)
			sign(&log->newest, origin, signs,
			    &epochs[c.size >= (uint64_t)epoch_from]);
		ok(kt_buf_add(&log->notes, kt_buf_span(&log->newest)) == KT_OK);
		ok(kt_buf_addc(&log->notes, '\n') == KT_OK);
	}
	kt_audit_chain_fini(&c);
}

static void
unmake(struct log *log)
{
	kt_buf_fini(&log->text);
	kt_buf_fini(&log->notes);
	kt_buf_fini(&log->newest);
}

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

static struct kt_audit_report result;
static struct kt_span pinned, log_vkey;
static const struct kt_audit_brought *brought;

/* The text is cut into two segments at byte `cut`, and fed in pieces. */
static const struct kt_audit_break *
judge_pieces(const struct log *log, struct kt_span text, size_t cut,
    size_t piece)
{
	struct kt_span notes = kt_buf_span(&log->notes);
	struct kt_audit_evidence e = { .newest = kt_buf_span(&log->newest),
		.next = next_note, .arg = &notes, .pinned = pinned,
		.log_vkey = log_vkey, .brought = brought };
	struct kt_audit_verify *v;

	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	for (size_t at = 0; at < text.len;) {
		size_t n = at + piece;

		if (at == 0)
			kt_audit_verify_segment(v, 0);
		if (at == cut && at > 0)
			kt_audit_verify_segment(v, 1);
		if (at < cut && n > cut)
			n = cut;
		ok(kt_audit_verify_feed(
		    v, kt_span_sub(text, at, n - at), &err) == KT_OK);
		at = n;
	}
	result = *kt_audit_verify_finish(v);
	kt_audit_verify_free(&v);
	return result.nbreaks > 0 ? &result.breaks[0] : NULL;
}

static const struct kt_audit_break *
judge(const struct log *log, struct kt_span text, size_t cut)
{
	return judge_pieces(log, text, cut, text.len + 1);
}

/* The first bad record is one of them, both included. */
static bool
lies_in(const struct kt_audit_break *b, enum kt_audit_class class,
    uint64_t from, uint64_t index)
{
	if (b != NULL && b->class == class && b->index == index &&
	    b->from == from && result.good == from)
		return true;
	printf("# wanted %s at %llu from %llu, got %s at %llu from %llu good "
	    "%llu\n", kt_audit_class_name(class), (unsigned long long)index,
	    (unsigned long long)from,
	    b == NULL ? "nothing" : kt_audit_class_name(b->class),
	    b == NULL ? 0ull : (unsigned long long)b->index,
	    b == NULL ? 0ull : (unsigned long long)b->from,
	    (unsigned long long)result.good);
	return false;
}

static bool
is(const struct kt_audit_break *b, enum kt_audit_class class, uint64_t index)
{
	return lies_in(b, class, index, index);
}

static void
untouched_log_is_intact_however_it_is_cut_into_pieces(void)
{
	struct log log;
	struct kt_span text;

	make(&log, RECORDS);
	text = kt_buf_span(&log.text);
	for (size_t piece = 1; piece < 600; piece++) {
		ok(judge_pieces(&log, text, log.at[CUT], piece) == NULL);
		ok(result.size == RECORDS && result.good == RECORDS);
		ok(result.checkpoints == 4 && result.checkpoints_ok == 4);
		ok(result.by_type[KT_AUDIT_TYPE_call] == 3);
		ok(result.tail == 0 && !result.has_incomplete_tail);
	}
	unmake(&log);
}

static void
each_flipped_bit_is_an_edit_of_its_record(void)
{
	struct log log;
	struct kt_span text;
	size_t cut;

	/* The last checkpoint but one covers all but the last record. */
	make(&log, RECORDS - 1);
	text = kt_buf_span(&log.text);
	cut = log.at[CUT];
	for (uint64_t i = 0; i < RECORDS; i++) {
		for (size_t at = log.at[i]; at < log.at[i + 1];
		     at += stride()) {
			/* Signatures are slow: two of the eight. */
			for (int bit = at & 3; bit < 8; bit += 4) {
				const struct kt_audit_break *b;

				log.text.ptr[at] ^= (char)(1 << bit);
				b = judge(&log, text, cut);
				log.text.ptr[at] ^= (char)(1 << bit);
				if (i == RECORDS - 1)
					continue; /* the blind spot, below */
				if (!is(b, KT_AUDIT_EDIT, i)) {
					ok(!"an edit, and where");
					printf("# record %d byte %zu bit %d\n",
					    (int)i, at - log.at[i], bit);
				}
			}
		}
	}
	unmake(&log);
}

static void
edit_of_the_last_record_is_found_where_a_checkpoint_covers_it(void)
{
	struct log log;
	const struct kt_audit_break *b;
	struct kt_span text;
	char *digit;

	make(&log, RECORDS);
	text = kt_buf_span(&log.text);
	digit = strstr(log.text.ptr + log.at[RECORDS - 1], "\"mono\":") + 8;
	*digit ^= 1;
	b = judge(&log, text, log.at[CUT]);
	ok(b != NULL && b->class == KT_AUDIT_EDIT);
	ok(b != NULL && b->index == RECORDS - 1 && b->from == 9);
	unmake(&log);

	/* The blind spot: the last record with no checkpoint over it. */
	make(&log, 9);
	text = kt_buf_span(&log.text);
	digit = strstr(log.text.ptr + log.at[RECORDS - 1], "\"mono\":") + 8;
	*digit ^= 1;
	ok(judge(&log, text, log.at[CUT]) == NULL);
	ok(result.tail == RECORDS - 9);
	unmake(&log);
}

/* Builds a text of the lines in `order`, ended by -1. */
static struct kt_span
arrange(const struct log *log, const int *order, struct kt_buf *out,
    size_t *cut)
{
	kt_buf_reset(out);
	*cut = 0;
	for (; *order >= 0; order++) {
		if (*order >= CUT && *cut == 0)
			*cut = out->len;
		ok(kt_buf_add(out, kt_span_sub(kt_buf_span(&log->text),
		    log->at[*order], log->at[*order + 1] - log->at[*order])) ==
		    KT_OK);
	}
	return kt_buf_span(out);
}

static void
each_dropped_record_is_a_delete_and_each_double_an_insert(void)
{
	struct log log;
	struct kt_buf out;
	struct kt_span text;
	int order[RECORDS + 2];
	size_t cut;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	for (int k = 0; k < RECORDS; k++) {
		int n = 0;

		for (int i = 0; i < RECORDS; i++) {
			if (i != k)
				order[n++] = i;
		}
		order[n] = -1;
		text = arrange(&log, order, &out, &cut);
		if (k == RECORDS - 1)
			ok(is(judge(&log, text, log.at[CUT]),
			    KT_AUDIT_TRUNCATE, (uint64_t)k));
		else
			ok(is(judge(&log, text, cut), KT_AUDIT_DELETE,
			    (uint64_t)k));
		ok(result.nbreaks == 1);

		for (int to = 0; to <= RECORDS; to++) {
			n = 0;
			for (int i = 0; i <= RECORDS; i++) {
				if (i == to)
					order[n++] = k;
				if (i < RECORDS)
					order[n++] = i;
			}
			order[n] = -1;
			text = arrange(&log, order, &out, &cut);
			/* Before itself it is the same bytes as behind. */
			if (!ok(is(judge(&log, text, text.len),
			    KT_AUDIT_INSERT, (uint64_t)(to == k ? to + 1 :
			    to))))
				printf("# %d doubled before %d\n", k, to);
		}
	}
	unmake(&log);
	kt_buf_fini(&out);
}

static void
each_two_swapped_records_and_each_moved_one_are_a_reorder(void)
{
	struct log log;
	struct kt_buf out;
	struct kt_span text;
	int order[RECORDS + 2];
	size_t cut;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	for (int a = 0; a < RECORDS; a++) {
		for (int b = 0; b < RECORDS; b++) {
			int n = 0;

			if (a == b)
				continue;
			for (int i = 0; i < RECORDS; i++)
				order[i] = i == a ? b : i == b ? a : i;
			order[RECORDS] = -1;
			text = arrange(&log, order, &out, &cut);
			if (!ok(is(judge(&log, text, text.len),
			    KT_AUDIT_REORDER, (uint64_t)(a < b ? a : b))))
				printf("# %d swapped with %d\n", a, b);
			for (int i = 0; i < RECORDS; i++) {
				if (i == a)
					continue;
				if (i == b && b < a)
					order[n++] = a;
				order[n++] = i;
				if (i == b && b > a)
					order[n++] = a;
			}
			text = arrange(&log, order, &out, &cut);
			if (!ok(is(judge(&log, text, text.len),
			    KT_AUDIT_REORDER, (uint64_t)(a < b ? a : b))))
				printf("# %d moved to %d\n", a, b);
		}
	}
	unmake(&log);
	kt_buf_fini(&out);
}

static void
foreign_lines_are_inserts_wherever_they_stand(void)
{
	static const char *const foreign[] = { "\n", "{}\n", "garbage\n" };
	struct log log;
	struct kt_buf out;
	struct kt_span all;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	all = kt_buf_span(&log.text);
	for (size_t f = 0; f < KT_NELEMS(foreign); f++) {
		for (uint64_t to = 0; to < RECORDS; to++) {
			kt_buf_reset(&out);
			ok(kt_buf_add(&out, kt_span_sub(all, 0, log.at[to])) ==
			    KT_OK);
			ok(kt_buf_add(&out, kt_span_of(foreign[f])) == KT_OK);
			ok(kt_buf_add(&out, kt_span_sub(
			    all, log.at[to], all.len)) == KT_OK);
			ok(is(judge(&log, kt_buf_span(&out), out.len),
			    KT_AUDIT_INSERT, to));
		}
	}
	unmake(&log);
	kt_buf_fini(&out);
}

/* A forged record that chains, put before the one it imitates. */
static void
forged_record_that_chains_is_an_insert_at_its_place(void)
{
	struct log log;
	struct kt_buf out;
	struct kt_span all;
	char *digit;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	all = kt_buf_span(&log.text);
	for (uint64_t k = 1; k < RECORDS - 1; k++) {
		kt_buf_reset(&out);
		ok(kt_buf_add(&out, kt_span_sub(all, 0, log.at[k + 1])) ==
		    KT_OK);
		ok(kt_buf_addc(&out, '\0') == KT_OK);
		digit = strstr(out.ptr + log.at[k], "\"mono\":") + 7;
		*digit ^= 1;
		out.len--;
		ok(kt_buf_add(&out, kt_span_sub(all, log.at[k], all.len)) ==
		    KT_OK);
		if (k < 3 || k > 3) /* 3 is under a checkpoint of its own */
			ok(is(judge(&log, kt_buf_span(&out), out.len),
			    KT_AUDIT_INSERT, k) || k == 2 || k == 8);
	}
	unmake(&log);
	kt_buf_fini(&out);
}

static void
log_cut_at_any_byte_is_truncated_at_the_record_that_lacks_it(void)
{
	struct log log;
	uint64_t whole = 0;

	make(&log, RECORDS);
	for (size_t n = 0; n < log.text.len; n += stride()) {
		struct kt_span text = { log.text.ptr, n };

		while (whole < RECORDS && log.at[whole + 1] <= n)
			whole++;
		ok(is(judge(&log, text, log.at[CUT]), KT_AUDIT_TRUNCATE,
		    whole));
	}
	unmake(&log);

	/* Beyond the newest checkpoint it is a warning, and the blind spot. */
	make(&log, 9);
	for (size_t n = log.at[9]; n <= log.text.len; n++) {
		struct kt_span text = { log.text.ptr, n };

		ok(judge(&log, text, log.at[CUT]) == NULL);
		ok(result.has_incomplete_tail == (log.text.ptr[n - 1] != '\n'));
	}
	unmake(&log);
}

/* In one piece and in many, in place of a record and before one. */
static void
overlong_line_is_an_edit_or_insert_however_long_it_is(void)
{
	static const size_t sizes[] = { 32769, 32770, 32771, 33000, 200000 };
	struct log log;
	struct kt_buf out;
	struct kt_span all;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	all = kt_buf_span(&log.text);
	for (size_t k = 0; k < 4 * KT_NELEMS(sizes); k++) {
		bool is_insert = k & 1;
		size_t piece = k & 2 ? 4096 : 1u << 20;
		size_t from = log.at[is_insert ? 5 : 6];

		kt_buf_reset(&out);
		ok(kt_buf_add(&out, kt_span_sub(all, 0, log.at[5])) == KT_OK);
		for (size_t n = 0; n < sizes[k / 4]; n++)
			ok(kt_buf_addc(&out, 'a') == KT_OK);
		ok(kt_buf_addc(&out, '\n') == KT_OK);
		ok(kt_buf_add(&out, kt_span_sub(all, from, all.len)) == KT_OK);
		ok(is(judge_pieces(&log, kt_buf_span(&out), out.len, piece),
		    is_insert ? KT_AUDIT_INSERT : KT_AUDIT_EDIT, 5));
	}
	unmake(&log);
	kt_buf_fini(&out);
}

/* Nothing of the record is changed, yet who reads lines misses it. */
static void
record_that_lacks_its_line_feed_at_a_files_end_is_no_line(void)
{
	struct log log;
	struct kt_buf out;
	struct kt_span all;

	kt_buf_init(&out, 1u << 20);
	make(&log, RECORDS);
	all = kt_buf_span(&log.text);
	for (uint64_t i = 1; i < RECORDS; i++) {
		size_t lf = log.at[i] - 1;

		kt_buf_reset(&out);
		ok(kt_buf_add(&out, kt_span_sub(all, 0, lf)) == KT_OK);
		ok(kt_buf_add(&out, kt_span_sub(all, lf + 1, all.len)) ==
		    KT_OK);
		ok(is(judge(&log, kt_buf_span(&out), lf),
		    KT_AUDIT_CANONICAL, i - 1));
		ok(result.nbreaks == 1 && result.checkpoints_ok == 4);
	}
	unmake(&log);
	kt_buf_fini(&out);
}

static void
changed_or_missing_checkpoint_is_named_as_one(void)
{
	struct log log;
	const struct kt_audit_break *b;
	struct kt_span text;
	size_t missed = 0;

	make(&log, RECORDS);
	text = kt_buf_span(&log.text);
	for (size_t at = 0; at < log.notes.len; at++) {
		log.notes.ptr[at] ^= 2;
		b = judge(&log, text, log.at[CUT]);
		log.notes.ptr[at] ^= 2;
		missed += b == NULL;
		ok(b == NULL || b->class == KT_AUDIT_CHECKPOINT ||
		    b->class == KT_AUDIT_SIGNATURE ||
		    b->class == KT_AUDIT_RE_SIGNED ||
		    b->class == KT_AUDIT_KEY_OUT_OF_EPOCH ||
		    at > log.notes.len - 700);
	}
	ok(missed == 0);
	log.notes.len = 0;
	b = judge(&log, text, log.at[CUT]);
	ok(b != NULL && b->class == KT_AUDIT_CHECKPOINT);
	log.newest.len = 0;
	b = judge(&log, text, log.at[CUT]);
	ok(b != NULL && b->class == KT_AUDIT_SIGNATURE); /* one was due */
	ok(result.tail == RECORDS);
	unmake(&log);
}

static void
missing_segment_is_named_as_one(void)
{
	struct log log;
	struct kt_span notes, text;
	struct kt_audit_evidence e = { .next = next_note, .arg = &notes };
	struct kt_audit_verify *v;

	make(&log, RECORDS);
	e.newest = kt_buf_span(&log.newest);
	notes = kt_buf_span(&log.notes);
	text = kt_buf_span(&log.text);
	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	kt_audit_verify_segment(v, 1);
	ok(kt_audit_verify_feed(
	    v, kt_span_sub(text, log.at[CUT], text.len), &err) == KT_OK);
	result = *kt_audit_verify_finish(v);
	ok(is(&result.breaks[0], KT_AUDIT_MISSING_SEGMENT, 0));
	/* The segment's header brings the tree back. */
	ok(result.nbreaks == 1 && result.checkpoints_ok == 2);
	kt_audit_verify_free(&v);
	unmake(&log);
}

static bool
no_note(void *arg, struct kt_span *note)
{
	(void)arg;
	(void)note;
	return false;
}

static void
breaks_beyond_kt_audit_breaks_max_are_counted(void)
{
	struct kt_audit_envelope env = { .boot = KT_SPAN("b"),
		.origin = KT_SPAN("o") };
	struct kt_audit_evidence e = { .next = no_note };
	struct kt_audit_chain c;
	struct kt_audit_verify *v;
	struct kt_buf text;
	uint8_t leaf[32];

	kt_buf_init(&text, 1u << 20);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (int i = 0; i < 3 * KT_AUDIT_BREAKS_MAX; i++) {
		ok(kt_audit_seal(&c, &env, KT_SPAN("{\"type\":\"call\"}"),
		    &text, leaf, &err) == KT_OK);
		ok(kt_buf_add(&text, KT_SPAN("garbage\n")) == KT_OK);
	}
	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	kt_audit_verify_segment(v, 0);
	ok(kt_audit_verify_feed(v, kt_buf_span(&text), &err) == KT_OK);
	result = *kt_audit_verify_finish(v);
	ok(result.nbreaks == KT_AUDIT_BREAKS_MAX);
	ok(result.more_breaks == 2 * KT_AUDIT_BREAKS_MAX);
	ok(result.breaks[0].index == 1 && result.good == 1);
	kt_audit_verify_free(&v);
	kt_audit_chain_fini(&c);
	kt_buf_fini(&text);
}

/* ---- signatures ---- */

static const struct kt_audit_break *
judge_made(void)
{
	static struct kt_audit_break first;
	const struct kt_audit_break *b;
	struct log log;

	make(&log, RECORDS);
	b = judge(&log, kt_buf_span(&log.text), log.at[CUT]);
	if (b != NULL)
		first = *b;
	unmake(&log);
	return b != NULL ? &first : NULL;
}

static void
checkpoints_without_signatures_are_noticed_at_once(void)
{
	signs = NULL;
	ok(lies_in(judge_made(), KT_AUDIT_SIGNATURE, 0, 2));
	ok(result.nbreaks == 1); /* one finding, not one per checkpoint */
	signs = &stable;
	ok(judge_made() == NULL && result.signed_checkpoints == 4);
	ok(result.epochs == 2 && result.has_key && !result.is_pinned);
}

static void
stolen_keys_do_not_sign_for_another_epoch(void)
{
	/* The second epoch's key signs sizes of the first, and 4 closes it. */
	epoch_from = 3;
	ok(lies_in(judge_made(), KT_AUDIT_KEY_OUT_OF_EPOCH, 0, 2));
	epoch_from = 4;
	ok(is(judge_made(), KT_AUDIT_KEY_OUT_OF_EPOCH, 3));
	epoch_from = 10; /* or the first one's sizes of the second */
	ok(lies_in(judge_made(), KT_AUDIT_KEY_OUT_OF_EPOCH, 4, 8));
	epoch_from = KEY + 2;
}

static void
key_that_no_record_announced_signs_nothing(void)
{
	signs = &thief;
	ok(lies_in(judge_made(), KT_AUDIT_RE_SIGNED, 0, 2));
	signs = &stable;
}

static void
log_under_another_key_than_the_pinned_one_is_replaced(void)
{
	char other[KT_AUDIT_VKEY_TEXT];

	pinned = kt_span_of(stable_text);
	ok(judge_made() == NULL && result.is_pinned);
	kt_audit_vkey_text(&thief.vkey, other);
	pinned = kt_span_of(other);
	ok(is(judge_made(), KT_AUDIT_KEY_REPLACED, 0));
	pinned.len = 0;
	log_vkey = kt_span_of(other);
	ok(is(judge_made(), KT_AUDIT_KEY_REPLACED, 0));
	log_vkey = KT_SPAN("no key");
	ok(is(judge_made(), KT_AUDIT_KEY_REPLACED, 0));
	log_vkey.len = 0;
}

static void
known_checkpoint_of_another_history_is_a_fork(void)
{
	struct kt_audit_checkpoint known[2];
	struct kt_audit_brought b = { .known = known, .nknown = 2 };
	struct kt_span rest, note;
	struct log log;

	make(&log, RECORDS);
	rest = kt_buf_span(&log.notes);
	for (int i = 0; i < 3 && kt_audit_notes_next(&rest, &note); i++)
		ok(kt_audit_checkpoint_parse(note, &known[i / 2], &err) ==
		    KT_OK);
	brought = &b;
	ok(judge(&log, kt_buf_span(&log.text), log.at[CUT]) == NULL);
	ok(result.known_size == 9);
	known[1].root[0] ^= 1;
	ok(lies_in(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_FORK, 4, 8));
	known[1].root[0] ^= 1;
	known[1].size = RECORDS + 1;
	ok(is(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_TRUNCATE, RECORDS));
	brought = NULL;
	unmake(&log);
}

static void
receipt_is_for_its_record_and_no_other(void)
{
	struct kt_audit_receipt r, two[2];
	struct kt_audit_brought b = { .receipts = &r, .nreceipts = 1 };
	struct kt_audit_chain c;
	struct kt_span origin;
	struct log log;
	char written[KT_AUDIT_RECEIPT_MAX];
	char text[200], hex[65];

	make(&log, RECORDS);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	kt_audit_leaf(&c, kt_span_sub(kt_buf_span(&log.text), log.at[8],
	    log.at[9] - log.at[8] - 1), r.leaf);
	kt_hex(r.leaf, 32, hex);
	(void)snprintf(text, sizeof(text), "kt-audit: a/b/c#8;%s\r\n", hex);
	ok(kt_audit_receipt_parse(kt_span_sub(kt_span_of(text), 0,
	    strlen(text) - 2), &r, &origin, &err) == KT_OK);
	ok(r.index == 8 && kt_span_eq(origin, KT_SPAN("a/b/c")));
	ok(kt_span_eq(kt_audit_receipt_write(&r, origin, written),
	    kt_span_sub(kt_span_of(text), 10, strlen(text) - 12)));
	brought = &b;
	ok(judge(&log, kt_buf_span(&log.text), log.at[CUT]) == NULL);
	ok(result.receipts == 1);
	two[0] = r;
	r.index = 9;
	ok(lies_in(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_FORK, 0, 9));
	two[1] = r; /* the one that agrees speaks for all before it, too */
	b = (struct kt_audit_brought){ .receipts = two, .nreceipts = 2 };
	ok(is(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_FORK, 9));
	two[0].index = 7; /* a fork is one break, however many tell of it */
	ok(lies_in(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_FORK, 0, 7) && result.nbreaks == 1);
	b = (struct kt_audit_brought){ .receipts = &r, .nreceipts = 1 };
	r.index = RECORDS;
	ok(is(judge(&log, kt_buf_span(&log.text), log.at[CUT]),
	    KT_AUDIT_TRUNCATE, RECORDS));
	brought = NULL;
	for (size_t n = 0; n + 2 < strlen(text); n++)
		ok(kt_audit_receipt_parse((struct kt_span){ text, n }, &r,
		    &origin, &err) < 0);
	kt_audit_chain_fini(&c);
	unmake(&log);
}

int
main(void)
{
	make_keys();
	RUN(untouched_log_is_intact_however_it_is_cut_into_pieces);
	RUN(each_flipped_bit_is_an_edit_of_its_record);
	RUN(edit_of_the_last_record_is_found_where_a_checkpoint_covers_it);
	RUN(each_dropped_record_is_a_delete_and_each_double_an_insert);
	RUN(each_two_swapped_records_and_each_moved_one_are_a_reorder);
	RUN(foreign_lines_are_inserts_wherever_they_stand);
	RUN(forged_record_that_chains_is_an_insert_at_its_place);
	RUN(log_cut_at_any_byte_is_truncated_at_the_record_that_lacks_it);
	RUN(overlong_line_is_an_edit_or_insert_however_long_it_is);
	RUN(record_that_lacks_its_line_feed_at_a_files_end_is_no_line);
	RUN(changed_or_missing_checkpoint_is_named_as_one);
	RUN(breaks_beyond_kt_audit_breaks_max_are_counted);
	RUN(missing_segment_is_named_as_one);
	RUN(checkpoints_without_signatures_are_noticed_at_once);
	RUN(stolen_keys_do_not_sign_for_another_epoch);
	RUN(key_that_no_record_announced_signs_nothing);
	RUN(log_under_another_key_than_the_pinned_one_is_replaced);
	RUN(known_checkpoint_of_another_history_is_a_fork);
	RUN(receipt_is_for_its_record_and_no_other);
	return done();
}
