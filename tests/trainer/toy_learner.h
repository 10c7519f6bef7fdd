/* toy_learner.h - a learner that a stage has never seen: its one parameter goes half the way to the batch's mean
 * advantage with every update. */
#ifndef SL_TESTS_TRAINER_TOY_LEARNER_H
#define SL_TESTS_TRAINER_TOY_LEARNER_H

#include "trainer/learner.h"

extern const sl_learner_class sl_toy_class; /* "toy" */

typedef struct sl_toy_stats {
    double weight, progress;
    int64_t n_updates;
} sl_toy_stats;

#endif
