/* test_stop.c - the flag that a signal sets, the wait that it cuts short, and what main returns then. */
#include "common/stop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void a_signal_sets_the_flag_and_ends_a_wait(void **state) {
    (void)state;
    const volatile sig_atomic_t *stop = sl_stop_catch();
    assert_int_equal(*stop, 0);
    assert_int_equal(sl_stop_exit_code("test", SL_OK), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(*stop, SIGTERM);
    assert_int_equal(sl_stop_exit_code("test", SL_INTERRUPTED), 0);
    // a file that may not grow any more gives an error, no signal
    assert_int_equal(raise(SIGXFSZ), 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};
    const struct itimerspec soon = {.it_value.tv_nsec = 20000000};
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
    assert_int_equal(nanosleep(&(struct timespec){.tv_sec = 60}, NULL), -1);
    assert_int_equal(errno, EINTR);
    assert_int_equal(*stop, SIGINT);
    assert_int_equal(sl_stop_exit_code("test", SL_INTERRUPTED), 130);
    (void)timer_delete(timer);
}

static void another_failure_is_printed(void **state) {
    (void)state;
    assert_int_equal(sl_stop_exit_code("test", sl_fail(SL_CORRUPT, NULL, "as it should be")), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_sets_the_flag_and_ends_a_wait),
        cmocka_unit_test(another_failure_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
