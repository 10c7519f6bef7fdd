/* setup.h - what an experiment means: the environment and its sizes, the masks and links, and the networks that act,
 * judge and learn. Coordinator, trainer and starling each make their own from the same experiment and so agree on all
 * of it. Plain data, read-only after create and shared by every thread of the program. N agents, O the longest
 * observation, A the most actions, S state, P the longest that a student sees. */
#ifndef SL_SETUP_SETUP_H
#define SL_SETUP_SETUP_H

#include "common/array_pool.h"
#include "envs/env.h"
#include "envs/mask.h"
#include "experiment/experiment.h"
#include "links/links.h"
#include "nn/net.h"
#include "setup/opponent.h"
#include "storage/profile.h"

typedef struct sl_setup {
    const sl_experiment *experiment; /* borrowed */
    sl_env_spec spec;
    sl_env_options options;
    sl_opponent_network *opponent; /* owned; NULL: no file commands the enemies */
    sl_mask_def mask;
    int N, O, A, S, M;     /* M: rows of the critic and of rewards, N with reward own, else 1 */
    bool direct;           /* the students learn by MAPPO themselves; else the teacher does */
    bool masked;           /* the students are shown other than the teacher: features, what is legal, links, ages */
    bool ages;             /* mask.age: behind an agent's features stand the ages of the blocks it is told */
    int P;                 /* O; with ages the longest obs_dim and told blocks. Rows that students see are so wide */
    double step_ms;        /* of fleet.hz, or of the environment's own time */
    sl_links *links;       /* owned; those of the experiment: none, unless it says so */
    bool uses_avail;       /* sl_setup_uses_avail */
    bool hides_avail;      /* and the students are not told which */
    bool critic_own;       /* teacher.critic_input agent */
    bool critic_rows;      /* the critic reads a row put together for each agent, else the state as it is */
    sl_net_def teacher;    /* (O, and N with teacher_agent_id) to A; a loaded file may say otherwise */
    bool teacher_agent_id; /* the teacher's actor reads its agent's index, one-hot, behind the observation */
    sl_net_def critic;     /* S to 1; with critic_rows (S, O with critic_own, N: the agent's index) */
    sl_net_def *students;  /* (N): own obs_dim (and ages), n_actions and hidden size */
    sl_rng root;           /* sl_rng_seed(experiment->seed); every stream is split from it by name */
    sl_array_pool arrays;  /* of spec.agents, mask.blocks and students */
} sl_setup;

/* SL_CONFIG: an unknown environment, option, opponent or block, continuous actions (the learned heads are
 * categorical), a number of students that is neither 1 nor N, a network out of range, links that sl_links_create
 * refuses or that cannot be trained under (links.execution remote). SL_MEMORY. An opponent's file may be refused as
 * opponent.h says. */
SL_MUST_CHECK sl_status sl_setup_create(const sl_experiment *experiment, sl_setup **out);
void sl_setup_destroy(sl_setup **self);

/* The experiment's entry for student agent: a single one stands for all. Borrowed from the experiment. */
const sl_exp_student *sl_setup_student(const sl_setup *self, int agent);
/* The profile of student agent, or of the teacher (agent -1), without the fields that sl_policy_save derives. */
sl_profile sl_setup_profile(const sl_setup *self, int agent);

/* Between the environment and those who act as they are trained: the students, or the teacher. NULL: nothing is late
 * or lost. */
const sl_links *sl_setup_trained_links(const sl_setup *self, bool students);
/* The blocks that agent is told by others: so many ages it is shown. */
int sl_setup_n_told(const sl_setup *self, int agent);
/* Other links for this team: def, or those of a text as experiment/links_text.h reads it; what names it in error
 * lines. *out is for sl_links_destroy. As sl_links_create; SL_CONFIG: the text. */
SL_MUST_CHECK sl_status sl_setup_make_links(const sl_setup *self, const sl_links_def *def, sl_links **out);
SL_MUST_CHECK sl_status sl_setup_links(const sl_setup *self, const char *what, const char *text, sl_links **out);

/* Copies [0, V) of the environment, copy v with the stream split(stream, v), and masks for V copies. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_setup_env(const sl_setup *self, int V, const sl_rng *stream, sl_env **out);
SL_MUST_CHECK sl_status sl_setup_masks(const sl_setup *self, int V, sl_mask **out);
/* Some action of some agent may be illegal. */
bool sl_setup_uses_avail(const sl_env_spec *spec);
/* Writes which actions the agents have at all, avail (rows, N, A): where the environment does not say itself. */
void sl_setup_fill_avail(const sl_env_spec *spec, int64_t rows, uint8_t *avail);
/* reward (N) of a step as the learner's: the sum or mean over agents, or each one's own; out (M). */
void sl_setup_reward(const sl_setup *self, const double *reward, float *out);
/* Whether this machine can learn in teacher.precision. SL_CONFIG. */
SL_MUST_CHECK sl_status sl_setup_check_precision(const sl_setup *self);

#endif
