/* whole_run.h - whole small runs over tcp for tests, trainer and coordinator in one process, with mischief by plan:
 * the coordinator is replaced, the trainer is stopped and its newest checkpoint damaged, strangers talk. */
#ifndef SL_TESTS_TRAINER_WHOLE_RUN_H
#define SL_TESTS_TRAINER_WHOLE_RUN_H

#include "common/status.h"
#include "experiment/experiment.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { N_PESTS = 2 };

/* What goes wrong, by the number of the newest checkpoint. */
typedef struct plan {
    int replace[4]; /* the coordinator is replaced when there are that many; 0 = no more */
    int stop[4];    /* the trainer is asked to stop */
    bool damage;    /* its newest checkpoint is cut then */
    bool pests;     /* strangers talk to the trainer and never stop */
} plan;

typedef struct world {
    sl_temp_folder folder;
    sl_experiment *experiment;
    char endpoint[64], hash[65];
    pthread_t trainer, pests[N_PESTS];
    plan plan;
    atomic_bool done;
    int n_replaced, n_stopped;
    atomic_int n_told; /* answers that strangers got */
} world;

/* Before all others: the handler of SIGUSR1, which stops a trainer. */
void world_interrupt(int signal_number);
/* set: one more setting, "method=direct", or NULL. */
void world_create(world *w, const plan *p, const char *set);
void world_destroy(world *w);
bool world_has_checkpoint(const world *w, int n);
/* One trainer's life; the first of a world starts its coordinator. */
sl_status world_train(world *w, bool resume, pthread_t *coordinator, bool *started);
/* Trains until it is finished. */
void world_run(world *w);
/* Creates a world and runs it. */
void world_finish(world *w, const plan *p, const char *set);
/* Of a finished world, whose experiment asks for more now. */
void world_run_on(world *w, const plan *p);
/* A file's digest; of a CSV without its last four columns, which are seconds. */
void world_digest(const world *w, const char *name, char out[65]);

#endif
