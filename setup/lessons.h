/* lessons.h - what students are taught with, as the weights of distill.* want it. The coordinator and the trainer
 * both ask here, so that nothing is computed, sent or waited for that no loss reads. Plain data, any thread. */
#ifndef SL_SETUP_LESSONS_H
#define SL_SETUP_LESSONS_H

#include "setup/setup.h"

typedef struct sl_lessons {
    bool ppo; /* LOGP, ACTION and ADVANTAGE are wanted: w_ppo is not 0 */
    /* A row of TEACHER_Z: the teacher's embedding (Z = H) where its role map moves, which only the trainer knows;
     * else what the fixed maps of eq. 9 and 11 make of it, D and K numbers, of a term of weight 0 none. */
    bool whole_z;
    int Z, D, K;
} sl_lessons;

sl_lessons sl_lessons_of(const sl_setup *setup);
/* The teacher's maps as they start, random and orthogonal: common (common_dim, H) of eq. 9, role (role_dim, H) of
 * eq. 11. NULL: not wanted. */
void sl_lessons_draw(const sl_setup *setup, float *common, float *role);
/* Those of them that are wanted as one, (H, Z), for sl_free; NULL where there are none, or z is whole. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_lessons_maps(const sl_lessons *self, const sl_setup *setup, float **out);
/* out (R, Z) of embeddings z (R, H), which are copied where they are whole. */
void sl_lessons_map(const sl_lessons *self, int R, int H, const float *z, const float *maps, float *out);
/* A random matrix W (rows, cols) with orthonormal rows, or orthonormal columns when rows > cols. */
void sl_lessons_orthogonal(int rows, int cols, sl_rng *stream, float *W);

#endif
