/* test_delay.c - the models against their closed forms, over a million draws each. Tolerances are five standard
 * errors: with some eighty numbers below, one in 20,000 runs of other seeds would fail. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "words.h"

#include "common/alloc.h"
#include "support/temp_folder.h"

enum { N_DRAWS = 1000000 };
static const double errors = 5.0;

static bool is_within(double got, double want, double tolerance) {
    // rounding, where nothing is random
    if (fabs(got - want) <= tolerance + 1e-9 * fabs(want)) return true;
    print_message("%g is not %g +- %g\n", got, want, tolerance);
    return false;
}

static void check_mean(const sl_delay *delay, const double *draws) {
    double sum = 0.0, squares = 0.0, mean = sl_delay_mean(delay);
    for (int i = 0; i < N_DRAWS; i++) {
        sum += draws[i];
        squares += (draws[i] - mean) * (draws[i] - mean);
    }
    double error = sqrt(squares / N_DRAWS / N_DRAWS);
    assert_true(is_within(sum / N_DRAWS, mean, errors * error));
}

/* F(x) is at least p and F just below x at most p, both up to the error of a share */
static void check_percentile(const sl_delay *delay, const double *draws, double p) {
    double x = sl_delay_percentile(delay, p), error = errors * sqrt(p * (1.0 - p) / N_DRAWS);
    int n_below = 0, n_up_to = 0;
    for (int i = 0; i < N_DRAWS; i++) {
        n_below += draws[i] < x;
        n_up_to += draws[i] <= x;
    }
    double below = (double)n_below / N_DRAWS, up_to = (double)n_up_to / N_DRAWS;
    if (below > p + error || up_to < p - error) print_message("p%g: %g to %g\n", 100.0 * p, below, up_to);
    assert_true(below <= p + error && up_to >= p - error);
}

static void check_delay(const char *words, uint64_t seed) {
    sl_channel_def def = channel_of(WORDS(.delay = (char *)words));
    double *draws = sl_alloc_array(N_DRAWS, sizeof *draws);
    sl_rng rng = sl_rng_seed(seed);
    int64_t next = 0;
    double most = 0.0;
    for (int i = 0; i < N_DRAWS; i++) {
        draws[i] = sl_delay_draw(&def.delay, &rng, &next);
        assert_true(draws[i] >= 0.0);
        if (draws[i] > most) most = draws[i];
    }
    assert_true(most <= sl_delay_most(&def.delay));
    check_mean(&def.delay, draws);
    const double p[] = {0.001, 0.5, 0.9, 0.99, 0.999};
    for (int k = 0; k < 5; k++) check_percentile(&def.delay, draws, p[k]);
    sl_free(draws);
    sl_channel_def_fini(&def);
}

static void each_kind_has_the_mean_and_percentiles_of_its_closed_form(void **state) {
    (void)state;
    static const char *const words[] = {
        "fixed 3 steps",
        "fixed 0 ms",
        "uniform 2 5 steps",
        "uniform 4 4 ms",
        "normal 50 20 ms",
        "normal 6 3 steps",
        "normal 1 5 ms", // much of it would be negative
        "normal 5 0 ms",
        "lognormal 80 1265 ms",
        "lognormal 6 6 ms",
        "pareto 10 3 ms",
        "histogram 20:.31 40:.69 ms",
        "histogram 7:3 2:1 5:0 1:4 steps", // not sorted, weights of any sum
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) check_delay(words[i], i + 1);
}

static void each_preset_has_the_mean_and_percentiles_of_its_closed_form(void **state) {
    (void)state;
    for (int i = 0; sl_links_preset(i); i++) check_delay(sl_links_preset(i)->delay, 100 + (uint64_t)i);
}

/* where the closed forms are simple, by hand */
static void closed_forms_are_those_of_the_books(void **state) {
    (void)state;
    static const struct {
        const char *words;
        double mean, p50, p99;
    } rows[] = {
        {"uniform 2 6 steps", 4.0, 4.0, 5.96},
        {"normal 50 20 ms", 50.0400, 50.0, 96.5270},      // cut at 0: a Phi(2.5) + b phi(2.5)
        {"normal 0 1 ms", 0.398942, 0.0, 2.326348},       // half of it is cut
        {"lognormal 80 1265 ms", 161.7773, 80.0, 1265.0}, // e^(s^2/2), s = ln(1265/80) / 2.326348
        {"pareto 10 3 ms", 15.0, 12.59921, 46.41589},
        {"pareto 10 1 ms", (double)NAN, 20.0, 1000.0},
        {"histogram 20:1 40:3 ms", 35.0, 40.0, 40.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sl_channel_def def = channel_of(WORDS(.delay = (char *)rows[i].words));
        double mean = sl_delay_mean(&def.delay);
        assert_true(isnan(rows[i].mean) ? isnan(mean) : is_within(mean, rows[i].mean, 1e-4 * rows[i].mean));
        assert_true(is_within(sl_delay_percentile(&def.delay, 0.5), rows[i].p50, 1e-4 * rows[i].p50 + 1e-9));
        assert_true(is_within(sl_delay_percentile(&def.delay, 0.99), rows[i].p99, 1e-4 * rows[i].p99));
        sl_channel_def_fini(&def);
    }
}

/* the figures that stand beside the presets in their sources */
static void presets_are_their_sources(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double p, least, most;
    } rows[] = {
        {"lan-ethernet", 0.5, 0.2, 0.2},
        {"pi-wifi-powersave-on", 0.5, 50, 127},
        {"pi-wifi-powersave-on", 0.99, 800, 2000},
        {"pi-wifi-powersave-off", 0.5, 6, 6},
        {"pi-wifi-powersave-off", 0.9, 8, 10},
        {"pi-wifi-powersave-off", 0.99, 19, 31},
        {"rlrd-wifi", 0.3081, 20, 20},
        {"rlrd-wifi", 0.3083, 40, 40},
        {"rlrd-wifi", 0.9008, 40, 40},
        {"rlrd-wifi", 0.9010, 60, 60},
        {"rlrd-wifi", 0.9945, 120, 120},
        {"4g", 0.5, 50, 50},
        {"satellite", 0.99, 600, 600},
        {"ideal", 0.99, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sl_channel_def def = channel_of(WORDS(.preset = (char *)rows[i].name));
        double at = sl_delay_percentile(&def.delay, rows[i].p);
        if (at < rows[i].least - 1e-9 || at > rows[i].most + 1e-9) fail_msg("%s: %g", rows[i].name, at);
        sl_channel_def_fini(&def);
    }
    sl_channel_def def = channel_of(WORDS(.preset = "4g"));
    assert_true(is_within(sl_loss_rate(&def.loss), 0.02, 1e-4));
    assert_true(is_within(sl_loss_mean_burst(&def.loss), 4.0, 1e-9));
    sl_channel_def_fini(&def);
}

/* The rate, and the mean length of bursts; errors of a chain: (1 + r) / (1 - r) times those of independent draws,
 * where r is what a state remembers of the one before. */
static void check_loss(const char *delay, const char *loss, uint64_t seed) {
    sl_channel_def def = channel_of(WORDS(.delay = (char *)delay, .loss = (char *)loss));
    sl_rng stream = sl_rng_seed(seed);
    sl_channel channel;
    sl_channel_begin(&def, &stream, &channel);
    int n_lost = 0, n_bursts = 0, burst = 0;
    double squares = 0.0;
    for (int i = 0; i < N_DRAWS; i++) {
        bool lost = sl_channel_send(&def, &channel, 100.0, i).n == 0;
        n_lost += lost;
        burst = lost ? burst + 1 : burst;
        if (!lost && burst > 0) {
            n_bursts++;
            squares += (double)burst * burst;
            burst = 0;
        }
    }
    double rate = sl_loss_rate(&def.loss), mean = sl_loss_mean_burst(&def.loss);
    double r = def.loss.p_bad > 0.0 ? 1.0 - def.loss.p_bad - def.loss.p_good : 0.0;
    double error = sqrt(rate * (1.0 - rate) / N_DRAWS * (1.0 + r) / (1.0 - r));
    assert_true(is_within((double)n_lost / N_DRAWS, rate, errors * error));
    if (rate == 0.0)
        assert_true(isnan(mean) && n_bursts == 0);
    else if (rate == 1.0)
        assert_true(isinf(mean) && n_bursts == 0);
    else {
        // rare long bursts may be missing: at least the variance of geometric ones of this mean
        double variance = squares / n_bursts - mean * mean, least = mean * (mean - 1.0);
        if (!(variance > least)) variance = least;
        assert_true(is_within((double)n_lost / n_bursts, mean, errors * sqrt(variance / n_bursts)));
    }
    sl_channel_def_fini(&def);
}

static void losses_have_the_rate_and_the_bursts_of_their_closed_form(void **state) {
    (void)state;
    static const char *const words[] = {
        "0",
        "0.2",
        "0.001",
        "1",
        "gilbert-elliott 0.01 0.25",
        "gilbert-elliott 0.1 0.3 0.01 0.8",
        "gilbert-elliott 0.02 0.02 0 0.5",
        "gilbert-elliott 0.5 1",
        "gilbert-elliott 0 0.5",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) check_loss("fixed 1 steps", words[i], i + 1);
    for (int i = 0; sl_links_preset(i); i++)
        check_loss(sl_links_preset(i)->delay, sl_links_preset(i)->loss, 100 + (uint64_t)i);
}

/* the least value that a share p of all is not above, as a sample's */
static void a_percentile_between_two_values_is_the_lower_one(void **state) {
    (void)state;
    static const struct {
        char *words;
        double p, at;
    } rows[] = {
        {"histogram 1:1 9:1 ms", 0.5, 1},           {"histogram 1:1 9:1 ms", 0.5001, 9},
        {"histogram 9:0.5 3:0.2 1:0.3 ms", 0.5, 3}, {"histogram 0:0 4:1 7:0 ms", 0.001, 4},
        {"histogram 4:1 7:0 ms", 1.0, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sl_channel_def def = channel_of(WORDS(.delay = rows[i].words));
        double at = sl_delay_percentile(&def.delay, rows[i].p);
        if (at != rows[i].at) fail_msg("%s: %g at %g", rows[i].words, at, rows[i].p);
        sl_channel_def_fini(&def);
    }
}

static void a_histogram_has_up_to_a_thousand_bins(void **state) {
    (void)state;
    static char words[8000];
    for (int n_bins = 1000; n_bins <= 1001; n_bins++) {
        size_t n = (size_t)snprintf(words, sizeof words, "histogram ");
        for (int k = 0; k < n_bins; k++) n += (size_t)snprintf(words + n, sizeof words - n, " %d:1", k);
        (void)snprintf(words + n, sizeof words - n, "  ms");
        sl_channel_def def = {0};
        sl_link_words given = WORDS(.delay = words);
        sl_status status = sl_channel_parse("links", &given, NULL, &def);
        assert_int_equal(status, n_bins == 1000 ? SL_OK : SL_CONFIG);
        if (status == SL_OK) assert_true(sl_delay_mean(&def.delay) > 499.4 && sl_delay_most(&def.delay) == 999.0);
        if (status != SL_OK) assert_non_null(strstr(sl_error_what(), "there are more than 1000 bins"));
        sl_channel_def_fini(&def);
    }
}

static void a_trace_goes_round_from_a_place_that_is_drawn(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char path[300], words[320];
    (void)snprintf(path, sizeof path, "%s/a trace", folder.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("# seconds, ms\n0.5 30\n\n0.5\t10 # the same moment is fine\n  1e0 50\r\n7 20", file);
    (void)fclose(file);
    (void)snprintf(words, sizeof words, "trace %s ms", path);
    sl_channel_def def = channel_of(WORDS(.delay = words, .order = "reorder"));
    assert_int_equal(def.delay.n, 4);
    assert_true(sl_delay_mean(&def.delay) == 27.5 && sl_delay_percentile(&def.delay, 0.5) == 20.0);
    assert_true(sl_delay_most(&def.delay) == 50.0);
    static const double delays[4] = {30, 10, 50, 20};
    int begins[4] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        sl_rng stream = sl_rng_seed(seed);
        sl_channel channel;
        sl_channel_begin(&def, &stream, &channel);
        int place = (int)channel.next;
        assert_in_range(place, 0, 3);
        begins[place]++;
        for (int i = 0; i < 9; i++) {
            sl_fate fate = sl_channel_send(&def, &channel, 10.0, i);
            assert_true(fate.n == 1 && fabs(fate.at[0] - i - delays[(place + i) % 4] / 10.0) < 1e-9);
        }
    }
    for (int k = 0; k < 4; k++) assert_in_range(begins[k], 200, 300);
    sl_channel_def_fini(&def);
    check_delay(words, 5);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_the_mean_and_percentiles_of_its_closed_form),
        cmocka_unit_test(each_preset_has_the_mean_and_percentiles_of_its_closed_form),
        cmocka_unit_test(a_percentile_between_two_values_is_the_lower_one),
        cmocka_unit_test(a_histogram_has_up_to_a_thousand_bins),
        cmocka_unit_test(closed_forms_are_those_of_the_books),
        cmocka_unit_test(presets_are_their_sources),
        cmocka_unit_test(losses_have_the_rate_and_the_bursts_of_their_closed_form),
        cmocka_unit_test(a_trace_goes_round_from_a_place_that_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
