/* command.h - the tree of subcommands: finds the one that argv names and runs it. main thread only. */
#ifndef SL_STARLING_COMMANDS_COMMAND_H
#define SL_STARLING_COMMANDS_COMMAND_H

#include "common/status.h"

enum { SL_COMMAND_PATH = 96 };

typedef struct sl_command {
    const char *name, *summary;
    sl_status (*run)(const char *path, int argc, char **argv); /* path: "starling env check"; argv[0] is its name */
    const struct sl_command *children;                         /* instead of run; ends with a NULL name */
} sl_command;

/* argv[0] is path's own last word. path grows by the words of the subcommand that is run; it stands before the error
 * line, which does not repeat it. SL_USAGE: no or an unknown subcommand, with the nearest as the hint. */
SL_MUST_CHECK sl_status sl_command_run(const sl_command *table, char path[SL_COMMAND_PATH], int argc, char **argv);

/* The commands, one file each. */
sl_status sl_cmd_train(const char *path, int argc, char **argv);
sl_status sl_cmd_eval(const char *path, int argc, char **argv);
sl_status sl_cmd_fly(const char *path, int argc, char **argv);
sl_status sl_cmd_top(const char *path, int argc, char **argv);
sl_status sl_cmd_serve(const char *path, int argc, char **argv);
sl_status sl_cmd_agent(const char *path, int argc, char **argv);
sl_status sl_cmd_simulate(const char *path, int argc, char **argv);
sl_status sl_cmd_report(const char *path, int argc, char **argv);
sl_status sl_cmd_study_latency(const char *path, int argc, char **argv);
sl_status sl_cmd_model_info(const char *path, int argc, char **argv);
sl_status sl_cmd_keys_sign(const char *path, int argc, char **argv);
sl_status sl_cmd_env_list(const char *path, int argc, char **argv);
sl_status sl_cmd_env_info(const char *path, int argc, char **argv);
sl_status sl_cmd_env_check(const char *path, int argc, char **argv);
sl_status sl_cmd_env_play(const char *path, int argc, char **argv);
sl_status sl_cmd_env_bench(const char *path, int argc, char **argv);
sl_status sl_cmd_links_list(const char *path, int argc, char **argv);
sl_status sl_cmd_links_info(const char *path, int argc, char **argv);
sl_status sl_cmd_links_sample(const char *path, int argc, char **argv);
sl_status sl_cmd_keys_new(const char *path, int argc, char **argv);
sl_status sl_cmd_keys_add(const char *path, int argc, char **argv);
sl_status sl_cmd_keys_revoke(const char *path, int argc, char **argv);
sl_status sl_cmd_keys_list(const char *path, int argc, char **argv);
sl_status sl_cmd_bench_train(const char *path, int argc, char **argv);
sl_status sl_cmd_bench_fleet(const char *path, int argc, char **argv);
sl_status sl_cmd_bench_inference(const char *path, int argc, char **argv);
sl_status sl_cmd_bench_all(const char *path, int argc, char **argv);

#endif
