/*
 * scrubber - a program that hears every detector, and a key that is thrown
 * away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/session/scrubber.h"
#include "disk/disk.h"

static bool
no_secret(void *arg, const struct kt_config_secret *ref,
    struct kt_arena *mem, struct kt_span *out)
{
	(void)arg, (void)ref, (void)mem;
	*out = KT_SPAN("-"); /* nothing is sent anywhere */
	return true;
}

enum kt_rc
kt_scrubber_open(struct kt_scrubber *s, struct kt_err *err)
{
	struct kt_program_options o = { .secret = no_secret,
		.use = KT_CHAIN_RECORD, .may_use_offline = true };

	if (kt_disk_random(s->key, sizeof(s->key), err) < 0)
		return err->rc;
	o.instance_key = (struct kt_span){ (const char *)s->key, 32 };
	if (kt_cmd_program_open(
	        &s->program, s->policies, s->npolicies, &o, err) < 0)
		return err->rc;
	s->scrub.look = kt_look_new(s->program.program, s->program.scratch);
	s->scrub.key = s->key;
	return s->scrub.look != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "out of memory");
}

void
kt_scrubber_close(struct kt_scrubber *s)
{
	kt_look_free(&s->scrub.look);
	kt_cmd_program_close(&s->program);
	explicit_bzero(s->key, sizeof(s->key));
}
