/* main.c - starling-trainer: flags, signals, exit code. The learning is in stages.c and below. */
#include "common/flags.h"
#include "common/program.h"
#include "common/stop.h"
#include "common/vitals.h"
#include "common/wait.h"
#include "net/endpoint.h"
#include "net/keyring.h"
#include "nn/blas_start.h"
#include "storage/file.h"
#include "trainer/stages.h"

static const char usage[] = "usage: starling-trainer --experiment FILE --run DIR --listen ENDPOINT\n"
                            "                        [--resume] [--wait S] [--metrics ENDPOINT]\n"
                            "                        [--key FILE --allow DIR | --insecure]\n"
                            "\n"
                            "Trains the teacher, has its episodes recorded and distils the students; serves\n"
                            "ENDPOINT, to which a starling-coordinator connects. Prints events on stdout, one\n"
                            "JSON object a line.\n"
                            "\n"
                            "  --experiment FILE   the resolved experiment (experiment.yaml of the run's\n"
                            "                      folder)\n"
                            "  --run DIR           the run's folder: checkpoints, metrics, teacher, students\n"
                            "  --listen ENDPOINT   tcp://127.0.0.1:*, or a fixed port\n"
                            "  --resume            go on from the newest checkpoint of the run\n"
                            "  --wait S            seconds to wait for a coordinator (60), or forever\n"
                            "  --key FILE          its secret certificate; made by 'starling keys'\n"
                            "  --allow DIR         the public ones of the coordinators that may connect;\n"
                            "                      reread while it runs\n"
                            "  --insecure          no keys, though ENDPOINT is not of this machine\n"
                            "  --metrics ENDPOINT  serves pages there, for Prometheus and starling top:\n"
                            "                      HOST:PORT, or a port alone, of this machine\n"
                            "  --log-level LEVEL   debug | info | warn | error (info)\n"
                            "  --log-json          log one JSON object a line\n"
                            "  --health            say whether the one with the same STARLING_HEALTH is at\n"
                            "                      work: exit code 0, or 9\n"
                            "  --help, --version\n";

typedef struct arguments {
    const char *experiment, *run, *listen, *metrics, *wait;
    int join_ms;
    bool resume;
    sl_key_flags keys;
    sl_common_flags common;
} arguments;

static sl_keyring keyring;

static const char hint[] = "see starling-trainer --help";

static sl_status parse(int argc, char **argv, arguments *out) {
    *out = (arguments){.join_ms = 60000};
    const sl_flag flags[] = {
        {"experiment", &out->experiment, NULL},  {"run", &out->run, NULL},         {"listen", &out->listen, NULL},
        {"resume", NULL, &out->resume},          {"key", &out->keys.key, NULL},    {"allow", &out->keys.allow, NULL},
        {"insecure", NULL, &out->keys.insecure}, {"metrics", &out->metrics, NULL}, {"wait", &out->wait, NULL}};
    const sl_flags_def def = {"starling-trainer", usage, hint, "unknown or incomplete flag", 9, flags};
    SL_TRY(sl_flags_parse(&def, argc, argv, &out->common));
    if (out->wait) SL_TRY(sl_wait_parse("--wait", out->wait, &out->join_ms));
    return sl_endpoint_check_flag("--listen", out->listen, true);
}

static sl_status run(const arguments *args) {
    if (!args->experiment || !args->run || !args->listen)
        return sl_fail(SL_USAGE, hint, "--experiment, --run and --listen are needed");
    const volatile sig_atomic_t *stop = sl_stop_catch();
    sl_experiment *experiment = NULL;
    SL_TRY(sl_experiment_load(args->experiment, NULL, 0, &experiment));
    sl_training_def def = {experiment, args->experiment, args->run, sl_link_learn_def(args->listen), args->join_ms,
                           stop,       args->metrics};
    sl_training *training = NULL;
    sl_status status = sl_keyring_load(&args->keys, &keyring);
    if (status == SL_OK) status = sl_keyring_protect(&keyring, true, &def.link);
    if (status == SL_OK) status = sl_file_make_folder(args->run);
    if (status == SL_OK) status = sl_training_open(&def, &training);
    if (status == SL_OK) {
        sl_event_ready(sl_learn_client_endpoint(training->client),
                       training->page ? sl_trainer_page_address(training->page) : NULL);
        sl_vitals_say(SL_VITALS_READY, "training");
        status = sl_stages_run(training, args->resume);
    }
    if (status == SL_OK) sl_event_finished();
    sl_training_close(&training);
    sl_experiment_destroy(&experiment);
    return status;
}

int main(int argc, char **argv) {
    sl_log_init("trainer", SL_LOG_INFO, false);
    arguments args;
    sl_program_begin("starling-trainer");
    sl_status status = parse(argc, argv, &args);
    if (status == SL_OK && !args.common.done) {
        sl_log_init("trainer", args.common.log_level, args.common.log_json);
        sl_blas_init(argv);
        (void)signal(SIGPIPE, SIG_IGN);
        sl_vitals_open("starling-trainer", SL_VITALS_WORK_MS);
        status = run(&args);
        sl_vitals_close();
    }
    if (status == SL_INTERRUPTED) SL_INFO("%s", sl_error_what());
    return sl_stop_exit_code("starling-trainer", status);
}
