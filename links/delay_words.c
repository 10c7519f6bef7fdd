/* delay_words.c - from "normal 6 3 steps" to a delay. See delay_words.h. */
#include "links/delay_words.h"

#include "common/alloc.h"
#include "common/nearest.h"
#include "links/delay.h"
#include "links/trace.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 4096, MAX_KINDS = 16, MAX_BINS = 1000 };

static const char kinds_hint[] = "write fixed, uniform, normal, lognormal, pareto, histogram or trace; docs/links.md "
                                 "tells each";

static sl_status refuse_kind(const sl_reader *reader, const char *word, size_t n) {
    const char *names[MAX_KINDS];
    char given[32], hint[80];
    int n_names = 0;
    for (const sl_delay_class *c; (c = sl_delay_class_of(n_names)) && n_names < MAX_KINDS;)
        names[n_names++] = c->name;
    (void)snprintf(given, sizeof given, "%.*s", (int)(n < 31 ? n : 31), word);
    const char *near = sl_nearest_name(given, n_names, names);
    if (near) (void)snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    return sl_reader_refuse(reader, near ? hint : kinds_hint, "no kind of delay begins so");
}

// how a delay of this kind is written, as a hint
static sl_status refuse_form(const sl_reader *reader, const sl_delay_class *class, const char *what) {
    char hint[160];
    (void)snprintf(hint, sizeof hint, "write '%s %s ms', or steps instead of ms; each in [0, 1e9]", class->name,
                   class->parameters);
    return sl_reader_refuse(reader, hint, what);
}

// the text without its last word, which says the unit
static bool take_unit(const char *text, size_t *n, bool *in_steps) {
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == ' ') end--;
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != ' ') begin--;
    *in_steps = sl_word_is(text + begin, end - begin, "steps") || sl_word_is(text + begin, end - begin, "step");
    while (begin > 0 && text[begin - 1] == ' ') begin--;
    *n = begin;
    return *in_steps || sl_word_is(text + *n + strspn(text + *n, " "), end - *n - strspn(text + *n, " "), "ms");
}

static sl_status parse_numbers(sl_reader *reader, const char *end, const sl_delay_class *class, sl_delay *out) {
    double numbers[2] = {0};
    const char *word;
    int n = 0;
    while (reader->at < end) {
        size_t len = sl_reader_word(reader, &word);
        if (word >= end) break;
        if (n == class->n_parameters) return refuse_form(reader, class, "there are too many words");
        if (!sl_word_number(word, len, &numbers[n])) return refuse_form(reader, class, "one word is no number");
        if (numbers[n] < 0.0 || numbers[n] > SL_DELAY_MOST)
            return refuse_form(reader, class, "a number is outside [0, 1e9]");
        n++;
    }
    if (n < class->n_parameters) return refuse_form(reader, class, "a number is missing");
    if (class->is_sound && !class->is_sound(numbers[0], numbers[1]))
        return refuse_form(reader, class, class->refusal);
    out->a = numbers[0];
    out->b = numbers[1];
    return SL_OK;
}

// "20:0.3": a value and its weight
static bool read_bin(const char *word, size_t n, double bin[2]) {
    const char *colon = memchr(word, ':', n);
    if (!colon) return false;
    size_t first = (size_t)(colon - word);
    if (!sl_word_number(word, first, &bin[0]) || !sl_word_number(colon + 1, n - first - 1, &bin[1])) return false;
    return bin[0] >= 0.0 && bin[0] <= SL_DELAY_MOST && bin[1] >= 0.0 && bin[1] <= SL_DELAY_MOST;
}

static sl_status fill_histogram(sl_reader *reader, const char *end, const sl_delay_class *class, sl_delay *out) {
    const char *word;
    double bin[2], sum = 0.0;
    while (reader->at < end) {
        size_t len = sl_reader_word(reader, &word);
        if (word >= end) break;
        if (out->n == MAX_BINS) return refuse_form(reader, class, "there are more than 1000 bins");
        if (!read_bin(word, len, bin)) return refuse_form(reader, class, "one word is not DELAY:WEIGHT");
        // by rising values, so that the cumulated weights give percentiles
        int k = out->n++;
        for (; k > 0 && out->values[k - 1] > bin[0]; k--) {
            out->values[k] = out->values[k - 1];
            out->weights[k] = out->weights[k - 1];
        }
        out->values[k] = bin[0];
        out->weights[k] = bin[1];
        sum += bin[1];
    }
    if (!(sum > 0.0)) return refuse_form(reader, class, "no weight is above 0");
    double below = 0.0;
    for (int k = 0; k < out->n; k++) out->weights[k] = (below += out->weights[k]) / sum;
    // rounded sums must not leave a gap above the last, nor make one that weighs nothing the last
    while (out->n > 1 && out->weights[out->n - 2] >= 1.0) out->n--;
    out->weights[out->n - 1] = 1.0;
    return SL_OK;
}

static sl_status parse_histogram(sl_reader *reader, const char *end, const sl_delay_class *class, sl_delay *out) {
    size_t n_most = 1;
    for (const char *c = reader->at; c < end && n_most < MAX_BINS; c++) n_most += *c == ' ';
    out->values = sl_alloc_array(n_most, sizeof *out->values);
    out->weights = sl_alloc_array(n_most, sizeof *out->weights);
    if (!out->values || !out->weights) return sl_fail(SL_MEMORY, NULL, "no memory for a histogram");
    return fill_histogram(reader, end, class, out);
}

static sl_status parse_trace(sl_reader *reader, const char *end, const sl_delay_class *class, sl_delay *out) {
    char path[MAX_PATH];
    const char *begin = reader->at + strspn(reader->at, " ");
    if (begin >= end) return refuse_form(reader, class, "the file is missing");
    size_t n = (size_t)(end - begin);
    if (n >= sizeof path) return refuse_form(reader, class, "the file's name is longer than 4095 bytes");
    memcpy(path, begin, n);
    path[n] = 0;
    return sl_trace_read(reader, path, out);
}

sl_status sl_delay_parse(const sl_reader *given, sl_delay *out) {
    sl_reader reader = *given;
    const char *word;
    size_t n = sl_reader_word(&reader, &word), n_before_unit;
    const sl_delay_class *class = NULL;
    int kind = 0;
    for (; (class = sl_delay_class_of(kind)) && !sl_word_is(word, n, class->name); kind++) continue;
    if (!class) return refuse_kind(given, word, n);
    sl_delay delay = {.kind = (sl_delay_kind)kind};
    if (!take_unit(reader.text, &n_before_unit, &delay.in_steps))
        return refuse_form(given, class, "the last word is not a unit: ms or steps");
    const char *end = reader.text + n_before_unit;
    sl_status status;
    if (class->form == SL_DELAY_NUMBERS)
        status = parse_numbers(&reader, end, class, &delay);
    else if (class->form == SL_DELAY_BINS)
        status = parse_histogram(&reader, end, class, &delay);
    else
        status = parse_trace(&reader, end, class, &delay);
    if (status != SL_OK) {
        sl_free(delay.values);
        sl_free(delay.weights);
        return status;
    }
    *out = delay;
    return SL_OK;
}
