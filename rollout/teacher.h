/* teacher.h - the frozen teacher: what it acts and judges with, held once and borrowed by all that it labels for. */
#ifndef SL_ROLLOUT_TEACHER_H
#define SL_ROLLOUT_TEACHER_H

#include "setup/setup.h"

typedef struct sl_teacher {
    bool is_set;
    float *actor, *critic;        /* as many as sl_setup.teacher and critic have; they stay where they are */
    double value_mean, value_std; /* the critic's output * std + mean is in reward units */
} sl_teacher;

/* Nobody yet, with zeros for parameters. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_teacher_create(const sl_setup *setup, sl_teacher **out);
void sl_teacher_destroy(sl_teacher **self);
/* Copies the parameters. */
void sl_teacher_set(sl_teacher *self, const sl_setup *setup, const float *actor, const float *critic,
                    double value_mean, double value_std);

#endif
