/* test_copies.c - a copy's bits do not depend on how many others there are: few copies go narrower ways, and whole
 * tiles are written another way than a lane that is reset alone. */
#include "envs/mpe/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "envs/field.h"

enum { MOST = 37, STEPS = 55 };

// one step of the first V copies with their actions; some episodes end early
static void step(field *f, const uint8_t *early) {
    if (f->spec->continuous)
        sl_env_step_continuous(f->env, 0, f->V, f->forces, &f->out);
    else
        sl_env_step(f->env, 0, f->V, f->actions, &f->out);
    uint8_t which[MOST];
    for (int v = 0; v < f->V; v++) which[v] = f->truncated[v] | f->terminated[v] | early[v];
    sl_env_reset(f->env, 0, f->V, which, &f->out);
}

static void check_equal(const char *name, int V, const char *what, const void *few, const void *many,
                        size_t n_bytes) {
    if (memcmp(few, many, n_bytes) != 0) fail_msg("%s: %s of %d copies differ from those of %d", name, what, V, MOST);
}

static void compare(const char *name, const field *few, const field *many) {
    size_t V = (size_t)few->V, N = (size_t)few->spec->n_agents, A = (size_t)few->spec->n_actions;
    size_t n_obs = V * N * (size_t)few->spec->obs_dim, n_state = V * (size_t)few->spec->state_dim;
    check_equal(name, few->V, "observations", few->obs, many->obs, n_obs * sizeof(float));
    check_equal(name, few->V, "states", few->state, many->state, n_state * sizeof(float));
    check_equal(name, few->V, "rewards", few->reward, many->reward, V * N * sizeof(double));
    check_equal(name, few->V, "legal actions", few->avail, many->avail, V * N * A);
    check_equal(name, few->V, "living", few->alive, many->alive, V * N);
    check_equal(name, few->V, "ends", few->terminated, many->terminated, V);
    check_equal(name, few->V, "time limits", few->truncated, many->truncated, V);
    check_equal(name, few->V, "wins", few->won, many->won, V);
}

static void check_copies(const char *name, const sl_env_options *options) {
    static const int counts[] = {1, 2, 3, 4, 5, 8, 15, 16, 17};
    enum { N_COUNTS = sizeof counts / sizeof counts[0] };
    field *many = field_open(name, options, MOST, 11), *few[N_COUNTS];
    for (int c = 0; c < N_COUNTS; c++) few[c] = field_open(name, options, counts[c], 11);
    sl_rng stream = sl_rng_seed(12);
    size_t N = (size_t)many->spec->n_agents, A = (size_t)many->spec->n_actions;
    for (int t = 0; t < STEPS; t++) {
        uint8_t early[MOST];
        for (int v = 0; v < MOST; v++) early[v] = sl_rng_below(&stream, 40) == 0;
        field_choose(many, &stream);
        for (size_t k = 0; k < MOST * N * A; k++) many->forces[k] = (float)sl_rng_uniform(&stream);
        for (int c = 0; c < N_COUNTS; c++) {
            memcpy(few[c]->actions, many->actions, (size_t)counts[c] * N * sizeof *many->actions);
            memcpy(few[c]->forces, many->forces, (size_t)counts[c] * N * A * sizeof *many->forces);
            step(few[c], early);
        }
        step(many, early);
        for (int c = 0; c < N_COUNTS; c++) compare(name, few[c], many);
    }
    for (int c = 0; c < N_COUNTS; c++) field_close(few[c]);
    field_close(many);
}

static void every_copy_is_itself(void **state) {
    (void)state;
    for (int e = 0; e < sl_env_n_names(); e++) {
        sl_env_options options = sl_env_default_options();
        check_copies(sl_env_name(e), &options);
        if (strncmp(sl_env_name(e), "mpe/", 4) != 0) continue;
        sl_env_at(&options, "continuous")->yes = true;
        sl_env_at(&options, "legacy_physics")->yes = true;
        check_copies(sl_env_name(e), &options);
    }
}

// rows of observations that end in the middle of a vector, and strides that are powers of two
static void teams_of_every_size(void **state) {
    (void)state;
    for (int n = 1; n <= 33; n += n < 8 ? 1 : 8) {
        sl_env_options options = sl_env_default_options();
        sl_env_at(&options, "n_agents")->whole = n;
        check_copies("mpe/simple_spread_v3", &options);
        check_copies("mpe/simple_adversary_v3", &options);
    }
}

static void squares_compare_as_roots_do(void **state) {
    (void)state;
    for (double reach = 0.05; reach < 0.6; reach += 0.0123) {
        double square = sl_mpe_reach_square(reach), d2 = square;
        assert_true(sqrt(square) >= reach && sqrt(nextafter(square, 0.0)) < reach);
        for (int k = 0; k < 100; k++) d2 = nextafter(d2, 0.0);
        for (int k = 0; k < 200; k++, d2 = nextafter(d2, INFINITY)) assert_int_equal(sqrt(d2) < reach, d2 < square);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_copy_is_itself),
        cmocka_unit_test(teams_of_every_size),
        cmocka_unit_test(squares_compare_as_roots_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
