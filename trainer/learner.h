/* learner.h - what a stage trains, behind one table of functions: a stage asks for the batches that its learner
 * needs, has it updated with them and sends its parameters, and knows nothing else of it. A learner embeds sl_learner
 * as its first member; learners.c lists all. Main thread, the work is split over a pool. */
#ifndef SL_TRAINER_LEARNER_H
#define SL_TRAINER_LEARNER_H

#include "common/metric.h"
#include "common/pool.h"
#include "nn/policy.h"
#include "trainer/batch.h"

typedef struct sl_learner_class sl_learner_class;

typedef struct sl_learner {
    const sl_learner_class *class;
    sl_batch_need need; /* of every batch */
    const void *stats;  /* what the class's columns are of: of the last update, in one place for the life of self */
} sl_learner;

typedef struct sl_learner_def {
    const sl_setup *setup; /* borrowed for the life of the learner: sizes, options, and the root of its streams */
    sl_pool *pool;         /* the same */
    int block_rows;        /* rows that a slice takes at a time; 0 = the learner's default, which fits its caches */
} sl_learner_def;

/* Borrowed until the learner is destroyed; value statistics as of now. */
typedef struct sl_learner_params {
    float *actor, *critic;        /* acting networks one after the other; critic NULL: none is learned */
    size_t n_actor, n_critic;     /* floats */
    double value_mean, value_std; /* critic output * std + mean is in reward units */
} sl_learner_params;

/* Nothing is allocated after create; equal seeds give equal bits with any number of threads. */
struct sl_learner_class {
    const char *name;
    sl_metric_table columns; /* of its row in the metrics file, numbers of stats */
    /* SL_MEMORY; SL_CONFIG: an option out of range. */
    sl_status (*create)(const sl_learner_def *def, sl_learner **out);
    void (*destroy)(sl_learner *self);
    /* All epochs on one batch. progress in [0, 1]: the share of the updates that is done. */
    void (*update)(sl_learner *self, const sl_batch *batch, double progress);
    sl_learner_params (*get_params)(const sl_learner *self);
    /* Before the first update: starts from a teacher of the same shapes. NULL: it cannot. */
    void (*start_from)(sl_learner *self, const sl_policy *teacher);
    /* Everything that the next update depends on. load: SL_MISMATCH. */
    sl_status (*save)(const sl_learner *self, sl_tensors *file);
    sl_status (*load)(sl_learner *self, const sl_tensors *file);
};

/* All learners, NULL at the end. */
extern const sl_learner_class *const sl_learners[];

/* Of the class with that name, which is one of them. */
SL_MUST_CHECK sl_status sl_learner_create(const char *name, const sl_learner_def *def, sl_learner **out);
void sl_learner_destroy(sl_learner **self);
/* As the class does. SL_CONFIG: it cannot. */
SL_MUST_CHECK sl_status sl_learner_start_from(sl_learner *self, const sl_policy *teacher);

#endif
