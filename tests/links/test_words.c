/* test_words.c - words that are refused, each with its key and what is wrong; and what words say of one another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "words.h"

#include "support/temp_folder.h"
#include "support/torture.h"

typedef struct refusal {
    sl_link_words words;
    const char *what, *hint; /* parts of the line and of the hint; NULL = any */
} refusal;

static void expect(const refusal *row, sl_status want) {
    sl_channel_def def = {.rate = 7};
    sl_status status = sl_channel_parse("links.rules[2]", &row->words, NULL, &def);
    if (status != want) print_message("%s: %d: %s\n", row->what, status, status ? sl_error_what() : "taken");
    assert_int_equal(status, want);
    if (!strstr(sl_error_what(), row->what)) fail_msg("'%s' does not hold '%s'", sl_error_what(), row->what);
    assert_non_null(sl_error_hint());
    if (row->hint && !strstr(sl_error_hint(), row->hint))
        fail_msg("'%s' does not hold '%s'", sl_error_hint(), row->hint);
    // out is not touched
    assert_true(def.rate == 7 && !def.delay.values);
}

static void what_is_no_channel_is_refused_with_its_key(void **state) {
    (void)state;
    static const refusal rows[] = {
        {{.preset = "5g"}, "key 'links.rules[2].preset': '5g': there is no such preset", "did you mean '4g'?"},
        {{.preset = "rlrd-wfi"}, "preset", "did you mean 'rlrd-wifi'?"},
        {{.preset = "carrier-pigeon"}, "preset", "there are ideal, lan-ethernet, rlrd-wifi"},
        {{.delay = "fixed -1 ms"},
         "key 'links.rules[2].delay': 'fixed -1 ms': a number is outside [0, 1e9]",
         "write"},
        {{.delay = "fixed nan ms"}, "one word is no number", "fixed DELAY ms"},
        {{.delay = "fixed inf ms"}, "one word is no number", NULL},
        {{.delay = "fixed 0x10 ms"}, "one word is no number", NULL},
        {{.delay = "fixed 1e400 ms"}, "one word is no number", NULL},
        {{.delay = "fixed 1e10 ms"}, "outside [0, 1e9]", NULL},
        {{.delay = "fixed ms"}, "a number is missing", NULL},
        {{.delay = "fixed 1 2 ms"}, "too many words", NULL},
        {{.delay = "fixed 3"}, "the last word is not a unit: ms or steps", "or steps instead of ms"},
        {{.delay = "fixed 3 seconds"}, "the last word is not a unit", NULL},
        {{.delay = "3 steps"}, "no kind of delay begins so", "write fixed, uniform"},
        {{.delay = "nromal 6 3 steps"}, "no kind of delay begins so", "did you mean 'normal'?"},
        {{.delay = " "}, "no kind of delay begins so", NULL},
        {{.delay = "uniform 5 2 steps"}, "MOST is at least LEAST", "uniform LEAST MOST ms"},
        {{.delay = "uniform 5 steps"}, "a number is missing", NULL},
        {{.delay = "normal 6 -3 steps"}, "outside [0, 1e9]", NULL},
        {{.delay = "lognormal 0 5 ms"}, "MEDIAN is above 0", NULL},
        {{.delay = "lognormal 6 5 ms"}, "P99 at least MEDIAN", NULL},
        {{.delay = "pareto 0 2 ms"}, "LEAST and SHAPE are above 0", NULL},
        {{.delay = "pareto 2 0 ms"}, "LEAST and SHAPE are above 0", NULL},
        {{.delay = "histogram ms"}, "no weight is above 0", "DELAY:WEIGHT"},
        {{.delay = "histogram 20 ms"}, "one word is not DELAY:WEIGHT", NULL},
        {{.delay = "histogram 20: ms"}, "one word is not DELAY:WEIGHT", NULL},
        {{.delay = "histogram 20:-1 ms"}, "one word is not DELAY:WEIGHT", NULL},
        {{.delay = "histogram 20:0 40:0 ms"}, "no weight is above 0", NULL},
        {{.delay = "trace ms"}, "the file is missing", NULL},
        {{.loss = "2"}, "key 'links.rules[2].loss': '2': a probability is outside [0, 1]", "gilbert-elliott P_BAD"},
        {{.loss = "-0.1"}, "outside [0, 1]", NULL},
        {{.loss = "nan"}, "one word is no number", NULL},
        {{.loss = "20%"}, "one word is no number", NULL},
        {{.loss = "0.1 0.2"}, "too many words", NULL},
        {{.loss = "gilbert-elliott 0.1"}, "a number is missing", NULL},
        {{.loss = "gilbert-elliott 0.1 0.2 0.3"}, "a number is missing", NULL},
        {{.loss = "gilbert-elliott 0.1 0.2 0.3 0.4 0.5"}, "too many words", NULL},
        {{.loss = "gilbert-elliott 0.1 1.2"}, "outside [0, 1]", NULL},
        {{.duplicate = 1.5}, "key 'links.rules[2].duplicate': 1.5 is outside [0, 1]", NULL},
        {{.duplicate = -0.5}, "outside [0, 1]", NULL},
        {{.duplicate = INFINITY}, "outside [0, 1]", NULL},
        {{.rate = -1}, "key 'links.rules[2].rate': -1 is outside [0, 1e9]", NULL},
        {{.rate = INFINITY}, "outside [0, 1e9]", NULL},
        {{.order = "lifo"}, "key 'links.rules[2].order': 'lifo': is not fifo or reorder", "none overtakes"},
        {{.outages = "20..10"},
         "key 'links.rules[2].outages': '20..10': an outage ends before it starts",
         "BEGIN..END"},
        {{.outages = "10..20 30..30"}, "an outage ends before it starts", NULL},
        {{.outages = "10"}, "one word is not BEGIN..END", NULL},
        {{.outages = "10..x"}, "one word is not BEGIN..END", NULL},
        {{.outages = "-1..3"}, "one word is not BEGIN..END", NULL},
        {{.outages = "1...3"}, "one word is not BEGIN..END", NULL},
        {{.outages = "1.5..3"}, "one word is not BEGIN..END", NULL},
        {{.outages = "0..9999999999"}, "one word is not BEGIN..END", NULL},
        {{.outages = "0..1 2..3 4..5 6..7 8..9 10..11 12..13 14..15 16..17 18..19 20..21 22..23 24..25 26..27 28..29 "
                     "30..31 32..33"},
         "there are more than 16",
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) expect(&rows[i], SL_CONFIG);
}

static void a_trace_that_is_none_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"", "line 0: the file holds no delay"},
        {"# nothing\n\n", "line 2: the file holds no delay"},
        {"1 10\n0.5 20\n", "line 2: is earlier than the line before: not sorted"},
        {"1 10\n2\n", "line 2: is not TIME DELAY"},
        {"1 10 3\n", "line 1: is not TIME DELAY"},
        {"1 ten\n", "line 1: is not TIME DELAY"},
        {"1 -10\n", "line 1: the delay is outside [0, 1e9]"},
        {"1 nan\n", "line 1: is not TIME DELAY"},
        {"nan 1\n", "line 1: is not TIME DELAY"},
        {"1 1e10\n", "line 1: the delay is outside [0, 1e9]"},
    };
    sl_temp_folder folder = sl_temp_folder_create();
    char path[300], words[320], what[700];
    (void)snprintf(path, sizeof path, "%s/trace", folder.path);
    (void)snprintf(words, sizeof words, "trace %s ms", path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        (void)fputs(rows[i].text, file);
        (void)fclose(file);
        (void)snprintf(what, sizeof what, "key 'links.rules[2].delay': trace '%s', %s", path, rows[i].what);
        expect(&(refusal){{.delay = words}, what, NULL}, SL_CONFIG);
    }
    // one line of no end, and one delay too many
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) (void)fputs("1 1 ", file);
    (void)fclose(file);
    expect(&(refusal){{.delay = words}, "line 1: is longer than 254 bytes, or no text", NULL}, SL_CONFIG);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i <= SL_LINKS_MAX_VALUES; i++) (void)fputs("1 1\n", file);
    (void)fclose(file);
    expect(&(refusal){{.delay = words}, "line 1000001: more than 1000000 delays", NULL}, SL_CONFIG);
    (void)snprintf(words, sizeof words, "trace %s/none ms", folder.path);
    expect(&(refusal){{.delay = words}, "cannot read the trace", NULL}, SL_NOT_FOUND);
    (void)snprintf(words, sizeof words, "trace %s ms", folder.path);
    expect(&(refusal){{.delay = words}, "cannot read the trace", NULL}, SL_IO);
    sl_temp_folder_remove(&folder);
}

/* the preset first, then the other words; what says nothing leaves what stood before */
static void words_refine_what_stood_before(void **state) {
    (void)state;
    sl_channel_def base = channel_of(WORDS(.preset = "rlrd-wifi", .loss = "0.2", .duplicate = 0.1, .rate = 5,
                                           .order = "reorder", .outages = "1..3"));
    assert_true(base.delay.kind == SL_DELAY_HISTOGRAM && base.delay.n == 6 && !base.delay.in_steps);
    assert_true(base.loss.lose_good == 0.2 && base.duplicate == 0.1 && base.reorders && base.n_outages == 1);
    sl_channel_def def;
    sl_link_words silent = {.duplicate = NAN, .rate = NAN};
    assert_int_equal(sl_channel_parse("links", &silent, &base, &def), SL_OK);
    assert_true(def.delay.values != base.delay.values);
    assert_memory_equal(def.delay.values, base.delay.values, 6 * sizeof(double));
    assert_true(def.loss.lose_good == 0.2 && def.duplicate == 0.1 && def.rate == 5 && def.reorders &&
                def.n_outages == 1 && def.outages[0].end == 3);
    sl_channel_def_fini(&def);

    sl_link_words loss = {.loss = "gilbert-elliott 0.1 0.2", .duplicate = NAN, .rate = 0};
    assert_int_equal(sl_channel_parse("links", &loss, &base, &def), SL_OK);
    assert_true(def.loss.p_bad == 0.1 && def.loss.lose_good == 0.0 && def.loss.lose_bad == 1.0 && def.rate == 0 &&
                def.duplicate == 0.1 && def.delay.n == 6);
    sl_channel_def_fini(&def);

    // a preset says everything
    sl_link_words preset = {.preset = "ideal", .duplicate = NAN, .rate = NAN};
    assert_int_equal(sl_channel_parse("links", &preset, &base, &def), SL_OK);
    assert_true(sl_channel_is_ideal(&def) && !def.reorders);
    sl_channel_def_fini(&def);

    // where one word is wrong nothing leaks
    sl_link_words wrong = {.delay = "fixed 3 steps", .loss = "x", .duplicate = NAN, .rate = NAN};
    assert_int_equal(sl_channel_parse("links", &wrong, &base, &def), SL_CONFIG);
    sl_channel_def_fini(&base);
}

static void presets_have_names_figures_and_words(void **state) {
    (void)state;
    int n = 0;
    for (const sl_link_preset *p; (p = sl_links_preset(n)); n++) {
        assert_ptr_equal(sl_links_find_preset(p->name), p);
        assert_true(p->summary[0] && p->source[0] && p->delay[0] && p->loss[0] && p->order[0]);
        sl_channel_def def = channel_of(WORDS(.preset = (char *)p->name));
        assert_int_equal(sl_channel_is_ideal(&def), n == 0);
        sl_channel_def_fini(&def);
    }
    assert_int_equal(n, 7);
    assert_null(sl_links_preset(-1));
    assert_null(sl_links_find_preset("Ideal"));
}

static sl_status parse_all(void *context) {
    sl_link_words words = {.preset = "rlrd-wifi", .delay = context, .duplicate = 0, .rate = 0};
    sl_channel_def base, def;
    SL_TRY(sl_channel_parse("links", &words, NULL, &base));
    sl_status status = sl_channel_parse("links", &(sl_link_words){.loss = "0.1"}, &base, &def);
    sl_channel_def_fini(&base);
    if (status == SL_OK) sl_channel_def_fini(&def);
    return status;
}

static void parsing_survives_every_failed_allocation(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[300], words[320];
    (void)snprintf(path, sizeof path, "%s/trace", folder.path);
    (void)snprintf(words, sizeof words, "trace %s ms", path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++) (void)fputs("1 1\n", file);
    (void)fclose(file);
    assert_true(sl_torture(parse_all, words) >= 8);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_channel_is_refused_with_its_key),
        cmocka_unit_test(a_trace_that_is_none_is_refused_with_its_line),
        cmocka_unit_test(words_refine_what_stood_before),
        cmocka_unit_test(presets_have_names_figures_and_words),
        cmocka_unit_test(parsing_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
