/* flags.h - the command line of a program that starling starts: long flags of a table, and those that all have
 * (--log-level, --log-json, --help, --version, --health). A flag of the table, or of the log, that is not given has
 * the value of its environment variable, --server-key that of STARLING_SERVER_KEY, so that containers, units and jobs
 * need no command lines of their own; an empty one is as none, a switch is set by 1. main thread, once. */
#ifndef SL_COMMON_FLAGS_H
#define SL_COMMON_FLAGS_H

#include "common/log.h"

/* One of both is set: where the value goes, borrowed from argv, or what a switch sets. Left as it is when not given.
 */
typedef struct sl_flag {
    const char *name; /* "connect" */
    const char **text;
    bool *given;
} sl_flag;

enum { SL_FLAGS_MAX = 16 };

typedef struct sl_flags_def {
    const char *program; /* "starling-trainer" */
    const char *help;    /* all that --help prints */
    const char *hint;    /* of a refusal: "see --help" */
    const char *unknown; /* how it begins: "unknown or incomplete flag" */
    int n;
    const sl_flag *flags;
} sl_flags_def;

typedef struct sl_common_flags {
    sl_log_level log_level; /* SL_LOG_INFO when not given */
    bool log_json;
    bool done; /* --help, --version or --health was answered: nothing more to do */
} sl_common_flags;

/* What is wrong behind --help is refused all the same. SL_USAGE names the flag or argument that is unknown or lacks
 * its value; SL_NETWORK: --health, see common/vitals.h. */
SL_MUST_CHECK sl_status sl_flags_parse(const sl_flags_def *def, int argc, char **argv, sl_common_flags *out);

#endif
