/* main.c - starling-coordinator: argv, signals, exit code. docs/processes.md describes the program. */
#include "common/alloc.h"
#include "common/cores.h"
#include "common/json_line.h"
#include "common/program.h"
#include "common/stop.h"
#include "common/vitals.h"
#include "coordinator/options.h"
#include "coordinator/serve.h"
#include "net/keyring.h"
#include "nn/blas_start.h"
#include "storage/file.h"

#include <stdlib.h>

enum { MAX_EXPERIMENT_BYTES = 1 << 20 };

static sl_keyring keyring;

static sl_status run(const sl_coordinator_options *o) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_experiment *experiment = NULL;
    sl_server *server = NULL;
    sl_coordinator_def def = {.run = o->run, .record = o->record, .stop = sl_stop_catch()};
    SL_TRY(sl_file_read(o->experiment, MAX_EXPERIMENT_BYTES, &bytes, &n_bytes));
    sl_file_sha256(bytes, n_bytes, def.config_hash);
    sl_free(bytes);
    SL_TRY(sl_experiment_load(o->experiment, NULL, 0, &experiment));
    if (o->n_threads > 0) {
        // the experiment's own are the trainer's to warn of
        sl_cores_warn("--threads", o->n_threads);
        experiment->threads = o->n_threads;
    }
    if (o->has_clock) experiment->fleet.clock = o->clock;
    if (o->hz > 0) experiment->fleet.hz = o->hz;
    def.experiment = experiment;
    def.clock_is_asked = o->has_clock;
    def.reserve = o->reserved;
    sl_link_def learn = sl_link_learn_def(o->connect);
    sl_link_def fleet = sl_link_fleet_def(o->fleet ? o->fleet : experiment->fleet.endpoint);
    // what could not be sent is sent again or asked for again: the agents need not wait for it
    learn.send_wait_ms = 200;
    def.fleet = &fleet;
    sl_status status = sl_keyring_load(&o->keys, &keyring);
    if (status == SL_OK) status = sl_keyring_protect(&keyring, false, &learn);
    if (status == SL_OK) status = sl_keyring_protect(&keyring, true, &fleet);
    if (status == SL_OK) status = sl_server_open(&learn, &def, o->metrics, &server);
    if (status == SL_OK) {
        sl_json_line line = {0};
        sl_json_line_text(&line, "event", "ready");
        sl_json_line_text(&line, "endpoint", sl_server_fleet_endpoint(server));
        if (o->metrics) sl_json_line_text(&line, "metrics", sl_server_metrics_address(server));
        sl_json_line_print(&line);
        status = sl_server_run(server, o->stays);
    }
    sl_server_close(&server);
    sl_experiment_destroy(&experiment);
    return status;
}

int main(int argc, char **argv) {
    sl_coordinator_options o;
    sl_log_init("coordinator", SL_LOG_INFO, false);
    sl_program_begin("starling-coordinator");
    sl_status status = sl_coordinator_options_parse(argc, argv, &o);
    if (status == SL_OK && !o.common.done) {
        sl_log_init("coordinator", o.common.log_level, o.common.log_json);
        sl_blas_init(argv);
        sl_vitals_open("starling-coordinator", SL_VITALS_WORK_MS);
        status = run(&o);
        sl_vitals_close();
    }
    return sl_stop_exit_code("starling-coordinator", status);
}
