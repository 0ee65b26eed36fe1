/*
 * Every single bit of a log, flipped: each is noticed.
 *
 * The log is read once.  Before each line the verifier's state is kept, and
 * put back after every flip in that line, so that a flip costs three lines
 * and not all of them.  Lines that change keys own memory behind that state:
 * there each flip is a process that ends.  KT_FLIP_BYTES is how long the log
 * is: `.ci/run evidence` asks for a mebibyte.
 */
#include "config.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "audit/verify_priv.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 8192

static struct kt_err err;
static struct kt_audit_signer stable, epochs[2];
static char vkeys[3][KT_AUDIT_VKEY_TEXT];
static struct kt_buf text, notes;
static struct kt_span lines[LINES_MAX]; /* with their LF */
static size_t n_lines, key_line;

static void
make_key(struct kt_audit_signer *s, const char *name, uint8_t first,
    char vkey[KT_AUDIT_VKEY_TEXT])
{
	uint8_t seed[KT_AUDIT_SEED] = { first };

	ok(kt_audit_signer_init(s, kt_span_of(name), seed, &err) == KT_OK);
	kt_audit_vkey_text(&s->vkey, vkey);
}

static void
write_body(struct kt_audit_chain *c, size_t of, struct kt_buf *body)
{
	struct kt_audit_genesis g = { .software = KT_SPAN("kt"),
		.vkey = kt_span_of(vkeys[0]),
		.epoch_vkey = kt_span_of(vkeys[1]) };
	struct kt_audit_segment s = { .number = 0,
		.epoch_vkey = kt_span_of(vkeys[1]) };
	struct kt_audit_call call = { .call_id = KT_SPAN("c-0123456789"),
		.principal = { .id = KT_SPAN("p:caf\xc3\xa9\n"),
			.kind = KT_SPAN("human") },
		.decision = KT_SPAN("pass"), .bytes_in = c->size };

	if (c->size == 0)
		ok(kt_audit_genesis_write(&g, body, &err) == KT_OK);
	else if (c->size == 1)
		ok(kt_audit_segment_write(&s, c, body, &err) == KT_OK);
	else if (text.len > of / 2 && key_line == 0) {
		key_line = n_lines;
		ok(kt_audit_key_write(
		    kt_span_of(vkeys[2]), body, &err) == KT_OK);
	} else
		ok(kt_audit_call_write(&call, body, &err) == KT_OK);
}

static void
add_note(struct kt_audit_chain *c, const char *origin)
{
	struct kt_audit_signer *epoch = &epochs[c->size > key_line + 1 &&
	    key_line > 0];
	struct kt_buf note;
	size_t n;

	kt_buf_init(&note, 1u << 16);
	ok(kt_audit_signer_rename(&stable, kt_span_of(origin), &err) == KT_OK);
	ok(kt_audit_checkpoint_write(c, kt_span_of(origin), &note, &err) ==
	    KT_OK);
	n = note.len - 1; /* the empty line is there */
	ok(kt_audit_note_sign(&stable, &note, n, &err) == KT_OK);
	ok(kt_audit_note_sign(epoch, &note, n, &err) == KT_OK);
	ok(kt_buf_add(&notes, kt_buf_span(&note)) == KT_OK);
	ok(kt_buf_addc(&notes, '\n') == KT_OK);
	kt_buf_fini(&note);
}

/* Checkpoints where one is due, and behind the last record. */
static void
make_log(size_t of)
{
	char origin[64] = "kt/gw", id[33];
	struct kt_audit_chain c;
	struct kt_buf body;
	uint8_t leaf[32];

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	kt_buf_init(&text, of + (1u << 20));
	kt_buf_init(&notes, 1u << 20);
	ok(kt_buf_reserve(&text, of + 65536) == KT_OK); /* lines point at it */
	kt_buf_init(&body, 65536);
	while (text.len < of && n_lines < LINES_MAX) {
		struct kt_audit_envelope env = { .ts_us = 1000000 * c.size,
			.boot = KT_SPAN("b0"), .origin = kt_span_of(origin) };
		size_t at = text.len;
		bool is_key;

		kt_buf_reset(&body);
		write_body(&c, of, &body);
		is_key = key_line == n_lines && n_lines > 0;
		ok(kt_audit_seal(&c, &env, kt_buf_span(&body), &text, leaf,
		    &err) == KT_OK);
		lines[n_lines++] = kt_span_sub(
		    kt_buf_span(&text), at, text.len - at);
		if (c.size == 1) {
			kt_hex(leaf, 16, id);
			(void)snprintf(
			    origin, sizeof(origin), "kt/gw/%s", id);
		}
		if (is_key)
			add_note(&c, origin);
	}
	add_note(&c, origin);
	kt_buf_fini(&body);
	kt_audit_chain_fini(&c);
}

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

static void
feed(struct kt_audit_verify *v, struct kt_span bytes)
{
	if (kt_audit_verify_feed(v, bytes, &err) < 0)
		abort();
}

/* With the line as it is now; how it goes on says what it was. */
static bool
is_noticed(struct kt_audit_verify *v, size_t k)
{
	for (size_t i = k; i < n_lines; i++) {
		feed(v, lines[i]);
		if (v->report.nbreaks > 0)
			return true;
	}
	return kt_audit_verify_finish(v)->nbreaks > 0;
}

static bool
is_noticed_apart(struct kt_audit_verify *v, size_t k)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(is_noticed(v, k) ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool is_quick; /* one bit of a byte where each costs a process */

static size_t
flip_line(struct kt_audit_verify *v, size_t k, struct kt_span *rest)
{
	static struct kt_audit_verify kept;
	struct kt_span kept_rest = *rest;
	char *line = text.ptr + (lines[k].ptr - text.ptr);
	bool is_apart = k < 2 || (k + 2 >= key_line && k <= key_line + 1);
	size_t missed = 0;

	kept = *v;
	for (size_t bit = 0; bit < 8 * lines[k].len;
	    bit += is_apart && is_quick ? 9 : 1) {
		line[bit / 8] ^= (char)(1 << bit % 8);
		if (!(is_apart ? is_noticed_apart(v, k) : is_noticed(v, k))) {
			printf("# line %zu bit %zu\n", k, bit);
			missed++;
		}
		line[bit / 8] ^= (char)(1 << bit % 8);
		if (!is_apart) {
			*v = kept;
			*rest = kept_rest;
		}
	}
	return missed;
}

static void
each_flipped_bit_is_noticed(void)
{
	const char *of = getenv("KT_FLIP_BYTES");
	struct kt_span rest;
	struct kt_audit_evidence e = { .next = next_note, .arg = &rest };
	struct kt_audit_verify *v;
	size_t missed = 0;

	is_quick = of == NULL;
	make_key(&stable, "kt/gw", 1, vkeys[0]);
	make_key(&epochs[0], "kt/gw/epoch", 2, vkeys[1]);
	make_key(&epochs[1], "kt/gw/epoch", 3, vkeys[2]);
	make_log(of != NULL ? strtoul(of, NULL, 10) : 48u << 10);
	rest = kt_buf_span(&notes);
	ok(kt_audit_verify_new(&v, &e, &err) == KT_OK);
	/* What it holds back stays where it is, whatever comes. */
	ok(kt_buf_reserve(&v->part, KT_AUDIT_LINE_MAX) == KT_OK);
	ok(kt_buf_reserve(&v->odd_text, KT_AUDIT_LINE_MAX) == KT_OK);
	kt_audit_verify_segment(v, 0);
	for (size_t k = 0; k < n_lines; k++) {
		missed += flip_line(v, k, &rest);
		feed(v, lines[k]);
		ok(v->report.nbreaks == 0);
	}
	ok(kt_audit_verify_finish(v)->nbreaks == 0);
	ok(v->report.signed_checkpoints == 2);
	ok(missed == 0);
	printf("# %zu records, %zu bytes\n", n_lines, text.len);
	kt_audit_verify_free(&v);
	kt_audit_signer_fini(&stable);
	kt_audit_signer_fini(&epochs[0]);
	kt_audit_signer_fini(&epochs[1]);
	kt_buf_fini(&text);
	kt_buf_fini(&notes);
}

int
main(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* children have nothing left */
	RUN(each_flipped_bit_is_noticed);
	return done();
}
