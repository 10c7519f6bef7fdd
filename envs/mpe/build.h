/* build.h - the entity table and the spec of a scenario, put together once, when an environment is created. Inside
 * envs/mpe only. */
#ifndef SL_ENVS_MPE_BUILD_H
#define SL_ENVS_MPE_BUILD_H

#include "envs/mpe/state.h"
#include "envs/option.h"

/* One agent after the other: each is named by its role and a number, "adversary_0". */
void sl_mpe_set_agent(sl_mpe *m, int i, const char *role, double radius, bool collide);
/* One that chases, slow, or is chased, fast. */
void sl_mpe_set_chaser(sl_mpe *m, int i, const char *role, double radius, bool adversary, uint32_t rgba);
void sl_mpe_set_landmark(sl_mpe *m, int k, double radius, bool collide, uint32_t rgba);

/* What an agent observes: a block is opened, then its features are added in order. */
void sl_mpe_block(sl_mpe *m, int agent, const char *name);
void sl_mpe_feature(sl_mpe *m, int agent, int minuend, int subtrahend);
void sl_mpe_feature_velocity(sl_mpe *m, int agent, int of);
/* Whole blocks. */
void sl_mpe_block_self_vel(sl_mpe *m, int agent);
void sl_mpe_block_self_pos(sl_mpe *m, int agent);
void sl_mpe_block_landmarks(sl_mpe *m, int agent);   /* "landmarks": every landmark, relative */
void sl_mpe_block_others(sl_mpe *m, int agent);      /* "others": every other agent, relative */
void sl_mpe_block_goal(sl_mpe *m, int agent, int k); /* "goal": the derived rows k and k + 1, relative */
void sl_mpe_block_rows(sl_mpe *m, int agent, const char *name, int row, int n); /* n rows as they are */
void sl_mpe_block_words(sl_mpe *m, int agent, int speaker);                     /* "comm": what the speaker says */

void sl_mpe_finish(sl_mpe *m, const sl_env_options *options); /* sizes, name, pairs */

#endif
