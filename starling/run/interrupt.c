/* interrupt.c - see interrupt.h. */
#include "starling/run/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t came;

static void on_signal(int number) {
    came = number;
}

void sl_interrupt_watch(void) {
    // no SA_RESTART, so that waits end; SA_RESETHAND, so that a second signal does not ask
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

sl_status sl_interrupt_check(void) {
    return came ? sl_fail(SL_INTERRUPTED, NULL, "interrupted by signal %d", (int)came) : SL_OK;
}

int sl_interrupt_signal(void) {
    return (int)came;
}

sl_status sl_interrupt_wait(double seconds) {
    SL_TRY(sl_interrupt_check());
    if (seconds > 0) {
        time_t whole = (time_t)seconds;
        struct timespec left = {.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
        // cut short by a signal of ours alone: the others are not handled
        (void)nanosleep(&left, NULL);
    }
    return sl_interrupt_check();
}
