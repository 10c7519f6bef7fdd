/* test_evaluation.c - the episodes of an answer: copied when they are what was asked for, refused when not. */
#include "starling/run/evaluation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { E = 2, N = 3 };

static const double returns[E * N] = {1, 2, 3, 4, 5, 6};
static const int32_t lengths[E] = {25, 7};
static const uint8_t won[E] = {0, 1};
static const int64_t ticks[4] = {10, 20, 30, 40};

static const int64_t incidents[SL_INCIDENTS] = {1, 2, 3, 4, 5};
static const double kept[SL_FLIGHT_CLOCK] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const double latency[4] = {100, 200, 30, 40};

static sl_learn_message answer_of(int64_t n_lengths) {
    sl_learn_message answer = {.kind = SL_LEARN_DONE};
    sl_learn_add(&answer, SL_TENSOR_EPISODE_RETURN, returns, SL_SHAPE(E, N));
    sl_learn_add(&answer, SL_TENSOR_EPISODE_LENGTH, lengths, SL_SHAPE(n_lengths));
    return answer;
}

static void test_copies(void **state) {
    (void)state;
    sl_learn_message answer = answer_of(E);
    sl_evaluation results = {0};
    assert_int_equal(sl_evaluation_read(&answer, N, E, &results), SL_OK);
    assert_true(results.n_episodes == E && results.n_agents == N && results.n_ticks == 0);
    assert_true(results.incidents.lost == 0 && !results.link_counts);
    assert_true(results.round_trip_ns[0] == 0 && results.residence_ns[1] == 0);
    assert_true(!results.won && !results.tick_ns && results.returns != returns);
    assert_memory_equal(results.returns, returns, sizeof returns);
    assert_memory_equal(results.lengths, lengths, sizeof lengths);
    sl_evaluation_fini(&results);
    sl_learn_add(&answer, SL_TENSOR_EPISODE_WON, won, SL_SHAPE(E));
    sl_learn_add(&answer, SL_TENSOR_TICK_NS, ticks, SL_SHAPE(4));
    sl_learn_add(&answer, SL_TENSOR_INCIDENTS, incidents, SL_SHAPE(SL_INCIDENTS));
    sl_learn_add(&answer, SL_TENSOR_LATENCY, latency, SL_SHAPE(2, 2));
    sl_learn_add(&answer, SL_TENSOR_CLOCK, kept, SL_SHAPE(SL_FLIGHT_CLOCK));
    const sl_link_counts counts = {.sent = 3, .compared = 9};
    sl_link_counts_add(&counts, &answer);
    assert_int_equal(sl_evaluation_read(&answer, N, E, &results), SL_OK);
    assert_memory_equal(&results.incidents, incidents, sizeof incidents);
    assert_true(results.round_trip_ns[0] == 100 && results.round_trip_ns[1] == 200);
    assert_true(results.residence_ns[0] == 30 && results.residence_ns[1] == 40);
    assert_memory_equal(results.won, won, sizeof won);
    assert_true(results.clock.kind == 1 && results.clock.action_max_ms == 15);
    assert_non_null(results.link_counts);
    assert_memory_equal(results.link_counts, &counts, sizeof counts);
    assert_int_equal(results.n_ticks, 4);
    assert_memory_equal(results.tick_ns, ticks, sizeof ticks);
    sl_evaluation_fini(&results);
    assert_null(results.returns);
    sl_evaluation_fini(&results);
}

static void refused(const sl_learn_message *answer, int n_agents, int n_episodes, const char *words) {
    sl_evaluation results = {.n_episodes = -1};
    assert_int_equal(sl_evaluation_read(answer, n_agents, n_episodes, &results), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), words));
    assert_int_equal(results.n_episodes, -1);
}

static void test_refusals(void **state) {
    (void)state;
    sl_learn_message answer = answer_of(E), nothing = {.kind = SL_LEARN_DONE}, shorter = answer_of(E - 1);
    refused(&nothing, N, E, "lacks EPISODE_RETURN");
    refused(&answer, N + 1, E, "EPISODE_RETURN is f64 (2, 3)");
    refused(&answer, N, E + 1, "holds 2 episodes, 3 were");
    refused(&shorter, N, E, "EPISODE_LENGTH is i32 (1)");
    // right in number, of another type
    sl_learn_message typed = {.kind = SL_LEARN_DONE};
    sl_learn_add(&typed, SL_TENSOR_EPISODE_RETURN, returns, SL_SHAPE(E, N));
    typed.tensors[0].type = SL_WIRE_I64;
    sl_learn_add(&typed, SL_TENSOR_EPISODE_LENGTH, lengths, SL_SHAPE(E));
    refused(&typed, N, E, "EPISODE_RETURN is i64");
    sl_learn_message won_of_others = answer_of(E);
    sl_learn_add(&won_of_others, SL_TENSOR_EPISODE_WON, won, SL_SHAPE(E - 1));
    refused(&won_of_others, N, E, "EPISODE_WON is u8 (1)");
    sl_learn_message timeless = answer_of(E);
    double unknown[SL_FLIGHT_CLOCK] = {3};
    sl_learn_add(&timeless, SL_TENSOR_CLOCK, unknown, SL_SHAPE(SL_FLIGHT_CLOCK));
    refused(&timeless, N, E, "no clock");
    const sl_link_counts counts = {0};
    sl_link_counts_add(&counts, &answer);
    answer.tensors[answer.n_tensors - 1].dims[0]--;
    refused(&answer, N, E, "LINK_COUNTS is i64 (9)");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_copies), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
