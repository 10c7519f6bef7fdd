/* policy_files.c - see policy_files.h. A checkpoint holds a file's bytes as the tensor "file.<name>". */
#include "trainer/policy_files.h"

#include "common/alloc.h"
#include "common/log.h"
#include "nn/policy.h"
#include "storage/file.h"
#include "storage/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = SL_POLICY_PATH, TEACHER = -1 };
static const size_t max_bytes = (size_t)1 << 30;
#define PREFIX "file."
#define BUFFER "buffer/expert.log"

static void name_of(int file, char name[SL_MANIFEST_FILE_NAME]) {
    if (file == TEACHER)
        (void)snprintf(name, SL_MANIFEST_FILE_NAME, SL_TEACHER_FILE);
    else
        (void)snprintf(name, SL_MANIFEST_FILE_NAME, SL_STUDENT_FILE, file);
}

static void path_of(const sl_training *training, int file, char path[PATH_SIZE]) {
    char name[SL_MANIFEST_FILE_NAME];
    name_of(file, name);
    (void)snprintf(path, PATH_SIZE, "%s/%s", training->run, name);
}

void sl_policy_files_teacher(const sl_training *training, char path[SL_POLICY_PATH]) {
    path_of(training, TEACHER, path);
}

static sl_status make_students_folder(const sl_training *training) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/students", training->run);
    return sl_file_make_folder(path);
}

sl_status sl_policy_files_write_students(const sl_training *training, const float *params) {
    char path[PATH_SIZE];
    SL_TRY(make_students_folder(training));
    for (int i = 0; i < training->setup->N; i++) {
        sl_policy policy = {.def = training->setup->students[i], .params = (float *)params};
        policy.profile = sl_setup_profile(training->setup, i);
        path_of(training, i, path);
        SL_TRY(sl_policy_save(&policy, path));
        params += sl_net_n_params(&policy.def);
    }
    return SL_OK;
}

// the range of files: the teacher is -1, students are from 0
static int first_of(bool teacher) {
    return teacher ? TEACHER : 0;
}

static int end_of(const sl_training *training, bool students) {
    return students ? training->setup->N : 0;
}

static bool has_buffer(const sl_training *training) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/" BUFFER, training->run);
    return access(path, R_OK) == 0;
}

sl_status sl_policy_files_note(const sl_training *training, bool teacher, bool students) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(training->run, &manifest));
    sl_status status = SL_OK;
    for (int i = first_of(teacher); i < end_of(training, students) && status == SL_OK; i++) {
        char name[SL_MANIFEST_FILE_NAME];
        name_of(i, name);
        status = sl_manifest_note(manifest, name);
    }
    if (status == SL_OK && students && has_buffer(training)) status = sl_manifest_note(manifest, BUFFER);
    if (status == SL_OK) status = sl_manifest_save(manifest);
    sl_manifest_close(&manifest);
    return status;
}

// before a stage goes on that they come from
static sl_status forget(const sl_training *training) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(training->run, &manifest));
    for (int i = TEACHER; i < training->setup->N; i++) {
        char name[SL_MANIFEST_FILE_NAME];
        name_of(i, name);
        sl_manifest_forget(manifest, name);
    }
    sl_manifest_forget(manifest, BUFFER);
    sl_status status = sl_manifest_save(manifest);
    sl_manifest_close(&manifest);
    return status;
}

static sl_status drop(const char *path) {
    if (unlink(path) == 0 || errno == ENOENT) return SL_OK;
    return sl_fail(SL_IO, NULL, "cannot remove %s: %s", path, strerror(errno));
}

sl_status sl_policy_files_drop(const sl_training *training) {
    char path[PATH_SIZE];
    SL_TRY(forget(training));
    (void)snprintf(path, sizeof path, "%s/" BUFFER, training->run);
    SL_TRY(drop(path));
    for (int i = 0; i < training->setup->N; i++) {
        path_of(training, i, path);
        SL_TRY(drop(path));
    }
    return SL_OK;
}

sl_status sl_policy_files_check_buffer(const sl_training *training) {
    sl_status status = sl_manifest_check_in(training->run, BUFFER);
    if (status != SL_NOT_FOUND) return status;
    SL_WARN("%s: this run needs it no more, others may by record.from", sl_error_what());
    return SL_OK;
}

static sl_status carry(const sl_training *training, int file, sl_tensors *checkpoint) {
    char name[SL_MANIFEST_FILE_NAME], path[PATH_SIZE], tensor[SL_TENSOR_NAME_SIZE];
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    name_of(file, name);
    path_of(training, file, path);
    (void)snprintf(tensor, sizeof tensor, PREFIX "%.50s", name);
    SL_TRY(sl_file_read(path, max_bytes, &bytes, &n_bytes));
    sl_status status = sl_tensors_add(checkpoint, tensor, SL_U8, 1, (const int64_t[]){(int64_t)n_bytes}, bytes);
    sl_free(bytes);
    return status;
}

sl_status sl_policy_files_carry(const sl_training *training, bool teacher, bool students, sl_tensors *checkpoint) {
    for (int i = first_of(teacher); i < end_of(training, students); i++) SL_TRY(carry(training, i, checkpoint));
    return SL_OK;
}

static const sl_tensor *find(const sl_tensors *checkpoint, const char *name) {
    for (int i = 0; i < sl_tensors_count(checkpoint); i++) {
        const sl_tensor *tensor = sl_tensors_at(checkpoint, i);
        if (strncmp(tensor->name, PREFIX, strlen(PREFIX)) == 0 && strcmp(tensor->name + strlen(PREFIX), name) == 0)
            return tensor->dtype == SL_U8 ? tensor : NULL;
    }
    return NULL;
}

static sl_status put_back(const char *path, const sl_tensor *carried) {
    SL_WARN("'%s' was gone: put back from the checkpoint", path);
    return sl_file_replace(path, carried->data, carried->n_bytes);
}

// compares the file with the one that the checkpoint was made with
static sl_status restore(const char *path, const sl_tensor *carried) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_status status = sl_file_read(path, max_bytes, &bytes, &n_bytes);
    if (status == SL_NOT_FOUND) return put_back(path, carried);
    if (status != SL_OK) return status;
    bool same = n_bytes == carried->n_bytes && memcmp(bytes, carried->data, n_bytes) == 0;
    sl_free(bytes);
    if (same) return SL_OK;
    return sl_fail(SL_CORRUPT, "move it away, and --resume puts back the run's own",
                   "'%s' is not the file that this run wrote", path);
}

sl_status sl_policy_files_restore(const sl_training *training, const sl_tensors *checkpoint) {
    for (int i = TEACHER; i < training->setup->N; i++) {
        char name[SL_MANIFEST_FILE_NAME], path[PATH_SIZE];
        name_of(i, name);
        const sl_tensor *carried = find(checkpoint, name);
        if (!carried) continue;
        if (i == 0) SL_TRY(make_students_folder(training));
        path_of(training, i, path);
        SL_TRY(restore(path, carried));
    }
    return SL_OK;
}

sl_status sl_policy_files_are_whole(const sl_training *training, bool *whole) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(training->run, &manifest));
    sl_status status = SL_OK;
    bool all = true, any = false;
    int first = first_of(training->experiment->method != SL_EXP_DIRECT);
    for (int i = first; i < training->setup->N && (status == SL_OK || status == SL_NOT_FOUND); i++) {
        char name[SL_MANIFEST_FILE_NAME];
        name_of(i, name);
        status = sl_manifest_check(manifest, name);
        any = any || sl_manifest_has(manifest, name);
        all = all && status == SL_OK && sl_manifest_has(manifest, name);
    }
    sl_manifest_close(&manifest);
    if (status != SL_OK && status != SL_NOT_FOUND) return status;
    if (any && !all) SL_WARN("no checkpoint is left, and not all policies are there: the run begins anew");
    *whole = all;
    return SL_OK;
}
