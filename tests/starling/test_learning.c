/* test_learning.c - the whole of KD-MARL on the smallest environment learns: three seeds of
 * experiments/mpe/simple.yaml, by real processes. Random play returns -39.7, the built-in heuristic -6.8. */
#include "starling/report/report.h"
#include "starling/run/output.h"
#include "starling/run/spawn.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>

static sl_temp_folder folder;

static json_t *train(int seed) {
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "exec " SL_BIN_DIR "/starling train " SL_SOURCE_DIR "/experiments/mpe/simple.yaml --seed %d"
                   " --out %s/%d --set teacher.ppo.total_steps=100000 --json >%s/%d.json 2>&1",
                   seed, folder.path, seed, folder.path, seed);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    sl_process process;
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    int status = sl_process_wait(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    char name[16];
    (void)snprintf(name, sizeof name, "%d", seed);
    json_t *report = NULL;
    assert_int_equal(sl_report_load(sl_temp_folder_file(&folder, name), &report), SL_OK);
    return report;
}

static double number(const json_t *report, const char *dotted) {
    double x = 0;
    if (!sl_json_find_number(report, dotted, &x)) fail_msg("the report has no %s", dotted);
    return x;
}

static void three_seeds_pass_the_threshold(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    for (int seed = 1; seed <= 3; seed++) {
        json_t *report = train(seed);
        double teacher = number(report, "policies.teacher.return.mean");
        double retention = number(report, "policies.students.retention");
        fprintf(stderr, "  seed %d: teacher %.2f, retention %.3f\n", seed, teacher, retention);
        assert_true(teacher > -8.0);
        assert_true(retention > 0.97);
        json_decref(report);
    }
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_seeds_pass_the_threshold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
