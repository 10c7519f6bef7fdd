/* fields.c - a struct by the table of its keys: defaults, what a file says, what --set says, and its end. Lists of
 * mappings, the students and the rules of links, are structs with a table of their own. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BLOCK_NAME = 31, MAX_PATH = 128 };

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

// ------------------------------------------------------------------------------------------------------ fields

static void *field_of(const sl_exp_key *key, const void *base) {
    return (char *)base + key->offset;
}

static unsigned *count_of(const sl_exp_key *key, const void *base) {
    return (unsigned *)(void *)((char *)base + key->list->count_offset);
}

static void *list_of(const sl_exp_key *key, const void *base) {
    void *list;
    memcpy(&list, field_of(key, base), sizeof list);
    return list;
}

static void set_list(const sl_exp_key *key, void *list, unsigned count, void *base) {
    memcpy(field_of(key, base), &list, sizeof list);
    *count_of(key, base) = count;
}

static void *entry_of(const sl_exp_key *key, const void *base, unsigned index) {
    return (char *)list_of(key, base) + index * key->list->table->n_bytes;
}

sl_status sl_exp_fields_default(const sl_exp_table *table, void *base) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        if (key->list) continue;
        SL_TRY(sl_exp_value_read("default", key->path, key, key->standard ? key->standard : "", base));
    }
    return SL_OK;
}

static void free_words(char **words, unsigned count) {
    for (unsigned i = 0; i < count; i++) sl_free(words[i]);
    sl_free(words);
}

void sl_exp_fields_fini(const sl_exp_table *table, void *base) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        if (key->kind == SL_EXP_TEXT) sl_free(*(char **)field_of(key, base));
        if (!key->list) continue;
        unsigned count = *count_of(key, base);
        if (key->kind == SL_EXP_WORDS) {
            free_words(list_of(key, base), count);
            continue;
        }
        for (unsigned k = 0; k < count; k++) sl_exp_fields_fini(key->list->table, entry_of(key, base, k));
        sl_free(list_of(key, base));
    }
    memset(base, 0, table->n_bytes);
}

// ------------------------------------------------------------------------------------------------- names of blocks

static sl_status check_words(const char *what, const char *path, char *const *names, unsigned count) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (count > SL_EXP_MAX_BLOCKS) return sl_fail(SL_CONFIG, NULL, "%s: key '%s': too many entries", what, path);
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (length == 0 || length > MAX_BLOCK_NAME || strspn(names[i], letters) != length)
            return sl_fail(SL_CONFIG, "starling env info NAME lists the blocks",
                           "%s: key '%s': '%.60s' is not a block's name", what, path, names[i]);
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) != 0) continue;
            return sl_fail(SL_CONFIG, NULL, "%s: key '%s': block '%s' is there twice", what, path, names[i]);
        }
    }
    return SL_OK;
}

// replaces a list of words by copies of names
static sl_status set_words(const char *what, const char *path, const sl_exp_key *key, char *const *names,
                           unsigned count, void *base) {
    SL_TRY(check_words(what, path, names, count));
    char **copy = count ? sl_alloc_array(count, sizeof *copy) : NULL;
    if (count && !copy) return no_memory(what);
    for (unsigned i = 0; i < count; i++) {
        copy[i] = sl_alloc_string(names[i]);
        if (copy[i]) continue;
        free_words(copy, i);
        return no_memory(what);
    }
    free_words(list_of(key, base), *count_of(key, base));
    set_list(key, copy, count, base);
    return SL_OK;
}

// "a,b" or "[a, b]"
static sl_status set_words_from_text(const char *what, const char *path, const sl_exp_key *key, const char *text,
                                     void *base) {
    char copy[SL_EXP_MAX_BLOCKS * (MAX_BLOCK_NAME + 3)], *names[SL_EXP_MAX_BLOCKS + 1];
    unsigned count = 0;
    if (strlen(text) >= sizeof copy) return sl_fail(SL_CONFIG, NULL, "%s: key '%s': too long", what, path);
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; count <= SL_EXP_MAX_BLOCKS;) {
        at += strspn(at, "[], ");
        if (!*at) break;
        names[count++] = at;
        at += strcspn(at, "[], ");
        if (*at) *at++ = '\0';
    }
    return set_words(what, path, key, names, count, base);
}

// ------------------------------------------------------------------------------------------------ lists of mappings

sl_status sl_exp_fields_resize(const sl_exp_key *key, unsigned count, void *base) {
    const sl_exp_table *table = key->list->table;
    unsigned old_count = *count_of(key, base);
    if (count <= old_count) return SL_OK;
    char *entries = sl_alloc_array(count, table->n_bytes);
    if (!entries) return no_memory(key->path);
    if (old_count) memcpy(entries, list_of(key, base), old_count * table->n_bytes);
    sl_free(list_of(key, base));
    // all of them count before they are filled: what has begun is freed with the rest
    set_list(key, entries, count, base);
    for (unsigned i = old_count; i < count; i++) SL_TRY(sl_exp_fields_default(table, entry_of(key, base, i)));
    return SL_OK;
}

static sl_status copy_entry(const sl_exp_table *table, const void *from, void *to) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        char text[SL_EXP_MAX_TEXT];
        if (key->kind == SL_EXP_WORDS) {
            SL_TRY(set_words("copy", key->path, key, list_of(key, from), *count_of(key, from), to));
            continue;
        }
        sl_exp_value_write(key, from, text);
        SL_TRY(sl_exp_value_read("copy", key->path, key, text, to));
    }
    return SL_OK;
}

// makes a list long enough for index, which is past its end
static sl_status grow(const char *what, const char *path, const sl_exp_key *key, unsigned index, void *base) {
    unsigned count = *count_of(key, base);
    bool can = index < key->list->most && (key->list->repeats ? count == 1 : index == count);
    if (!can) {
        const char *dot = strrchr(key->path, '.'), *hint = NULL;
        if (index < key->list->most)
            hint = key->list->repeats ? "only a list of one grows: name its last index first"
                                      : "the first that is new has the next index";
        return sl_fail(SL_CONFIG, hint, "%s: key '%s': there are %u %s", what, path, count,
                       dot ? dot + 1 : key->path);
    }
    SL_TRY(sl_exp_fields_resize(key, index + 1, base));
    for (unsigned i = count; key->list->repeats && i <= index; i++)
        SL_TRY(copy_entry(key->list->table, entry_of(key, base, 0), entry_of(key, base, i)));
    return SL_OK;
}

// ------------------------------------------------------------------------------------------------- file and --set

static sl_status read_entries(const char *what, const char *path, const sl_exp_key *key, const sl_exp_raw *entries,
                              unsigned count, void *base) {
    SL_TRY(sl_exp_fields_resize(key, count, base));
    for (unsigned k = 0; k < count; k++) {
        char prefix[MAX_PATH];
        (void)snprintf(prefix, sizeof prefix, "%.100s[%u].", path, k);
        SL_TRY(sl_exp_fields_read(what, prefix, "", key->list->table, &entries[k], entry_of(key, base, k)));
    }
    return SL_OK;
}

sl_status sl_exp_fields_read(const char *what, const char *prefix, const char *section, const sl_exp_table *table,
                             const sl_exp_raw *raw, void *base) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        const sl_exp_cell *cell = &raw->cells[i];
        char path[MAX_PATH];
        if (!cell->text || strncmp(key->path, section, strlen(section)) != 0) continue;
        (void)snprintf(path, sizeof path, "%s%s", prefix, key->path);
        if (key->kind == SL_EXP_WORDS)
            SL_TRY(set_words(what, path, key, cell->words, raw->counts[i], base));
        else if (key->kind == SL_EXP_ENTRIES)
            SL_TRY(read_entries(what, path, key, cell->entries, raw->counts[i], base));
        else
            SL_TRY(sl_exp_value_read(what, path, key, cell->text, base));
    }
    return SL_OK;
}

// "students[1].net.hidden": from the experiment to the entry, its table and the rest of the path
static sl_status enter_list(const char *what, const char *path, const sl_exp_table **table, void **base,
                            const char **rest) {
    size_t length = strcspn(path, "[");
    int used = 0;
    char name[MAX_PATH], digits[5];
    (void)snprintf(name, sizeof name, "%.*s", (int)length, path);
    const sl_exp_key *key = sl_exp_find_key(*table, name);
    if (!key || key->kind != SL_EXP_ENTRIES || sscanf(path + length, "[%4[0-9]].%n", digits, &used) != 1 || !used)
        return sl_exp_unknown_key(what, path);
    unsigned index = (unsigned)strtoul(digits, NULL, 10);
    if (index >= *count_of(key, *base)) SL_TRY(grow(what, path, key, index, *base));
    *base = entry_of(key, *base, index);
    *table = key->list->table;
    *rest = path + length + used;
    return SL_OK;
}

sl_status sl_exp_fields_set(const char *set, sl_experiment *self) {
    static const char what[] = "--set";
    char path[MAX_PATH];
    size_t length = strcspn(set, "=");
    if (set[length] != '=' || length == 0 || length >= sizeof path)
        return sl_fail(SL_USAGE, "as in --set distill.tau=2", "--set takes KEY=VALUE, not '%.60s'", set);
    memcpy(path, set, length);
    path[length] = '\0';
    const char *text = set + length + 1, *rest = path;
    const sl_exp_table *table = sl_exp_top();
    void *base = self;
    if (strchr(path, '[')) SL_TRY(enter_list(what, path, &table, &base, &rest));
    const sl_exp_key *key = sl_exp_find_key(table, rest);
    if (!key) return sl_exp_unknown_key(what, path);
    if (key->kind == SL_EXP_WORDS) return set_words_from_text(what, path, key, text, base);
    return sl_exp_value_read(what, path, key, text, base);
}
