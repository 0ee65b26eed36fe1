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

	if (kt_cmd_files_policy(&s->config, s->policies, s->npolicies, err) < 0 ||
	    kt_cmd_settings_load(&s->settings, &s->config, err) < 0 ||
	    kt_cmd_files_detectors(&s->detectors, s->settings.settings,
	        &s->config, err) < 0 ||
	    kt_disk_random(s->key, sizeof(s->key), err) < 0)
		return err->rc;
	kt_cmd_saved_detectors(&s->saved);
	o.settings = s->settings.settings;
	o.detectors = s->detectors.sources;
	o.ndetectors = s->detectors.n;
	o.saved_detectors = kt_buf_span(&s->saved);
	o.instance_key = (struct kt_span){ (const char *)s->key, 32 };
	s->program = kt_program_new(&o, err);
	if (s->program == NULL)
		return err->rc;
	s->scratch = kt_scratch_new(s->program);
	s->scrub.look = s->scratch ? kt_look_new(s->program, s->scratch) : NULL;
	s->scrub.key = s->key;
	return s->scrub.look != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "out of memory");
}

void
kt_scrubber_close(struct kt_scrubber *s)
{
	kt_look_free(&s->scrub.look);
	kt_scratch_free(&s->scratch);
	kt_program_free(&s->program);
	kt_cmd_settings_fini(&s->settings);
	kt_cmd_files_fini(&s->config);
	kt_cmd_files_fini(&s->detectors);
	kt_buf_fini(&s->saved);
	explicit_bzero(s->key, sizeof(s->key));
}
