/* stop.c - see stop.h. */
#include "common/stop.h"

#include <stddef.h>

static volatile sig_atomic_t stop;

static void on_signal(int number) {
    stop = number;
}

const volatile sig_atomic_t *sl_stop_catch(void) {
    // without SA_RESTART, so that a wait for the network ends at once
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGXFSZ, SIG_IGN);
    return &stop;
}

int sl_stop_exit_code(const char *program, sl_status status) {
    if (status == SL_INTERRUPTED) return stop == SIGINT ? 130 : 0;
    if (status != SL_OK) sl_error_print(program);
    return sl_status_exit_code(status);
}
