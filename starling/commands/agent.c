/* agent.c - starling agent: becomes starling-agent, which a device has without all of this (agent/launcher.h). */
#include "starling/commands/command.h"
#include "starling/run/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

sl_status sl_cmd_agent(const char *path, int argc, char **argv) {
    (void)path, (void)argc;
    static char program[SL_PATH_BYTES];
    SL_TRY(sl_program_find("starling-agent", program));
    argv[0] = program;
    // what is ignored stays ignored across an exec
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execv(program, argv);
    return sl_fail(SL_IO, NULL, "cannot start '%s': %s", program, strerror(errno));
}
