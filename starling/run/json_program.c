/* json_program.c - see json_program.h. */
#include "starling/run/json_program.h"

#include "starling/run/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

// the newest line that is an object takes the place of the last
static void read_lines(sl_process *process, json_t **result) {
    bool ended = false;
    while (!ended) {
        const char *line = sl_process_read_line(process, &ended);
        json_error_t error;
        json_t *object = line ? json_loads(line, JSON_REJECT_DUPLICATES, &error) : NULL;
        if (json_is_object(object)) {
            json_decref(*result);
            *result = object;
        } else {
            json_decref(object);
        }
        if (line || ended) continue;
        struct pollfd fd = {.fd = process->out, .events = POLLIN};
        (void)poll(&fd, 1, -1);
        // it ends its own programs in order
        if (sl_interrupt_signal() != 0) sl_process_signal(process, SIGTERM);
    }
}

sl_status sl_json_program_run(const char *path, char *const *argv, json_t **out) {
    static sl_process process;
    json_t *result = NULL;
    SL_TRY(sl_process_start(path, argv, &process));
    read_lines(&process, &result);
    int status = sl_process_wait(&process);
    sl_status stopped = sl_interrupt_check();
    if (stopped == SL_OK && result && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        *out = result;
        return SL_OK;
    }
    json_decref(result);
    if (stopped != SL_OK) return stopped;
    return sl_fail(SL_IO, "its own message is above", "%s printed no result", path);
}
