/* main.c - starling-coordinator: argv, signals, exit code. docs/processes.md describes the program. */
#include "common/alloc.h"
#include "common/flags.h"
#include "common/json_line.h"
#include "common/program.h"
#include "common/stop.h"
#include "common/vitals.h"
#include "coordinator/serve.h"
#include "net/endpoint.h"
#include "net/keyring.h"
#include "nn/blas_start.h"
#include "storage/file.h"

#include <stdlib.h>

enum { MAX_EXPERIMENT_BYTES = 1 << 20 };

static const char help[] = "usage: starling-coordinator --experiment FILE --run DIR --connect ENDPOINT\n"
                           "                            [--fleet ENDPOINT] [--record FILE] [--stay]\n"
                           "                            [--reserve SLOTS] [--threads N]\n"
                           "                            [--key FILE --allow DIR | --insecure]\n"
                           "                            [--metrics ENDPOINT]\n"
                           "Hosts the environments and the expert buffer, and works for the trainer that\n"
                           "listens at ENDPOINT.\n\n"
                           "  --experiment FILE   the resolved experiment of the run\n"
                           "  --run DIR           the run's folder\n"
                           "  --connect ENDPOINT  the trainer's endpoint, tcp://host:port\n"
                           "  --fleet ENDPOINT    where agents connect; default: the experiment's\n"
                           "                      fleet.endpoint\n"
                           "  --record FILE       writes the episodes of a flight there, .jsonl or .jsonl.gz\n"
                           "  --stay              after the trainer, or starling, look for the next one\n"
                           "  --reserve SLOTS     only agents that name these slots get them, \"0-2,5\"\n"
                           "  --threads N         workers, 1 to 256; default: the experiment's threads,\n"
                           "                      on which the results of training depend\n"
                           "  --key FILE          its secret certificate, for both links; made by\n"
                           "                      'starling keys'\n"
                           "  --allow DIR         the public certificates of the agents that may connect;\n"
                           "                      reread while it runs\n"
                           "  --server-key FILE   the trainer's public one, unless --key's names it\n"
                           "  --insecure          no keys, though an endpoint is not of this machine\n"
                           "  --metrics ENDPOINT  serves pages there, for Prometheus and starling top:\n"
                           "                      HOST:PORT, or a port alone, of this machine\n"
                           "  --log-level L       debug, info, warn or error\n"
                           "  --log-json          log lines as JSON objects\n"
                           "  --health            say whether the one with the same STARLING_HEALTH is at\n"
                           "                      work: exit code 0, or 9\n"
                           "  --help, --version\n";

static sl_keyring keyring;

typedef struct options {
    const char *experiment, *run, *connect, *fleet, *record, *metrics, *reserve, *threads;
    sl_slot_set reserved;
    int n_threads; /* 0: the experiment's */
    bool stays;
    sl_key_flags keys;
    sl_common_flags common;
} options;

static sl_status parse_threads(const char *text, int *out) {
    char *end = NULL;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > 256)
        return sl_fail(SL_USAGE, "a whole number from 1 to 256", "--threads cannot be '%s'", text);
    *out = (int)n;
    return SL_OK;
}

static sl_status parse(int argc, char **argv, options *out) {
    *out = (options){0};
    const sl_flag flags[] = {{"experiment", &out->experiment, NULL},
                             {"run", &out->run, NULL},
                             {"connect", &out->connect, NULL},
                             {"fleet", &out->fleet, NULL},
                             {"record", &out->record, NULL},
                             {"key", &out->keys.key, NULL},
                             {"allow", &out->keys.allow, NULL},
                             {"server-key", &out->keys.server_key, NULL},
                             {"insecure", NULL, &out->keys.insecure},
                             {"metrics", &out->metrics, NULL},
                             {"stay", NULL, &out->stays},
                             {"reserve", &out->reserve, NULL},
                             {"threads", &out->threads, NULL}};
    const sl_flags_def def = {"starling-coordinator", help, "see --help", "unknown or incomplete flag", 13, flags};
    SL_TRY(sl_flags_parse(&def, argc, argv, &out->common));
    if (!out->common.done && (!out->experiment || !out->run || !out->connect))
        return sl_fail(SL_USAGE, "see --help", "--experiment, --run and --connect are needed");
    if (out->reserve && sl_slot_set_parse(out->reserve, &out->reserved) != SL_OK)
        return sl_fail(SL_USAGE, "slots such as 0-2,5", "--reserve cannot be '%s'", out->reserve);
    if (out->threads) SL_TRY(parse_threads(out->threads, &out->n_threads));
    SL_TRY(sl_endpoint_check_flag("--connect", out->connect, false));
    return sl_endpoint_check_flag("--fleet", out->fleet, true);
}

static sl_status run(const options *o) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_experiment *experiment = NULL;
    sl_server *server = NULL;
    sl_coordinator_def def = {.run = o->run, .record = o->record, .stop = sl_stop_catch()};
    SL_TRY(sl_file_read(o->experiment, MAX_EXPERIMENT_BYTES, &bytes, &n_bytes));
    sl_file_sha256(bytes, n_bytes, def.config_hash);
    sl_free(bytes);
    SL_TRY(sl_experiment_load(o->experiment, NULL, 0, &experiment));
    if (o->n_threads > 0) experiment->threads = o->n_threads;
    def.experiment = experiment;
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
    options o;
    sl_log_init("coordinator", SL_LOG_INFO, false);
    sl_program_begin("starling-coordinator");
    sl_status status = parse(argc, argv, &o);
    if (status == SL_OK && !o.common.done) {
        sl_log_init("coordinator", o.common.log_level, o.common.log_json);
        sl_blas_init(argv);
        sl_vitals_open("starling-coordinator", SL_VITALS_WORK_MS);
        status = run(&o);
        sl_vitals_close();
    }
    return sl_stop_exit_code("starling-coordinator", status);
}
