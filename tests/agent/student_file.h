/* student_file.h - students' files made by hand, for the agent's tests: random networks, and the same with one thing
 * wrong. */
#ifndef SL_TESTS_AGENT_STUDENT_FILE_H
#define SL_TESTS_AGENT_STUDENT_FILE_H

#include "nn/net.h"
#include "storage/profile.h"
#include "storage/tensors.h"

#include <stdint.h>

typedef struct sl_student_file {
    sl_net_def def;
    float *params;
    sl_profile profile;                        /* may be changed before encode */
    const char *leave_out, *transpose, *spoil; /* a tensor to miss, to give the other shape, to hold a NaN */
    bool wrong_answer;                         /* of the known-answer test, by one bit */
    bool wrong_weight;                         /* one of the head's differs by 1e-3 from what made the answers */
} sl_student_file;

/* A random network of this shape, with a profile that says so. Asserts that the definition is right. */
void sl_student_file_init(sl_student_file *self, const sl_net_def *def, uint64_t seed);
void sl_student_file_fini(sl_student_file *self);
/* The file's bytes, for sl_free. */
void sl_student_file_encode(const sl_student_file *self, uint8_t **bytes, size_t *n_bytes);

#endif
