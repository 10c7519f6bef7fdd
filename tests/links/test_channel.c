/* test_channel.c - what becomes of messages: order, copies, the line's rate, outages, and that none of it shifts the
 * draws of another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "words.h"

enum { N = 2000 };

/* The fates of N messages that leave every gap steps of 100 ms. */
static void send_all(sl_link_words words, double gap, sl_fate fates[N]) {
    sl_channel_def def = channel_of(words);
    sl_rng stream = sl_rng_seed(11);
    sl_channel channel;
    sl_channel_begin(&def, &stream, &channel);
    for (int i = 0; i < N; i++) fates[i] = sl_channel_send(&def, &channel, 100.0, i * gap);
    sl_channel_def_fini(&def);
}

static void none_overtakes_another_unless_they_may(void **state) {
    (void)state;
    static sl_fate loose[N], ordered[N];
    send_all(WORDS(.delay = "normal 500 300 ms", .order = "reorder"), 1, loose);
    send_all(WORDS(.delay = "normal 500 300 ms"), 1, ordered);
    double latest = 0.0;
    int n_overtaken = 0;
    for (int i = 0; i < N; i++) {
        assert_true(loose[i].n == 1 && ordered[i].n == 1 && loose[i].at[0] >= i);
        n_overtaken += loose[i].at[0] < latest;
        if (loose[i].at[0] > latest) latest = loose[i].at[0];
        // the same draws, held back by those before
        assert_true(ordered[i].at[0] == latest);
    }
    assert_true(n_overtaken > N / 4);
}

static void a_copy_has_a_delay_of_its_own(void **state) {
    (void)state;
    static sl_fate fates[N], ordered[N];
    send_all(WORDS(.delay = "uniform 0 10 steps", .order = "reorder", .duplicate = 0.3), 1, fates);
    send_all(WORDS(.delay = "uniform 0 10 steps", .order = "fifo", .duplicate = 0.3), 1, ordered);
    int n_twice = 0, n_equal = 0;
    double last = 0.0;
    for (int i = 0; i < N; i++) {
        assert_true(fates[i].n >= 1 && fates[i].n == ordered[i].n);
        for (int k = 0; k < ordered[i].n; k++) {
            assert_true(ordered[i].at[k] >= last);
            last = ordered[i].at[k];
        }
        if (fates[i].n < 2) continue;
        n_twice++;
        n_equal += fates[i].at[0] == fates[i].at[1];
        assert_true(fates[i].at[1] >= i && fates[i].at[1] < i + 10);
    }
    assert_in_range(n_twice, 500, 700); // 600, five standard errors are 102
    assert_int_equal(n_equal, 0);
}

static void a_line_takes_so_many_a_step(void **state) {
    (void)state;
    static sl_fate fates[N];
    // five a step come, two leave
    send_all(WORDS(.delay = "fixed 3 steps", .rate = 2), 0.2, fates);
    for (int i = 0; i < N; i++) assert_true(fabs(fates[i].at[0] - (3 + 0.5 * i)) < 1e-6);
    // twenty a second are two a step of 100 ms
    send_all(WORDS(.delay = "fixed 300 ms", .rate = 20), 0.2, fates);
    for (int i = 0; i < N; i++) assert_true(fabs(fates[i].at[0] - (3 + 0.5 * i)) < 1e-6);
    // a line that is faster than what comes costs nothing
    send_all(WORDS(.delay = "fixed 3 steps", .rate = 2), 0.5, fates);
    for (int i = 0; i < N; i++) assert_true(fates[i].at[0] == 3 + 0.5 * i);
}

static void an_outage_loses_what_is_sent_meanwhile(void **state) {
    (void)state;
    static sl_fate fates[N], without[N];
    sl_link_words words = WORDS(.delay = "uniform 0 4 steps", .order = "reorder", .outages = "10..20 40..45");
    send_all(words, 0.5, fates);
    words.outages = NULL;
    send_all(words, 0.5, without);
    for (int i = 0; i < N; i++) {
        double sent = 0.5 * i;
        bool is_out = (sent >= 10 && sent < 20) || (sent >= 40 && sent < 45);
        assert_int_equal(fates[i].n, !is_out);
        if (!is_out) assert_true(fates[i].at[0] == without[i].at[0]);
    }
}

/* loss, outages, copies and order each change what becomes of a message, and nothing of the others */
static void each_message_takes_the_same_draws(void **state) {
    (void)state;
    static sl_fate plain[N], lossy[N], again[N];
    sl_link_words words = WORDS(.delay = "normal 6 3 steps", .order = "reorder");
    send_all(words, 1, plain);
    words.loss = "gilbert-elliott 0.1 0.3";
    send_all(words, 1, lossy);
    send_all(words, 1, again);
    assert_memory_equal(lossy, again, sizeof lossy);
    int n_lost = 0;
    for (int i = 0; i < N; i++) {
        n_lost += lossy[i].n == 0;
        if (lossy[i].n > 0) assert_true(lossy[i].at[0] == plain[i].at[0]);
    }
    assert_in_range(n_lost, 300, 700);
    // a copy's delay is drawn whether it comes or not
    words.loss = NULL, words.duplicate = 0.2;
    send_all(words, 1, lossy);
    words.duplicate = 0.6;
    send_all(words, 1, again);
    for (int i = 0; i < N; i++) assert_true(lossy[i].at[0] == again[i].at[0]);
}

/* an episode does not begin in the good state, but in either by its share */
static void the_first_message_is_lost_as_often_as_any(void **state) {
    (void)state;
    enum { N_EPISODES = 20000 };
    sl_channel_def def = channel_of(WORDS(.loss = "gilbert-elliott 0.05 0.15"));
    int n_lost = 0;
    for (uint64_t seed = 0; seed < N_EPISODES; seed++) {
        sl_rng stream = sl_rng_seed(seed);
        sl_channel channel;
        sl_channel_begin(&def, &stream, &channel);
        n_lost += sl_channel_send(&def, &channel, 100.0, 0).n == 0;
    }
    // 0.25 with an error of 0.0031
    assert_in_range(n_lost, 5000 - 5 * 62, 5000 + 5 * 62);
    sl_channel_def_fini(&def);
}

static void a_channel_that_is_copied_goes_on_as_the_first(void **state) {
    (void)state;
    sl_channel_def def = channel_of(WORDS(.delay = "normal 6 3 steps", .loss = "gilbert-elliott 0.1 0.3",
                                          .duplicate = 0.2, .rate = 0.9, .outages = "30..40"));
    sl_rng stream = sl_rng_seed(3);
    sl_channel channel, copy;
    sl_channel_begin(&def, &stream, &channel);
    for (int i = 0; i < 25; i++) (void)sl_channel_send(&def, &channel, 100.0, i);
    copy = channel;
    for (int i = 25; i < 100; i++) {
        sl_fate a = sl_channel_send(&def, &channel, 100.0, i), b = sl_channel_send(&def, &copy, 100.0, i);
        assert_memory_equal(&a, &b, sizeof a);
    }
    sl_channel_def_fini(&def);
}

static void only_what_does_nothing_is_ideal(void **state) {
    (void)state;
    static const struct {
        sl_link_words words;
        bool is_ideal;
    } rows[] = {
        {{.preset = "ideal"}, true},
        {{.delay = ""}, true},
        {{.delay = "fixed 0 steps", .order = "reorder", .loss = "gilbert-elliott 0 1"}, true},
        {{.preset = "4g"}, false},
        {{.preset = "4g", .delay = "fixed 0 ms"}, false},
        {{.preset = "4g", .delay = "fixed 0 ms", .loss = "0"}, true},
        {{.delay = "fixed 0.1 ms"}, false},
        {{.delay = "uniform 0 0.1 ms"}, false},
        {{.loss = "0.1"}, false},
        {{.loss = "gilbert-elliott 0.1 1"}, false},
        {{.loss = "gilbert-elliott 0 1 0.1 0"}, false},
        {{.duplicate = 0.1}, false},
        {{.rate = 10}, false},
        {{.outages = "0..1"}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sl_channel_def def = channel_of(rows[i].words);
        assert_int_equal(sl_channel_is_ideal(&def), rows[i].is_ideal);
        sl_channel_def_fini(&def);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_overtakes_another_unless_they_may),
        cmocka_unit_test(a_copy_has_a_delay_of_its_own),
        cmocka_unit_test(a_line_takes_so_many_a_step),
        cmocka_unit_test(an_outage_loses_what_is_sent_meanwhile),
        cmocka_unit_test(each_message_takes_the_same_draws),
        cmocka_unit_test(the_first_message_is_lost_as_often_as_any),
        cmocka_unit_test(a_channel_that_is_copied_goes_on_as_the_first),
        cmocka_unit_test(only_what_does_nothing_is_ideal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
