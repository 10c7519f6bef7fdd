/* options.h - the command line of one subcommand, over getopt_long: long options with typed, range-checked values,
 * the options that every command has (--help, --version, --log-level, --log-json), and help that is made from the
 * same table. main thread only. */
#ifndef SL_STARLING_RUN_OPTIONS_H
#define SL_STARLING_RUN_OPTIONS_H

#include "common/status.h"
#include "net/link.h"

#include <stdbool.h>
#include <stdint.h>

enum { SL_OPTIONS_MAX = 24, SL_LIST_MAX = 64 };

typedef struct sl_text_list {
    int n;
    const char *items[SL_LIST_MAX]; /* borrowed from argv */
} sl_text_list;

typedef enum sl_option_kind {
    SL_OPTION_SWITCH, /* out: bool * */
    SL_OPTION_TEXT,   /* out: const char **, borrowed from argv */
    SL_OPTION_INT,    /* out: int64_t *, within [min, max] */
    SL_OPTION_REAL,   /* out: double *, within [min, max] */
    SL_OPTION_LIST    /* out: sl_text_list *, the option may be repeated */
} sl_option_kind;

typedef struct sl_option {
    const char *name; /* "seed" */
    sl_option_kind kind;
    const char *value; /* "N", as the help calls it; NULL for a switch */
    const char *help;
    void *out; /* left as it is when the option is not given */
    double min, max;
} sl_option;

typedef struct sl_usage {
    const char *path;      /* "starling env check" */
    const char *arguments; /* "FILE..." */
    const char *text;      /* what the command does, in sentences: broken at 80 characters when it is printed */
    int min_args, max_args;
    int n_options;
    const sl_option *options;
} sl_usage;

typedef struct sl_args {
    int n;
    char **v;              /* the arguments that are not options; borrowed from argv */
    bool done;             /* --help or --version was printed: nothing more to do */
    const char *log_level; /* for the programs that are started; NULL = not given */
    bool log_json;
    sl_link_def learn; /* between those programs, on any port of this machine */
} sl_args;

/* argv[0] is the command's own name. What is not given of --keys, --bind, --connect, --listen and --metrics is taken
 * from STARLING_KEYS and so on, where the command has it; what is set but empty is not there. Sets up the log.
 * SL_USAGE names the option or argument, with the nearest known name as the hint. */
SL_MUST_CHECK sl_status sl_options_parse(const sl_usage *usage, int argc, char **argv, sl_args *out);

#endif
