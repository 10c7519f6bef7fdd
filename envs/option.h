/* option.h - an option of environments, and a value for each. Plain data. */
#ifndef SL_ENVS_OPTION_H
#define SL_ENVS_OPTION_H

#include "envs/opponent.h"

#include <stdbool.h>

enum { SL_ENV_MAX_OPTIONS = 32 };

typedef enum sl_env_kind { SL_ENV_BOOL, SL_ENV_INT, SL_ENV_REAL, SL_ENV_TEXT } sl_env_kind;

typedef struct sl_env_option {
    const char *name; /* "spawn_shift"; in experiments "env.spawn_shift" */
    sl_env_kind kind;
    const char *standard; /* the default, as an experiment writes it */
    const char *range;    /* of a number: "[0, 8]"; else NULL */
    const char *unit;     /* of that range, where errors need it: "cells"; NULL */
    const char *word; /* how brackets say that it is not the default: "no_corpse_attack"; of a text, the value that is
                         said by itself: "hold"; of a number, its name there: "N". NULL: as name */
    bool is_switch;   /* --switch takes it as brackets say it; a text only by its word */
    bool is_observed; /* it changes what agents observe: a policy brings its own. Of a bool */
    bool is_told;     /* files of policies always tell it; others where they are not the default */
    const char *flag, *value; /* a switch of its own, "agents", and what the help calls its number, "N"; NULL */
    const char *help;
} sl_env_option;

typedef union sl_env_value {
    bool yes;
    int whole;
    double real;
    char *text; /* borrowed, never written to */
} sl_env_value;

/* The option that every family has. */
#define SL_ENV_MAX_STEPS                                                                                             \
    {                                                                                                                \
        .name = "max_steps", .kind = SL_ENV_INT, .standard = "0", .range = "[0, 100000]", .is_told = true,           \
        .help = "steps until truncation"                                                                             \
    }

/* A value for each option of the list: start from the defaults. */
typedef struct sl_env_options {
    sl_env_value values[SL_ENV_MAX_OPTIONS];
    sl_opponent_policy policy; /* where the option "opponent" is SL_OPPONENT_POLICY */
} sl_env_options;

#endif
