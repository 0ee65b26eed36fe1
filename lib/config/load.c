/*
 * load - several files become one tree, and the tree becomes settings.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/check.h"
#include "config/fill.h"
#include "config/settings.h"

/* A file of another gateway deserves one clear sentence, not twenty. */
static bool
is_foreign(const struct kt_config_node *root, struct kt_config_diags *d)
{
	const struct kt_config_node *binds = kt_config_get(root,
	    KT_SPAN("binds"));

	if (binds == NULL || binds->type != KT_CONFIG_NODE_LIST ||
	    kt_config_get(root, KT_SPAN("pack")) != NULL)
		return false;
	kt_config_diag(d, KT_CONFIG_UNKNOWN_KEY, binds->key_at,
	    "this is a configuration of agentgateway ('binds'), not of kt");
	kt_config_diag_hide(d, root);
	kt_config_diag_help(d, "kt's sections are pack, policies and providers; "
	    "a listener's backends become providers.targets");
	return true;
}

enum kt_rc
kt_config_load(const struct kt_settings **out,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d)
{
	const struct kt_settings *settings;
	enum kt_rc rc = kt_config_load_all(&settings, kinds, kinds_n, mem, d);

	if (rc == KT_OK)
		*out = settings;
	return rc;
}

enum kt_rc
kt_config_load_all(const struct kt_settings **out,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d)
{
	struct kt_config_node *all = NULL;
	bool is_lost = false;
	void *settings;
	enum kt_rc rc;

	*out = NULL;
	if (d->files_n == 0 || d->files_n > KT_CONFIG_FILES_MAX) {
		kt_config_diag(d, KT_CONFIG_TOO_LARGE, (struct kt_config_place){
		    .file = UINT16_MAX }, "from 1 to %d files make a configuration",
		    KT_CONFIG_FILES_MAX);
		return KT_E_PARSE;
	}
	for (size_t i = 0; i < d->files_n; i++) {
		struct kt_config_node *one = kt_config_parse((uint16_t)i, mem, d);

		if (one == NULL || is_foreign(one, d)) {
			is_lost = true;
			continue;
		}
		all = kt_config_merge(all, one, mem);
		if (all == NULL)
			break;
	}
	/* Without one of the files, what it would have said is not missing. */
	if (is_lost || all == NULL) {
		if (kt_arena_is_full(mem))
			kt_config_diag_starved(d, (struct kt_config_place){ 0 });
		kt_config_diags_sort(d);
		return KT_E_PARSE;
	}
	rc = kt_config_examine(&settings, &kt_config_root_table, all, kinds,
	    kinds_n, mem, d);
	*out = settings;
	return rc;
}
