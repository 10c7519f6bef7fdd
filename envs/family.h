/* family.h - a family of environments: the names that share a prefix, what can be chosen about them, and what makes
 * them. families.c has the table of all families, one line each; whoever lists, creates, describes or records an
 * environment walks it and knows no family by name. Read-only and of static life: any thread. */
#ifndef SL_ENVS_FAMILY_H
#define SL_ENVS_FAMILY_H

#include "common/rng.h"
#include "common/status.h"
#include "envs/option.h"
#include "envs/spec.h"

typedef struct sl_env_scenario {
    const char *name, *summary; /* "mpe/simple_v3"; one line */
} sl_env_scenario;

struct sl_recording_class;

typedef struct sl_env_family {
    const char *prefix; /* of its names, with the slash: "mpe/" */
    const sl_env_scenario *scenarios;
    int n_scenarios;
    const sl_env_option *options; /* those of the same name in two families are the same but for their help */
    int n_options;
    const char *matter; /* what the other families have not, when they are given its options: "battle"; NULL */
    const char *advice; /* the hint where a family is given the options of another; NULL: to leave them out */
    /* Arguments are those of env.h; name is of the family: a scenario's, or one that reads a file. */
    sl_status (*create)(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out);
    sl_status (*opponent_spec)(const char *name, const sl_env_options *options, sl_env_spec *out); /* NULL: none */
    const char *(*file)(const char *name); /* as sl_env_file; NULL: no name reads a file */
    const char *heuristic;                 /* a scenario with a built-in policy, for hints; NULL: none has */
    /* What people may also call that policy, and what a name of another family lacks for it: "nearest", "nothing to
     * attack". NULL: it has no name of its own. */
    const char *heuristic_word, *heuristic_lack;
    const struct sl_recording_class *recording; /* envs/recording/; NULL: cannot be recorded */
} sl_env_family;

/* The table, in the order of `starling env list`; it ends with NULL. A file by itself (families.c), so that a test
 * can bring its own. */
extern const sl_env_family *const sl_env_families[];

/* The family whose prefix name begins with; NULL: none. */
const sl_env_family *sl_env_family_of(const char *name);

#endif
