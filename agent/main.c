/* main.c - starling-agent-<H>: arguments, the student, exit code. */
#include "agent/bench.h"
#include "agent/model.h"
#include "agent/options.h"
#include "agent/program.h"

static sl_kernel kernel; /* all of the student: nothing is allocated per decision */

static sl_status run(int argc, char **argv) {
    sl_agent_options options;
    SL_TRY(sl_agent_options_parse(argc, argv, &options));
    if (options.done) return SL_OK;
    sl_log_init(SL_AGENT_PROGRAM, options.log_level, options.log_json);
    sl_model model;
    if (options.model)
        SL_TRY(sl_model_load(options.model, &kernel, &model));
    else
        sl_model_random(18, 5, 1, &kernel);
    sl_agent_bench(&kernel, options.bench_seconds);
    return SL_OK;
}

int main(int argc, char **argv) {
    sl_status status = run(argc, argv);
    if (status != SL_OK) sl_error_print(SL_AGENT_PROGRAM);
    return sl_status_exit_code(status);
}
