/* learners.c - what can be learned with: a line each. Alone in its file, so that a program may bring a longer list.
 */
#include "trainer/learners/distill.h"
#include "trainer/learners/mappo.h"

const sl_learner_class *const sl_learners[] = {
    &sl_mappo_class,
    &sl_distill_class,
    NULL,
};
