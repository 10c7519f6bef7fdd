/* policy_files.h - the policy files of a run, the teacher's and the students': written, noted in its manifest once
 * they are whole, carried by the checkpoints that rely on them, and put back from there when they are gone. With them
 * the expert buffer, which is the coordinator's but is noted here. Main thread. */
#ifndef SL_TRAINER_POLICY_FILES_H
#define SL_TRAINER_POLICY_FILES_H

#include "storage/policy_path.h"
#include "trainer/training.h"

/* run/teacher.safetensors */
void sl_policy_files_teacher(const sl_training *training, char path[SL_POLICY_PATH]);
/* Writes run/students/agent-<i>.safetensors for all agents from their parameters, one after the other. */
SL_MUST_CHECK sl_status sl_policy_files_write_students(const sl_training *training, const float *params);
/* Notes the teacher's file or the students', which were just written, in the manifest; with the students the expert
 * buffer, which is complete then. */
SL_MUST_CHECK sl_status sl_policy_files_note(const sl_training *training, bool teacher, bool students);
/* Removes the expert buffer and the students, and forgets what is noted of all policies: they are of a teacher that
 * goes on. */
SL_MUST_CHECK sl_status sl_policy_files_drop(const sl_training *training);
/* Copies them into a checkpoint that is being made: those that are whole at that stage. */
SL_MUST_CHECK sl_status sl_policy_files_carry(const sl_training *training, bool teacher, bool students,
                                              sl_tensors *checkpoint);
/* Puts back what the checkpoint carries and the folder lacks, with a warning for each. SL_CORRUPT: a file is there,
 * but is not the one that the checkpoint was made with; it is left alone. */
SL_MUST_CHECK sl_status sl_policy_files_restore(const sl_training *training, const sl_tensors *checkpoint);
/* Of a finished run. A buffer that is gone costs a warning, one that is another SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_policy_files_check_buffer(const sl_training *training);
/* For a run without checkpoints: whether its manifest names all policies of its experiment and they are there. A file
 * that is another one is SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_policy_files_are_whole(const sl_training *training, bool *whole);

#endif
