/* teacher.h - the first stage: the teacher learns, or with method direct the students themselves, by roll-outs that
 * the coordinator makes with the newest parameters. Main thread. */
#ifndef SL_TRAINER_TEACHER_H
#define SL_TRAINER_TEACHER_H

#include "trainer/training.h"

/* stage: "teacher" or "direct". Results as sl_stage_run's; SL_OK: the policy files are written, and a checkpoint that
 * next_stage begins with. */
SL_MUST_CHECK sl_status sl_teacher_run(sl_training *training, const char *stage, const char *next_stage,
                                       const sl_tensors *resume);
int64_t sl_teacher_n_updates(const sl_training *training); /* that the experiment asks for */
/* Instead of training: takes experiment.teacher.from (a run folder or a file) as this run's teacher. SL_MISMATCH when
 * it is of another shape. */
SL_MUST_CHECK sl_status sl_teacher_take(sl_training *training);

#endif
