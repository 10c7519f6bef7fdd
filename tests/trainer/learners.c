/* learners.c - trainer/learners.c with a line more: the linker takes this table instead. */
#include "trainer/learners/distill.h"
#include "trainer/learners/mappo.h"

extern const sl_learner_class sl_toy_class;
const sl_learner_class *const sl_learners[] = {
    &sl_mappo_class,
    &sl_distill_class,
    &sl_toy_class,
    NULL,
};
