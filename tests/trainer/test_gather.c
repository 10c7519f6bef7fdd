/* test_gather.c - every number of a batch says where it lies: what is gathered for a row must name that row. Two
 * samples: whole chunks out of order, and the short chunk at the end. */
#include "trainer/gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

enum { T = 8, B = 3, N = 3, O = 4, A = 2, S = 5, H = 3, CHUNK = 3, C = 3, WIDTH = 6 };
enum { ROWS = T * B * N, MOST = CHUNK * 4 * N * (S + O + N) };

static float obs[ROWS * O], state[T * B * S], one_a_copy[T * B * 2], number[ROWS], not_first[T * B], alive[ROWS];
static float hidden[C * B * N * WIDTH];
static int32_t whole[ROWS];
static uint8_t bytes[ROWS * A];
static float got[MOST];
static const int full_chunks[] = {4, 0, 2}, short_chunks[] = {7, 6, 8}; /* c * B + b */
static const sl_batch batch = {.T = T,
                               .B = B,
                               .N = N,
                               .O = O,
                               .S = S,
                               .M = N,
                               .C = C,
                               .state = state,
                               .critic_obs = obs,
                               .not_first = not_first,
                               .alive = alive};
static const sl_chunks samples[] = {
    {&batch, CHUNK, CHUNK, 3, full_chunks},
    {&batch, CHUNK, T - 2 * CHUNK, 3, short_chunks},
};

// t, b, n and feature as the digits of a number
static float code(int t, int b, int n, int k) {
    return (float)(1000 * t + 100 * b + 10 * n + k);
}

static int setup(void **unused) {
    (void)unused;
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++) {
            int r = t * B + b;
            not_first[r] = (float)(r % 2);
            for (int k = 0; k < S; k++) state[r * S + k] = -code(t, b, 9, k);
            for (int k = 0; k < 2; k++) one_a_copy[r * 2 + k] = code(t, b, 8, k);
            for (int n = 0; n < N; n++) {
                number[r * N + n] = code(t, b, n, 5);
                whole[r * N + n] = (int32_t)code(t, b, n, 6);
                alive[r * N + n] = (float)((t + b + n) % 3 != 0);
                for (int k = 0; k < O; k++) obs[(r * N + n) * O + k] = code(t, b, n, k);
                for (int a = 0; a < A; a++) bytes[(r * N + n) * A + a] = (uint8_t)((r * N + n) * A + a);
            }
        }
    for (int i = 0; i < C * B * N * WIDTH; i++) hidden[i] = (float)i;
    return 0;
}

// the step of chunk u at l, and its copy
static int step_of(const sl_chunks *w, int l, int u) {
    return w->index[u] / B * CHUNK + l;
}
static int copy_of(const sl_chunks *w, int u) {
    return w->index[u] % B;
}

#define EACH_ROW(w, G)                                                                                               \
    for (int l = 0; l < (w)->L; l++)                                                                                 \
        for (int u = 0; u < (w)->n; u++)                                                                             \
            for (int g = 0; g < (G); g++)

static void check_input(const sl_chunks *w, sl_rows rows, int used, int n_id) {
    const float *x = got;
    sl_gather_input(w, &rows, obs, O, used, n_id, got);
    EACH_ROW(w, rows.G) {
        int n = rows.first + g;
        for (int k = 0; k < used; k++) assert_float_equal(*x++, code(step_of(w, l, u), copy_of(w, u), n, k), 0);
        for (int k = 0; k < n_id; k++) assert_float_equal(*x++, (k == n ? 1.0f : 0.0f), 0);
    }
}

static void inputs_are_the_rows_own(void **unused) {
    (void)unused;
    for (int k = 0; k < 2; k++) {
        const sl_chunks *w = &samples[k];
        check_input(w, (sl_rows){N, 0, N}, O, N);
        check_input(w, (sl_rows){N, 0, N}, O, 0);
        check_input(w, (sl_rows){N, 1, 1}, O, 0);
        check_input(w, (sl_rows){N, 2, 1}, O - 1, 0);
        check_input(w, (sl_rows){N, 1, 2}, O - 2, N);
        // one row a copy
        sl_rows one = {1, 0, 1};
        const float *x = got;
        sl_gather_input(w, &one, one_a_copy, 2, 2, 0, got);
        EACH_ROW(w, 1)
        for (int i = 0; i < 2; i++) assert_float_equal(*x++, code(step_of(w, l, u), copy_of(w, u), 8 + g, i), 0);
    }
}

static void critic_rows_are_state_observation_index(void **unused) {
    (void)unused;
    for (int k = 0; k < 2; k++) {
        for (int own = 0; own <= O; own += O) {
            const sl_chunks *w = &samples[k];
            const float *x = got;
            int n_dead = 0;
            sl_gather_critic(w, own, got);
            EACH_ROW(w, N) {
                int t = step_of(w, l, u), b = copy_of(w, u);
                bool dead = (t + b + g) % 3 == 0;
                n_dead += dead;
                for (int i = 0; i < S; i++) assert_float_equal(*x++, (dead ? 0.0f : -code(t, b, 9, i)), 0);
                for (int i = 0; i < own; i++) assert_float_equal(*x++, (dead ? 0.0f : code(t, b, g, i)), 0);
                for (int i = 0; i < N; i++) assert_float_equal(*x++, (i == g ? 1.0f : 0.0f), 0);
            }
            assert_true(n_dead > 0);
        }
    }
}

static void numbers_are_the_rows_own(void **unused) {
    (void)unused;
    static const sl_rows all[] = {{N, 0, N}, {N, 2, 1}, {N, 1, 2}};
    int32_t ints[CHUNK * 3 * N];
    uint8_t legal[CHUNK * 3 * N * A];
    for (int k = 0; k < 2; k++) {
        const sl_chunks *w = &samples[k];
        for (int j = 0; j < 3; j++) {
            const sl_rows *rows = &all[j];
            int r = 0;
            sl_gather_floats(w, rows, number, got);
            sl_gather_ints(w, rows, whole, ints);
            sl_gather_bytes(w, rows, bytes, A, A - (j > 0), legal);
            const uint8_t *byte = legal;
            EACH_ROW(w, rows->G) {
                int t = step_of(w, l, u), b = copy_of(w, u), n = rows->first + g;
                assert_float_equal(got[r], code(t, b, n, 5), 0);
                assert_int_equal(ints[r++], (int)code(t, b, n, 6));
                for (int a = 0; a < A - (j > 0); a++) assert_int_equal(*byte++, ((t * B + b) * N + n) * A + a);
            }
        }
        // one number a copy is every agent's
        sl_rows shared = {1, 0, N};
        int r = 0;
        sl_gather_floats(w, &shared, not_first, got);
        EACH_ROW(w, N) assert_true(got[r++] == (float)((step_of(w, l, u) * B + copy_of(w, u)) % 2));
        sl_gather_not_first(w, N, got);
        r = 0;
        EACH_ROW(w, N) assert_true(got[r++] == (float)((step_of(w, l, u) * B + copy_of(w, u)) % 2));
    }
}

/* A sequence starts from the state that was stored at its chunk's first step. */
static void hidden_states_are_the_chunks_own(void **unused) {
    (void)unused;
    static const sl_rows all[] = {{N, 0, N}, {N, 2, 1}};
    for (int k = 0; k < 2; k++) {
        const sl_chunks *w = &samples[k];
        for (int j = 0; j < 2; j++) {
            const float *h = got;
            sl_gather_hidden(w, &all[j], hidden, WIDTH, H, got);
            for (int u = 0; u < w->n; u++)
                for (int g = 0; g < all[j].G; g++)
                    for (int i = 0; i < H; i++)
                        assert_true(*h++ == (float)((w->index[u] * N + all[j].first + g) * WIDTH + i));
        }
        sl_rows one = {1, 0, 1};
        const float *h = got;
        sl_gather_hidden(w, &one, hidden, WIDTH, WIDTH, got);
        for (int u = 0; u < w->n; u++)
            for (int i = 0; i < WIDTH; i++) assert_true(*h++ == (float)(w->index[u] * WIDTH + i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_are_the_rows_own),
        cmocka_unit_test(critic_rows_are_state_observation_index),
        cmocka_unit_test(numbers_are_the_rows_own),
        cmocka_unit_test(hidden_states_are_the_chunks_own),
    };
    return cmocka_run_group_tests_name("gather", tests, setup, NULL);
}
