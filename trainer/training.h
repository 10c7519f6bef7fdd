/* training.h - what the stages of a run share: the experiment and what follows from it, the link to the coordinator,
 * the threads, and the checkpoints. Main thread. */
#ifndef SL_TRAINER_TRAINING_H
#define SL_TRAINER_TRAINING_H

#include "common/pool.h"
#include "net/learn_client.h"
#include "setup/setup.h"
#include "storage/tensors.h"
#include "trainer/metrics.h"
#include "trainer/page.h"

typedef struct sl_training {
    const sl_experiment *experiment; /* borrowed, as run and stop */
    const char *run;                 /* the run's folder */
    const volatile sig_atomic_t *stop;
    char config_hash[65];
    char task_hash[65]; /* names the experiment but for how long it trains and by how many: what checkpoints are of */
    sl_setup *setup;
    sl_pool *pool;
    sl_learn_client *client;
    sl_meter recording;   /* of the RECORD request at work */
    int64_t n_checkpoint; /* number of the newest checkpoint */
    double checkpoint_clock;
    sl_trainer_page *page; /* NULL: nobody looks on */
} sl_training;

typedef struct sl_training_def {
    const sl_experiment *experiment;
    const char *experiment_path; /* the resolved file: its hash names the experiment */
    const char *run;
    sl_link_def link; /* for the coordinator, to serve on */
    int join_ms;      /* how long to wait for one; SL_WAIT_FOREVER */
    const volatile sig_atomic_t *stop;
    const char *metrics; /* where its page is served; NULL: nowhere */
} sl_training_def;

/* Opens the link; the run's folder must exist. */
SL_MUST_CHECK sl_status sl_training_open(const sl_training_def *def, sl_training **out);
void sl_training_close(sl_training **self);

/* Tells the page what there is, now and then; nothing without one. */
void sl_training_tell(sl_training *self);

/* It is time for a checkpoint, or asked to stop. */
bool sl_training_wants_checkpoint(const sl_training *self);
/* Writes the next one; consumes file on every path. */
SL_MUST_CHECK sl_status sl_training_checkpoint(sl_training *self, sl_tensors **file);

#endif
