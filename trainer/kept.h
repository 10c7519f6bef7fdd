/* kept.h - the policy files of a run: noted in its manifest once they are whole, carried by the checkpoints that rely
 * on them, and put back from there when they are gone. Main thread. */
#ifndef SL_TRAINER_KEPT_H
#define SL_TRAINER_KEPT_H

#include "trainer/training.h"

/* Notes the teacher's file or the students', which were just written, in the manifest; with the students the expert
 * buffer, which is complete then. */
SL_MUST_CHECK sl_status sl_kept_note(const sl_training *training, bool teacher, bool students);
/* Forgets what is noted of policies and buffer, before a stage goes on that they come from. */
SL_MUST_CHECK sl_status sl_kept_forget(const sl_training *training);
/* Copies them into a checkpoint that is being made: those that are whole at that stage. */
SL_MUST_CHECK sl_status sl_kept_carry(const sl_training *training, bool teacher, bool students,
                                      sl_tensors *checkpoint);
/* Puts back what the checkpoint carries and the folder lacks, with a warning for each. SL_CORRUPT: a file is there,
 * but is not the one that the checkpoint was made with; it is left alone. */
SL_MUST_CHECK sl_status sl_kept_restore(const sl_training *training, const sl_tensors *checkpoint);
/* Of a finished run. A buffer that is gone costs a warning, one that is another SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_kept_check_buffer(const sl_training *training);
/* For a run without checkpoints: whether its manifest names all policies of its experiment and they are there. A file
 * that is another one is SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_kept_are_whole(const sl_training *training, bool *whole);

#endif
