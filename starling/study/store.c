/* store.c - see store.h. */
#include "starling/study/store.h"

#include "common/alloc.h"
#include "common/log.h"
#include "starling/run/run.h"
#include "storage/file.h"
#include "storage/framed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG "points.log"

static const int64_t max_bytes = (int64_t)8 << 30;
enum { MAX_RECORD = 64 << 20 };

typedef struct entry {
    char key[SL_STUDY_KEY];
    sl_study_result *result;
} entry;

struct sl_study_store {
    sl_framed *log;
    int n, capacity;
    entry *entries;
};

// a folder that is not there yet, or is empty, or a study's
static sl_status check_folder(const char *folder) {
    DIR *dir = opendir(folder);
    const struct dirent *first = NULL;
    while (dir && (first = readdir(dir)))
        if (strcmp(first->d_name, ".") != 0 && strcmp(first->d_name, "..") != 0) break;
    bool is_free = !first;
    if (dir) (void)closedir(dir);
    if (is_free || sl_run_has(folder, LOG)) return SL_OK;
    return sl_fail(SL_USAGE, "choose another --out", "'%s' holds something else than a study", folder);
}

static sl_status reserve(sl_study_store *self) {
    if (self->n < self->capacity) return SL_OK;
    int capacity = self->capacity > 0 ? 2 * self->capacity : 256;
    entry *entries = sl_alloc_array((size_t)capacity, sizeof *entries);
    if (!entries) return sl_fail(SL_MEMORY, NULL, "no memory for %d points", capacity);
    if (self->n > 0) memcpy(entries, self->entries, (size_t)self->n * sizeof *entries);
    sl_free(self->entries);
    self->entries = entries;
    self->capacity = capacity;
    return SL_OK;
}

static entry *find(const sl_study_store *self, const char *key) {
    for (int i = 0; i < self->n; i++)
        if (strcmp(self->entries[i].key, key) == 0) return &self->entries[i];
    return NULL;
}

// takes the result
static sl_status keep(sl_study_store *self, const char *key, sl_study_result **result) {
    entry *e = find(self, key);
    sl_status status = e ? SL_OK : reserve(self);
    if (status != SL_OK) {
        sl_study_result_destroy(result);
        return status;
    }
    if (!e) e = &self->entries[self->n++];
    sl_study_result_destroy(&e->result);
    (void)snprintf(e->key, sizeof e->key, "%s", key);
    e->result = *result;
    *result = NULL;
    return SL_OK;
}

static sl_status take_record(sl_study_store *self, const uint8_t *bytes, size_t n_bytes) {
    json_t *object = json_loadb((const char *)bytes, n_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *key = json_string_value(json_object_get(object, "key"));
    sl_study_result *result = NULL;
    sl_status status = SL_OK;
    if (!key || strlen(key) + 1 != SL_STUDY_KEY)
        status = sl_fail(SL_CORRUPT, "--fresh begins the study anew", "'" LOG "' is not the log of a study");
    if (status == SL_OK) status = sl_study_result_decode(object, &result);
    if (status == SL_OK) status = keep(self, key, &result);
    json_decref(object);
    return status;
}

static sl_status read_all(sl_study_store *self) {
    for (int64_t i = 0; i < sl_framed_count(self->log); i++) {
        const uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        SL_TRY(sl_framed_read(self->log, i, &bytes, &n_bytes));
        SL_TRY(take_record(self, bytes, n_bytes));
    }
    if (sl_framed_cut_bytes(self->log) > 0) SL_WARN("a point that was not written to its end is evaluated again");
    return SL_OK;
}

// not under the hands of another study; one that is damaged may go
static sl_status forget(const char *path) {
    sl_framed *log = NULL;
    sl_status status = sl_framed_open(path, max_bytes, MAX_RECORD, &log);
    if (status == SL_OK || status == SL_CORRUPT) status = unlink(path) == 0 ? SL_OK : sl_file_fail("remove", path);
    sl_framed_close(&log);
    return status;
}

sl_status sl_study_store_open(const char *folder, bool fresh, sl_study_store **out) {
    char path[SL_RUN_PATH];
    SL_TRY(sl_run_path(folder, LOG, path));
    SL_TRY(check_folder(folder));
    SL_TRY(sl_file_make_folder(folder));
    if (fresh) SL_TRY(forget(path));
    sl_study_store *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a study");
    sl_status status = sl_framed_open(path, max_bytes, MAX_RECORD, &self->log);
    if (status == SL_OK) status = read_all(self);
    if (status != SL_OK)
        sl_study_store_close(&self);
    else
        *out = self;
    return status;
}

void sl_study_store_close(sl_study_store **self) {
    if (!*self) return;
    sl_framed_close(&(*self)->log);
    for (int i = 0; i < (*self)->n; i++) sl_study_result_destroy(&(*self)->entries[i].result);
    sl_free((*self)->entries);
    sl_free(*self);
    *self = NULL;
}

const sl_study_result *sl_study_store_find(const sl_study_store *self, const char *key) {
    const entry *e = find(self, key);
    return e ? e->result : NULL;
}

static sl_status append(sl_study_store *self, const char *key, const sl_study_result *result) {
    json_t *object = sl_study_result_encode(result, key);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    sl_status status = text ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a point of the study");
    if (status == SL_OK) status = sl_framed_append(self->log, text, strlen(text));
    if (status == SL_OK) status = sl_framed_sync(self->log);
    free(text); // jansson's
    json_decref(object);
    return status;
}

sl_status sl_study_store_add(sl_study_store *self, const char *key, sl_study_result **result) {
    sl_status status = append(self, key, *result);
    if (status == SL_OK) return keep(self, key, result);
    sl_study_result_destroy(result);
    return status;
}
