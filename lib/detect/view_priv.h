/*
 * view_priv - what a text says once its disguises are taken off.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    characters that stand for others (fold.c), encodings (view.c),
 *           where in a text there may be any (sites.c), and the way from each
 *           byte of a view back to the bytes it was made from.
 * Does not: search, or leave the room.
 * Promises: one pass, linear; a view is at most KT_DETECT_VIEW_GROWTH times
 *           as long as what it was made from; the way back never cuts what
 *           was decoded as one.
 */
#ifndef KT_DETECT_VIEW_PRIV_H
#define KT_DETECT_VIEW_PRIV_H
#include "base/base.h"

/* NFKC makes words of single characters; longer ones stay as they are. */
#define KT_DETECT_FOLD_MAX 8
#define KT_DETECT_VIEW_GROWTH 4

/* Equal units, one behind the other: view_len bytes made from source_len. */
struct kt_detect_units {
	uint32_t view, source; /* where the first begins */
	uint16_t view_len, source_len;
	uint32_t disguise; /* enum kt_detect_disguise, or 0: as it was */
};
/* Inside what the text ended, when more of it comes. */
enum kt_detect_within {
	KT_DETECT_WITHIN_TEXT = 0,
	KT_DETECT_WITHIN_WORD, /* of which no part begins a run */
	KT_DETECT_WITHIN_HEX,
	KT_DETECT_WITHIN_BASE64,
	KT_DETECT_WITHIN_BASE64_WIDE,
	KT_DETECT_WITHIN_BASE32,
	KT_DETECT_WITHIN_SPACED,
	KT_DETECT_WITHIN_QUOTED,
};
/* What braille said of the cells that come. */
enum kt_detect_cells {
	KT_DETECT_CELLS_LETTERS = 0,
	KT_DETECT_CELLS_CAPITAL, /* one of them */
	KT_DETECT_CELLS_CAPITALS,
	KT_DETECT_CELLS_DIGITS,
};
struct kt_detect_view {
	struct kt_buf text;
	struct kt_detect_units *units;
	size_t n, cap;
	/* Of a stream: where text and source begin in all that there was. */
	uint32_t text_base, source_base;
	uint32_t source_end;
	enum kt_detect_within within;
	char between; /* the characters of a spaced row */
	enum kt_detect_cells cells;
};

/*
 * Takes one layer off.  *out is used again; *changed: it differs from in.
 * KT_E_LIMIT: no memory.
 */
KT_MUSTCHECK enum kt_rc kt_detect_unmask(
    struct kt_span in, struct kt_detect_view *out, bool *changed);
/*
 * The same piece by piece: in goes on where the last piece was *used up, and
 * more comes unless is_end.  out->text is what is new, its units are kept.
 * A mark that belongs to the letter before it is left out.
 */
KT_MUSTCHECK enum kt_rc kt_detect_unmask_more(struct kt_span in, bool is_end,
    struct kt_detect_view *out, size_t *used);
void kt_detect_view_fini(struct kt_detect_view *v);
/* The source bytes that [*start, *end) was made from, and how. */
uint32_t kt_detect_view_back(
    const struct kt_detect_view *v, size_t *start, size_t *end);

/*
 * What cp stands for: *n bytes, none when it is invisible.  False: itself.
 */
bool kt_detect_fold(uint32_t cp, char out[static KT_DETECT_FOLD_MAX],
    size_t *n, uint32_t *disguise);
/* cp with the mark behind it as one character, or 0. */
uint32_t kt_detect_compose(uint32_t cp, uint32_t mark);
/* A mark of U+0300 to U+036F at `at`. */
static inline bool
kt_detect_is_mark(struct kt_span in, size_t at)
{
	unsigned char a, b;

	if (at >= in.len || in.len - at < 2)
		return false;
	a = (unsigned char)in.ptr[at];
	b = (unsigned char)in.ptr[at + 1];
	return (a == 0xcc && b >= 0x80) || (a == 0xcd && b >= 0x80 && b < 0xb0);
}
/* A cell of braille of six dots that stands for something; what: a character,
   or 0, and how the next cells are read. */
bool kt_detect_is_cell(uint32_t cp);
char kt_detect_cell(uint32_t cp, enum kt_detect_cells *how);

/* An encoded run: how many bytes at `from` are looked at to tell. */
#define KT_DETECT_RUN_MIN 16
extern const int8_t kt_detect_digits64[256]; /* both alphabets; or -1 */
static inline int
kt_detect_digit64(char c)
{
	return kt_detect_digits64[(unsigned char)c];
}
/* A run of digits that begins at `from` and says a text, as which. */
enum kt_detect_run {
	KT_DETECT_RUN_NONE = 0,
	KT_DETECT_RUN_HEX,
	KT_DETECT_RUN_BASE64,
	KT_DETECT_RUN_BASE64_WIDE, /* of UTF-16: Latin letters alone */
	KT_DETECT_RUN_BASE32,
};
/* Can one begin there: not inside a word, but behind "0x"? */
bool kt_detect_begins_run(struct kt_span in, size_t at);
enum kt_detect_run kt_detect_run_says(struct kt_span in, size_t from);
/* The same of the first digits of one, at least a group, that end the text. */
bool kt_detect_run_may_say(struct kt_span in, size_t from);
/* What n digits at `at`, which are all there, say: how many bytes of text, at
   most n; -1: none.  Of two digits at `at`: the byte, or -1. */
int kt_detect_text64(struct kt_span in, size_t at, size_t n, char *out);
int kt_detect_text64_wide(struct kt_span in, size_t at, size_t n, char *out);
int kt_detect_text32(struct kt_span in, size_t at, size_t n, char *out);
int kt_detect_text16(struct kt_span in, size_t at);

/* A row that begins at `at`: eight characters, or five escapes. */
#define KT_DETECT_ROW_MIN 15
#define KT_DETECT_ROW_LETTERS 3
enum kt_detect_row {
	KT_DETECT_ROW_NONE = 0,
	KT_DETECT_ROW_MAYBE, /* the text ends before it is told */
	KT_DETECT_ROW_SPACED, /* the same byte behind each character */
	KT_DETECT_ROW_QUOTED, /* quoted-printable */
};
enum kt_detect_row kt_detect_row_says(struct kt_span in, size_t at);
/* Where a row begins at the end of the text that may be one, or in.len. */
size_t kt_detect_row_waits(struct kt_span in);
/* Does a character begin there that goes on behind the end? */
bool kt_detect_is_cut(struct kt_span in);
/* Bytes from `at` that tell all of an escape there; more than there are, if
   it goes on behind the end. */
size_t kt_detect_escape_needs(struct kt_span in, size_t at);
/* Does one begin with it? */
static inline bool
kt_detect_begins_escape(char c)
{
	return c == '\\' || c == '%' || c == '&';
}
/* An escape at `at`, a backslash, percent sign or entity of HTML: its
   length, or 0. */
size_t kt_detect_escape(
    struct kt_span in, size_t at, uint32_t *cp, bool *is_byte);

/* The next place at or behind `from` where a disguise begins, or in.len. */
size_t kt_detect_next_site(struct kt_span in, size_t from);

#endif
