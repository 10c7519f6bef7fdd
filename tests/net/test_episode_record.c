/* test_episode_record.c - a recorded episode comes back bit for bit, with and without what may be absent; every
 * truncation, wrong shape and 100,000 mutations are refused or decode to what passes the checks. */
#include "common/alloc.h"
#include "common/rng.h"
#include "net/episode_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { T = 4, N = 3, O = 5, A = 2, S = 7, H = 6, MOST = (T + 1) * N * H };

static float floats[10][MOST];
static float flags[2][MOST];
static int32_t actions[T * N];
static uint8_t avail[T * N * A];

static sl_episode sample(bool full) {
    sl_rng rng = sl_rng_seed(5);
    for (int k = 0; k < 10; k++)
        for (int i = 0; i < MOST; i++) floats[k][i] = (float)sl_rng_normal(&rng);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < MOST; i++) flags[k][i] = (float)sl_rng_below(&rng, 2);
    for (int i = 0; i < T * N; i++) actions[i] = (int32_t)sl_rng_below(&rng, A);
    for (int i = 0; i < T * N * A; i++) avail[i] = (uint8_t)sl_rng_below(&rng, 2);
    sl_episode e = {.T = T, .N = N, .O = O, .A = A, .S = full ? S : 0, .H = H, .M = full ? N : 1};
    e.index = UINT64_MAX - 3, e.terminated = full, e.ret = -12.25;
    e.obs = floats[0], e.obs_mask = flags[0], e.action = actions, e.logp = floats[1], e.value = floats[2];
    e.reward = floats[3], e.logits = floats[4], e.z = floats[5];
    e.knows_won = e.won = full;
    if (full) e.state = floats[6], e.avail = avail, e.alive = flags[1];
    return e;
}

static void check_equal(const sl_episode *a, const sl_episode *b) {
    assert_true(a->T == b->T && a->N == b->N && a->O == b->O && a->A == b->A && a->S == b->S && a->H == b->H);
    assert_true(a->M == b->M && a->index == b->index && a->terminated == b->terminated && a->ret == b->ret);
    assert_true(a->knows_won == b->knows_won && a->won == b->won);
    assert_true(!a->state == !b->state && !a->avail == !b->avail && !a->alive == !b->alive);
    assert_memory_equal(a->obs, b->obs, (T + 1) * N * O * sizeof(float));
    assert_memory_equal(a->obs_mask, b->obs_mask, N * O * sizeof(float));
    assert_memory_equal(a->action, b->action, T * N * sizeof(int32_t));
    assert_memory_equal(a->logp, b->logp, T * N * sizeof(float));
    assert_memory_equal(a->value, b->value, (size_t)(T + 1) * (size_t)a->M * sizeof(float));
    assert_memory_equal(a->reward, b->reward, T * N * sizeof(float));
    assert_memory_equal(a->logits, b->logits, T * N * A * sizeof(float));
    assert_memory_equal(a->z, b->z, T * N * H * sizeof(float));
    if (a->state) assert_memory_equal(a->state, b->state, (T + 1) * S * sizeof(float));
    if (a->avail) assert_memory_equal(a->avail, b->avail, T * N * A);
    if (a->alive) assert_memory_equal(a->alive, b->alive, T * N * sizeof(float));
}

static void an_episode_comes_back(void **state) {
    (void)state;
    for (int full = 0; full < 2; full++) {
        sl_episode e = sample(full), got;
        uint8_t *bytes = NULL;
        void *memory = NULL;
        size_t n_bytes = 0;
        assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_OK);
        // the bound holds, and is no more than actions of one byte and a little away
        size_t most = sl_episode_most_bytes(&e);
        assert_true(most >= n_bytes && most <= n_bytes + 4 * (size_t)(e.T * e.N) + 256);
        assert_int_equal(sl_episode_decode(bytes, n_bytes, &got, &memory), SL_OK);
        check_equal(&e, &got);
        sl_free(memory);
        sl_free(bytes);
    }
}

// lost is not the same as nobody knows
static void a_lost_battle_comes_back(void **state) {
    (void)state;
    sl_episode e = sample(true), got;
    uint8_t *bytes = NULL;
    void *memory = NULL;
    size_t n_bytes = 0;
    e.won = false;
    assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_OK);
    assert_int_equal(sl_episode_decode(bytes, n_bytes, &got, &memory), SL_OK);
    assert_true(got.knows_won && !got.won);
    sl_free(memory);
    sl_free(bytes);
}

static void expect_refused(const sl_episode *e, const char *field) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    void *memory = NULL;
    sl_episode got;
    assert_int_equal(sl_episode_encode(e, &bytes, &n_bytes), SL_OK);
    assert_int_equal(sl_episode_decode(bytes, n_bytes, &got, &memory), SL_CORRUPT);
    assert_non_null(strstr(sl_error_what(), field));
    assert_null(memory);
    sl_free(bytes);
}

static void bad_values_are_refused_by_field(void **state) {
    (void)state;
    const struct {
        float *at;
        float value;
        const char *field;
    } cases[] = {
        {&floats[0][3], NAN, "'obs'"},
        {&flags[0][2], 0.5F, "'obs_mask'"},
        {&floats[1][1], INFINITY, "'logp'"},
        {&floats[2][T], -INFINITY, "'value'"},
        {&floats[3][5], NAN, "'reward'"},
        {&floats[4][0], NAN, "'logits'"},
        {&floats[5][T * N * H - 1], NAN, "'z'"},
        {&floats[6][4], NAN, "'state'"},
        {&flags[1][1], 2, "'alive'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sl_episode e = sample(true);
        *cases[i].at = cases[i].value;
        expect_refused(&e, cases[i].field);
    }
    sl_episode e = sample(true);
    actions[2] = A;
    expect_refused(&e, "'action'");
    e = sample(true);
    actions[2] = -1;
    expect_refused(&e, "'action'");
    e = sample(true);
    avail[3] = 2;
    expect_refused(&e, "'avail'");
    e = sample(true);
    e.ret = NAN;
    expect_refused(&e, "'episode_return'");
}

static void another_format_is_a_mismatch(void **state) {
    (void)state;
    sl_episode e = sample(false), got;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    void *memory = NULL;
    assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_OK);
    // field 1 comes first: tag 0x08, value 1
    assert_true(bytes[0] == 0x08 && bytes[1] == 1);
    bytes[1] = 2;
    assert_int_equal(sl_episode_decode(bytes, n_bytes, &got, &memory), SL_MISMATCH);
    sl_free(bytes);
}

/* touches all that an episode says it has, for the sanitizer, and checks the ranges */
static void check_decoded(const sl_episode *e) {
    size_t n_t = (size_t)e->T, n_n = (size_t)e->N;
    assert_true(e->T > 0 && e->N > 0 && e->O > 0 && e->A > 0 && e->H > 0 && (e->M == 1 || e->M == e->N));
    double sum = e->ret;
    for (size_t i = 0; i < (n_t + 1) * n_n * (size_t)e->O; i++) sum += (double)e->obs[i];
    for (size_t i = 0; i < n_t * n_n * (size_t)e->A; i++) sum += (double)e->logits[i];
    for (size_t i = 0; i < n_t * n_n * (size_t)e->H; i++) sum += (double)e->z[i];
    for (size_t i = 0; i < (n_t + 1) * (size_t)e->M; i++) sum += (double)e->value[i];
    for (size_t i = 0; i < (n_t + 1) * (size_t)e->S; i++) sum += (double)e->state[i];
    for (size_t i = 0; i < n_t * n_n; i++) {
        assert_true(e->action[i] >= 0 && e->action[i] < e->A);
        sum += (double)e->logp[i] + (double)e->reward[i] + (e->alive ? (double)e->alive[i] : 0);
    }
    assert_true(isfinite(sum) != 0);
}

static void truncations_and_mutations_are_harmless(void **state) {
    (void)state;
    int n_decoded = 0, n_refused = 0;
    sl_rng rng = sl_rng_seed(11);
    for (int full = 0; full < 2; full++) {
        sl_episode e = sample(full), got;
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        void *memory = NULL;
        assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_OK);
        for (size_t n = 0; n < n_bytes; n++) {
            uint8_t *cut = sl_alloc_copy(bytes, n);
            // without the three bytes of won, which come last, it is a whole record of before there was that field
            bool older = full && n + 3 == n_bytes;
            assert_int_equal(sl_episode_decode(cut, n, &got, &memory), older ? SL_OK : SL_CORRUPT);
            if (older) assert_false(got.knows_won);
            if (older) sl_free(memory);
            memory = NULL;
            sl_free(cut);
        }
        uint8_t *mutant = sl_alloc(n_bytes);
        for (int i = 0; i < 50000; i++) {
            memcpy(mutant, bytes, n_bytes);
            // most of the bytes are floats: half of the mutations go for the scalars at the front
            for (uint32_t k = 0, n = 1 + sl_rng_below(&rng, 3); k < n; k++)
                mutant[sl_rng_below(&rng, i % 2 ? 48 : (uint32_t)n_bytes)] = (uint8_t)sl_rng_u64(&rng);
            if (sl_episode_decode(mutant, n_bytes, &got, &memory) != SL_OK) {
                n_refused++;
                continue;
            }
            check_decoded(&got);
            sl_free(memory);
            n_decoded++;
        }
        sl_free(mutant);
        sl_free(bytes);
    }
    assert_true(n_decoded > 1000 && n_refused > 1000);
}

static void failed_allocations_are_reported(void **state) {
    (void)state;
    sl_episode e = sample(true), got;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    void *memory = NULL;
    sl_alloc_fail_at(1);
    assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_MEMORY);
    assert_null(bytes);
    assert_int_equal(sl_episode_encode(&e, &bytes, &n_bytes), SL_OK);
    sl_alloc_fail_at(1);
    assert_int_equal(sl_episode_decode(bytes, n_bytes, &got, &memory), SL_MEMORY);
    assert_null(memory);
    sl_alloc_fail_at(0);
    sl_free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_episode_comes_back),
        cmocka_unit_test(a_lost_battle_comes_back),
        cmocka_unit_test(bad_values_are_refused_by_field),
        cmocka_unit_test(another_format_is_a_mismatch),
        cmocka_unit_test(truncations_and_mutations_are_harmless),
        cmocka_unit_test(failed_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
