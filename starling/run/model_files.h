/* model_files.h - the students' files of a run, and the signature files beside them, as requests carry them to the
 * coordinator, which need not see the run's folder. One owner. */
#ifndef SL_STARLING_RUN_MODEL_FILES_H
#define SL_STARLING_RUN_MODEL_FILES_H

#include "net/learn_message.h"
#include "starling/run/run.h"

typedef struct sl_model_files {
    int n;
    int64_t *n_bytes; /* (n) */
    uint8_t *bytes;   /* the files in agent order, one after the other */
    int64_t total, room;
    int64_t *n_signature;                  /* (n) 0: it has none */
    uint8_t *signatures;                   /* likewise, of those that have one; NULL: of none */
    int64_t n_signatures, signatures_room; /* bytes, in all */
} sl_model_files;

/* Of the run's loaded students. SL_NOT_FOUND, SL_IO, SL_MEMORY; SL_CORRUPT: larger than any, or a signature file
 * that is none, which is named. *out is all zero
 * before, and for sl_model_files_fini also after an error. */
SL_MUST_CHECK sl_status sl_model_files_read(const sl_run *run, sl_model_files *out);
/* Adds POLICY_FILES and POLICY_BYTES, and what there is of signatures, borrowed from self. */
void sl_model_files_add(const sl_model_files *self, sl_learn_message *request);
void sl_model_files_fini(sl_model_files *self);

#endif
