/*
 * bundle - checking a proof, and telling how to check it without kt.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The script in the README is the same check in another language on purpose:
 * a reviewer who does not trust this program does not have to.
 */
#include "cmd/audit/bundle.h"

static const char readme[] =
"# One record of an audit log, and the proof that it is in it\n"
"\n"
"- `%llu.json`: the record, byte for byte\n"
"- `checkpoint`: what the log committed to, signed\n"
"- `%llu.tlog-proof`: the hashes from the record to the checkpoint\n"
"  (C2SP tlog-proof)\n"
"\n"
"The log says that its key is\n"
"\n"
"    %s\n"
"\n"
"Do not take it from here: ask whoever kept it when the log was begun.\n"
"With kt: `kt audit check . --vkey KEY`.\n"
"\n"
"Without kt, the leaf hash of the record is\n"
"\n"
"    (printf '\\0'; cat %llu.json) | sha256sum\n"
"\n"
"and this is the whole check, `python3 check.py KEY`, with openssl:\n"
"\n"
"```python\n"
"import base64, hashlib, os, subprocess, sys, tempfile\n"
"def h(b): return hashlib.sha256(b).digest()\n"
"name, kid, key = sys.argv[1].split('+', 2)\n"
"pub = base64.b64decode(key)[1:]\n"
"proof, note = open('%llu.tlog-proof', 'rb').read().split(b'\\n\\n', 1)\n"
"assert note == open('checkpoint', 'rb').read(), 'another checkpoint'\n"
"lines = proof.decode().split('\\n')\n"
"index = int(lines[1].split()[1])\n"
"r = h(b'\\0' + open('%llu.json', 'rb').read())\n"
"text, sigs = note.rsplit(b'\\n\\n', 1)\n"
"origin, size, root = (text + b'\\n').decode().split('\\n')[:3]\n"
"fn, sn = index, int(size) - 1\n"
"assert 0 <= fn <= sn, 'not in this tree'\n"
"for p in map(base64.b64decode, lines[2:]):\n"
"    assert sn > 0, 'too many hashes'\n"
"    if fn & 1 or fn == sn:\n"
"        r = h(b'\\1' + p + r)\n"
"        while not fn & 1 and fn:\n"
"            fn, sn = fn >> 1, sn >> 1\n"
"    else:\n"
"        r = h(b'\\1' + r + p)\n"
"    fn, sn = fn >> 1, sn >> 1\n"
"assert sn == 0 and r == base64.b64decode(root), 'not the root'\n"
"kid = h(origin.encode() + b'\\n\\1' + pub)[:4]\n"
"blobs = [base64.b64decode(s.split()[2]) for s in sigs.decode().split('\\n')\n"
"    if s.startswith('\\u2014 ' + origin + ' ')]\n"
"sig = [b[4:] for b in blobs if b[:4] == kid][0]\n"
"with tempfile.TemporaryDirectory() as d:\n"
"    der = bytes.fromhex('302a300506032b6570032100') + pub\n"
"    for f, b in ('key', der), ('sig', sig), ('text', text + b'\\n'):\n"
"        open(os.path.join(d, f), 'wb').write(b)\n"
"    subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform',\n"
"        'DER', '-inkey', 'key', '-rawin', '-in', 'text', '-sigfile', 'sig'],\n"
"        cwd=d, check=True)\n"
"print('record', index, 'is in', origin, 'at', size, 'records')\n"
"```\n"
"\n"
"This does not prove that the record tells the truth, nor that the log was\n"
"continued from this checkpoint: kt-audit(5), ATTACKS.\n";

enum kt_rc
kt_bundle_readme(uint64_t index, const char *vkey, struct kt_buf *out,
    struct kt_err *err)
{
	unsigned long long i = index;

	if (kt_buf_printf(out, readme, i, i, vkey, i, i, i) < 0)
		return kt_fail(err, KT_E_LIMIT, "no room for a text");
	return KT_OK;
}

enum kt_rc
kt_text_or_file(const char *value, struct kt_buf *to, struct kt_err *err)
{
	bool is_file = kt_disk_read_file(
	    &kt_disk_real, value, 1u << 20, to, err) == KT_OK;

	if (!is_file) {
		kt_buf_reset(to);
		if (kt_buf_add(to, kt_span_of(value)) < 0)
			return kt_fail(err, KT_E_LIMIT, "no memory");
	}
	if (kt_span_trim(kt_buf_span(to)).len > 0)
		return KT_OK;
	return is_file ? kt_fail(err, KT_E_PARSE, "%s: is empty", value) :
	    kt_fail(err, KT_E_MISUSE, "an empty text where a file's name or "
	    "what is in it is asked for");
}

bool
kt_text_line(struct kt_span *rest, struct kt_span *line)
{
	size_t n = kt_span_find(*rest, '\n');

	if (rest->len == 0)
		return false;
	*line = kt_span_sub(*rest, 0, n);
	if (kt_span_ends(*line, KT_SPAN("\r")))
		line->len--;
	*line = kt_span_trim(*line);
	*rest = kt_span_sub(*rest, n + 1, rest->len);
	return true;
}

enum kt_exit
kt_exit_untold(const struct kt_err *err)
{
	kt_say("%s", err->text);
	return err->rc == KT_E_MISUSE ? KT_EXIT_MISUSE : KT_EXIT_UNKNOWN;
}

/* ---- reading one ---- */

void
kt_bundle_init(struct kt_bundle *b)
{
	*b = (struct kt_bundle){ .proof = { .index = 0 } };
	kt_buf_init(&b->proof_text, 4 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&b->line, 4 * KT_AUDIT_LINE_MAX);
	kt_buf_init(&b->note, 4 * KT_AUDIT_NOTE_MAX);
}

void
kt_bundle_fini(struct kt_bundle *b)
{
	kt_buf_fini(&b->proof_text);
	kt_buf_fini(&b->line);
	kt_buf_fini(&b->note);
}

#define PROOF ".tlog-proof"

struct name {
	char text[64];
	bool is_one_of_several;
};

static bool
see_proof(void *arg, const char *file)
{
	struct name *n = arg;
	struct kt_span s = kt_span_of(file);

	if (!kt_span_ends(s, KT_SPAN(PROOF)) || s.len >= sizeof(n->text))
		return true;
	n->is_one_of_several = n->text[0] != '\0';
	memcpy(n->text, s.ptr, s.len + 1);
	return !n->is_one_of_several;
}

/* The only proof of a folder. */
static enum kt_rc
find_proof(const char *folder, struct name *name, struct kt_err *err)
{
	if (kt_disk_list(&kt_disk_real, folder, see_proof, name, err) < 0)
		return err->rc;
	if (name->text[0] == '\0')
		return kt_fail(err, KT_E_IO, "%s: no " PROOF, folder);
	return !name->is_one_of_several ? KT_OK : kt_fail(err, KT_E_IO,
	    "%s: several proofs: name one of the files", folder);
}

static enum kt_rc
read_one(const char *folder, const char *name, size_t limit,
    struct kt_buf *to, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", folder);
	return kt_disk_read_file(&kt_disk_real, path, limit, to, err);
}

/* Of the proof that at names, or of the only one in it. */
static enum kt_rc
locate(const char *at, char folder[static KT_PATH_MAX], struct name *name,
    struct kt_err *err)
{
	struct kt_span given = kt_span_of(at);
	char *file;

	name->text[0] = '\0';
	name->is_one_of_several = false;
	if (given.len >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", at);
	memcpy(folder, at, given.len + 1);
	if (!kt_span_ends(given, KT_SPAN(PROOF)))
		return find_proof(folder, name, err);
	file = strrchr(folder, '/');
	file = file != NULL ? file + 1 : folder;
	if (strlen(file) >= sizeof(name->text))
		return kt_fail(err, KT_E_IO, "%s: no proof has this name", at);
	memcpy(name->text, file, strlen(file) + 1);
	memcpy(file, ".", 2);
	return KT_OK;
}

static enum kt_rc
read_bundle(struct kt_bundle *b, const char *folder, const struct name *name,
    struct kt_err *err)
{
	char json[64];

	if (read_one(folder, name->text, 2 * KT_AUDIT_NOTE_MAX,
	    &b->proof_text, err) < 0)
		return err->rc;
	if (kt_audit_proof_parse(
	    kt_buf_span(&b->proof_text), &b->proof, err) < 0)
		return kt_wrap(err, "%s", name->text);
	(void)snprintf(json, sizeof(json), "%llu.json",
	    (unsigned long long)b->proof.index);
	if (read_one(folder, json, KT_AUDIT_LINE_MAX, &b->line, err) < 0)
		return err->rc;
	return read_one(folder, "checkpoint", KT_AUDIT_NOTE_MAX, &b->note,
	    err);
}

enum kt_rc
kt_bundle_check(struct kt_bundle *b, const char *at, struct kt_span vkey,
    struct kt_err *err)
{
	uint8_t leaf[KT_AUDIT_HASH];
	char folder[KT_PATH_MAX];
	struct name name;

	kt_bundle_init(b);
	if (locate(at, folder, &name, err) < 0 ||
	    read_bundle(b, folder, &name, err) < 0)
		return err->rc;
	if (!kt_span_eq(b->proof.checkpoint, kt_buf_span(&b->note)))
		return kt_fail(err, KT_E_PARSE,
		    "the proof has another checkpoint than the folder");
	if (kt_audit_newest(
	    NULL, kt_buf_span(&b->note), vkey, &b->tree, err) < 0)
		return err->rc;
	if (!b->tree.is_signed)
		return kt_fail(err, KT_E_MISUSE, "no key to hold it against");
	kt_audit_leaf_of(kt_buf_span(&b->line), leaf);
	if (!kt_audit_inclusion_holds(leaf, b->proof.index, b->tree.cp.size,
	    &b->proof.path, b->tree.cp.root))
		return kt_fail(err, KT_E_PARSE,
		    "the record is not what the checkpoint commits to");
	return kt_revealed_check(&b->revealed, folder, b->proof.index,
	    kt_buf_span(&b->line), err);
}
