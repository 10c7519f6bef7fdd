/* test_limits.c - a process that may have too little of something: one line that says of what, a documented exit
 * code, and the programs end. */
#include "starling/runner.h"
#include "support/sanitizer.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A limit on the size of files is a full disk to every program: none dies of the signal, none is started again. */
static void test_no_space(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    // blocks of 512 bytes: enough for the experiment; for the trainer's files; for the buffer, until the end
    const struct {
        const char *blocks, *who;
    } limits[] = {
        {"ulimit -f 1", "cannot write"}, {"ulimit -f 8", "trainer stopped"}, {"ulimit -f 100", "trainer stopped"}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char words[1024];
        (void)snprintf(words, sizeof words, "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/%zu",
                       folder.path, i);
        limit = limits[i].blocks;
        int code = run("2>&1", words);
        limit = NULL;
        if (code != 7 || !strstr(output, limits[i].who) || strstr(output, "restart"))
            fail_msg("exit code %d with '%s': %s", code, limits[i].blocks, output);
    }
    sl_temp_folder_remove(&folder);
}

/* What the programs that it starts would lack, starling says itself, once, before there is a run. */
static void test_too_few_files(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    for (int n = 16; n <= 64; n += 4) {
        char text[32];
        (void)snprintf(text, sizeof text, "ulimit -n %d", n);
        limit = text;
        (void)snprintf(words, sizeof words, "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/run",
                       folder.path);
        expect_error(words, 8, "files may be open at a time");
        expect_error("fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 1", 8, "files may be open at a time");
        expect_error("eval " SL_SOURCE_DIR "/models/mpe/spread --policy random --episodes 1", 8, "files may be open");
        limit = NULL;
        assert_int_equal(access(sl_temp_folder_file(&folder, "run"), F_OK), -1);
    }
    sl_temp_folder_remove(&folder);
}

/* Said before OpenBLAS is initialised, which dies or waits for ever without its memory. */
static void test_too_little_memory(void **state) {
    (void)state;
    if (SL_UNDER_SANITIZER) skip();
    const char *const programs[] = {"starling", "starling-trainer", "starling-coordinator"};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        int said = 0;
        for (int mib = 48; mib <= 448; mib += 16) {
            char text[32];
            (void)snprintf(text, sizeof text, "ulimit -v %d", mib * 1024);
            limit = text;
            int code = run_program(programs[i], "2>&1", "--version");
            limit = NULL;
            // with still less the loader cannot map the libraries, and says so
            if (code == 127 && !said && strstr(output, "loading shared libraries")) continue;
            if (code != 11 || !strstr(output, "(ulimit -v)") ||
                strncmp(output, programs[i], strlen(programs[i])) != 0)
                fail_msg("%s, '%s': exit code %d: %s", programs[i], text, code, output);
            said++;
        }
        assert_true(said > 20);
    }
}

/* Enough to start, too little for a batch: the run ends and says why, however often its parts were sent. */
static void test_too_little_memory_for_a_batch(void **state) {
    (void)state;
    if (SL_UNDER_SANITIZER) skip();
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024], text[32];
    (void)snprintf(text, sizeof text, "ulimit -v %ld", (592 + 48 * sysconf(_SC_NPROCESSORS_ONLN)) * 1024);
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/run "
                   "--set teacher.ppo.n_envs=16384",
                   folder.path);
    limit = text;
    int code = run("2>&1", words);
    limit = NULL;
    if (code != 11 || !strstr(output, "hint: ")) fail_msg("exit code %d: %s", code, output);
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_space),
        cmocka_unit_test(test_too_few_files),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_too_little_memory_for_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
