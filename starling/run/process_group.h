/* process_group.h - the programs that one run needs: its trainer, its coordinator, its agents, all under supervision;
 * and, when the trainer is gone, the asker's role in its place on the same endpoint. main thread only; an answer is
 * waited for on a thread of its own, so that the programs are watched meanwhile. */
#ifndef SL_STARLING_RUN_PROCESS_GROUP_H
#define SL_STARLING_RUN_PROCESS_GROUP_H

#include "net/learn_message.h"
#include "starling/commands/options.h"
#include "starling/run/evaluation.h"
#include "starling/run/run.h"
#include "starling/run/run_progress.h"

typedef struct sl_crew sl_crew;

/* Before there is a run: whether the programs of such a run may open as many files, and start as many threads,
 * as they will. As sl_program_need_files, sl_program_need_threads. */
SL_MUST_CHECK sl_status sl_crew_need_room(const sl_setup *setup);
/* run and progress are borrowed for the life of the crew; args for its log options. */
SL_MUST_CHECK sl_status sl_crew_create(const sl_run *run, const sl_args *args, sl_progress *progress, sl_crew **out);
void sl_crew_destroy(sl_crew **self); /* kills what still runs; see sl_crew_end */

/* Each starts a program and returns once it is ready (or given up). */
SL_MUST_CHECK sl_status sl_crew_start_trainer(sl_crew *self, bool resume);
/* Needs the trainer or sl_crew_serve first: it connects there. */
SL_MUST_CHECK sl_status sl_crew_start_coordinator(sl_crew *self);
/* One starling-agent-<H> a student, H as its profile says; needs loaded students and the coordinator. */
SL_MUST_CHECK sl_status sl_crew_start_agents(sl_crew *self);
/* Until the trainer has finished: SL_OK. SL_INTERRUPTED, or the status of the program that is given up. */
SL_MUST_CHECK sl_status sl_crew_train(sl_crew *self);
/* As sl_crew_train, but at most for so many seconds. */
SL_MUST_CHECK sl_status sl_crew_train_for(sl_crew *self, double seconds);
/* Takes the asker's role, on the trainer's endpoint when there was one. SL_NETWORK. */
SL_MUST_CHECK sl_status sl_crew_serve(sl_crew *self);
/* EVALUATE or FLY. Teacher and students must be loaded. stage: how the progress line calls it. */
SL_MUST_CHECK sl_status sl_crew_evaluate(sl_crew *self, sl_policy_kind policy, int n_episodes, uint64_t seed,
                                         const char *stage, sl_flown *out);
SL_MUST_CHECK sl_status sl_crew_fly(sl_crew *self, int n_episodes, uint64_t seed, const char *stage, sl_flown *out);
/* Before the coordinator is started: flights are recorded to path, borrowed for the life of the crew. */
void sl_crew_record(sl_crew *self, const char *path);
/* Before the agents are started: a program (name or path, borrowed) in place of every starling-agent-<H>. */
void sl_crew_use_agent(sl_crew *self, const char *program);
/* From the next flight on: picture is called on the asker's thread after every step, which takes at least us. */
void sl_crew_show(sl_crew *self, int64_t us, void (*picture)(void *context, const sl_learn_message *message),
                  void *context);
/* Ends all programs in order: the trainer first (it checkpoints). */
void sl_crew_end(sl_crew *self);
/* {"trainer": n, "coordinator": n, "agents": n}: how often each was restarted. NULL when memory is out. */
json_t *sl_crew_restarts(const sl_crew *self);
/* Called with every "progress" event of the trainer; for benchmarks. */
void sl_crew_watch(sl_crew *self, void (*watch)(void *context, const json_t *event), void *context);

#endif
