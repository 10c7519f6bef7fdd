/* nearest.c - see nearest.h. */
#include "common/nearest.h"

#include <string.h>

enum { MAX_WORD = 64 };

static int min3(int a, int b, int c) {
    int m = a < b ? a : b;
    return m < c ? m : c;
}

// Levenshtein's distance, one row at a time
static int edits(const char *a, int a_len, const char *b, int b_len) {
    int row[MAX_WORD + 1];
    for (int j = 0; j <= b_len; j++) row[j] = j;
    for (int i = 1; i <= a_len; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= b_len; j++) {
            int above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *sl_nearest_name(const char *word, int n_names, const char *const *names) {
    size_t word_len = strlen(word);
    if (word_len > MAX_WORD) return NULL;
    int best = (int)word_len / 3 > 2 ? (int)word_len / 3 : 2;
    const char *found = NULL;
    for (int i = 0; i < n_names; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len > MAX_WORD) continue;
        int distance = edits(word, (int)word_len, names[i], (int)name_len);
        if (distance < best || (distance == best && !found)) {
            best = distance;
            found = names[i];
        }
    }
    return found;
}
