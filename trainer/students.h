/* students.h - the stages in which the students learn from the teacher: recording (the coordinator fills the expert
 * buffer) and distillation (one update a SAMPLE), then the students' files. Main thread. */
#ifndef SL_TRAINER_STUDENTS_H
#define SL_TRAINER_STUDENTS_H

#include "trainer/training.h"

/* Has the expert buffer filled; every training that samples calls it, for the coordinator keeps the teacher. */
SL_MUST_CHECK sl_status sl_students_record(sl_training *training);
/* resume: a checkpoint of the stage "distill" or its end, or NULL. Results as sl_stage_run's; SL_OK: the students'
 * files are written. */
SL_MUST_CHECK sl_status sl_students_distill(sl_training *training, const sl_tensors *resume);

#endif
