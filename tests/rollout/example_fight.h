/* example_fight.h - an example of a battle that random play wins now and then. */
#ifndef SL_TESTS_COORDINATOR_EXAMPLE_FIGHT_H
#define SL_TESTS_COORDINATOR_EXAMPLE_FIGHT_H

#include "rollout/example.h"

/* Three marines beside one, of which even random play wins some. The return of an agent tells who won: all of the
 * enemy's health and the prize for its end come to 20, without the prize there are at most 45 / 255 of that. */
static inline void example_make_fight(example *x, const sl_temp_folder *folder) {
    static const char MAP[] = "{\"step_limit\": 30, \"width\": 32, \"height\": 32, \"goal\": [9, 16],\n"
                              " \"allies\": [{\"at\": [12, 16], \"units\": {\"marine\": 3}}],\n"
                              " \"enemies\": [{\"at\": [16, 16], \"units\": {\"marine\": 1}}]}\n";
    const char *path = sl_temp_folder_file(folder, "map.json");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(MAP, file) >= 0);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(x->env, sizeof x->env, "combat/%s", path);
    sl_env_at(&x->e.env.options, "n_agents")->whole = sl_env_at(&x->e.env.options, "max_steps")->whole = 0;
}

// an agent's return of a won battle
static inline bool example_is_won(double sum) {
    assert_true(sum > 19.9 || sum < 4.0);
    return sum > 19.9;
}

#endif
