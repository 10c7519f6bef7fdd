/* options.c - see options.h. */
#include "envs/options.h"

#include "common/assert.h"
#include "envs/family.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sl_env_option *list[SL_ENV_MAX_OPTIONS];
static int n_listed;

static int find(const char *name) {
    for (int k = 0; k < n_listed; k++) {
        if (strcmp(list[k]->name, name) == 0) return k;
    }
    return -1;
}

static void build(void) {
    for (int f = 0; sl_env_families[f]; f++) {
        for (int k = 0; k < sl_env_families[f]->n_options; k++) {
            const sl_env_option *option = &sl_env_families[f]->options[k];
            if (find(option->name) >= 0) continue;
            SL_ASSERT(n_listed < SL_ENV_MAX_OPTIONS);
            list[n_listed++] = option;
        }
    }
}

int sl_env_n_options(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, build);
    return n_listed;
}

const sl_env_option *sl_env_option_at(int k) {
    SL_ASSERT(k >= 0 && k < sl_env_n_options());
    return list[k];
}

static sl_env_value standard_of(const sl_env_option *option) {
    sl_env_value value = {.real = 0};
    if (option->kind == SL_ENV_BOOL) value.yes = strcmp(option->standard, "true") == 0;
    if (option->kind == SL_ENV_INT) value.whole = (int)strtol(option->standard, NULL, 10);
    if (option->kind == SL_ENV_REAL) value.real = strtod(option->standard, NULL);
    if (option->kind == SL_ENV_TEXT) value.text = (char *)option->standard;
    return value;
}

sl_env_options sl_env_default_options(void) {
    sl_env_options options = {0};
    for (int k = 0; k < sl_env_n_options(); k++) options.values[k] = standard_of(list[k]);
    return options;
}

static bool is_default(const sl_env_options *options, int k) {
    const sl_env_option *option = list[k];
    sl_env_value value = options->values[k], standard = standard_of(option);
    switch (option->kind) {
    case SL_ENV_BOOL:
        return value.yes == standard.yes;
    case SL_ENV_INT:
        return value.whole == standard.whole;
    case SL_ENV_REAL:
        // where the default is negative, every negative number and NaN stand for it
        return value.real == standard.real || (standard.real < 0 && !(value.real >= 0));
    case SL_ENV_TEXT:
        break;
    }
    return strcmp(value.text, standard.text) == 0;
}

// that there is none is a bug of the caller
static int index_of(const char *name) {
    int k = sl_env_n_options() ? find(name) : -1;
    SL_ASSERT(k >= 0);
    return k;
}

bool sl_env_is_default(const sl_env_options *options, const char *name) {
    return is_default(options, index_of(name));
}

sl_env_value *sl_env_at(sl_env_options *options, const char *name) {
    return &options->values[index_of(name)];
}

sl_env_value sl_env_get(const sl_env_options *options, const char *name) {
    return options->values[index_of(name)];
}

bool sl_env_option_is_number(const sl_env_option *option) {
    return option->kind == SL_ENV_INT || option->kind == SL_ENV_REAL;
}

const char *sl_env_option_word(const sl_env_option *option) {
    return option->word ? option->word : option->name;
}

void sl_env_option_range(const sl_env_option *option, double *low, double *high) {
    char *comma;
    SL_ASSERT(sl_env_option_is_number(option));
    *low = strtod(option->range + 1, &comma);
    *high = strtod(comma + 1, NULL);
}

// adds to a text of size bytes, and cuts off what is too long
static void append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...) {
    size_t n = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + n, size - n, format, args);
    va_end(args);
}

// a text can only be switched to its word
static bool is_switch(const sl_env_option *option) {
    return option->is_switch && (option->kind != SL_ENV_TEXT || option->word);
}

// "spawn_shift=4"; its range is looked at when the environment is created. false: something else
static bool read_number(const sl_env_option *option, const char *text, double *out) {
    const char *word = sl_env_option_word(option);
    size_t n = strlen(word);
    char *end;
    if (strncmp(text, word, n) != 0 || text[n] != '=' || text[n + 1] == '\0') return false;
    double number = strtod(text + n + 1, &end);
    if (*end != '\0') return false;
    if (option->kind == SL_ENV_INT && !(fabs(number) <= INT_MAX && number == trunc(number))) return false;
    *out = number;
    return true;
}

// the newest family first
static sl_status fail_unknown(const char *text) {
    char known[256] = "";
    int n_families = 0;
    while (sl_env_families[n_families]) n_families++;
    for (int f = n_families - 1; f >= 0; f--) {
        const sl_env_family *family = sl_env_families[f];
        for (int k = 0; k < family->n_options; k++) {
            const sl_env_option *option = &family->options[k];
            if (!is_switch(option)) continue;
            append(known, sizeof known, "%s%s%s", known[0] ? ", " : "", sl_env_option_word(option),
                   sl_env_option_is_number(option) ? "=X" : "");
        }
    }
    return sl_fail(SL_CONFIG, known, "unknown switch '%s' of an environment", text);
}

sl_status sl_env_set_switch(sl_env_options *options, const char *text) {
    for (int k = 0; k < sl_env_n_options(); k++) {
        const sl_env_option *option = list[k];
        sl_env_value *value = &options->values[k];
        if (!is_switch(option)) continue;
        double number;
        if (sl_env_option_is_number(option)) {
            if (!read_number(option, text, &number)) continue;
            if (option->kind == SL_ENV_REAL) value->real = number;
            if (option->kind == SL_ENV_INT) value->whole = (int)number;
            return SL_OK;
        }
        if (strcmp(sl_env_option_word(option), text) != 0) continue;
        if (option->kind == SL_ENV_BOOL) value->yes = !standard_of(option).yes;
        if (option->kind == SL_ENV_TEXT) value->text = (char *)option->word;
        return SL_OK;
    }
    return fail_unknown(text);
}

// whether its word says what it is
static bool is_word(const sl_env_option *option, const sl_env_value *value) {
    if (option->kind == SL_ENV_TEXT) return option->word && strcmp(value->text, option->word) == 0;
    return option->kind == SL_ENV_BOOL;
}

int sl_env_list_switches(const sl_env_options *options, const char *words[SL_ENV_MAX_OPTIONS]) {
    int n = 0;
    for (int k = 0; k < sl_env_n_options(); k++) {
        if (!list[k]->is_switch || is_default(options, k)) continue;
        if (is_word(list[k], &options->values[k])) words[n++] = sl_env_option_word(list[k]);
    }
    return n;
}

static void append_in_brackets(const sl_env_option *option, const sl_env_value *value, char *text, size_t size) {
    append(text, size, "%s", text[0] ? "," : "");
    if (is_word(option, value))
        append(text, size, "%s", sl_env_option_word(option));
    else if (option->kind == SL_ENV_TEXT)
        append(text, size, "%s=%s", option->name, value->text);
    else
        append(text, size, "%s=%g", sl_env_option_word(option),
               option->kind == SL_ENV_INT ? value->whole : value->real);
}

void sl_env_write_name(const char *name, const sl_env_options *options, char *text, size_t size) {
    char said[96] = "";
    for (int numbers = 1; numbers >= 0; numbers--) {
        for (int k = 0; k < sl_env_n_options(); k++) {
            if (sl_env_option_is_number(list[k]) != (numbers == 1) || is_default(options, k)) continue;
            append_in_brackets(list[k], &options->values[k], said, sizeof said);
        }
    }
    (void)snprintf(text, size, said[0] ? "%.30s[%.62s]" : "%.95s", name, said);
}

void sl_env_write_profile(const sl_env_options *options, char *text, size_t size) {
    text[0] = '\0';
    for (int k = 0; k < sl_env_n_options(); k++) {
        const sl_env_value *value = &options->values[k];
        if (!list[k]->is_told && is_default(options, k)) continue;
        append(text, size, "%s%s=", text[0] ? " " : "", list[k]->name);
        if (list[k]->kind == SL_ENV_BOOL) append(text, size, "%d", value->yes);
        if (list[k]->kind == SL_ENV_INT) append(text, size, "%d", value->whole);
        if (list[k]->kind == SL_ENV_REAL) append(text, size, "%g", value->real);
        if (list[k]->kind == SL_ENV_TEXT) append(text, size, "%s", value->text);
    }
}

void sl_env_read_observed(const char *text, sl_env_options *options) {
    char said[64];
    for (int k = 0; k < sl_env_n_options(); k++) {
        if (!list[k]->is_observed || list[k]->kind != SL_ENV_BOOL) continue;
        int n = snprintf(said, sizeof said, "%s=1", list[k]->name);
        for (const char *at = text; (at = strstr(at, said)) != NULL; at += n) {
            bool whole = (at == text || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0');
            options->values[k].yes |= whole;
        }
    }
}
