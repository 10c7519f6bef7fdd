/* save.c - the resolved experiment as YAML. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void empty_raw(const sl_exp_table *table, sl_exp_raw *raw) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        if (key->kind == SL_EXP_WORDS) continue; // the experiment's own
        if (key->kind != SL_EXP_ENTRIES) {
            sl_free(raw->cells[i].text);
            continue;
        }
        for (unsigned k = 0; k < raw->counts[i]; k++) empty_raw(key->list->table, &raw->cells[i].entries[k]);
        sl_free(raw->cells[i].entries);
    }
}

static sl_status no_memory(void) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory to write an experiment");
}

static sl_status fill_raw(const sl_exp_table *table, const void *base, sl_exp_raw *raw);

static sl_status fill_list(const sl_exp_key *key, const void *base, sl_exp_cell *cell, unsigned *count) {
    const void *list;
    unsigned n;
    memcpy(&list, (const char *)base + key->offset, sizeof list);
    memcpy(&n, (const char *)base + key->list->count_offset, sizeof n);
    if (!n) return SL_OK;
    if (key->kind == SL_EXP_WORDS) {
        memcpy(&cell->words, &list, sizeof list);
        *count = n;
        return SL_OK;
    }
    cell->entries = sl_alloc_array(n, sizeof *cell->entries);
    if (!cell->entries) return no_memory();
    *count = n;
    for (unsigned k = 0; k < n; k++)
        SL_TRY(fill_raw(key->list->table, (const char *)list + k * key->list->table->n_bytes, &cell->entries[k]));
    return SL_OK;
}

// on an error, too, raw is for empty_raw
static sl_status fill_raw(const sl_exp_table *table, const void *base, sl_exp_raw *raw) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        char text[SL_EXP_MAX_TEXT];
        if (key->list) {
            SL_TRY(fill_list(key, base, &raw->cells[i], &raw->counts[i]));
            continue;
        }
        sl_exp_value_write(key, base, text);
        raw->cells[i].text = sl_alloc_string(text);
        if (!raw->cells[i].text) return no_memory();
    }
    return SL_OK;
}

// drops what older versions did not know and what says nothing; whether links are left
static bool drop_later(const sl_exp_table *table, sl_exp_raw *raw) {
    bool has_links = false;
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        char *text = raw->cells[i].text;
        if (!key->is_later || !text) continue;
        bool says_nothing = !key->list && strcmp(text, key->standard) == 0;
        has_links = has_links || (!says_nothing && strncmp(key->path, "links.", 6) == 0);
        if (!says_nothing) continue;
        sl_free(text);
        raw->cells[i].text = NULL;
    }
    return has_links;
}

sl_status sl_experiment_format_identity(const sl_experiment *self, char **text, size_t *n_bytes) {
    const sl_exp_table *top = sl_exp_top();
    sl_exp_raw *raw = sl_alloc(sizeof *raw);
    if (!raw) return no_memory();
    sl_status status = fill_raw(top, self, raw);
    if (status == SL_OK) {
        bool has_links = drop_later(top, raw);
        status = sl_exp_raw_write(raw, has_links ? SL_EXP_WHOLE : SL_EXP_BUT_LINKS, text, n_bytes);
    }
    empty_raw(top, raw);
    sl_free(raw);
    return status;
}

sl_status sl_exp_format(const sl_experiment *self, sl_exp_part part, char **text, size_t *n_bytes) {
    sl_exp_raw *raw = sl_alloc(sizeof *raw);
    if (!raw) return no_memory();
    sl_status status = fill_raw(sl_exp_top(), self, raw);
    if (status == SL_OK) status = sl_exp_raw_write(raw, part, text, n_bytes);
    empty_raw(sl_exp_top(), raw);
    sl_free(raw);
    return status;
}

sl_status sl_experiment_format(const sl_experiment *self, char **text, size_t *n_bytes) {
    return sl_exp_format(self, SL_EXP_WHOLE, text, n_bytes);
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
