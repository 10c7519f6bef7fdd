/* options.h - what can be chosen about an environment, by name. Plain data, copied at create. Any thread. */
#ifndef SL_ENVS_OPTIONS_H
#define SL_ENVS_OPTIONS_H

#include "common/status.h"
#include "envs/opponent.h"

#include <stdbool.h>

enum { SL_ENV_SWITCHES = 8 };

typedef enum sl_switch { SL_SWITCH_DEFAULT, SL_SWITCH_OFF, SL_SWITCH_ON } sl_switch;

/* What can be set by name in an experiment; 0 or false is each environment's own default. */
typedef struct sl_env_options {
    int n_agents;        /* MPE's N */
    int max_steps;       /* MPE2's max_cycles; combat: the step limit */
    double local_ratio;  /* spread, reference; < 0 = the environment's default */
    bool continuous;     /* Box actions instead of Discrete */
    bool legacy_physics; /* OpenAI's order of integration, self-collision, summed reward, squared adversary reward */
    /* combat: no sight limit, who commands the enemies; what departs from the reference (corpse_attack: on) */
    bool full, wall_offset_fix, clamp_to_map, clear_last_actions;
    double spawn_shift; /* combat: cells, 0 to 8, by which each group's start is moved along each axis at most */
    sl_opponent opponent;
    sl_opponent_policy policy; /* of SL_OPPONENT_POLICY */
    sl_switch corpse_attack;
} sl_env_options;

sl_env_options sl_env_default_options(void);
/* An option as it shows in brackets: "full", "hold", "spawn_shift=4". SL_CONFIG: unknown; the hint lists them.
 * list: the words of those yes-or-no options that are set; returns how many. */
SL_MUST_CHECK sl_status sl_env_set_switch(sl_env_options *options, const char *name);
int sl_env_list_switches(const sl_env_options *options, const char *names[SL_ENV_SWITCHES]);

#endif
