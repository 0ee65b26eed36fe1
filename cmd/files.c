/*
 * files - shipped files are looked for where make install put them and then
 * beside the program (build/kt finds ../policies or ./policies), so a build
 * can be tried before it is installed.  No path of the build is compiled in.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/files.h"
#include "disk/disk.h"
#include "policy/policy.h"

#define ARENA_MAX (256u << 20) /* 64 files at their bounds */
#define TEXT_MAX (1u << 20)
#define SAVED_MAX (64u << 20)

static bool
is_there(char path[static KT_CMD_PATH_MAX], const char *dir, const char *below,
    const char *shipped)
{
	int len = snprintf(path, KT_CMD_PATH_MAX, "%s%s/%s", dir, below, shipped);

	return len > 0 && len < KT_CMD_PATH_MAX && access(path, R_OK) == 0;
}

bool
kt_cmd_find_file(const char *shipped, char path[static KT_CMD_PATH_MAX])
{
	char self[KT_CMD_PATH_MAX];
	ssize_t len;
	char *slash;

	if (is_there(path, KT_DATADIR, "", shipped))
		return true;
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0)
		return false;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return is_there(path, self, "", shipped) ||
	    is_there(path, self, "/..", shipped);
}

/* Beside this one first: a build goes with its own. */
bool
kt_cmd_find_program(const char *name, char path[static KT_CMD_PATH_MAX])
{
	char self[KT_CMD_PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		if (is_there(path, self, "", name))
			return true;
	}
	return is_there(path, KT_LIBEXECDIR, "", name);
}

/* Takes over the bytes of the next file, which were read. */
static enum kt_rc
take_bytes(
    struct kt_cmd_files *files, const char *path, struct kt_err *err)
{
	struct kt_buf *bytes = &files->bytes[files->n];
	size_t len = strlen(path) + 1;
	char *name = kt_alloc(len);

	if (name == NULL) {
		kt_buf_fini(bytes);
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	}
	memcpy(name, path, len);
	files->names[files->n] = name;
	files->sources[files->n] = (struct kt_config_source){
		{ name, len - 1 }, kt_buf_span(bytes) };
	files->n++;
	return KT_OK;
}

enum kt_rc
kt_cmd_files_add(
    struct kt_cmd_files *files, const char *path, struct kt_err *err)
{
	struct kt_buf *bytes = &files->bytes[files->n];

	if (files->n == KT_CONFIG_FILES_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d files",
		    KT_CONFIG_FILES_MAX);
	/* One byte more than is loaded, so that the loader tells of it. */
	kt_buf_init(bytes, (size_t)KT_CONFIG_BYTES_MAX + 2);
	if (kt_disk_read_file(&kt_disk_real, path, (size_t)KT_CONFIG_BYTES_MAX + 1,
	    bytes, err) < 0) {
		kt_buf_fini(bytes);
		return err->rc;
	}
	return take_bytes(files, path, err);
}

enum kt_rc
kt_cmd_files_copy(struct kt_cmd_files *files, const struct kt_cmd_files *from,
    struct kt_err *err)
{
	files->is_starter = from->is_starter;
	for (size_t i = 0; i < from->n; i++) {
		struct kt_buf *bytes = &files->bytes[files->n];

		kt_buf_init(bytes, from->bytes[i].limit);
		if (kt_buf_add(bytes, kt_buf_span(&from->bytes[i])) < 0)
			return kt_fail(err, KT_E_LIMIT, "out of memory");
		if (take_bytes(files, from->names[i], err) < 0)
			return err->rc;
	}
	return KT_OK;
}

enum kt_rc
kt_cmd_files_add_stdin(
    struct kt_cmd_files *files, const char *name, struct kt_err *err)
{
	struct kt_buf *bytes = &files->bytes[files->n];
	char part[65536];
	size_t n;

	if (files->n == KT_CONFIG_FILES_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d files",
		    KT_CONFIG_FILES_MAX);
	kt_buf_init(bytes, (size_t)KT_CONFIG_BYTES_MAX + sizeof(part));
	do {
		n = fread(part, 1, sizeof(part), stdin);
		if (kt_buf_add(bytes, (struct kt_span){ part, n }) < 0) {
			kt_buf_fini(bytes);
			return kt_fail(err, KT_E_LIMIT, "out of memory");
		}
	} while (n > 0 && bytes->len <= KT_CONFIG_BYTES_MAX);
	if (ferror(stdin)) {
		kt_buf_fini(bytes);
		return kt_fail(err, KT_E_IO, "standard input cannot be read");
	}
	return take_bytes(files, name, err);
}

/* Names of a folder, sorted as they come. */
struct listing {
	struct kt_arena *mem;
	const char *suffix;
	const char *names[KT_CONFIG_FILES_MAX];
	size_t n;
	bool is_full;
};

static bool
note_name(void *arg, const char *name)
{
	struct listing *l = arg;
	struct kt_span s = kt_span_of(name);
	size_t at = l->n;

	if (!kt_span_ends(s, kt_span_of(l->suffix)) || name[0] == '.')
		return true;
	s = kt_arena_dup(l->mem, s);
	if (l->n == KT_CONFIG_FILES_MAX || s.ptr == NULL) {
		l->is_full = true;
		return false;
	}
	while (at > 0 && strcmp(l->names[at - 1], s.ptr) > 0) {
		l->names[at] = l->names[at - 1];
		at--;
	}
	l->names[at] = s.ptr;
	l->n++;
	return true;
}

static enum kt_rc
add_listed(struct kt_cmd_files *files, struct listing *l, const char *folder,
    struct kt_err *err)
{
	char path[KT_CMD_PATH_MAX + NAME_MAX + 2];

	if (kt_disk_list(&kt_disk_real, folder, note_name, l, err) < 0)
		return err->rc;
	if (l->is_full)
		return kt_fail(err, KT_E_LIMIT, "%s: more than %d files", folder,
		    KT_CONFIG_FILES_MAX);
	for (size_t i = 0; i < l->n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, l->names[i]);
		if (kt_cmd_files_add(files, path, err) < 0)
			return err->rc;
	}
	return KT_OK;
}

enum kt_rc
kt_cmd_files_add_dir(
    struct kt_cmd_files *files, const char *folder, const char *suffix,
    struct kt_err *err)
{
	struct listing l = { .mem = kt_arena_new(1u << 20), .suffix = suffix };
	enum kt_rc rc;

	if (l.mem == NULL)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	rc = add_listed(files, &l, folder, err);
	kt_arena_free(&l.mem);
	return rc;
}

enum kt_rc
kt_cmd_files_add_detectors(
    struct kt_cmd_files *files, const char *folder, struct kt_err *err)
{
	if (kt_cmd_files_add_dir(files, folder, ".weights", err) < 0)
		return err->rc;
	return kt_cmd_files_add_dir(files, folder, ".yaml", err);
}

/* A file or a folder, beside the file that names it. */
static enum kt_rc
add_named(struct kt_cmd_files *files, const char *name, const char *beside,
    struct kt_err *err)
{
	const char *slash = strrchr(beside, '/');
	char path[KT_CMD_PATH_MAX];
	struct stat st;
	int len;

	if (name[0] == '/' || slash == NULL)
		len = snprintf(path, sizeof(path), "%s", name);
	else
		len = snprintf(path, sizeof(path), "%.*s/%s",
		    (int)(slash - beside), beside, name);
	if (len < 0 || (size_t)len >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "a path of policies.detectors "
		    "is longer than %d bytes", KT_CMD_PATH_MAX - 1);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return kt_cmd_files_add_detectors(files, path, err);
	return kt_cmd_files_add(files, path, err);
}

enum kt_rc
kt_cmd_files_detectors(struct kt_cmd_files *detectors,
    const struct kt_settings *settings, char *const *names,
    struct kt_err *err)
{
	const struct kt_config_strings *own = &settings->policies.detectors;
	char folder[KT_CMD_PATH_MAX];

	if (!kt_cmd_find_file("policies/detectors", folder))
		return kt_fail(err, KT_E_IO, "'policies/detectors' is neither in "
		    "%s nor beside the program", KT_DATADIR);
	if (kt_cmd_files_add_detectors(detectors, folder, err) < 0)
		return err->rc;
	for (size_t i = 0; i < own->n; i++) {
		if (add_named(detectors, own->at[i].ptr,
		        names[own->node->at.file], err) < 0)
			return kt_wrap(err, "policies.detectors");
	}
	return KT_OK;
}

static void
read_saved(const char *name, struct kt_buf *out)
{
	char path[KT_CMD_PATH_MAX];

	kt_buf_init(out, SAVED_MAX);
	if (kt_cmd_find_file(name, path) &&
	    kt_disk_read_file(&kt_disk_real, path, SAVED_MAX, out, NULL) < 0)
		kt_buf_reset(out);
}

void
kt_cmd_saved_detectors(struct kt_buf *out)
{
	read_saved("detectors.ktd", out);
}

void
kt_cmd_saved_definitions(struct kt_buf *out)
{
	read_saved("definitions.ktd", out);
}

void
kt_cmd_files_fini(struct kt_cmd_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		kt_free(files->names[i]);
		kt_buf_fini(&files->bytes[i]);
	}
	files->n = 0;
}

enum kt_rc
kt_cmd_files_policy(struct kt_cmd_files *files, char *const *paths, size_t n,
    struct kt_err *err)
{
	char starter[KT_CMD_PATH_MAX];

	for (size_t i = 0; i < n; i++) {
		if (kt_cmd_files_add(files, paths[i], err) < 0)
			return err->rc;
	}
	if (n > 0)
		return KT_OK;
	files->is_starter = true;
	if (!kt_cmd_find_file("policies/starter.yaml", starter))
		return kt_fail(err, KT_E_IO, "no --policy-config, and "
		    "'policies/starter.yaml' is neither in %s nor beside the "
		    "program", KT_DATADIR);
	return kt_cmd_files_add(files, starter, err);
}

static void
print_diags(const struct kt_config_diags *d)
{
	struct kt_buf text;

	kt_buf_init(&text, TEXT_MAX);
	if (kt_config_diags_text(d, &text) < 0)
		kt_say("out of memory: not every mistake is told");
	(void)fwrite(text.ptr, 1, text.len, stderr);
	kt_buf_fini(&text);
	(void)fprintf(stderr, "kt: %zu error%s\n", d->n + d->dropped,
	    d->n + d->dropped == 1 ? "" : "s");
}

enum kt_rc
kt_cmd_settings_load(struct kt_cmd_settings *s,
    const struct kt_cmd_files *files, struct kt_err *err)
{
	const struct kt_config_kind *kinds;
	size_t kinds_n;

	*s = (struct kt_cmd_settings){ .mem = kt_arena_new(ARENA_MAX),
		.diags = kt_alloc(sizeof(*s->diags)) };
	if (s->mem == NULL || s->diags == NULL) {
		kt_cmd_settings_fini(s);
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	}
	s->diags->files = files->sources;
	s->diags->files_n = files->n;
	kinds = kt_policy_config_kinds(&kinds_n);
	if (kt_config_load(&s->settings, kinds, kinds_n, s->mem, s->diags) < 0) {
		bool is_starved = s->diags->is_starved;

		print_diags(s->diags);
		kt_cmd_settings_fini(s);
		return is_starved ? kt_fail(err, KT_E_LIMIT, "out of memory") :
		    kt_fail(err, KT_E_PARSE, "the configuration has mistakes");
	}
	return KT_OK;
}

void
kt_cmd_settings_fini(struct kt_cmd_settings *s)
{
	kt_arena_free(&s->mem);
	kt_free(s->diags);
	*s = (struct kt_cmd_settings){ 0 };
}
