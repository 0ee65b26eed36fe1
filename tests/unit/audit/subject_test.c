/*
 * Callers have a secret each, once, and are forgotten for good.
 */
#include "audit/subject.h"
#include "tests/unit/tap.h"

static const uint8_t one[32] = { 1 }, two[32] = { 2 }, three[32] = { 3 };

static void
a_caller_keeps_the_first_secret(void)
{
	struct kt_audit_subjects *s = kt_audit_subjects_new();
	struct kt_audit_subject *ann, *bob;

	ok(kt_audit_subject_find(s, KT_SPAN("ann")) == NULL);
	ann = kt_audit_subject_add(s, KT_SPAN("ann"), one);
	ok(ann != NULL && memcmp(ann->secret, one, 32) == 0);
	ok(kt_audit_subject_add(s, KT_SPAN("ann"), two) == ann);
	ok(kt_audit_subject_find(s, KT_SPAN("ann")) == ann);
	bob = kt_audit_subject_load(s, KT_SPAN("bob"), two);
	ok(bob != ann && strcmp(ann->pseudonym, bob->pseudonym) != 0);
	ok(strlen(ann->pseudonym) == KT_AUDIT_PSEUDONYM - 1);
	ok(kt_audit_subject_named(s, kt_span_of(bob->pseudonym)) == bob);
	kt_audit_subjects_free(&s);
	ok(s == NULL);
}

static void
what_is_fresh_is_told_once_or_again(void)
{
	struct kt_audit_subjects *s = kt_audit_subjects_new();
	struct kt_audit_subject *ann, *bob, *fresh;

	ok(kt_audit_subjects_fresh(s) == NULL);
	(void)kt_audit_subject_load(s, KT_SPAN("old"), three);
	ann = kt_audit_subject_add(s, KT_SPAN("ann"), one);
	bob = kt_audit_subject_add(s, KT_SPAN("bob"), two);
	fresh = kt_audit_subjects_fresh(s);
	ok(fresh == bob && bob->fresh == ann && ann->fresh == NULL);
	ok(kt_audit_subjects_fresh(s) == NULL);
	kt_audit_subject_again(s, ann);
	ok(kt_audit_subjects_fresh(s) == ann);
	kt_audit_subjects_free(&s);
}

static void
who_was_forgotten_is_somebody_new(void)
{
	struct kt_audit_subjects *s = kt_audit_subjects_new();
	struct kt_audit_subject *ann = kt_audit_subject_add(
	    s, KT_SPAN("ann"), one), *other;

	kt_audit_subject_forget(ann, three);
	ok(memcmp(ann->secret, one, 32) != 0);
	ok(kt_audit_subject_find(s, KT_SPAN("ann")) == NULL);
	ok(kt_audit_subject_named(s, kt_span_of(ann->pseudonym)) == NULL);
	other = kt_audit_subject_add(s, KT_SPAN("ann"), two);
	ok(other != ann && kt_audit_subject_find(s, KT_SPAN("ann")) == other);
	kt_audit_subjects_free(&s);
}

int
main(void)
{
	RUN(a_caller_keeps_the_first_secret);
	RUN(what_is_fresh_is_told_once_or_again);
	RUN(who_was_forgotten_is_somebody_new);
	return done();
}
