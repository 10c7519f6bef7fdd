/* test_program.c - the agent's process: what it prints, and its exit codes. */
#include "common/alloc.h"
#include "storage/file.h"
#include "student_file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

// runs a shell line, keeps the start of what it prints on both streams, returns its exit code
static int run(const char *program, const char *flags, char *printed, size_t size) {
    char line[1024];
    snprintf(line, sizeof line, SL_BIN_DIR "/%s %s 2>&1 </dev/null", program, flags);
    FILE *stream = popen(line, "r"); // NOLINT(bugprone-command-processor): the test's own words
    assert_non_null(stream);
    size_t n = fread(printed, 1, size - 1, stream);
    printed[n] = '\0';
    int status = pclose(stream);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(const char *program, const char *flags, int code, const char *text) {
    char printed[4096];
    int got = run(program, flags, printed, sizeof printed);
    if (got != code || !strstr(printed, text))
        fail_msg("%s %s: exit code %d, printed: %s", program, flags, got, printed);
}

static void measures_a_decision(void **state) {
    (void)state;
    char printed[1024];
    double ns = 0.0;
    assert_int_equal(run("starling-agent-16", "--bench 0.05", printed, sizeof printed), 0);
    const char *at = strstr(printed, "\"ns_per_decision\":");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"ns_per_decision\":%lf", &ns), 1);
    assert_true(ns > 1.0);
    assert_non_null(strstr(printed, "{\"program\":\"starling-agent-16\",\"hidden\":16,"));
}

static void exits_as_documented(void **state) {
    (void)state;
    expect("starling-agent-16", "--help", 0, "usage: starling-agent-16");
    expect("starling-agent-16", "--version", 0, "starling-agent-16 ");
    expect("starling-agent-16", "--nonsense", 2, "--nonsense");
    expect("starling-agent-16", "--bench 0.05 --model /nonexistent/student", 4, "/nonexistent/student");
}

// a student of before flies, and one line says what it flies in
static void warns_of_another_arithmetic(void **state) {
    (void)state;
    const sl_net_def def = {.in_dim = 18, .hidden = 16, .out_dim = 5, .n_layers = 1, .cell = SL_CELL_GRU};
    sl_temp_folder folder = sl_temp_folder_create();
    sl_student_file student;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    char line[SL_TEMP_PATH + 512], printed[256];
    const char *path = sl_temp_folder_file(&folder, "student.safetensors");
    sl_student_file_init(&student, &def, 1);
    student.profile.arithmetic = 1;
    sl_student_file_encode(&student, &bytes, &n_bytes);
    assert_int_equal(sl_file_replace(path, bytes, n_bytes), SL_OK);
    // until it has said so; nobody is there to fly for. Its number is written before it runs, so that it comes first
    snprintf(line, sizeof line,
             "sh -c 'echo $$; exec " SL_BIN_DIR "/starling-agent-16 --connect tcp://127.0.0.1:1 --model %s' 2>&1 |"
             " { read pid; grep -m1 -o 'arithmetic 1 and flies in 2'; kill $pid; }",
             path);
    FILE *stream = popen(line, "r"); // NOLINT(bugprone-command-processor): the test's own words
    assert_non_null(stream);
    assert_non_null(fgets(printed, sizeof printed, stream));
    assert_string_equal(printed, "arithmetic 1 and flies in 2\n");
    assert_int_equal(pclose(stream), 0);
    sl_free(bytes);
    sl_student_file_fini(&student);
    sl_temp_folder_remove(&folder);
}

static void refuses_a_student_of_another_size(void **state) {
    (void)state;
    const sl_net_def def = {.in_dim = 18, .hidden = 32, .out_dim = 5, .n_layers = 1, .cell = SL_CELL_GRU};
    sl_temp_folder folder = sl_temp_folder_create();
    sl_student_file student;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    char flags[SL_TEMP_PATH + 64];
    const char *path = sl_temp_folder_file(&folder, "student.safetensors");
    sl_student_file_init(&student, &def, 1);
    sl_student_file_encode(&student, &bytes, &n_bytes);
    assert_int_equal(sl_file_replace(path, bytes, n_bytes), SL_OK);
    snprintf(flags, sizeof flags, "--bench 0.05 --model %s", path);
    expect("starling-agent-16", flags, 6, "fly it with starling-agent-32");
    expect("starling-agent-32", flags, 0, "\"hidden\":32");
    sl_free(bytes);
    sl_student_file_fini(&student);
    sl_temp_folder_remove(&folder);
}

// what a health check sees of a process that is stopped, goes on, and ends
static void is_healthy_while_it_runs(void **state) {
    (void)state;
    char printed[4096], line[2048];
    sl_temp_folder folder = sl_temp_folder_create();
    snprintf(line, sizeof line,
             "exec 2>&1; export STARLING_HEALTH=%s/health; agent=" SL_BIN_DIR "/starling-agent-16\n"
             "$agent --health && exit 99; echo \"before: $?\"\n"
             "$agent --connect tcp://127.0.0.1:1 --cache %s --log-level error & pid=$!\n"
             "until $agent --health >/dev/null 2>&1; do sleep 0.05; done; $agent --health\n"
             "kill -STOP $pid; while $agent --health >/dev/null 2>&1; do sleep 0.05; done; $agent --health\n"
             "kill -CONT $pid; until $agent --health >/dev/null 2>&1; do sleep 0.05; done\n"
             "kill -TERM $pid; wait $pid; echo \"ended: $?\"; $agent --health; echo \"after: $?\"\n",
             folder.path, folder.path);
    FILE *stream = popen(line, "r"); // NOLINT(bugprone-command-processor): the test's own words
    assert_non_null(stream);
    size_t n = fread(printed, 1, sizeof printed - 1, stream);
    printed[n] = '\0';
    assert_int_equal(pclose(stream), 0);
    const char *const expected[] = {"before: 9", "healthy: waiting, starling-agent-16: looking for a coordinator",
                                    "silent for more than 5 s", "ended: 0", "after: 9"};
    const char *at = printed;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        at = strstr(at, expected[i]);
        if (!at) fail_msg("no '%s' in its place in: %s", expected[i], printed);
    }
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_a_decision),
        cmocka_unit_test(exits_as_documented),
        cmocka_unit_test(is_healthy_while_it_runs),
        cmocka_unit_test(warns_of_another_arithmetic),
        cmocka_unit_test(refuses_a_student_of_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
