/* checkpoint.h - the newest good state of a run: run/checkpoints/checkpoint-<n>.safetensors, written whole or not at
 * all, with a digest over its tensors; the newest two are kept. What is in one is decided by the stages. Main thread.
 */
#ifndef SL_TRAINER_CHECKPOINT_H
#define SL_TRAINER_CHECKPOINT_H

#include "net/learn_message.h"
#include "storage/tensors.h"

/* Begins one: the stage, the updates done in it, and the coordinator's snapshot, which answer carries. *out is for
 * sl_tensors_destroy. SL_MISMATCH: there is no snapshot. */
SL_MUST_CHECK sl_status sl_checkpoint_begin(const char *stage, int64_t update, const sl_learn_message *answer,
                                            sl_tensors **out);
/* Writes checkpoint n of the experiment with that hash (into file's metadata), removes all but the newest two.
 * SL_NO_SPACE, SL_IO: the earlier ones are as before. */
SL_MUST_CHECK sl_status sl_checkpoint_save(const char *run, int64_t n, const char *config_hash, sl_tensors *file);
/* The newest that is whole and of this experiment; a bad one costs a warning and the next older is taken. *out stays
 * NULL when the folder has none at all. When there are some and all are bad: the newest one's error. */
SL_MUST_CHECK sl_status sl_checkpoint_load(const char *run, const char *config_hash, int64_t *n, sl_tensors **out);
/* The state that a stage ended with, as run/checkpoints/<stage>-end.safetensors: it is kept, so that the stage can go
 * on to more updates later. load: *out stays NULL when there is none. */
SL_MUST_CHECK sl_status sl_checkpoint_save_end(const char *run, const char *stage, const char *config_hash,
                                               sl_tensors *file);
SL_MUST_CHECK sl_status sl_checkpoint_load_end(const char *run, const char *stage, const char *config_hash,
                                               sl_tensors **out);
/* Removes all checkpoints: a run that starts anew. */
SL_MUST_CHECK sl_status sl_checkpoint_clear(const char *run);

#endif
