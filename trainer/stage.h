/* stage.h - a stage in which a learner learns, update by update: asks for batches, updates, writes a row of metrics,
 * tells its progress, makes a checkpoint when it is time, and leaves its results at the end. With a lag of 1 the next
 * batch is asked for as soon as one has come, so that the coordinator makes it while the learner learns
 * (docs/decisions/0011). What differs from one stage to another is in its definition. Main thread. */
#ifndef SL_TRAINER_STAGE_H
#define SL_TRAINER_STAGE_H

#include "trainer/learner.h"
#include "trainer/training.h"

/* An update's numbers that are not the learner's. Means of the batch's episodes: NaN where there are none. */
typedef struct sl_stage_row {
    int64_t env_steps, episodes;
    int64_t source; /* whose states: 0 of the expert buffer, 1 of the networks that learn */
    double mean_return, episode_length, won;
    /* The coordinator's work for the batch (NaN: it does not say), the wait for it, the update with it; and of the
     * work what was done while the learner was at work too. */
    double work_seconds, wait_seconds, learn_seconds, overlap_seconds;
} sl_stage_row;

/* What a batch is asked for with. The parameters are copied: they are sent again when they were lost, and a
 * checkpoint keeps them. */
typedef struct sl_stage_asked {
    int64_t version, source; /* updates that the parameters have seen; as in sl_stage_row */
    sl_learner_params params;
    double at; /* seconds, when it was sent */
    sl_learn_message request;
} sl_stage_asked;

typedef struct sl_stage sl_stage;
typedef struct sl_stage_def {
    const char *name;              /* in checkpoints, progress and as metrics/<name>.csv */
    const char *learner;           /* a name of learners.c */
    const char *unit;              /* of progress: "steps", "updates" */
    sl_metric_table before, after; /* columns of sl_stage_row around the learner's; won: only where one can win */
    int64_t n_updates, unit_per_update;
    double flops_per_row; /* of the matrix products of an update, for each step of each copy in the batch */
    int max_lag;          /* 0: a batch is made with the newest parameters, 1: while the one before it is learned */
    /* The source of batch n, from 0 on; once for each. NULL: 1. */
    int64_t (*choose)(sl_stage *self, int64_t n);
    /* Fills in and sends self->asked.request; answered by what take waits for. */
    sl_status (*begin)(sl_stage *self);
    sl_status (*take)(sl_stage *self, const sl_learn_message **answer);
    /* The last update is done: writes what it was for, and the checkpoint that the next stage begins with. */
    sl_status (*finish)(sl_stage *self, const sl_learn_message *answer);
    /* Before the first update of all; NULL: nothing to do. */
    sl_status (*start)(sl_stage *self);
    /* What a checkpoint holds besides the learner; NULL: nothing. */
    sl_status (*save)(const sl_stage *self, sl_tensors *file);
    sl_status (*load)(sl_stage *self, const sl_tensors *file);
    void *context; /* of these functions */
} sl_stage_def;

struct sl_stage {
    const sl_stage_def *def;
    sl_training *training;
    sl_learner *learner;
    int64_t update; /* updates done */
    sl_stage_asked asked;
    sl_stage_row row;
};

/* resume: a checkpoint of this stage or of its end, or NULL. SL_OK: it is finished; SL_TIMEOUT: the coordinator was
 * restarted, go back to the newest checkpoint; SL_INTERRUPTED: checkpointed. */
SL_MUST_CHECK sl_status sl_stage_run(const sl_stage_def *def, sl_training *training, const sl_tensors *resume);

/* For a definition's functions. Adds the parameters to self->asked.request. */
void sl_stage_add_params(sl_stage *self);
/* Sends self->asked.request. */
SL_MUST_CHECK sl_status sl_stage_begin(sl_stage *self);
/* Waits for its answer. SL_MISMATCH: it is no batch, or of other parameters. */
SL_MUST_CHECK sl_status sl_stage_take(sl_stage *self, const sl_learn_message **answer);
/* Makes a checkpoint of the stage as it is now, under a stage's name. *out is for sl_training_checkpoint. */
SL_MUST_CHECK sl_status sl_stage_save(const sl_stage *self, const char *name, const sl_learn_message *answer,
                                      sl_tensors **out);

#endif
