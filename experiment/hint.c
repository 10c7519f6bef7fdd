/* hint.c - what a misspelt key was probably meant to be. */
#include "experiment/impl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 96 };

// Levenshtein's distance, row by row; both texts are shorter than MAX_PATH
static int distance(const char *a, const char *b) {
    int row[MAX_PATH + 1];
    int n = (int)strlen(b);
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < n; j++) {
            int substitute = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            int shorter = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            row[j + 1] = substitute < shorter ? substitute : shorter;
        }
    }
    return row[n];
}

static const char *last_component(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

// "students[3].net" as "students[].net", so that it compares with the table's
static void drop_indices(const char *path, char out[MAX_PATH]) {
    size_t n = 0;
    bool inside = false;
    for (; *path && n + 1 < MAX_PATH; path++) {
        if (*path == ']') inside = false;
        if (!inside) out[n++] = *path;
        if (*path == '[') inside = true;
    }
    out[n] = '\0';
}

typedef struct search {
    char wanted[MAX_PATH];
    char nearest[MAX_PATH], namesake[MAX_PATH]; /* namesake: the same last component in another section */
    int least;
} search;

// compares a known key and each of the sections that it lies in
static void consider(search *self, const char *known) {
    char path[MAX_PATH];
    (void)snprintf(path, sizeof path, "%s", known);
    if (!self->namesake[0] && strcmp(last_component(path), last_component(self->wanted)) == 0) {
        (void)snprintf(self->namesake, sizeof self->namesake, "%s", path);
    }
    for (char *end = path; end; end = strrchr(path, '.')) {
        if (end != path) *end = '\0';
        int d = distance(self->wanted, path);
        if (d < self->least) {
            self->least = d;
            (void)snprintf(self->nearest, sizeof self->nearest, "%s", path);
        }
    }
}

static void consider_table(search *self, const sl_exp_table *table) {
    for (int i = 0; i < table->n_keys; i++) consider(self, table->keys[i].path);
}

// a mapping of a list: "students[].net"
static void consider_entries(search *self, const sl_exp_key *list) {
    char known[MAX_PATH];
    for (int i = 0; i < list->list->table->n_keys; i++) {
        (void)snprintf(known, sizeof known, "%s[].%s", list->path, list->list->table->keys[i].path);
        consider(self, known);
    }
}

// keys of earlier versions, and how their values are said now
static const char *renamed(const char *path) {
    static const char *const keys[][2] = {
        {"teacher.ppo.team_reward", "write teacher.ppo.reward: sum for true, own for false"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(path, keys[i][0]) == 0) return keys[i][1];
    }
    return NULL;
}

sl_status sl_exp_unknown_key(const char *what, const char *path) {
    const char *now = renamed(path);
    if (now) return sl_fail(SL_CONFIG, now, "%s: key '%s' is of an earlier version", what, path);
    search found = {.least = MAX_PATH};
    char hint[MAX_PATH + 40];
    drop_indices(path, found.wanted);
    const sl_exp_table *top = sl_exp_top();
    consider_table(&found, top);
    for (int i = 0; i < top->n_keys; i++)
        if (top->keys[i].kind == SL_EXP_ENTRIES) consider_entries(&found, &top->keys[i]);
    // a slip of the finger, or the right name in the wrong section
    int length = (int)strlen(last_component(found.wanted));
    const char *guess = found.least <= 1 + length / 3 ? found.nearest : found.namesake[0] ? found.namesake : NULL;
    if (found.least == 0)
        (void)snprintf(hint, sizeof hint, "it is a section: name one of its keys");
    else if (guess)
        (void)snprintf(hint, sizeof hint, "did you mean '%s'?", guess);
    else
        (void)snprintf(hint, sizeof hint, "docs/experiments.md lists the keys");
    return sl_fail(SL_CONFIG, hint, "%s: unknown key '%.120s'", what, path);
}
