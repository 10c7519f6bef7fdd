/* divergence.c - see divergence.h. */
#include "rollout/divergence.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "rollout/view.h"

struct sl_divergence {
    sl_view view;
    sl_policy_set *fresh;
    float *seen, *logits, *logp; /* (V, N, P), (V, N, A) */
    uint8_t *shown;              /* (V, N, A); NULL: what is legal is told */
    int32_t *chosen;             /* (V, N) */
    sl_array_pool arrays;
};

static void allocate(sl_divergence *self, int V) {
    sl_array_pool *k = &self->arrays;
    int64_t rows = (int64_t)V * self->view.spec->n_agents, A = self->view.spec->n_actions;
    self->seen = SL_TAKE_FLOATS(k, rows * self->view.P);
    self->logits = SL_TAKE_FLOATS(k, rows * A);
    self->logp = SL_TAKE_FLOATS(k, rows * A);
    self->shown = sl_array_pool_take(k, self->view.hides_avail ? rows * A : 0, 1);
    self->chosen = sl_array_pool_take(k, rows, sizeof *self->chosen);
}

sl_status sl_divergence_create(const sl_divergence_def *def, sl_divergence **out) {
    sl_divergence *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a comparison");
    bool students = def->policy == SL_POLICY_STUDENTS;
    self->view =
        sl_view_of(sl_env_get_spec(def->env), def->masks, def->setup->hides_avail, students && def->setup->ages);
    sl_policy_set_def fresh =
        students ? sl_policy_set_students_def(def->setup, def->V) : sl_policy_set_teacher_def(def->setup, def->V);
    fresh.params = sl_policy_set_params(def->set);
    sl_status status = sl_policy_set_create(&fresh, &self->fresh);
    allocate(self, def->V);
    if (status == SL_OK && self->arrays.failed)
        status = sl_fail(SL_MEMORY, "ask for fewer episodes", "cannot allocate a comparison of %d copies", def->V);
    if (status != SL_OK) {
        sl_divergence_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_divergence_destroy(sl_divergence **self) {
    if (!*self) return;
    sl_policy_set_destroy(&(*self)->fresh);
    sl_array_pool_fini(&(*self)->arrays);
    sl_free(*self);
    *self = NULL;
}

void sl_divergence_begin(sl_divergence *self, int v) {
    sl_policy_set_reset(self->fresh, v);
}

void sl_divergence_compare(sl_divergence *self, const sl_step *step, const int64_t *playing, uint64_t *divergent,
                           uint64_t *compared) {
    int begin = step->begin, end = step->end, N = self->view.spec->n_agents, A = self->view.spec->n_actions;
    int64_t first = (int64_t)begin * N, last = (int64_t)end * N;
    const uint8_t *avail = step->avail;
    sl_view_fresh(&self->view, begin, end, step->obs, self->seen);
    if (self->shown && avail) {
        sl_view_avail(&self->view, begin, end, avail, self->shown);
        avail = self->shown;
    }
    sl_policy_set_decide(self->fresh, step->slice, NULL, self->seen, self->logits);
    sl_behaviour_greedy((end - begin) * N, A, self->logits + first * A, avail ? avail + first * A : NULL, NULL,
                        self->chosen + first, self->logp + first * A);
    for (int64_t r = first; r < last; r++) {
        if (playing[r / N] < 0 || (step->alive && !step->alive[r])) continue;
        *compared += 1;
        *divergent += step->actions[r] != self->chosen[r];
    }
}
