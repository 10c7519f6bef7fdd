/* main.c - starling-agent-<H>: arguments, signals, exit code. */
#include "agent/bench.h"
#include "agent/flight.h"
#include "agent/model.h"
#include "agent/program.h"
#include "common/program.h"
#include "common/stop.h"
#include "common/vitals.h"

static sl_kernel kernel; /* all of the student: nothing is allocated per decision */
static sl_keyring keyring;

static sl_status bench(const sl_agent_options *options) {
    sl_model model;
    if (options->model) SL_TRY(sl_model_load(options->model, &kernel, &model));
    // the size of an agent of Simple Spread
    else
        sl_model_random(18, 5, 1, &kernel);
    sl_agent_bench(&kernel, options->bench_seconds);
    return SL_OK;
}

static sl_status run(int argc, char **argv) {
    sl_agent_options options;
    SL_TRY(sl_agent_options_parse(argc, argv, &options));
    if (options.common.done) return SL_OK;
    sl_log_init(SL_AGENT_PROGRAM, options.common.log_level, options.common.log_json);
    if (options.bench_seconds > 0.0) return bench(&options);
    sl_vitals_open(SL_AGENT_PROGRAM, SL_VITALS_AGENT_MS);
    sl_link_def link = sl_link_fleet_def(options.connect);
    SL_TRY(sl_keyring_load(&options.keys, &keyring));
    SL_TRY(sl_keyring_protect(&keyring, false, &link));
    sl_status status = sl_flight_run(&options, &link, sl_stop_catch(), &kernel);
    sl_vitals_close();
    return status;
}

int main(int argc, char **argv) {
    sl_program_begin(SL_AGENT_PROGRAM);
    return sl_stop_exit_code(SL_AGENT_PROGRAM, run(argc, argv));
}
