/*
 * media - a job is known again by what stands in the body, not by its place
 * in a list: another policy may read other media, or none.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/ask.h"
#include "session/media.h"
#include "session/session_priv.h"

/* The number in a payload; 0: it has none. */
static uint32_t
number_of(struct kt_span payload)
{
	struct kt_span digits = kt_span_sub(payload,
	    KT_MEDIUM_MARK_LEN - 8, 8);
	uint64_t n = 0;

	return kt_span_starts(payload, KT_SPAN(KT_MEDIUM_MARK)) &&
	        digits.len == 8 && kt_span_u64(digits, &n) ? (uint32_t)n : 0;
}

/* ---- lines ---- */

/* Where only facts are wanted the text goes, and what was in it stays. */
static enum kt_rc
scrub(const struct kt_scrub *s, struct kt_span text, struct kt_buf *out)
{
	return s->is_facts_only ? kt_scrub_facts(s, text, out) :
	                          kt_scrub_text(s, text, out);
}

static enum kt_rc
put_text(const struct kt_scrub *s, struct kt_blobs *blobs,
    const struct kt_media_text *said, struct kt_json_writer *j,
    struct kt_buf *out)
{
	struct kt_buf clean;
	struct kt_span text;
	struct kt_json_writer line;
	bool is_new = false;
	enum kt_rc rc;

	kt_buf_init(&clean, 4 * (size_t)KT_MEDIA_ANSWER_MAX);
	rc = scrub(s, said->text, &clean);
	text = kt_buf_span(&clean);
	if (rc == KT_OK && text.len >= KT_BLOB_MIN)
		rc = kt_blobs_add(blobs, kt_blob_name(text), &is_new);
	if (rc == KT_OK && is_new) {
		kt_line_begin(&line, out);
		kt_blob_put_name(&line, "h", kt_blob_name(text));
		kt_line_kind(&line, "blob");
		kt_line_text(&line, "v", text);
		rc = kt_line_end(&line);
	}
	kt_json_begin_object(j);
	kt_json_named_u64(j, "page", said->page);
	kt_line_text(j, "source", kt_span_of(kt_media_source_word(said->source)));
	kt_json_named_array(j, "text");
	if (text.len >= KT_BLOB_MIN) {
		kt_json_begin_object(j);
		kt_blob_put_name(j, "b", kt_blob_name(text));
		kt_json_end_object(j);
	} else {
		kt_json_put_string(j, text);
	}
	kt_json_end_array(j);
	kt_json_end_object(j);
	kt_buf_fini(&clean);
	return rc;
}

/* The line is made apart: texts with names go in front of it. */
static enum kt_rc
write_medium(const struct kt_tape *t, const struct kt_tape_job *job,
    const struct kt_scrub *s, struct kt_blobs *blobs, uint64_t n,
    struct kt_buf *out)
{
	struct kt_media_answer a = { .why = KT_MEDIA_WHY_FAILED };
	struct kt_media_text said;
	struct kt_json_writer j;
	struct kt_buf line;
	enum kt_rc rc = KT_OK;

	if (!job->is_answered ||
	    kt_media_answer_read(kt_tape_bytes(t, job->at, job->len), &a) < 0)
		a = (struct kt_media_answer){ .why = job->is_answered ?
		        KT_MEDIA_WHY_FAILED : KT_MEDIA_WHY_SLOW };
	kt_buf_init(&line, KT_SESSION_LINE_MAX);
	kt_line_begin(&j, &line);
	kt_line_kind(&j, "fact");
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "name", KT_SPAN("medium"));
	kt_json_named_object(&j, "v");
	kt_json_named_u64(&j, "number", job->id);
	kt_json_named_u64(&j, "pages", a.pages);
	kt_json_named_array(&j, "texts");
	while (rc == KT_OK && kt_media_answer_next(&a, &said))
		rc = put_text(s, blobs, &said, &j, out);
	kt_json_end_array(&j);
	kt_line_text(&j, "why", kt_span_of(kt_media_why_word(a.why)));
	kt_json_end_object(&j);
	if (rc == KT_OK)
		rc = kt_line_end(&j);
	if (rc == KT_OK)
		rc = kt_buf_add(out, kt_buf_span(&line));
	kt_buf_fini(&line);
	return rc;
}

/* What was found in a file when it went up, or that nobody knew. */
static enum kt_rc
write_recall(const struct kt_tape *t, const struct kt_tape_job *job,
    const struct kt_scrub *s, uint64_t n, struct kt_buf *out)
{
	struct kt_json_writer j;
	struct kt_buf id;
	enum kt_rc rc;

	kt_buf_init(&id, KT_HEAD_MAX * 8);
	rc = kt_scrub_text(
	    s, kt_tape_bytes(t, job->id_at, job->id_len), &id);
	kt_line_begin(&j, out);
	kt_line_kind(&j, "fact");
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "name", KT_SPAN("recall"));
	kt_json_named_object(&j, "v");
	kt_line_text(&j, "found", job->is_answered ?
	        kt_tape_bytes(t, job->at, job->len) : (struct kt_span){ 0 });
	kt_line_text(&j, "id", kt_buf_span(&id));
	kt_json_end_object(&j);
	kt_buf_fini(&id);
	return rc == KT_OK ? kt_line_end(&j) : rc;
}

/* What a guard said, without what was found in it; facts are no text. */
static enum kt_rc
write_guard(const struct kt_tape *t, const struct kt_tape_job *job,
    const struct kt_scrub *s, uint64_t n, struct kt_buf *out)
{
	struct kt_json_writer j;
	struct kt_scrubbed says;
	enum kt_rc rc;

	if (s->is_facts_only)
		return KT_OK;
	rc = kt_scrub_body(s, KT_ENDPOINT_PASSTHROUGH, KT_ANSWER,
	    kt_tape_bytes(t, job->at, job->len), &says);
	kt_line_begin(&j, out);
	kt_line_kind(&j, "fact");
	kt_json_named_u64(&j, "n", n);
	kt_line_text(&j, "name", KT_SPAN("guard"));
	kt_json_named_object(&j, "v");
	kt_line_text(&j, "id", kt_tape_bytes(t, job->id_at, job->id_len));
	kt_line_text(&j, "says", kt_buf_span(&says.text));
	kt_json_end_object(&j);
	kt_buf_fini(&says.text);
	return rc == KT_OK ? kt_line_end(&j) : rc;
}

enum kt_rc
kt_session_write_media(const struct kt_tape *t, const struct kt_scrub *s,
    struct kt_blobs *blobs, uint64_t n, struct kt_buf *out)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < t->njobs && rc == KT_OK; i++) {
		const struct kt_tape_job *job = &t->jobs[i];

		rc = job->kind == KT_JOB_GUARD ?
		        write_guard(t, job, s, n, out) :
		    job->kind == KT_JOB_RECALL ?
		        write_recall(t, job, s, n, out) :
		        write_medium(t, job, s, blobs, n, out);
	}
	return rc;
}

/* ---- answers ---- */

static enum kt_rc
answer(const struct kt_session_medium *m, struct kt_buf *out)
{
	enum kt_rc rc = kt_media_answer_begin(out);

	for (size_t i = 0; i < m->nsaid && rc == KT_OK; i++) {
		struct kt_buf text;

		kt_buf_init(&text, KT_MEDIA_ANSWER_MAX);
		rc = kt_session_join(
		    m->said[i].pieces, m->said[i].npieces, &text);
		if (rc == KT_OK)
			rc = kt_media_answer_add(out, &(struct kt_media_text){
			    m->said[i].source, m->said[i].page,
			    kt_buf_span(&text) });
		kt_buf_fini(&text);
	}
	if (rc == KT_OK)
		kt_media_answer_end(out, m->why, m->pages);
	return rc;
}

enum kt_rc
kt_session_answer_of(const struct kt_session_call *c, const struct kt_order *o,
    struct kt_buf *out)
{
	uint32_t number = o->job_kind == KT_JOB_MEDIA && o->npieces == 2 ?
	    number_of(o->pieces[1]) : 0;

	char id[KT_TAPE_GUARD_ID] = "";

	if (o->job_kind == KT_JOB_GUARD)
		kt_tape_guard_id(o, id);
	for (size_t i = 0; i < c->nmedia; i++) {
		const struct kt_session_medium *m = &c->media[i];

		if (id[0] != '\0' && m->is_guard &&
		    kt_span_eq(m->id, kt_span_of(id)))
			return kt_buf_add(out, m->found);
		if (o->job_kind == KT_JOB_RECALL && !m->is_guard && m->id.len > 0 &&
		    kt_span_eq(m->id, o->pieces[0]))
			return kt_buf_add(out, m->found);
		if (number > 0 && m->number == number)
			return answer(m, out);
	}
	return KT_E_PARSE;
}
