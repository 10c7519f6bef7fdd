/* teacher.h - the stage in which MAPPO learns: the teacher, or with method direct the students themselves. Asks for
 * roll-outs, updates, writes metrics and checkpoints, and in the end the policy files. Main thread. */
#ifndef SL_TRAINER_TEACHER_H
#define SL_TRAINER_TEACHER_H

#include "nn/policy.h"
#include "setup/teacher_file.h"
#include "trainer/training.h"

/* resume: a checkpoint of this stage, or NULL. SL_OK: the files are written and a checkpoint of next_stage;
 * SL_TIMEOUT: the coordinator was restarted, go back to the newest checkpoint; SL_INTERRUPTED: checkpointed. */
SL_MUST_CHECK sl_status sl_teacher_run(sl_training *training, const char *stage, const char *next_stage,
                                       const sl_tensors *resume);
int64_t sl_teacher_n_updates(const sl_training *training); /* that the experiment asks for */
/* Instead of training: takes experiment.teacher.from (a run folder or a file) as this run's teacher. SL_MISMATCH when
 * it is of another shape. */
SL_MUST_CHECK sl_status sl_teacher_take(sl_training *training);
/* The teacher to start from, experiment.teacher.init, checked likewise. For sl_policy_fini. */
SL_MUST_CHECK sl_status sl_teacher_init(const sl_training *training, sl_policy *out);
/* run/teacher.safetensors */
void sl_teacher_path(const sl_training *training, char path[SL_TEACHER_PATH]);
/* Writes run/students/agent-<i>.safetensors for all agents from their parameters, one after the other. */
SL_MUST_CHECK sl_status sl_students_write(const sl_training *training, const float *params);

#endif
