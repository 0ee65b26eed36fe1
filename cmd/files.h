/*
 * files - the files that commands read before they can do anything.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where shipped files are (installed, else beside the build), and
 *           which configuration a command means when none is named.
 * Does not: know what is in them.
 * Promises: the answer depends on neither the working directory nor HOME.
 */
#ifndef KT_CMD_FILES_H
#define KT_CMD_FILES_H
#include "cmd/cmd.h"
#include "config/settings.h"

#define KT_CMD_PATH_MAX 4096

/*
 * The path of a shipped file or folder, such as "policies/starter.yaml";
 * false: it is nowhere.
 */
bool kt_cmd_find_file(const char *shipped, char path[static KT_CMD_PATH_MAX]);

/* The path of a program that comes with kt; false: it is nowhere. */
bool kt_cmd_find_program(const char *name, char path[static KT_CMD_PATH_MAX]);

/* Files that were read; the sources borrow from here. */
struct kt_cmd_files {
	size_t n;
	struct kt_config_source sources[KT_CONFIG_FILES_MAX];
	char *names[KT_CONFIG_FILES_MAX];
	struct kt_buf bytes[KT_CONFIG_FILES_MAX];
	bool is_starter; /* nobody named a file: it is the shipped one */
};

/* Reads one more; KT_E_LIMIT over KT_CONFIG_FILES_MAX files. */
KT_MUSTCHECK enum kt_rc kt_cmd_files_add(
    struct kt_cmd_files *files, const char *path, struct kt_err *err);
/* All of others, as they were read. */
KT_MUSTCHECK enum kt_rc kt_cmd_files_copy(struct kt_cmd_files *files,
    const struct kt_cmd_files *from, struct kt_err *err);
/* Standard input, to its end, under a name. */
KT_MUSTCHECK enum kt_rc kt_cmd_files_add_stdin(
    struct kt_cmd_files *files, const char *name, struct kt_err *err);
/* All files of a folder whose names end so, by name. */
KT_MUSTCHECK enum kt_rc kt_cmd_files_add_dir(struct kt_cmd_files *files,
    const char *folder, const char *suffix, struct kt_err *err);
/* Those of a folder of detectors: definitions and weights. */
KT_MUSTCHECK enum kt_rc kt_cmd_files_add_detectors(
    struct kt_cmd_files *files, const char *folder, struct kt_err *err);
void kt_cmd_files_fini(struct kt_cmd_files *files);
/*
 * The databases of the shipped detectors; empty when they are nowhere: then,
 * and where they do not fit, detectors are compiled.
 */
void kt_cmd_saved_detectors(struct kt_buf *out);
/* The definitions of their files; the same holds. */
void kt_cmd_saved_definitions(struct kt_buf *out);

/*
 * The configuration: the paths given with --policy-config, in that order,
 * else the shipped starter.
 */
KT_MUSTCHECK enum kt_rc kt_cmd_files_policy(struct kt_cmd_files *files,
    char *const *paths, size_t n, struct kt_err *err);

/*
 * The detectors: the shipped ones, then those that policies.detectors of the
 * settings name, which were loaded from files of these names.
 */
KT_MUSTCHECK enum kt_rc kt_cmd_files_detectors(struct kt_cmd_files *detectors,
    const struct kt_settings *settings, char *const *names,
    struct kt_err *err);

/* Settings, what they live in, and what is wrong with them. */
struct kt_cmd_settings {
	const struct kt_settings *settings;
	struct kt_arena *mem;
	struct kt_config_diags *diags; /* told, when there is something */
};
/*
 * Loads what was read.  KT_E_PARSE: every mistake was printed on standard
 * error.  files must outlive it.
 */
KT_MUSTCHECK enum kt_rc kt_cmd_settings_load(struct kt_cmd_settings *s,
    const struct kt_cmd_files *files, struct kt_err *err);
void kt_cmd_settings_fini(struct kt_cmd_settings *s);

#endif
