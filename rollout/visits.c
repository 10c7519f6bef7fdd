/* visits.c - one task per slice plays all of its episodes to the end. A copy that is through plays on for nobody
 * until the longest episode of its slice has ended, so that every batch keeps its shape and with it its bits. */
#include "rollout/visits.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "rollout/critic.h"
#include "rollout/policy_set.h"
#include "rollout/runner.h"

#include <string.h>

struct sl_visits {
    const sl_setup *setup;
    sl_lessons lessons;
    sl_pool *pool;
    const sl_teacher *frozen;
    sl_sample *sample;
    int B, N, A, H;
    sl_env *env;
    sl_mask *masks;
    sl_runner *runner;
    sl_policy_set *teacher, *students;
    sl_critic *critic;
    float *maps; /* (H, Z), or NULL */
    /* a step of all copies */
    sl_rng *rngs; /* (B, N) */
    float *acting, *all_logp, *z;
    uint8_t *done;      /* (B) */
    int *t, *n_playing; /* (slices): the step at work, copies that are not done */
    sl_array_pool arrays;
};

static void allocate(sl_visits *self) {
    sl_array_pool *k = &self->arrays;
    int64_t B = self->B, BN = B * self->N, slices = sl_runner_slices(self->runner).n;
    self->rngs = sl_array_pool_take(k, BN, sizeof(sl_rng));
    self->acting = SL_TAKE_FLOATS(k, BN * self->A);
    self->all_logp = SL_TAKE_FLOATS(k, BN * self->A);
    self->z = SL_TAKE_FLOATS(k, self->lessons.Z > 0 ? BN * self->H : 0);
    self->done = sl_array_pool_take(k, B, 1);
    self->t = sl_array_pool_take(k, slices, sizeof(int));
    self->n_playing = sl_array_pool_take(k, slices, sizeof(int));
}

// what was seen, told and done: the slice's rows lie behind each other
static void write_step(sl_visits *self, const sl_step *step, const sl_sample_rows *rows) {
    int64_t A = self->A, P = self->setup->P, begin = (int64_t)step->begin * self->N;
    size_t n = (size_t)(step->end * self->N - begin);
    memcpy(rows->obs + begin * P, step->seen + begin * P, n * (size_t)P * sizeof(float));
    if (rows->avail) memcpy(rows->avail + begin * A, step->shown + begin * A, n * (size_t)A);
    if (self->setup->hides_avail) sl_sample_forbid((int64_t)n * A, step->avail + begin * A, rows->logits + begin * A);
    for (size_t r = 0; r < n; r++)
        rows->alive[begin + (int64_t)r] = !step->alive || step->alive[begin + (int64_t)r] ? 1.0f : 0.0f;
    if (!self->lessons.ppo) return;
    memcpy(rows->action + begin, step->actions + begin, n * sizeof(int32_t));
    for (int64_t r = begin; r < begin + (int64_t)n; r++) rows->logp[r] = self->all_logp[r * A + step->actions[r]];
}

// the students act, the teacher labels
static sl_status act(void *context, const sl_step *step) {
    sl_visits *self = context;
    int64_t first = (int64_t)step->begin * self->N;
    sl_critic_view view = {step->state, step->obs, step->alive};
    sl_sample_rows rows = sl_sample_at(self->sample, self->t[step->slice]);
    sl_policy_set_forward(self->teacher, step->slice, SL_FORWARD_STEP, step->obs, rows.logits, self->z);
    if (rows.z)
        sl_lessons_map(&self->lessons, (step->end - step->begin) * self->N, self->H, self->z + first * self->H,
                       self->maps, rows.z + first * self->lessons.Z);
    sl_policy_set_forward(self->students, step->slice, SL_FORWARD_STEP, step->seen, self->acting, NULL);
    sl_runner_choose(self->runner, step, &sl_behaviours[0], self->acting, self->rngs, self->all_logp);
    if (rows.value) sl_critic_value(self->critic, step->slice, SL_FORWARD_STEP, &view, rows.value);
    write_step(self, step, &rows);
    return SL_OK;
}

static void keep(void *context, const sl_step *step) {
    sl_visits *self = context;
    const sl_env_out *next = &step->next;
    sl_critic_view view = {next->state, next->obs, next->alive};
    int t = self->t[step->slice]++;
    sl_sample_rows rows = sl_sample_at(self->sample, t);
    // the value behind the last step, for the bootstrap of a truncated episode
    if (step->n_ended > 0 && rows.value)
        sl_critic_value(self->critic, step->slice, SL_FORWARD_PEEK, &view, rows.last_value);
    for (int v = step->begin; v < step->end; v++) {
        if (self->done[v]) continue;
        sl_sample_reward(self->sample, t, v, next->reward + (int64_t)v * self->N);
        if (!step->ended[v]) continue;
        const sl_env_spec *spec = &self->setup->spec;
        sl_sample_end end = {t + 1, next->terminated[v] != 0, spec->mortal, spec->can_win, next->won && next->won[v]};
        sl_sample_close(self->sample, v, &end);
        self->done[v] = 1;
        self->n_playing[step->slice]--;
    }
}

// a copy that is done plays on for nobody until its slice is
static bool goes_on(void *context, int slice, int v) {
    (void)v;
    sl_visits *self = context;
    return self->n_playing[slice] > 0;
}

static sl_status create_parts(sl_visits *self) {
    const sl_setup *setup = self->setup;
    sl_policy_set_def teacher = sl_policy_set_teacher_def(setup, self->B);
    sl_policy_set_def students = sl_policy_set_students_def(setup, self->B);
    teacher.params = self->frozen->actor;
    SL_TRY(sl_setup_env(setup, self->B, &setup->root, &self->env));
    SL_TRY(sl_setup_masks(setup, self->B, &self->masks));
    SL_TRY(sl_policy_set_create(&teacher, &self->teacher));
    SL_TRY(sl_policy_set_create(&students, &self->students));
    SL_TRY(sl_critic_create(setup, self->B, self->frozen->critic, &self->critic));
    SL_TRY(sl_lessons_maps(&self->lessons, setup, &self->maps));
    sl_runner_def runner = {.V = self->B,
                            .env = self->env,
                            .masks = self->masks,
                            .hides_avail = setup->hides_avail,
                            .for_critic = true,
                            .links = sl_setup_trained_links(setup, true),
                            .ages = setup->ages,
                            .context = self,
                            .act = act,
                            .keep = keep,
                            .next = goes_on};
    SL_TRY(sl_runner_create(&runner, &self->runner));
    self->H = sl_policy_set_hidden_dim(self->teacher);
    allocate(self);
    if (self->arrays.failed)
        return sl_fail(SL_MEMORY, "lower the number of episodes", "cannot allocate %d episodes", self->B);
    return SL_OK;
}

sl_status sl_visits_create(const sl_setup *setup, sl_pool *pool, int B, const sl_teacher *teacher, sl_sample *sample,
                           sl_visits **out) {
    sl_visits *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the students' episodes");
    *self = (sl_visits){.setup = setup,
                        .lessons = sl_lessons_of(setup),
                        .pool = pool,
                        .frozen = teacher,
                        .sample = sample,
                        .B = B,
                        .N = setup->N,
                        .A = setup->A};
    sl_status status = create_parts(self);
    if (status != SL_OK) {
        sl_visits_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_visits_destroy(sl_visits **self_pointer) {
    sl_visits *self = *self_pointer;
    if (!self) return;
    sl_runner_destroy(&self->runner);
    sl_env_destroy(&self->env);
    sl_mask_destroy(&self->masks);
    sl_policy_set_destroy(&self->teacher);
    sl_policy_set_destroy(&self->students);
    sl_critic_destroy(&self->critic);
    sl_free(self->maps);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
    *self_pointer = NULL;
}

static void play_slice(void *context, int slice, int thread) {
    (void)thread;
    sl_visits *self = context;
    sl_slices slices = sl_runner_slices(self->runner);
    self->t[slice] = 0;
    self->n_playing[slice] = sl_slices_end(slices, slice) - sl_slices_begin(slices, slice);
    sl_runner_play_episodes(self->runner, slice, &self->n_playing[slice]);
}

void sl_visits_play(sl_visits *self, const float *params, const sl_rng *stream, uint64_t first) {
    memcpy(sl_policy_set_params(self->students), params, sl_policy_set_n_params(self->students) * sizeof *params);
    sl_critic_scale(self->critic, self->frozen->value_mean, self->frozen->value_std);
    for (int v = 0; v < self->B; v++) {
        sl_streams streams = sl_streams_split(stream, (int64_t)first + v);
        sl_runner_seed(self->runner, v, &streams);
        for (int n = 0; n < self->N; n++)
            self->rngs[(int64_t)v * self->N + n] = sl_rng_split(&streams.action, (uint64_t)n);
        sl_policy_set_reset(self->teacher, v);
        sl_policy_set_reset(self->students, v);
        sl_critic_reset(self->critic, v);
        self->done[v] = 0;
    }
    sl_pool_run(self->pool, sl_runner_slices(self->runner).n, play_slice, self);
}
