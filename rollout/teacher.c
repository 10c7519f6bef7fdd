/* teacher.c - see teacher.h. */
#include "rollout/teacher.h"

#include "common/alloc.h"

#include <string.h>

sl_status sl_teacher_create(const sl_setup *setup, sl_teacher **out) {
    sl_teacher *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot keep the teacher");
    self->actor = sl_alloc_array(sl_net_n_params(&setup->teacher), sizeof *self->actor);
    self->critic = sl_alloc_array(sl_net_n_params(&setup->critic), sizeof *self->critic);
    if (!self->actor || !self->critic) {
        sl_teacher_destroy(&self);
        return sl_fail(SL_MEMORY, NULL, "cannot keep the teacher");
    }
    *out = self;
    return SL_OK;
}

void sl_teacher_destroy(sl_teacher **self) {
    if (!*self) return;
    sl_free((*self)->actor);
    sl_free((*self)->critic);
    sl_free(*self);
    *self = NULL;
}

void sl_teacher_set(sl_teacher *self, const sl_setup *setup, const float *actor, const float *critic,
                    double value_mean, double value_std) {
    memcpy(self->actor, actor, sl_net_n_params(&setup->teacher) * sizeof *actor);
    memcpy(self->critic, critic, sl_net_n_params(&setup->critic) * sizeof *critic);
    self->value_mean = value_mean;
    self->value_std = value_std;
    self->is_set = true;
}
