/* checkpoint.c - frame, names, digest and retention of checkpoints. */
#include "trainer/checkpoint.h"

#include "common/alloc.h"
#include "common/log.h"
#include "storage/file.h"
#include "storage/tensors_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, KEPT = 2, MAX_LISTED = 64 };
#define FORMAT "2"

static void make_path(const char *run, int64_t n, char path[PATH_SIZE]) {
    (void)snprintf(path, PATH_SIZE, "%s/checkpoints/checkpoint-%lld.safetensors", run, (long long)n);
}

/* The number in a checkpoint's name, -1 for any other file. */
static int64_t number_of(const char *name) {
    static const char prefix[] = "checkpoint-", suffix[] = ".safetensors";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) return -1;
    char *end = NULL;
    long long n = strtoll(name + sizeof prefix - 1, &end, 10);
    return n >= 0 && end != name + sizeof prefix - 1 && strcmp(end, suffix) == 0 ? n : -1;
}

static int newer_first(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int index_of_oldest(const int64_t numbers[MAX_LISTED]) {
    int oldest = 0;
    for (int k = 1; k < MAX_LISTED; k++)
        if (numbers[k] < numbers[oldest]) oldest = k;
    return oldest;
}

/* Numbers of the run's checkpoints, the newest first; no more than the MAX_LISTED newest. */
static int list(const char *run, int64_t numbers[MAX_LISTED]) {
    char folder[PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s/checkpoints", run);
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        int64_t number = number_of(entry->d_name);
        if (number < 0) continue;
        bool room = n < MAX_LISTED;
        int k = room ? n++ : index_of_oldest(numbers);
        if (room || number > numbers[k]) numbers[k] = number;
    }
    if (dir) (void)closedir(dir);
    qsort(numbers, (size_t)n, sizeof *numbers, newer_first);
    return n;
}

enum { LINE_SIZE = SL_TENSOR_NAME_SIZE + 65 };

static int by_text(const void *a, const void *b) {
    return strcmp(a, b);
}

/* SHA-256 over the lines "name digest" of all tensors, sorted: damage anywhere in the data shows. */
static sl_status digest(const sl_tensors *file, char text[65]) {
    size_t n = (size_t)sl_tensors_count(file);
    char *lines = sl_alloc_array(n + 1, LINE_SIZE);
    if (!lines) return sl_fail(SL_MEMORY, NULL, "cannot allocate a checkpoint's digest");
    for (size_t i = 0; i < n; i++) {
        const sl_tensor *tensor = sl_tensors_at(file, (int)i);
        char own[65];
        sl_file_sha256(tensor->data, tensor->n_bytes, own);
        (void)snprintf(lines + LINE_SIZE * i, LINE_SIZE, "%s %s", tensor->name, own);
    }
    qsort(lines, n, LINE_SIZE, by_text);
    sl_file_sha256(lines, LINE_SIZE * n, text);
    sl_free(lines);
    return SL_OK;
}

static sl_status fill(sl_tensors *file, const char *stage, int64_t update, const sl_learn_message *answer) {
    const sl_wire_tensor *snapshot = NULL;
    SL_TRY(sl_learn_take(answer, SL_TENSOR_SNAPSHOT, SL_SHAPE(SL_ANY_LENGTH), &snapshot));
    SL_TRY(sl_tensors_set_meta(file, "stage", stage));
    SL_TRY(sl_tensors_add(file, "update", SL_I64, 1, (const int64_t[]){1}, &update));
    return sl_tensors_add(file, "snapshot", SL_U8, 1, snapshot->dims, snapshot->data);
}

sl_status sl_checkpoint_begin(const char *stage, int64_t update, const sl_learn_message *answer, sl_tensors **out) {
    sl_tensors *file = NULL;
    SL_TRY(sl_tensors_create(&file));
    sl_status status = fill(file, stage, update, answer);
    if (status != SL_OK)
        sl_tensors_destroy(&file);
    else
        *out = file;
    return status;
}

static sl_status save_one(const char *run, const char *path, const char *config_hash, sl_tensors *file) {
    char folder[PATH_SIZE], text[65];
    (void)snprintf(folder, sizeof folder, "%s/checkpoints", run);
    SL_TRY(sl_file_make_folder(folder));
    SL_TRY(digest(file, text));
    SL_TRY(sl_tensors_set_meta(file, "starling.checkpoint", FORMAT));
    SL_TRY(sl_tensors_set_meta(file, "starling.experiment", config_hash));
    SL_TRY(sl_tensors_set_meta(file, "starling.digest", text));
    return sl_tensors_save(file, path);
}

sl_status sl_checkpoint_save(const char *run, int64_t n, const char *config_hash, sl_tensors *file) {
    char path[PATH_SIZE];
    make_path(run, n, path);
    SL_TRY(save_one(run, path, config_hash, file));
    int64_t numbers[MAX_LISTED];
    int n_listed = list(run, numbers);
    for (int k = KEPT; k < n_listed; k++) {
        make_path(run, numbers[k], path);
        if (unlink(path) != 0) SL_WARN("cannot remove %s: %s", path, strerror(errno));
    }
    return SL_OK;
}

static void make_end_path(const char *run, const char *stage, char path[PATH_SIZE]) {
    (void)snprintf(path, PATH_SIZE, "%s/checkpoints/%s-end.safetensors", run, stage);
}

sl_status sl_checkpoint_save_end(const char *run, const char *stage, const char *config_hash, sl_tensors *file) {
    char path[PATH_SIZE];
    make_end_path(run, stage, path);
    return save_one(run, path, config_hash, file);
}

static sl_status load_one(const char *path, const char *config_hash, sl_tensors **out) {
    sl_tensors *file = NULL;
    SL_TRY(sl_tensors_load(path, &file));
    const char *format = sl_tensors_meta(file, "starling.checkpoint");
    const char *experiment = sl_tensors_meta(file, "starling.experiment");
    const char *stated = sl_tensors_meta(file, "starling.digest");
    char text[65];
    sl_status status = digest(file, text);
    if (status == SL_OK && (!format || strcmp(format, FORMAT) != 0))
        status = sl_fail(SL_MISMATCH, NULL, "%s is not a checkpoint of this version", path);
    if (status == SL_OK && (!experiment || strcmp(experiment, config_hash) != 0))
        status = sl_fail(SL_MISMATCH, "the experiment was changed; start without --resume",
                         "%s is of another experiment", path);
    if (status == SL_OK && (!stated || strcmp(stated, text) != 0))
        status = sl_fail(SL_CORRUPT, "its data was changed on disk", "%s has a wrong digest", path);
    if (status != SL_OK)
        sl_tensors_destroy(&file);
    else
        *out = file;
    return status;
}

sl_status sl_checkpoint_load_end(const char *run, const char *stage, const char *config_hash, sl_tensors **out) {
    char path[PATH_SIZE];
    make_end_path(run, stage, path);
    return access(path, F_OK) == 0 ? load_one(path, config_hash, out) : SL_OK;
}

sl_status sl_checkpoint_load(const char *run, const char *config_hash, int64_t *n, sl_tensors **out) {
    int64_t numbers[MAX_LISTED];
    int n_listed = list(run, numbers);
    sl_status first = SL_OK;
    char path[PATH_SIZE], what[PATH_SIZE] = "";
    for (int k = 0; k < n_listed; k++) {
        make_path(run, numbers[k], path);
        sl_status status = load_one(path, config_hash, out);
        if (status == SL_OK) {
            *n = numbers[k];
            return SL_OK;
        }
        SL_WARN("checkpoint skipped: %s", sl_error_what());
        if (first == SL_OK) {
            first = status;
            (void)snprintf(what, sizeof what, "%s", sl_error_what());
        }
    }
    if (first == SL_OK) return SL_OK;
    return sl_fail(first, "no checkpoint is usable; delete the run's checkpoints to begin anew", "%s", what);
}

sl_status sl_checkpoint_clear(const char *run) {
    static const char *const stages[] = {"teacher", "direct"};
    int64_t numbers[MAX_LISTED];
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        make_end_path(run, stages[i], path);
        if (unlink(path) != 0 && errno != ENOENT)
            return sl_fail(SL_IO, NULL, "cannot remove %s: %s", path, strerror(errno));
    }
    for (int n = list(run, numbers); n > 0; n = list(run, numbers))
        for (int k = 0; k < n; k++) {
            make_path(run, numbers[k], path);
            if (unlink(path) != 0) return sl_fail(SL_IO, NULL, "cannot remove %s: %s", path, strerror(errno));
        }
    return SL_OK;
}
