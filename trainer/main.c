/* main.c - starling-trainer: flags, signals, exit code. The learning is in stages.c and below. */
#include "common/log.h"
#include "common/program.h"
#include "common/stop.h"
#include "net/endpoint.h"
#include "nn/blas_start.h"
#include "storage/file.h"
#include "trainer/stages.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] = "usage: starling-trainer --experiment FILE --run DIR --listen ENDPOINT\n"
                            "                        [--resume]\n"
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
                            "  --log-level LEVEL   debug | info | warn | error (info)\n"
                            "  --log-json          log one JSON object a line\n"
                            "  --help, --version\n";

typedef struct arguments {
    const char *experiment, *run, *listen;
    bool resume, log_json, help, version;
    sl_log_level level;
} arguments;

static sl_status parse(int argc, char **argv, arguments *out) {
    static const struct option options[] = {{"experiment", required_argument, NULL, 'e'},
                                            {"run", required_argument, NULL, 'r'},
                                            {"listen", required_argument, NULL, 'l'},
                                            {"resume", no_argument, NULL, 'c'},
                                            {"log-level", required_argument, NULL, 'v'},
                                            {"log-json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    *out = (arguments){.level = SL_LOG_INFO};
    opterr = 0;
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (flag == 'e') out->experiment = optarg;
        if (flag == 'r') out->run = optarg;
        if (flag == 'l') out->listen = optarg;
        if (flag == 'c') out->resume = true;
        if (flag == 'v') SL_TRY(sl_log_level_parse(optarg, &out->level));
        if (flag == 'j') out->log_json = true;
        if (flag == 'h') out->help = true;
        if (flag == 'V') out->version = true;
        if (flag == '?')
            return sl_fail(SL_USAGE, "see starling-trainer --help", "unknown or incomplete flag '%s'",
                           argv[optind - 1]);
    }
    if (optind < argc)
        return sl_fail(SL_USAGE, "see starling-trainer --help", "unexpected argument '%s'", argv[optind]);
    return sl_endpoint_check_flag("--listen", out->listen, true);
}

static sl_status run(const arguments *args) {
    if (!args->experiment || !args->run || !args->listen)
        return sl_fail(SL_USAGE, "see starling-trainer --help", "--experiment, --run and --listen are needed");
    const volatile sig_atomic_t *stop = sl_stop_catch();
    sl_experiment *experiment = NULL;
    SL_TRY(sl_experiment_load(args->experiment, NULL, 0, &experiment));
    sl_training_def def = {experiment, args->experiment, args->run, sl_link_learn_def(args->listen), stop};
    sl_training *training = NULL;
    sl_status status = sl_file_make_folder(args->run);
    if (status == SL_OK) status = sl_training_open(&def, &training);
    if (status == SL_OK) {
        sl_event_ready(sl_learn_client_endpoint(training->client));
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
    if (status == SL_OK && args.help) {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (status == SL_OK && args.version) {
        (void)printf("starling-trainer %s\n", SL_VERSION);
        return 0;
    }
    if (status == SL_OK) {
        sl_log_init("trainer", args.level, args.log_json);
        sl_blas_init(argv);
        (void)signal(SIGPIPE, SIG_IGN);
        status = run(&args);
    }
    if (status == SL_INTERRUPTED) SL_INFO("%s", sl_error_what());
    return sl_stop_exit_code("starling-trainer", status);
}
