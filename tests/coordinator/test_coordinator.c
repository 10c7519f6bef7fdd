/* test_coordinator.c - requests and answers without a socket: batches hold what the teacher says when it is asked
 * directly, a snapshot goes on to the bit, bad requests are refused and leave the state alone. */
#include "common/alloc.h"
#include "common/fnv1a.h"
#include "coordinator/coordinator.h"
#include "nn/dist.h"
#include "rollout/example_fight.h"
#include "rollout/gae.h"
#include "rollout/policy_set.h"
#include "support/net_ref.h"
#include "support/temp_folder.h"
#include "support/torture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MAX_PARAMS = 40000 };

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_coordinator *coordinator;
    const sl_setup *setup;
    int64_t n_actor, n_critic, n_students;
} world;

static float params[MAX_PARAMS];

static void fill_params(void) {
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < MAX_PARAMS; i++) params[i] = (float)sl_rng_between(&rng, -0.4, 0.4);
}

static void open_coordinator(world *w) {
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path};
    assert_int_equal(sl_coordinator_create(&def, &w->coordinator), SL_OK);
    w->setup = sl_coordinator_setup(w->coordinator);
    sl_policy_set_def students = sl_policy_set_students_def(w->setup, 1);
    w->n_actor = (int64_t)sl_net_n_params(&w->setup->teacher);
    w->n_critic = (int64_t)sl_net_n_params(&w->setup->critic);
    w->n_students = (int64_t)sl_policy_set_def_n_params(&students);
}

static void open_world(world *w, void (*change)(example *)) {
    fill_params();
    memset(w, 0, sizeof *w);
    example_init(&w->x);
    if (change) change(&w->x);
    w->folder = sl_temp_folder_create();
    open_coordinator(w);
}

static void close_world(world *w) {
    sl_coordinator_destroy(&w->coordinator);
    sl_temp_folder_remove(&w->folder);
}

static void reopen(world *w) {
    sl_coordinator_destroy(&w->coordinator);
    open_coordinator(w);
}

static sl_learn_message with_teacher(const world *w, sl_learn_kind kind) {
    sl_learn_message request = {.kind = kind, .value_mean = -10, .value_std = 2, .n_episodes = 20};
    sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE(w->n_actor));
    sl_learn_add(&request, SL_TENSOR_CRITIC, params + 7, SL_SHAPE(w->n_critic));
    return request;
}

static sl_learn_message sample_request(const world *w, int source) {
    sl_learn_message request = {.kind = SL_LEARN_SAMPLE, .source = source, .n_episodes = 6};
    if (source) sl_learn_add(&request, SL_TENSOR_PARAMS, params + 3, SL_SHAPE(w->n_students));
    return request;
}

static const void *tensor(const sl_learn_message *message, sl_tensor_role role) {
    const sl_wire_tensor *t = sl_learn_tensor(message, role);
    assert_non_null(t);
    return t->data;
}

static uint64_t hash_answer(const sl_learn_message *answer) {
    uint64_t h = SL_FNV1A;
    for (int i = 0; i < answer->n_tensors; i++) h = sl_fnv1a(h, answer->tensors[i].data, answer->tensors[i].n_bytes);
    return h;
}

static uint64_t ask(world *w, sl_learn_message request) {
    sl_learn_message answer;
    assert_int_equal(sl_coordinator_handle(w->coordinator, &request, &answer), SL_OK);
    return hash_answer(&answer);
}

static void recurrent(example *x) {
    example_make_recurrent(x);
    x->e.teacher.ppo.reward = SL_EXP_OWN;
}

/* Eq. 1 and 2 over one episode of the batch with the distillation's gamma 0.9 and lambda 0.8. */
static void check_advantages(const sl_learn_message *answer, int b, int M, const float *value) {
    const float *advantage = tensor(answer, SL_TENSOR_ADVANTAGE);
    int B = 6, T = 25;
    for (int m = 0; m < M; m++) {
        for (int t = 0; t < T - 1; t++) {
            int i = (t * B + b) * M + m, next = i + B * M;
            // r_t = A_t - gamma lambda A_{t+1} - gamma V_{t+1} + V_t must be a reward of spread: never above 0
            double r =
                (double)advantage[i] - 0.72 * (double)advantage[next] - 0.9 * (double)value[next] + (double)value[i];
            assert_true(r < 0.01 && r > -30);
        }
    }
}

/* The targets of a batch of full observations (no mask), by running the teacher's networks over them by hand. */
static void check_batch(void (*change)(example *), int source) {
    world w;
    open_world(&w, change);
    w.x.e.mask.kind = SL_MASK_NONE;
    reopen(&w);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    sl_learn_message request = sample_request(&w, source), answer;
    assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
    assert_int_equal(answer.kind, SL_LEARN_BATCH);
    const float *obs = tensor(&answer, SL_TENSOR_OBS), *logits = tensor(&answer, SL_TENSOR_TEACHER_LOGITS);
    const float *z = tensor(&answer, SL_TENSOR_TEACHER_Z), *logp = tensor(&answer, SL_TENSOR_LOGP);
    const float *not_first = tensor(&answer, SL_TENSOR_NOT_FIRST);
    const int32_t *action = tensor(&answer, SL_TENSOR_ACTION);
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_ALIVE));
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_HIDDEN));
    // no critic is learned
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_VALUE));
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_TARGET));
    enum { T = 25, B = 6, N = 3, O = 18, A = 5 };
    const sl_net_def *teacher = &w.setup->teacher, *critic = &w.setup->critic;
    int H = teacher->hidden, M = w.setup->M;
    static float x[T * 64], out[T * A], embedding[T * 64], value[T * B * N];
    for (int b = 0; b < B; b++) {
        const float *student_params = params + 3;
        for (int n = 0; n < N; n++) {
            const sl_net_def *student = &w.setup->students[n];
            memset(x, 0, sizeof x);
            for (int t = 0; t < T; t++) {
                assert_float_equal(not_first[t * B + b], (t == 0 ? 0.0f : 1.0f), 0);
                memcpy(x + t * (O + N), obs + ((t * B + b) * N + n) * O, O * sizeof(float));
                x[t * (O + N) + O + n] = 1;
            }
            sl_net_forward_ref(teacher, params, T, 1, x, NULL, NULL, out, embedding);
            for (int t = 0; t < T; t++) {
                int row = (t * B + b) * N + n;
                for (int a = 0; a < A; a++) assert_float_equal(logits[row * A + a], out[t * A + a], 2e-4f);
                for (int h = 0; h < H; h++) assert_float_equal(z[row * H + h], embedding[t * H + h], 2e-4f);
            }
            if (source) {
                for (int t = 0; t < T; t++) memmove(x + t * O, obs + ((t * B + b) * N + n) * O, O * sizeof(float));
                sl_net_forward_ref(student, student_params, T, 1, x, NULL, NULL, out, embedding);
                student_params += sl_net_n_params(student);
            }
            for (int t = 0; t < T; t++) {
                float all[A];
                int row = (t * B + b) * N + n;
                sl_categorical_log_softmax(1, A, out + t * A, NULL, all);
                assert_float_equal(logp[row], all[action[row]], 2e-4f);
            }
        }
        for (int m = 0; m < M; m++) {
            memset(x, 0, sizeof x);
            int width = critic->in_dim;
            for (int t = 0; t < T; t++) {
                memcpy(x + t * width, obs + (t * B + b) * N * O, N * O * sizeof(float));
                if (M > 1) x[t * width + N * O + m] = 1;
            }
            sl_net_forward_ref(critic, params + 7, T, 1, x, NULL, NULL, out, embedding);
            for (int t = 0; t < T; t++) value[(t * B + b) * M + m] = out[t] * 2.0f - 10.0f;
        }
        check_advantages(&answer, b, M, value);
    }
    close_world(&w);
}

static void test_targets_are_the_teachers(void **state) {
    (void)state;
    for (int source = 0; source < 2; source++) {
        check_batch(NULL, source);
        check_batch(recurrent, source);
    }
}

/* Of the teacher's episodes out of the buffer, and of the students' own: the prize in the return says the same. */
static void test_won_episodes_are_told(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    sl_learn_message request = sample_request(&w, 1), answer;
    assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
    // there is nothing to win on spread
    assert_null(sl_learn_tensor(&answer, SL_TENSOR_EPISODE_WON));
    close_world(&w);

    open_world(&w, NULL);
    example_make_fight(&w.x, &w.folder);
    reopen(&w);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    for (int source = 0; source < 2; source++) {
        int n_won = 0, n = 0;
        for (int call = 0; call < 8; call++) {
            request = sample_request(&w, source);
            assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
            const uint8_t *won = tensor(&answer, SL_TENSOR_EPISODE_WON);
            const double *returns = tensor(&answer, SL_TENSOR_EPISODE_RETURN);
            for (int b = 0; b < 6; b++, n++) {
                assert_int_equal(won[b], example_is_won(returns[b * 3]));
                n_won += won[b];
            }
        }
        assert_in_range(n_won, 1, n - 1);
    }
    close_world(&w);
}

static void test_batches_are_masked(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    for (int source = 0; source < 2; source++) {
        sl_learn_message request = sample_request(&w, source), answer;
        assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
        const float *obs = tensor(&answer, SL_TENSOR_OBS);
        for (int b = 0; b < 6; b++) {
            for (int n = 0; n < 3; n++) {
                int n_seen = 0;
                for (int o = 0; o < 18; o++) {
                    bool seen = false;
                    for (int t = 0; t < 25; t++) seen |= obs[((t * 6 + b) * 3 + n) * 18 + o] != 0.0f;
                    n_seen += seen;
                }
                // 8 to 10 are kept; the four of the silent communication are zero anyhow
                assert_in_range(n_seen, 4, 10);
            }
        }
    }
    close_world(&w);
}

static void hidden_combat(example *x) {
    example_init_combat(x);
    x->e.mask.avail_actions = SL_EXP_HIDDEN;
}

static void test_students_believe_what_the_teacher_knows_better(void **state) {
    (void)state;
    world w;
    open_world(&w, hidden_combat);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    for (int source = 0; source < 2; source++) {
        sl_learn_message request = sample_request(&w, source), answer;
        assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
        const float *alive = tensor(&answer, SL_TENSOR_ALIVE), *logits = tensor(&answer, SL_TENSOR_TEACHER_LOGITS);
        const uint8_t *avail = tensor(&answer, SL_TENSOR_AVAIL);
        int A = w.setup->A, R = (int)(sl_learn_tensor(&answer, SL_TENSOR_ALIVE)->n_bytes / sizeof *alive);
        int n_dead = 0, n_impossible = 0;
        for (int r = 0; r < R; r++) {
            // behind the end of an episode nothing counts
            if (alive[r] == 0.0f) {
                n_dead++;
                continue;
            }
            assert_true(logits[r * A] == -1e10f && avail[r * A] == 0);
            for (int a = 1; a < A; a++) {
                assert_int_equal(avail[r * A + a], 1);
                n_impossible += logits[r * A + a] == -1e10f;
            }
        }
        assert_true(n_dead > 0 && n_impossible > 100 && n_impossible < R * A / 2);
    }
    close_world(&w);
}

static void test_recording_resumes(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL);
    // 18 episodes a batch: 20 cut one; recording on to 40 is the same as recording 40 at once
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    reopen(&w);
    sl_learn_message request = with_teacher(&w, SL_LEARN_RECORD);
    request.n_episodes = 40;
    ask(&w, request);
    uint64_t in_two = ask(&w, sample_request(&w, 0));
    close_world(&w);
    open_world(&w, NULL);
    request = with_teacher(&w, SL_LEARN_RECORD);
    request.n_episodes = 40;
    ask(&w, request);
    assert_true(ask(&w, sample_request(&w, 0)) == in_two);
    // another teacher's buffer is not taken for this one's
    reopen(&w);
    request = with_teacher(&w, SL_LEARN_RECORD);
    request.tensors[0].data = params + 11;
    sl_learn_message answer;
    assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_MISMATCH);
    close_world(&w);
}

static void limited(example *x) {
    x->e.record.samples_per_insert = 0.5;
    x->e.record.min_size = 10;
    x->e.record.error_buffer = 4;
}

/* With a ratio recording stops early, and sampling goes on recording. */
static void test_limiter_records_on_demand(void **state) {
    (void)state;
    world w;
    open_world(&w, limited);
    sl_learn_message request = with_teacher(&w, SL_LEARN_RECORD);
    request.n_episodes = 500;
    ask(&w, request);
    uint64_t first = ask(&w, sample_request(&w, 0)), later = 0;
    for (int i = 0; i < 20; i++) later = ask(&w, sample_request(&w, 0));
    assert_true(first != later);
    close_world(&w);
}

static void direct(example *x) {
    example_make_recurrent(x);
    x->e.method = SL_EXP_DIRECT;
}

static char jitter[] = "uniform 0 4 steps", some[] = "0.2";

static void late(example *x) {
    recurrent(x);
    x->e.links.words.delay = jitter;
    x->e.links.words.loss = some;
    x->e.links.teaches_stale = true;
    x->e.mask.age = true;
}

static void late_direct(example *x) {
    late(x);
    direct(x);
}

/* Everything asked after a snapshot comes out the same from a new process that restored it. */
static void test_snapshot_goes_on(void **state) {
    (void)state;
    void (*changes[])(example *) = {NULL, recurrent, limited, direct, late, late_direct};
    for (int k = 0; k < 6; k++) {
        world w;
        open_world(&w, changes[k]);
        sl_learn_message collect = with_teacher(&w, SL_LEARN_COLLECT);
        if (w.setup->direct) collect.tensors[0].dims[0] = w.n_students;
        if (w.setup->direct) collect.tensors[0].n_bytes = (size_t)w.n_students * sizeof(float);
        ask(&w, collect);
        ask(&w, with_teacher(&w, SL_LEARN_RECORD));
        ask(&w, sample_request(&w, 0));
        ask(&w, sample_request(&w, 1));
        sl_learn_message request = sample_request(&w, 0), answer;
        request.want_snapshot = true;
        assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
        const sl_wire_tensor *snapshot = sl_learn_tensor(&answer, SL_TENSOR_SNAPSHOT);
        assert_non_null(snapshot);
        int64_t n = (int64_t)snapshot->n_bytes;
        uint8_t *bytes = sl_alloc_copy(snapshot->data, snapshot->n_bytes);
        uint64_t wanted[4] = {ask(&w, sample_request(&w, 0)), ask(&w, sample_request(&w, 1)), ask(&w, collect),
                              ask(&w, collect)};
        for (int more = 0; more < 10; more++) ask(&w, sample_request(&w, 0));

        reopen(&w);
        sl_learn_message restore = {.kind = SL_LEARN_RESTORE};
        sl_learn_add(&restore, SL_TENSOR_SNAPSHOT, bytes, SL_SHAPE(n));
        ask(&w, restore);
        ask(&w, with_teacher(&w, SL_LEARN_RECORD));
        assert_true(ask(&w, sample_request(&w, 0)) == wanted[0]);
        assert_true(ask(&w, sample_request(&w, 1)) == wanted[1]);
        assert_true(ask(&w, collect) == wanted[2]);
        assert_true(ask(&w, collect) == wanted[3]);

        // every cut and a changed version are refused, and leave a coordinator that works from the seed
        for (int64_t cut = 0; cut < n; cut += cut < 200 ? 1 : 997) {
            restore = (sl_learn_message){.kind = SL_LEARN_RESTORE};
            sl_learn_add(&restore, SL_TENSOR_SNAPSHOT, bytes, SL_SHAPE(cut));
            sl_status status = sl_coordinator_handle(w.coordinator, &restore, &answer);
            assert_true(status == SL_CORRUPT || status == SL_MISMATCH);
        }
        bytes[0] ^= 1;
        restore = (sl_learn_message){.kind = SL_LEARN_RESTORE};
        sl_learn_add(&restore, SL_TENSOR_SNAPSHOT, bytes, SL_SHAPE(n));
        assert_int_equal(sl_coordinator_handle(w.coordinator, &restore, &answer), SL_MISMATCH);
        ask(&w, collect);
        sl_free(bytes);
        close_world(&w);
    }
}

static void refuse(world *w, sl_learn_message request, sl_status wanted) {
    sl_learn_message answer;
    assert_int_equal(sl_coordinator_handle(w->coordinator, &request, &answer), wanted);
}

static void test_bad_requests_are_refused(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL);
    sl_learn_message good = with_teacher(&w, SL_LEARN_COLLECT), bad;
    uint64_t first = ask(&w, good);
    ask(&w, good);
    sl_coordinator_reset(w.coordinator);
    sl_learn_kind kinds[] = {SL_LEARN_COLLECT, SL_LEARN_RECORD};
    for (int k = 0; k < 2; k++) {
        good.kind = kinds[k];
        for (int t = 0; t < 2; t++) {
            bad = good;
            bad.tensors[t].dims[0]--;
            bad.tensors[t].n_bytes -= 4;
            refuse(&w, bad, SL_MISMATCH);
            bad = good;
            bad.tensors[t].type = SL_WIRE_I32;
            refuse(&w, bad, SL_MISMATCH);
            bad = good;
            bad.tensors[t].n_dims = 2;
            bad.tensors[t].dims[1] = 1;
            refuse(&w, bad, SL_MISMATCH);
            bad = good;
            bad.tensors[t].role = SL_TENSOR_OBS;
            refuse(&w, bad, SL_MISMATCH);
            static float poisoned[MAX_PARAMS];
            memcpy(poisoned, params, sizeof poisoned);
            poisoned[13] = t ? (float)INFINITY : (float)NAN;
            bad = good;
            bad.tensors[t].data = poisoned;
            refuse(&w, bad, SL_NOT_FINITE);
        }
        bad = good;
        bad.value_std = 0;
        refuse(&w, bad, SL_MISMATCH);
    }
    // nothing was touched
    good.kind = SL_LEARN_COLLECT;
    assert_true(ask(&w, good) == first);

    refuse(&w, sample_request(&w, 0), SL_MISMATCH);
    bad = with_teacher(&w, SL_LEARN_RECORD);
    bad.n_episodes = 0;
    refuse(&w, bad, SL_MISMATCH);
    ask(&w, with_teacher(&w, SL_LEARN_RECORD));
    bad = sample_request(&w, 1);
    bad.tensors[0].dims[0]++;
    refuse(&w, bad, SL_MISMATCH);
    bad = sample_request(&w, 0);
    bad.n_episodes = 1 << 30;
    refuse(&w, bad, SL_MISMATCH);
    refuse(&w, (sl_learn_message){.kind = SL_LEARN_RESTORE}, SL_MISMATCH);
    refuse(&w, (sl_learn_message){.kind = SL_LEARN_WELCOME}, SL_MISMATCH);
    refuse(&w, (sl_learn_message){.kind = SL_LEARN_EVALUATE, .policy = SL_POLICY_TEACHER, .n_episodes = 3},
           SL_MISMATCH);
    // it has no fleet
    refuse(&w, (sl_learn_message){.kind = SL_LEARN_MODELS}, SL_MISMATCH);
    close_world(&w);
}

static void test_evaluates_given_parameters(void **state) {
    (void)state;
    world w;
    open_world(&w, NULL);
    sl_learn_message request = {.kind = SL_LEARN_EVALUATE, .policy = SL_POLICY_STUDENTS, .n_episodes = 9, .seed = 4};
    sl_learn_add(&request, SL_TENSOR_PARAMS, params, SL_SHAPE(w.n_students));
    sl_learn_message answer;
    assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
    assert_int_equal(answer.kind, SL_LEARN_DONE);
    const double *returns = tensor(&answer, SL_TENSOR_EPISODE_RETURN);
    for (int i = 0; i < 27; i++) assert_true(returns[i] < 0 && returns[i] > -200);
    assert_int_equal(((const int32_t *)tensor(&answer, SL_TENSOR_EPISODE_LENGTH))[8], 25);
    // what is asked for is said once, and has to be there
    (void)snprintf(request.text, sizeof request.text, "%s", w.folder.path);
    refuse(&w, request, SL_MISMATCH);
    request.text[0] = 0;
    request.tensors[0].dims[0]--;
    refuse(&w, request, SL_MISMATCH);
    request = (sl_learn_message){.kind = SL_LEARN_EVALUATE, .policy = SL_POLICY_RANDOM, .n_episodes = 9};
    assert_int_equal(sl_coordinator_handle(w.coordinator, &request, &answer), SL_OK);
    (void)snprintf(request.text, sizeof request.text, "%s", w.folder.path);
    refuse(&w, request, SL_MISMATCH);
    request.policy = SL_POLICY_TEACHER;
    refuse(&w, request, SL_MISMATCH);
    close_world(&w);
}

static sl_status whole_life(void *context) {
    world *w = context;
    sl_coordinator_def def = {.experiment = &w->x.e, .run = w->folder.path};
    sl_coordinator *coordinator = NULL;
    SL_TRY(sl_coordinator_create(&def, &coordinator));
    sl_learn_message requests[] = {with_teacher(w, SL_LEARN_COLLECT), with_teacher(w, SL_LEARN_RECORD),
                                   sample_request(w, 0), sample_request(w, 1)};
    sl_status status = SL_OK;
    for (int i = 0; i < 4 && status == SL_OK; i++) {
        sl_learn_message answer;
        requests[i].want_snapshot = true;
        status = sl_coordinator_handle(coordinator, &requests[i], &answer);
    }
    sl_coordinator_destroy(&coordinator);
    return status;
}

// small, because it lives some hundred times
static void small_and_late(example *x) {
    x->e.threads = 1;
    sl_env_at(&x->e.env.options, "max_steps")->whole = 3;
    x->e.teacher.ppo.n_envs = 2;
    x->e.teacher.ppo.rollout_steps = 2;
    x->e.links.words.delay = jitter;
    x->e.links.teaches_stale = x->e.mask.age = true;
}

static void test_survives_failed_allocations(void **state) {
    (void)state;
    world w;
    open_world(&w, small_and_late);
    assert_true(sl_torture(whole_life, &w) > 20);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets_are_the_teachers),
        cmocka_unit_test(test_won_episodes_are_told),
        cmocka_unit_test(test_batches_are_masked),
        cmocka_unit_test(test_students_believe_what_the_teacher_knows_better),
        cmocka_unit_test(test_recording_resumes),
        cmocka_unit_test(test_limiter_records_on_demand),
        cmocka_unit_test(test_snapshot_goes_on),
        cmocka_unit_test(test_bad_requests_are_refused),
        cmocka_unit_test(test_evaluates_given_parameters),
        cmocka_unit_test(test_survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
