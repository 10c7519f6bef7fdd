/* test_streams.c - episodes are named by seed and number, and the random policy is uniform over what is legal. */
#include "envs/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void an_episode_has_streams_of_its_own(void **state) {
    (void)state;
    sl_rng root = sl_rng_seed(7), third = sl_rng_split(&root, 3);
    sl_streams streams = sl_streams_of_episode(7, 3);
    assert_memory_equal(&streams.env, &third, sizeof third);
    sl_rng all[8] = {streams.env, streams.mask, streams.action, streams.links};
    streams = sl_streams_of_episode(7, 4);
    memcpy(all + 4, (sl_rng[]){streams.env, streams.mask, streams.action, streams.links}, 4 * sizeof all[0]);
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < i; j++) assert_memory_not_equal(&all[i], &all[j], sizeof all[i]);
    }
}

/* Recorded results depend on them: none moves when another stream joins. */
static void streams_keep_their_values(void **state) {
    (void)state;
    sl_streams s = sl_streams_of_episode(7, 3);
    sl_rng all[4] = {s.env, s.mask, s.action, s.links};
    const uint64_t first[4] = {0xb17ff0e153979d69U, 0x7026c479857c9201U, 0xf6baaae164a429c4U, 0xe74deb813a066a38U};
    for (int i = 0; i < 4; i++) assert_true(sl_rng_u64(&all[i]) == first[i]);
}

static void choices_are_uniform_over_the_legal(void **state) {
    (void)state;
    const uint8_t avail[6] = {0, 1, 0, 1, 1, 0};
    int seen[6] = {0}, all[6] = {0};
    sl_rng stream = sl_rng_seed(1);
    for (int k = 0; k < 30000; k++) seen[sl_streams_choose(&stream, 6, avail)]++;
    for (int k = 0; k < 30000; k++) all[sl_streams_choose(&stream, 6, NULL)]++;
    for (int a = 0; a < 6; a++) {
        if (avail[a]) assert_in_range(seen[a], 9500, 10500);
        if (!avail[a]) assert_int_equal(seen[a], 0);
        assert_in_range(all[a], 4700, 5300);
    }
    // nothing is legal: nothing is drawn
    sl_rng before = stream;
    assert_int_equal(sl_streams_choose(&stream, 6, (uint8_t[6]){0}), 0);
    assert_memory_equal(&before, &stream, sizeof stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_episode_has_streams_of_its_own),
        cmocka_unit_test(streams_keep_their_values),
        cmocka_unit_test(choices_are_uniform_over_the_legal),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
