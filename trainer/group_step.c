/* group_step.c - two walks over the blocks: sum and norm, then Adam. */
#include "trainer/group_step.h"

#include "common/alloc.h"
#include "common/log.h"

#include <math.h>

// some microseconds of work; fewer parameters than a few of these are not worth waking anybody for
enum { BLOCK = 8192, SERIAL = 2 * BLOCK };

typedef struct block {
    int group;
    size_t begin, n;
    double square; /* of the norm of its part of the gradient */
} block;

struct sl_group_step {
    sl_pool *pool;
    int n_groups, n_blocks;
    sl_parameter_group **groups; /* (n_groups) */
    sl_adam_rates *rates;        /* (n_groups) of the step at work */
    bool *steps;                 /* (n_groups) */
    block *blocks;
    size_t n_params;
};

static int n_blocks_of(const sl_parameter_group *group) {
    return (int)((group->n + BLOCK - 1) / BLOCK);
}

sl_status sl_group_step_create(sl_pool *pool, int n_groups, sl_parameter_group *const *groups, sl_group_step **out) {
    sl_group_step *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the step of %d networks", n_groups);
    *self = (sl_group_step){.pool = pool, .n_groups = n_groups};
    for (int g = 0; g < n_groups; g++) self->n_blocks += n_blocks_of(groups[g]);
    self->groups = sl_alloc_copy(groups, (size_t)n_groups * sizeof *groups);
    self->rates = sl_alloc_array((size_t)n_groups, sizeof *self->rates);
    self->steps = sl_alloc_array((size_t)n_groups, sizeof *self->steps);
    self->blocks = sl_alloc_array((size_t)self->n_blocks, sizeof *self->blocks);
    if (!self->groups || !self->rates || !self->steps || !self->blocks) {
        sl_group_step_destroy(&self);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate the step of %d networks", n_groups);
    }
    block *at = self->blocks;
    for (int g = 0; g < n_groups; g++) {
        for (size_t begin = 0; begin < groups[g]->n; begin += BLOCK) {
            size_t left = groups[g]->n - begin;
            *at++ = (block){.group = g, .begin = begin, .n = left < BLOCK ? left : BLOCK};
        }
        self->n_params += groups[g]->n;
    }
    *out = self;
    return SL_OK;
}

void sl_group_step_destroy(sl_group_step **self_pointer) {
    sl_group_step *self = *self_pointer;
    if (!self) return;
    sl_free(self->groups);
    sl_free(self->rates);
    sl_free(self->steps);
    sl_free(self->blocks);
    sl_free(self);
    *self_pointer = NULL;
}

static void sum_block(void *context, int task, int thread) {
    (void)thread;
    sl_group_step *self = context;
    block *one = &self->blocks[task];
    const sl_parameter_group *group = self->groups[one->group];
    if (group->moves) one->square = sl_grad_sum(group->n_slices, group->n, one->n, group->grads + one->begin);
}

static void move_block(void *context, int task, int thread) {
    (void)thread;
    sl_group_step *self = context;
    const block *one = &self->blocks[task];
    sl_parameter_group *group = self->groups[one->group];
    size_t at = one->begin;
    if (self->steps[one->group])
        sl_adam_step(&self->rates[one->group], one->n, group->grads + at, group->adam.m + at, group->adam.v + at,
                     group->params + at);
}

static void each_block(sl_group_step *self, sl_pool_task task) {
    if (self->n_params > SERIAL)
        sl_pool_run(self->pool, self->n_blocks, task, self);
    else
        for (int b = 0; b < self->n_blocks; b++) task(self, b, 0);
}

/* Norms and rates; whether there is anything to move. */
static bool begin(sl_group_step *self, const sl_group_step_options *options) {
    bool any = false;
    const block *at = self->blocks;
    for (int g = 0; g < self->n_groups; g++) {
        sl_parameter_group *group = self->groups[g];
        double square = 0;
        for (int b = 0; b < n_blocks_of(group); b++) square += at++->square;
        self->steps[g] = false;
        if (!group->moves) continue;
        group->norm = sqrt(square);
        if (!isfinite(group->norm)) {
            if (group->skipped++ == 0)
                SL_WARN("the gradient of %s is not finite: this update is skipped", group->name);
            continue;
        }
        double scale = sl_grad_clip(group->norm, options->max_norm);
        self->rates[g] = sl_adam_begin(&group->adam, options->lr, options->adam_eps, scale);
        self->steps[g] = any = true;
    }
    return any;
}

void sl_group_step_run(sl_group_step *self, const sl_group_step_options *options) {
    each_block(self, sum_block);
    if (begin(self, options)) each_block(self, move_block);
}
