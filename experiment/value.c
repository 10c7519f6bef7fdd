/* value.c - one value of an experiment from text and to text, with its range. */
#include "experiment/impl.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char keys_hint[] = "docs/experiments.md lists the keys with what they take";

typedef struct subject {
    const char *what, *path, *text;
    const sl_exp_key *key;
} subject;

static sl_status wrong(const subject *s, const char *should) {
    return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': '%.60s' is not %s", s->what, s->path, s->text, should);
}

// range as in "(0, 100]"; NULL admits everything
static bool in_range(double value, const char *range) {
    if (!range) return true;
    char *at;
    double low = strtod(range + 1, &at);
    SL_ASSERT(*at == ',');
    double high = strtod(at + 1, &at);
    SL_ASSERT(*at == ']' || *at == ')');
    bool above = range[0] == '(' ? value > low : value >= low;
    bool below = *at == ')' ? value < high : value <= high;
    return above && below;
}

static sl_status check_range(const subject *s, double value) {
    if (in_range(value, s->key->range)) return SL_OK;
    return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': %.60s is outside %s", s->what, s->path, s->text,
                   s->key->range);
}

// of links or of one of their rules
static bool is_delay(const sl_exp_key *key) {
    return strcmp(key->path, "delay") == 0 || strcmp(key->path, "links.delay") == 0;
}

static sl_status read_text(const subject *s, char **field) {
    if (!sl_utf8_is_valid(s->text))
        return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': is not UTF-8", s->what, s->path);
    if (!sl_utf8_is_plain(s->text))
        return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': holds a control character", s->what, s->path);
    size_t room = is_delay(s->key) ? SL_EXP_MAX_TEXT : SL_EXP_MAX_WORD;
    if (strlen(s->text) >= room)
        return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': is longer than %zu bytes", s->what, s->path, room - 1);
    char *copy = sl_alloc_string(s->text);
    if (!copy) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", s->what);
    sl_free(*field);
    *field = copy;
    return SL_OK;
}

// strtoX would also take leading spaces, hexadecimal, "nan" and "inf"
static bool is_written_with(const char *text, const char *letters) {
    return text[0] && strspn(text, letters) == strlen(text);
}

static sl_status read_whole(const subject *s, int64_t *value) {
    char *end;
    errno = 0;
    long long whole = strtoll(s->text, &end, 10);
    if (!is_written_with(s->text, "-0123456789") || *end || errno) return wrong(s, "a whole number");
    SL_TRY(check_range(s, (double)whole));
    *value = whole;
    return SL_OK;
}

static sl_status read_u64(const subject *s, uint64_t *field) {
    char *end;
    errno = 0;
    unsigned long long whole = strtoull(s->text, &end, 10);
    if (!is_written_with(s->text, "0123456789") || *end || errno) return wrong(s, "a whole number of 64 bits");
    *field = whole;
    return SL_OK;
}

static sl_status read_real(const subject *s, double *field) {
    char *end;
    if (!s->text[0] && s->key->standard && !s->key->standard[0]) {
        *field = NAN;
        return SL_OK;
    }
    double value = strtod(s->text, &end);
    if (!is_written_with(s->text, "+-.0123456789eE") || *end) return wrong(s, "a number");
    SL_TRY(check_range(s, value));
    *field = value;
    return SL_OK;
}

// the index of text among the words
static sl_status read_word(const subject *s, const char *words, int *index) {
    size_t length = strlen(s->text);
    int i = 0;
    for (const char *word = words; *word; i++) {
        size_t n = strcspn(word, " ");
        if (n == length && memcmp(word, s->text, n) == 0) {
            *index = i;
            return SL_OK;
        }
        word += n + (word[n] == ' ');
    }
    char should[80];
    (void)snprintf(should, sizeof should, "one of %s", words);
    return wrong(s, should);
}

static sl_status read_bool(const subject *s, bool *field) {
    int index = 0;
    if (s->key->range) {
        SL_TRY(read_word(s, s->key->range, &index));
        *field = index != 0;
        return SL_OK;
    }
    bool yes = strcmp(s->text, "true") == 0;
    if (!yes && strcmp(s->text, "false") != 0) return wrong(s, "true or false");
    *field = yes;
    return SL_OK;
}

static sl_status read_choice(const subject *s, void *field) {
    int index = 0;
    SL_TRY(read_word(s, s->key->range, &index));
    memcpy(field, &index, sizeof index);
    return SL_OK;
}

sl_status sl_exp_value_read(const char *what, const char *path, const sl_exp_key *key, const char *text, void *base) {
    subject s = {.what = what, .path = path, .text = text, .key = key};
    void *field = (char *)base + key->offset;
    int64_t whole;
    switch (key->kind) {
    case SL_EXP_TEXT:
        return read_text(&s, field);
    case SL_EXP_U64:
        return read_u64(&s, field);
    case SL_EXP_REAL:
        return read_real(&s, field);
    case SL_EXP_BOOL:
        return read_bool(&s, field);
    case SL_EXP_CHOICE:
        return read_choice(&s, field);
    case SL_EXP_INT:
        SL_TRY(read_whole(&s, &whole));
        *(int *)field = (int)whole;
        return SL_OK;
    case SL_EXP_I64:
        SL_TRY(read_whole(&s, &whole));
        *(int64_t *)field = whole;
        return SL_OK;
    case SL_EXP_WORDS:
    case SL_EXP_ENTRIES:
        break;
    }
    return sl_fail(SL_CONFIG, keys_hint, "%s: key '%s': is a list", what, path);
}

// the fewest digits that read back as the same number
static void write_real(double value, char *text) {
    text[0] = '\0';
    if (isnan(value)) return;
    for (int digits = 6; digits <= 17; digits++) {
        (void)snprintf(text, SL_EXP_MAX_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

static void write_word(const char *words, int index, char *text) {
    const char *word = words;
    for (; index > 0; index--) word += strcspn(word, " ") + 1;
    (void)snprintf(text, SL_EXP_MAX_TEXT, "%.*s", (int)strcspn(word, " "), word);
}

void sl_exp_value_write(const sl_exp_key *key, const void *base, char text[SL_EXP_MAX_TEXT]) {
    const void *field = (const char *)base + key->offset;
    int index;
    switch (key->kind) {
    case SL_EXP_TEXT:
        (void)snprintf(text, SL_EXP_MAX_TEXT, "%s", *(char *const *)field ? *(char *const *)field : "");
        break;
    case SL_EXP_INT:
        (void)snprintf(text, SL_EXP_MAX_TEXT, "%d", *(const int *)field);
        break;
    case SL_EXP_I64:
        (void)snprintf(text, SL_EXP_MAX_TEXT, "%" PRId64, *(const int64_t *)field);
        break;
    case SL_EXP_U64:
        (void)snprintf(text, SL_EXP_MAX_TEXT, "%" PRIu64, *(const uint64_t *)field);
        break;
    case SL_EXP_REAL:
        write_real(*(const double *)field, text);
        break;
    case SL_EXP_BOOL:
        write_word(key->range ? key->range : "false true", *(const bool *)field, text);
        break;
    case SL_EXP_CHOICE:
        memcpy(&index, field, sizeof index);
        write_word(key->range, index, text);
        break;
    case SL_EXP_WORDS:
    case SL_EXP_ENTRIES:
        text[0] = '\0';
        break;
    }
}
