/* reader.c - the words of a text, one after the other. See reader.h. */
#include "links/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

sl_reader sl_reader_of(const char *where, const char *key, const char *text) {
    const char *said = text ? text : "";
    return (sl_reader){.where = where, .key = key, .text = said, .at = said};
}

size_t sl_reader_word(sl_reader *self, const char **word) {
    *word = self->at + strspn(self->at, " ");
    size_t n = strcspn(*word, " ");
    self->at = *word + n;
    return n;
}

bool sl_word_is(const char *word, size_t n, const char *name) {
    return strlen(name) == n && memcmp(word, name, n) == 0;
}

bool sl_word_number(const char *word, size_t n, double *out) {
    char text[64], *end;
    if (n == 0 || n >= sizeof text) return false;
    memcpy(text, word, n);
    text[n] = 0;
    // strtod would also take hexadecimal, "nan" and "inf"
    if (strspn(text, "+-.0123456789eE") != n) return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

static bool read_whole(const char *word, size_t n, int *out) {
    if (n == 0 || n > 9) return false;
    int value = 0;
    for (size_t k = 0; k < n; k++) {
        if (word[k] < '0' || word[k] > '9') return false;
        value = 10 * value + (word[k] - '0');
    }
    *out = value;
    return true;
}

bool sl_word_range(const char *word, size_t n, int *begin, int *end) {
    for (size_t k = 0; k + 1 < n; k++) {
        if (word[k] != '.' || word[k + 1] != '.') continue;
        return read_whole(word, k, begin) && read_whole(word + k + 2, n - k - 2, end);
    }
    if (!read_whole(word, n, begin)) return false;
    *end = *begin;
    return true;
}

sl_status sl_reader_refuse(const sl_reader *self, const char *hint, const char *what) {
    return sl_fail(SL_CONFIG, hint, "key '%s.%s': '%.80s': %s", self->where, self->key, self->text, what);
}
