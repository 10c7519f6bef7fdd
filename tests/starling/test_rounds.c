/* test_rounds.c - what rounds come to, of numbers on paper: medians, means, and ratios that are taken within a round.
 */
#include "starling/commands/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// the machine is busy in the second round and busier in the last: both fleets suffer alike
static const double students[5] = {1, 4, 1, 2, 40}, others[5] = {2, 6, 2.5, 4, 60};

static sl_rounds rounds;

static void fill(sl_pace pace) {
    memset(&rounds, 0, sizeof rounds);
    rounds.n_fleets = 2;
    rounds.n_rounds = 5;
    memcpy(rounds.paces[0][pace], students, sizeof students);
    memcpy(rounds.paces[1][pace], others, sizeof others);
}

static void sums_up_one_fleet(void **state) {
    (void)state;
    fill(SL_PACE_MS_P99);
    assert_true(sl_rounds_median(&rounds, 0, SL_PACE_MS_P99) == 2);
    assert_true(sl_rounds_median(&rounds, 1, SL_PACE_MS_P99) == 4);
    assert_true(sl_rounds_mean(&rounds, 0, SL_PACE_MS_P99) == 48 / 5.0);
    assert_true(sl_rounds_median(&rounds, 0, SL_PACE_MS_P50) == 0);
    // the rounds stay in order
    assert_memory_equal(rounds.paces[0][SL_PACE_MS_P99], students, sizeof students);
    rounds.n_rounds = 1;
    assert_true(sl_rounds_median(&rounds, 1, SL_PACE_MS_P99) == 2);
}

static void compares_within_a_round(void **state) {
    (void)state;
    double ratio[3];
    fill(SL_PACE_MS_P50);
    sl_rounds_ratio(&rounds, SL_PACE_MS_P50, 1, 0, ratio);
    // 2, 1.5, 2.5, 2, 1.5
    assert_true(ratio[0] == 2 && ratio[1] == 1.5 && ratio[2] == 2.5);
    sl_rounds_ratio(&rounds, SL_PACE_MS_P50, 0, 1, ratio);
    assert_true(ratio[0] == 0.5 && ratio[1] == 0.4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_up_one_fleet),
        cmocka_unit_test(compares_within_a_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
