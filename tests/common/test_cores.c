/* test_cores.c - what a process is allowed counts, not what the machine has. */
#include "common/cores.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void a_process_of_one_core_has_one(void **state) {
    (void)state;
    uint64_t mask[128] = {0}, one[128] = {0};
    assert_true(syscall(SYS_sched_getaffinity, 0, sizeof mask, mask) > 0);
    assert_in_range(sl_cores(), 1, 8192);
    for (int k = 0; k < 128 && !one[0] && !one[k]; k++) one[k] = mask[k] & (~mask[k] + 1);
    assert_int_equal(syscall(SYS_sched_setaffinity, 0, sizeof one, one), 0);
    assert_int_equal(sl_cores(), 1);
    assert_int_equal(syscall(SYS_sched_setaffinity, 0, sizeof mask, mask), 0);
}

// what is written to stderr meanwhile
static size_t listen_to(int n_threads, char *text, size_t n_bytes) {
    FILE *file = tmpfile();
    assert_non_null(file);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    sl_cores_warn("threads", n_threads);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    size_t n = fread(text, 1, n_bytes - 1, file);
    text[n] = '\0';
    (void)fclose(file);
    return n;
}

static void more_threads_than_cores_are_one_warning(void **state) {
    (void)state;
    char text[512], wanted[64];
    assert_int_equal(listen_to(sl_cores(), text, sizeof text), 0);
    size_t n = listen_to(sl_cores() + 1, text, sizeof text);
    (void)snprintf(wanted, sizeof wanted, "threads: %d on %d core", sl_cores() + 1, sl_cores());
    assert_non_null(strstr(text, wanted));
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

int main(void) {
    sl_log_init("test", SL_LOG_WARN, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_of_one_core_has_one),
        cmocka_unit_test(more_threads_than_cores_are_one_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
