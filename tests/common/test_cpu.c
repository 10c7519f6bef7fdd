/* test_cpu.c - a program on a CPU without its instructions ends with a line, not with a signal. */
#include "common/cpu.h"

#include "common/program.h"
#include "common/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { WENT_ON = 99 };

static void this_cpu_has_what_was_built(void **state) {
    (void)state;
    assert_int_equal(sl_cpu_built() & ~sl_cpu_present(), 0);
    sl_cpu_require("test", sl_cpu_built(), sl_cpu_present());
}

static void agrees_with_the_compiler(void **state) {
    (void)state;
    uint64_t known = 0;
    for (int i = 0; sl_cpu_feature(i); i++) {
        assert_true(i < 64);
        known |= UINT64_C(1) << i;
#if defined(__x86_64__)
        bool has = sl_cpu_present() >> i & 1;
        const char *name = sl_cpu_feature(i);
        __builtin_cpu_init();
        if (strcmp(name, "sse4.2") == 0) assert_int_equal(has, __builtin_cpu_supports("sse4.2") != 0);
        if (strcmp(name, "popcnt") == 0) assert_int_equal(has, __builtin_cpu_supports("popcnt") != 0);
        if (strcmp(name, "avx2") == 0) assert_int_equal(has, __builtin_cpu_supports("avx2") != 0);
        if (strcmp(name, "fma") == 0) assert_int_equal(has, __builtin_cpu_supports("fma") != 0);
        if (strcmp(name, "bmi2") == 0) assert_int_equal(has, __builtin_cpu_supports("bmi2") != 0);
        if (strcmp(name, "avx512f") == 0) assert_int_equal(has, __builtin_cpu_supports("avx512f") != 0);
        if (strcmp(name, "avx512vbmi") == 0) assert_int_equal(has, __builtin_cpu_supports("avx512vbmi") != 0);
#endif
    }
    assert_int_equal(sl_cpu_built() & ~known, 0);
    assert_int_equal(sl_cpu_present() & ~known, 0);
}

// what a program would say that was built for these, on a CPU with those
static void expect(unsigned built, unsigned present, const char *line) {
    char self[SL_PROGRAM_BYTES], command[SL_PROGRAM_BYTES + 64], text[256];
    assert_true(sl_program_self(self));
    (void)snprintf(command, sizeof command, "'%s' %u %u 2>&1", self, built, present);
    FILE *program = popen(command, "r");
    assert_non_null(program);
    text[fread(text, 1, sizeof text - 1, program)] = '\0';
    int how = pclose(program);
    assert_string_equal(text, line);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), line[0] ? sl_status_exit_code(SL_MISMATCH) : WENT_ON);
}

static void says_what_is_missing(void **state) {
    (void)state;
    if (!sl_cpu_feature(4)) skip();
    char line[160];
    const char *form = "starling: built for another CPU: this one has no %s%s\n  hint: build with -DSL_NATIVE=OFF\n";
    (void)snprintf(line, sizeof line, form, sl_cpu_feature(4), "");
    expect(0x1f, 0x0f, line);
    (void)snprintf(line, sizeof line, form, sl_cpu_feature(1), " and 2 more");
    expect(0x1f, 0x05, line);
    expect(0x0f, 0x1f, "");
    expect(0, 0, "");
}

int main(int argc, char **argv) {
    if (argc == 3) {
        sl_cpu_require("starling", strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
        return WENT_ON;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_cpu_has_what_was_built),
        cmocka_unit_test(agrees_with_the_compiler),
        cmocka_unit_test(says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
