/* manifest.c - see manifest.h. */
#include "storage/manifest.h"

#include "common/alloc.h"
#include "common/sha256.h"
#include "storage/file.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, MAX_BYTES = 1 << 20 };

struct sl_manifest {
    char *folder;
    json_t *files; /* name: hex */
};

static sl_status no_memory(void) {
    return sl_fail(SL_MEMORY, NULL, "no memory for a manifest");
}

static sl_status create(const char *folder, json_t *files, sl_manifest **out) {
    sl_manifest *self = sl_alloc(sizeof *self);
    if (!self || !files) {
        sl_free(self);
        json_decref(files);
        return no_memory();
    }
    *self = (sl_manifest){.folder = sl_alloc_string(folder), .files = files};
    if (!self->folder) {
        sl_manifest_close(&self);
        return no_memory();
    }
    *out = self;
    return SL_OK;
}

static bool is_digest(const json_t *value) {
    const char *text = json_string_value(value);
    return text && sl_sha256_is_text(text);
}

static sl_status check_content(const char *what, const json_t *object) {
    const json_t *format = json_object_get(object, "format"), *files = json_object_get(object, "files");
    if (!json_is_integer(format) || !json_is_object(files) || json_object_size(files) > SL_MANIFEST_MAX_FILES)
        return sl_fail(SL_CORRUPT, NULL, "%s: 'format' or 'files' is missing or unreadable", what);
    if (json_integer_value(format) != FORMAT)
        return sl_fail(SL_MISMATCH, NULL, "%s has format %lld, this version reads %d", what,
                       (long long)json_integer_value(format), FORMAT);
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)files, name, value) {
        if (!is_digest(value) || strlen(name) >= SL_MANIFEST_FILE_NAME)
            return sl_fail(SL_CORRUPT, NULL, "%s: file '%.63s' has no SHA-256", what, name);
    }
    return SL_OK;
}

// folder is what names are below of
static sl_status decode(const char *folder, const char *what, const uint8_t *bytes, size_t n_bytes,
                        sl_manifest **out) {
    json_error_t error;
    json_t *object = json_loadb((const char *)bytes, n_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!object) return sl_fail(SL_CORRUPT, NULL, "%s: line %d: %s", what, error.line, error.text);
    sl_status status = check_content(what, object);
    if (status == SL_OK) status = create(folder, json_incref(json_object_get(object, "files")), out);
    json_decref(object);
    return status;
}

sl_status sl_manifest_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_manifest **out) {
    return decode(".", what, bytes, n_bytes, out);
}

static sl_status path_of(const char *folder, const char *name, char path[PATH_MAX]) {
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PATH_MAX ? SL_OK : sl_fail(SL_IO, NULL, "path too long: %.60s...", folder);
}

sl_status sl_manifest_open(const char *folder, sl_manifest **out) {
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(path_of(folder, SL_MANIFEST_NAME, path));
    sl_status status = sl_file_read(path, MAX_BYTES, &bytes, &n_bytes);
    if (status == SL_NOT_FOUND) return create(folder, json_object(), out);
    if (status == SL_OK) status = decode(folder, path, bytes, n_bytes, out);
    sl_free(bytes);
    return status;
}

void sl_manifest_close(sl_manifest **self) {
    if (!*self) return;
    json_decref((*self)->files);
    sl_free((*self)->folder);
    sl_free(*self);
    *self = NULL;
}

bool sl_manifest_has(const sl_manifest *self, const char *name) {
    return json_object_get(self->files, name) != NULL;
}

static sl_status digest(const sl_manifest *self, const char *name, char path[PATH_MAX], char text[65]) {
    SL_TRY(path_of(self->folder, name, path));
    return sl_file_sha256_of(path, text);
}

sl_status sl_manifest_check(const sl_manifest *self, const char *name) {
    char path[PATH_MAX], text[65];
    const char *noted = json_string_value(json_object_get(self->files, name));
    if (!noted) return SL_OK;
    SL_TRY(digest(self, name, path, text));
    if (strcmp(noted, text) == 0) return SL_OK;
    return sl_fail(SL_CORRUPT,
                   "it was changed, or is of another run; " SL_MANIFEST_NAME
                   " names what belongs there, and a folder of models without it is taken as it is",
                   "'%s' is not the file that was written there", path);
}

sl_status sl_manifest_check_in(const char *folder, const char *name) {
    sl_manifest *self = NULL;
    SL_TRY(sl_manifest_open(folder, &self));
    sl_status status = sl_manifest_check(self, name);
    sl_manifest_close(&self);
    return status;
}

sl_status sl_manifest_check_as(const sl_manifest *self, const char *name, const char sha256[65]) {
    const char *noted = json_string_value(json_object_get(self->files, name));
    if (!noted || strcmp(noted, sha256) == 0) return SL_OK;
    return sl_fail(SL_CORRUPT, "put back the file of then, or begin another run",
                   "key '%s': it is not the file that '%s' was made with", name, self->folder);
}

sl_status sl_manifest_note_as(sl_manifest *self, const char *name, const char sha256[65]) {
    return json_object_set_new(self->files, name, json_string(sha256)) == 0 ? SL_OK : no_memory();
}

sl_status sl_manifest_note(sl_manifest *self, const char *name) {
    char path[PATH_MAX], text[65];
    SL_TRY(digest(self, name, path, text));
    return sl_manifest_note_as(self, name, text);
}

void sl_manifest_forget(sl_manifest *self, const char *name) {
    (void)json_object_del(self->files, name);
}

sl_status sl_manifest_save(const sl_manifest *self) {
    char path[PATH_MAX];
    SL_TRY(path_of(self->folder, SL_MANIFEST_NAME, path));
    json_t *object = json_pack("{s:i, s:O}", "format", FORMAT, "files", self->files);
    size_t flags = JSON_INDENT(2) | JSON_SORT_KEYS, n = object ? json_dumpb(object, NULL, 0, flags) : 0;
    char *text = n > 0 ? sl_alloc(n + 1) : NULL;
    if (text) (void)json_dumpb(object, text, n, flags);
    json_decref(object);
    if (!text) return no_memory();
    text[n] = '\n';
    sl_status status = sl_file_replace(path, text, n + 1);
    sl_free(text);
    return status;
}
