/* launcher_main.c - starling-agent: arguments, signals, exit code. */
#include "agent/launcher.h"
#include "common/program.h"
#include "common/stop.h"

static const char name[] = "starling-agent";

int main(int argc, char **argv) {
    sl_launcher_options options;
    int exit_code = 0;
    sl_program_begin(name);
    sl_program_keep_children();
    sl_status status = sl_launcher_parse(argc, argv, &options);
    if (status == SL_OK && !options.common.done) {
        sl_log_init(name, options.common.log_level, options.common.log_json);
        status = sl_launcher_run(&options, sl_stop_catch(), &exit_code);
    }
    return status == SL_OK ? exit_code : sl_stop_exit_code(name, status);
}
