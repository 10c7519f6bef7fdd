/* options.h - what can be chosen about an environment, by name. Every family has a table of its options (family.h);
 * these functions look at all tables as one list, in their order, where an option of several families stands once,
 * and from it follow the keys of experiments, switches, names in brackets, headers of recordings and what policies'
 * files tell. Values are plain data, copied at create. Any thread. */
#ifndef SL_ENVS_OPTIONS_H
#define SL_ENVS_OPTIONS_H

#include "common/status.h"
#include "envs/option.h"

#include <stddef.h>

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
