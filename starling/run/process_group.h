/* process_group.h - the programs that one run needs: its trainer, its coordinator, its agents, all under supervision;
 * and, when the trainer is gone, the learn client's role in its place on the same endpoint. main thread only; an
 * answer is waited for on a thread of its own, so that the programs are watched meanwhile. */
#ifndef SL_STARLING_RUN_PROCESS_GROUP_H
#define SL_STARLING_RUN_PROCESS_GROUP_H

#include "net/learn_message.h"
#include "starling/run/evaluation.h"
#include "starling/run/members.h"
#include "starling/run/options.h"
#include "starling/run/run.h"
#include "starling/run/run_progress.h"

typedef struct sl_process_group sl_process_group;

/* Before there is a run: whether the programs of such a run may open as many files, and start as many threads,
 * as they will. As sl_program_need_files, sl_program_need_threads. */
SL_MUST_CHECK sl_status sl_process_group_need_room(const sl_setup *setup);
/* run and progress are borrowed for the life of the process group; args for its log options and the learn link.
 * members: settled, copied; NULL = all are started here. */
SL_MUST_CHECK sl_status sl_process_group_create(const sl_run *run, const sl_args *args, const sl_members *members,
                                                sl_run_progress *progress, sl_process_group **out);
void sl_process_group_destroy(sl_process_group **self); /* kills what still runs; see sl_process_group_end */

/* Each starts a program and returns once it is ready (or given up). */
SL_MUST_CHECK sl_status sl_process_group_start_trainer(sl_process_group *self, bool resume);
/* Needs the trainer or sl_process_group_serve first: it connects there. A remote one is only told of. */
SL_MUST_CHECK sl_status sl_process_group_start_coordinator(sl_process_group *self);
/* Hands the students' files to the coordinator, then one starling-agent-<H> a student that does not come by itself, H
 * as its profile says; needs loaded students, the coordinator and sl_process_group_serve. */
SL_MUST_CHECK sl_status sl_process_group_start_agents(sl_process_group *self);
/* Until the trainer has finished: SL_OK. SL_INTERRUPTED, or the status of the program that is given up. */
SL_MUST_CHECK sl_status sl_process_group_train(sl_process_group *self);
/* As sl_process_group_train, but at most for so many seconds. */
SL_MUST_CHECK sl_status sl_process_group_train_for(sl_process_group *self, double seconds);
/* Takes the learn client's role, on the trainer's endpoint when there was one. SL_NETWORK. */
SL_MUST_CHECK sl_status sl_process_group_serve(sl_process_group *self);
/* A program was given up, or starling is to end: no question will be answered any more. */
bool sl_process_group_is_broken(const sl_process_group *self);
/* Where agents connect, "tcp://0.0.0.0:5555", once the coordinator is ready; where the coordinator does when it is
 * remote. */
const char *sl_process_group_endpoint(const sl_process_group *self);
/* EVALUATE, or FLY by the agents that were started. Teacher and students must be loaded. stage: how the progress line
 * calls it. */
SL_MUST_CHECK sl_status sl_process_group_evaluate(sl_process_group *self, sl_policy_kind policy, int n_episodes,
                                                  uint64_t seed, const char *stage, sl_evaluation *out);
SL_MUST_CHECK sl_status sl_process_group_fly(sl_process_group *self, int n_episodes, uint64_t seed, const char *stage,
                                             sl_evaluation *out);
/* From the next question on: played under the links of this section (net/learn_message.h), borrowed for the life of
 * the process group; NULL = the experiment's. divergence: evaluations tell how often they changed a decision. */
void sl_process_group_link(sl_process_group *self, const char *links, bool divergence);
/* Before the coordinator is started: flights are recorded to path, borrowed for the life of the process group. */
void sl_process_group_record(sl_process_group *self, const char *path);
/* Before the coordinator is started, and not for training, whose results depend on it: how many workers it has. */
void sl_process_group_use_threads(sl_process_group *self, int n);
/* Before the coordinator is started: the clock of flights, borrowed, and a step's rate, 0: the experiment's. Without,
 * that of sl_links_clock for the experiment's links. */
void sl_process_group_use_clock(sl_process_group *self, const char *clock, double hz);
/* Before the agents are started: a program (name or path, borrowed) in place of every starling-agent-<H>. */
void sl_process_group_use_agent(sl_process_group *self, const char *program);
/* From the next flight on: picture is called on the learn client's thread after every step, which takes at least us.
 */
void sl_process_group_show(sl_process_group *self, int64_t us,
                           void (*picture)(void *context, const sl_learn_message *message), void *context);
/* Ends all programs in order: the trainer first (it checkpoints). */
void sl_process_group_end(sl_process_group *self);
/* {"trainer": n, "coordinator": n, "agents": n}: how often each was restarted. NULL when memory is out. */
json_t *sl_process_group_restarts(const sl_process_group *self);
/* The most memory that they had at one time, in bytes; NaN: not running here, or the system does not say. */
void sl_process_group_memory(const sl_process_group *self, double *trainer, double *coordinator);
/* Called with every "progress" event of the trainer; for benchmarks. */
void sl_process_group_watch(sl_process_group *self, void (*watch)(void *context, const json_t *event), void *context);

#endif
