/* save.c - the resolved experiment as YAML. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef char text_row[SL_EXP_MAX_TEXT];

static void fill_raw(const sl_exp_table *table, const void *base, text_row *texts, sl_exp_raw *raw) {
    for (int i = 0; i < table->n_keys; i++) {
        if (table->keys[i].kind == SL_EXP_LIST) continue;
        sl_exp_value_write(&table->keys[i], base, texts[i]);
        raw->texts[i] = texts[i];
    }
}

sl_status sl_experiment_format(const sl_experiment *self, char **text, size_t *n_bytes) {
    // raw[0] is the experiment, raw[1 + i] student i
    size_t n = self->students_count, n_top = (size_t)sl_exp_top()->n_keys;
    size_t n_student = (size_t)sl_exp_student_table.n_keys;
    sl_exp_raw *raw = sl_alloc_array(1 + n, sizeof *raw);
    text_row *texts = sl_alloc_array(n_top + n * n_student, sizeof *texts);
    sl_status status = SL_OK;
    if (!raw || !texts) {
        status = sl_fail(SL_MEMORY, NULL, "cannot allocate memory to write an experiment");
    } else {
        fill_raw(sl_exp_top(), self, texts, &raw[0]);
        raw[0].list = &raw[1];
        raw[0].list_count = self->students_count;
        for (size_t i = 0; i < n; i++) {
            fill_raw(&sl_exp_student_table, &self->students[i], texts + n_top + i * n_student, &raw[1 + i]);
            raw[1 + i].list = self->students[i].blocks;
            raw[1 + i].list_count = self->students[i].blocks_count;
        }
        status = sl_exp_raw_write(&raw[0], text, n_bytes);
    }
    sl_free(texts);
    sl_free(raw);
    return status;
}

static sl_status fail_write(const char *path, int error) {
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return sl_fail(full ? SL_NO_SPACE : SL_IO, full ? "free some space, or choose another folder" : NULL,
                   "cannot write %s: %s", path, strerror(error));
}

// storage/ stands above this folder, so the few lines of an atomic replace are here again
static sl_status replace(const char *path, const char *text, size_t n_bytes) {
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) return fail_write(path, ENAMETOOLONG);
    FILE *file = fopen(temporary, "wbe");
    if (!file) return fail_write(path, errno);
    int error = 0;
    if (fwrite(text, 1, n_bytes, file) != n_bytes || fflush(file) != 0 || fsync(fileno(file)) != 0) error = errno;
    if (fclose(file) != 0 && !error) error = errno;
    if (!error && rename(temporary, path) != 0) error = errno;
    if (!error) return SL_OK;
    (void)unlink(temporary);
    return fail_write(path, error);
}

sl_status sl_experiment_save(const sl_experiment *self, const char *path) {
    char *text;
    size_t n_bytes;
    SL_TRY(sl_experiment_format(self, &text, &n_bytes));
    sl_status status = replace(path, text, n_bytes);
    sl_free(text);
    return status;
}
