/* options.h - what can be chosen about an environment, by name. Every family has a table of its options (family.h);
 * these functions look at all tables as one list, in their order, where an option of several families stands once,
 * and from it follow the keys of experiments, switches, names in brackets, headers of recordings and what policies'
 * files tell. Values are plain data, copied at create. Any thread. */
#ifndef SL_ENVS_OPTIONS_H
#define SL_ENVS_OPTIONS_H

#include "common/status.h"
#include "envs/opponent.h"

#include <stdbool.h>
#include <stddef.h>

enum { SL_ENV_MAX_OPTIONS = 32 };

typedef enum sl_env_kind { SL_ENV_BOOL, SL_ENV_INT, SL_ENV_REAL, SL_ENV_TEXT } sl_env_kind;

typedef struct sl_env_option {
    const char *name; /* "spawn_shift"; in experiments "env.spawn_shift" */
    sl_env_kind kind;
    const char *standard; /* the default, as an experiment writes it */
    const char *range;    /* of a number: "[0, 8]"; else NULL */
    const char *word; /* how brackets say that it is not the default: "no_corpse_attack"; of a text, the value that is
                         said by itself: "hold"; of a number, its name there: "N". NULL: as name */
    bool is_switch;   /* --switch takes it as brackets say it */
    bool is_observed; /* it changes what agents observe: a policy brings its own */
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

int sl_env_n_options(void);
const sl_env_option *sl_env_option_at(int k);
const char *sl_env_option_word(const sl_env_option *option); /* or its name */
bool sl_env_option_is_number(const sl_env_option *option);
void sl_env_option_range(const sl_env_option *option, double *low, double *high); /* of a number */
sl_env_options sl_env_default_options(void);

/* The value of an option by its name; that there is none such is a bug of the caller. */
bool sl_env_is_default(const sl_env_options *options, const char *name);
sl_env_value *sl_env_at(sl_env_options *options, const char *name);
sl_env_value sl_env_get(const sl_env_options *options, const char *name);

/* An option as it shows in brackets: "full", "hold", "spawn_shift=4". SL_CONFIG: unknown; the hint lists them.
 * list: the words of those that are not numbers and not the default; returns how many. */
SL_MUST_CHECK sl_status sl_env_set_switch(sl_env_options *options, const char *text);
int sl_env_list_switches(const sl_env_options *options, const char *words[SL_ENV_MAX_OPTIONS]);

/* "combat/3m[full,hold]": name, then what is not the default, numbers first; cut off at size. */
void sl_env_write_name(const char *name, const sl_env_options *options, char *text, size_t size);
/* "n_agents=0 max_steps=0 ... full=1": what the file of a policy tells of its environment; cut off at size. */
void sl_env_write_profile(const sl_env_options *options, char *text, size_t size);
/* Switches on what such a text tells of options that change the observations. */
void sl_env_read_observed(const char *text, sl_env_options *options);

#endif
