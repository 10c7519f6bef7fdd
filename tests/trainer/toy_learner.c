/* toy_learner.c - "toy", a learner that no stage has ever seen: its one parameter goes half the way to the batch's
 * mean advantage with every update. */
#include "trainer/learner.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <string.h>

typedef struct toy_stats {
    double weight, progress;
    int64_t n_updates;
} toy_stats;

enum { TOYS = 16 };
typedef struct toy {
    sl_learner base;
    toy_stats stats;
    float weight;
    int n_actions[TOYS];
} toy;

extern const sl_learner_class sl_toy_class;

static sl_status create(const sl_learner_def *def, sl_learner **out) {
    const sl_setup *setup = def->setup;
    const sl_exp_ppo *ppo = &setup->experiment->teacher.ppo;
    toy *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a toy");
    SL_ASSERT(setup->N <= TOYS);
    for (int i = 0; i < setup->N; i++) self->n_actions[i] = setup->A;
    sl_batch_need need = {.T = ppo->rollout_steps, .B = ppo->n_envs, .chunk = 1, .n_actions = self->n_actions};
    self->base = (sl_learner){&sl_toy_class, need, &self->stats};
    *out = &self->base;
    return SL_OK;
}

static void destroy(sl_learner *learner) {
    sl_free(learner);
}

static void update(sl_learner *learner, const sl_batch *batch, double progress) {
    toy *self = (toy *)learner;
    int n = batch->T * batch->B * batch->M;
    double sum = 0;
    for (int k = 0; k < n; k++) sum += (double)batch->advantage[k];
    self->weight = 0.5f * self->weight + 0.5f * (float)(sum / n);
    self->stats = (toy_stats){(double)self->weight, progress, self->stats.n_updates + 1};
}

static sl_learner_params get_params(const sl_learner *learner) {
    return (sl_learner_params){.actor = &((toy *)learner)->weight, .n_actor = 1};
}

static sl_status save(const sl_learner *learner, sl_tensors *file) {
    const toy *self = (const toy *)learner;
    SL_TRY(sl_tensors_add(file, "n_updates", SL_I64, 0, NULL, &self->stats.n_updates));
    return sl_tensors_add(file, "weight", SL_F32, 0, NULL, &self->weight);
}

static sl_status load(sl_learner *learner, const sl_tensors *file) {
    toy *self = (toy *)learner;
    const sl_tensor *weight, *n_updates;
    SL_TRY(sl_tensors_find(file, "weight", SL_F32, 1, &weight));
    SL_TRY(sl_tensors_find(file, "n_updates", SL_I64, 1, &n_updates));
    self->weight = *(const float *)weight->data;
    self->stats.n_updates = *(const int64_t *)n_updates->data;
    return SL_OK;
}

static const sl_metric columns[] = {
    SL_METRIC("weight", toy_stats, weight, SL_METRIC_GAUGE, "", "the parameter"),
    SL_METRIC("progress", toy_stats, progress, SL_METRIC_GAUGE, "", "of the training"),
    SL_METRIC("n_updates", toy_stats, n_updates, SL_METRIC_COUNTER, "updates", "done so far"),
};

const sl_learner_class sl_toy_class = {.name = "toy",
                                       .columns = SL_METRIC_TABLE(columns),
                                       .create = create,
                                       .destroy = destroy,
                                       .update = update,
                                       .get_params = get_params,
                                       .save = save,
                                       .load = load};
