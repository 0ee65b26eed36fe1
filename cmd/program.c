/*
 * program - the configuration and the detectors become what runs.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/program.h"

enum kt_rc
kt_cmd_program_open(struct kt_cmd_program *p, char *const *paths, size_t n,
    struct kt_program_options *o, struct kt_err *err)
{
	if (kt_cmd_files_policy(&p->config, paths, n, err) < 0 ||
	    kt_cmd_settings_load(&p->settings, &p->config, err) < 0 ||
	    kt_cmd_files_detectors(&p->detectors, p->settings.settings,
	        p->config.names, err) < 0)
		return err->rc;
	kt_cmd_saved_detectors(&p->saved[0]);
	kt_cmd_saved_definitions(&p->saved[1]);
	o->settings = p->settings.settings;
	o->detectors = p->detectors.sources;
	o->ndetectors = p->detectors.n;
	o->saved_detectors = kt_buf_span(&p->saved[0]);
	o->saved_definitions = kt_buf_span(&p->saved[1]);
	p->program = kt_program_new(o, err);
	if (p->program == NULL)
		return err->rc;
	p->scratch = kt_scratch_new(p->program);
	return p->scratch != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "out of memory");
}

void
kt_cmd_program_close(struct kt_cmd_program *p)
{
	kt_scratch_free(&p->scratch);
	kt_program_free(&p->program);
	kt_cmd_settings_fini(&p->settings);
	kt_cmd_files_fini(&p->config);
	kt_cmd_files_fini(&p->detectors);
	for (size_t i = 0; i < KT_NELEMS(p->saved); i++)
		kt_buf_fini(&p->saved[i]);
	*p = (struct kt_cmd_program){ 0 };
}
