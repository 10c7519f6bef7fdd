/* main.c - starling, the command-line face: picks the subcommand, prints what went wrong, and exits with the codes of
 * common/status.h. The commands are in commands/. */
#include "starling/commands/command.h"
#include "starling/run/interrupt.h"
#include "starling/run/supervise.h"

#include "common/log.h"
#include "common/program.h"
#include "nn/blas_start.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const sl_command model_commands[] = {
    {"info", "what a policy file says of itself, its known-answer test run", sl_cmd_model_info, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command env_commands[] = {
    {"list", "the environments there are", sl_cmd_env_list, NULL},
    {"info", "agents, observation blocks and actions of one environment", sl_cmd_env_info, NULL},
    {"check", "replay recorded trajectories and measure the difference", sl_cmd_env_check, NULL},
    {"play", "play episodes, watch, record and replay them", sl_cmd_env_play, NULL},
    {"bench", "how many steps a second an environment makes", sl_cmd_env_bench, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command links_commands[] = {
    {"list", "the links that have a name", sl_cmd_links_list, NULL},
    {"info", "a link's words, source, mean, percentiles and losses", sl_cmd_links_info, NULL},
    {"sample", "draw messages over a link: histogram, percentiles, losses", sl_cmd_links_sample, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command keys_commands[] = {
    {"new", "the keys of a trainer, a coordinator and their agents", sl_cmd_keys_new, NULL},
    {"add", "one more agent's key", sl_cmd_keys_add, NULL},
    {"revoke", "a key is not allowed any more", sl_cmd_keys_revoke, NULL},
    {"list", "who has keys, and who is allowed", sl_cmd_keys_list, NULL},
    {"sign", "sign students, for agents that trust a key", sl_cmd_keys_sign, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command study_commands[] = {
    {"latency", "what delay, jitter, loss and dead links do to a team", sl_cmd_study_latency, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command bench_commands[] = {
    {"train", "env-steps/s and GFLOP/s of teacher training", sl_cmd_bench_train, NULL},
    {"fleet", "ticks/s of a flying fleet beside a bare ZeroMQ barrier", sl_cmd_bench_fleet, NULL},
    {"inference", "nanoseconds a decision for each agent size", sl_cmd_bench_inference, NULL},
    {"all", "every figure of the README, alone or beside another build", sl_cmd_bench_all, NULL},
    {NULL, NULL, NULL, NULL},
};

static const sl_command commands[] = {
    {"train", "teacher, expert buffer, students, evaluation, flight: one run", sl_cmd_train, NULL},
    {"eval", "evaluate a policy of a run or of a model folder", sl_cmd_eval, NULL},
    {"fly", "fly students as processes over tcp", sl_cmd_fly, NULL},
    {"top", "a fleet live in the terminal", sl_cmd_top, NULL},
    {"serve", "fly one flight after the other, with agents that come by themselves", sl_cmd_serve, NULL},
    {"agent", "join a fleet, with an agent of the size that it needs", sl_cmd_agent, NULL},
    {"simulate", "fleets with faults in one process, each promise checked", sl_cmd_simulate, NULL},
    {"report", "tables over runs and seeds", sl_cmd_report, NULL},
    {"study", "sweeps over what the network does", NULL, study_commands},
    {"model", "look into policy files", NULL, model_commands},
    {"env", "look at, play, check and measure environments", NULL, env_commands},
    {"links", "what networks do to messages: delays and losses by name", NULL, links_commands},
    {"keys", "make, list and revoke the keys of a fleet, sign students", NULL, keys_commands},
    {"bench", "measure training, fleet and inference on this machine", NULL, bench_commands},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    sl_log_init("starling", SL_LOG_INFO, false);
    sl_program_begin("starling");
    sl_program_keep_children();
    // a reader of our output that goes away is an error to report, not a reason to die with children running
    (void)signal(SIGPIPE, SIG_IGN);
    // ulimit -f gives an error to report, as a full disk does
    (void)signal(SIGXFSZ, SIG_IGN);
    // only this one multiplies matrices here; the others need no restart for the sake of fast kernels
    if (argc > 2 && strcmp(argv[1], "bench") == 0 && strcmp(argv[2], "train") == 0) sl_blas_init(argv);
    char path[SL_COMMAND_PATH] = "starling";
    sl_status status = sl_command_run(commands, path, argc, argv);
    if (status == SL_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = sl_fail(SL_IO, "disk full, or the reader of a pipe went away", "cannot write the result to stdout");
    if (status != SL_OK) sl_error_print(path);
    int signal_number = sl_supervisor_signal() ? sl_supervisor_signal() : sl_interrupt_signal();
    if (status == SL_INTERRUPTED && signal_number == SIGINT) return 130;
    return sl_status_exit_code(status);
}
