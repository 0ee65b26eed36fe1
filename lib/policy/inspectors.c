/*
 * inspectors - image-, document- and file-inspector: media are to be read.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds that differ in where they look and in what bounds their media.
 * What is read is judged by the other policies of the chain, as any text.  It
 * cannot be cut out of a picture, so where they would redact it is refused,
 * or noted.
 */
#include "policy/outside.h"
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	int uninspectable, unredactable;
	int64_t max_pixels, max_pages, timeout_seconds;
	struct kt_config_strings languages;
};
static const char *const actions[] = { "block", "flag", NULL };

#define COMMON \
	KT_CONFIG_FIELD(struct settings, ENUM, uninspectable, \
	    .names = actions, .fallback = "flag", \
	    .doc = "What to do about what cannot be read, or not whole"), \
	KT_CONFIG_FIELD(struct settings, ENUM, unredactable, \
	    .names = actions, .fallback = "block", \
	    .doc = "What to do where another policy would redact: pixels and " \
	           "pages are never edited"), \
	KT_CONFIG_FIELD(struct settings, INT, timeout_seconds, .min = 1, \
	    .max = 600, .fallback = "30", \
	    .doc = "How long all media of a call may take to be read"), \
	KT_CONFIG_FIELD(struct settings, STRINGS, languages, \
	    .takes_one = true, .fallback = "[eng]", \
	    .doc = "What letters in pictures are read as: names of Tesseract's " \
	           "data, those of all inspectors together")
#define PIXELS \
	KT_CONFIG_FIELD(struct settings, INT, max_pixels, .min = 1, \
	    .max = KT_MEDIA_PIXELS_MAX, .fallback = "40000000", \
	    .doc = "A picture with more is not decoded")
#define PAGES \
	KT_CONFIG_FIELD(struct settings, INT, max_pages, .min = 1, \
	    .max = KT_MEDIA_PAGES_MAX, .fallback = "100", \
	    .doc = "Pages of a document that are read")

static const struct kt_config_field image_fields[] = { PIXELS, COMMON };
static const struct kt_config_field document_fields[] = { PAGES, PIXELS,
	COMMON };

static const struct kt_config_table image_table =
    KT_CONFIG_KIND_TABLE(struct settings, "image-inspector", image_fields,
	.doc = "Letters and codes in pictures");
static const struct kt_config_table document_table =
    KT_CONFIG_KIND_TABLE(struct settings, "document-inspector",
	document_fields, .doc = "PDF, office files and plain text in requests");
static const struct kt_config_table file_table =
    KT_CONFIG_KIND_TABLE(struct settings, "file-inspector", document_fields,
	.doc = "Files in requests, and uploads, which are held until they were "
	       "read; more than 32 MiB are passed on as unread");

static enum kt_action
unseen(const struct kt_policy *p)
{
	const struct settings *s = (const struct settings *)p->common;

	return s->uninspectable == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

/* Bounds that a table has no field for are the program's own.  Who only
   records does not refuse what another policy would redact. */
static void
read_bounds(const struct kt_policy *p, struct kt_policy_reading *out)
{
	const struct settings *s = (const struct settings *)p->common;

	*out = (struct kt_policy_reading){
		.pixels_max = (uint32_t)s->max_pixels,
		.pages_max = s->max_pages > 0 ? (uint32_t)s->max_pages : 1,
		.seconds_max = (uint32_t)s->timeout_seconds,
		.unredactable = s->unredactable == 0 &&
		        s->common.mode != KT_CONFIG_MONITOR ?
		    KT_ACTION_BLOCK : KT_ACTION_FLAG,
		.languages = &s->languages,
	};
}

#define INSPECTOR(id, said, t, where) \
	const struct kt_policy_kind kt_policy_##id = { \
		.config = { .name = said, .table = &(t) }, \
		.components = KT_COMPONENT_BIT(KT_COMPONENT_##where), \
		.unseen = unseen, \
		.reads = read_bounds, \
	}
INSPECTOR(image_inspector, "image-inspector", image_table, IMAGES);
INSPECTOR(document_inspector, "document-inspector", document_table, DOCUMENTS);
INSPECTOR(file_inspector, "file-inspector", file_table, FILES);
