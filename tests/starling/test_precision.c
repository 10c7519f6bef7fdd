/* test_precision.c - a run with teacher.precision: bf16, by real processes: the experiment keeps it, a longer run
 * resumed from a shorter one ends as the long one does; and where the CPU has none, it is refused. */
#include "nn/gemm_bf16.h"
#include "starling/runner.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static sl_temp_folder folder;

#define TRAIN                                                                                                        \
    "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --set teacher.precision=bf16 --set record.episodes=8" \
    " --set distill.updates=2 --set eval.episodes=4 --set fleet.episodes=1 --json"

static void train(const char *name, int steps, const char *more) {
    char words[1024];
    (void)snprintf(words, sizeof words, TRAIN " --out %s/%s --set teacher.ppo.total_steps=%d %s", folder.path, name,
                   steps, more);
    if (run("2>&1", words) != 0) fail_msg("%s", output);
}

static bool same_file(const char *a, const char *b) {
    char words[1024];
    (void)snprintf(words, sizeof words, "exec cmp %s/%s %s/%s", folder.path, a, folder.path, b);
    FILE *cmp = popen(words, "r");
    return cmp && pclose(cmp) == 0;
}

static void a_run_goes_on_as_if_it_never_stopped(void **state) {
    (void)state;
    if (sl_bf16_get_kind() == SL_BF16_NONE) skip();
    folder = sl_temp_folder_create();
    train("long", 16000, "--set threads=1");
    train("short", 8000, "--set threads=1");
    train("short", 16000, "--set threads=1 --resume");
    assert_true(same_file("long/teacher.safetensors", "short/teacher.safetensors"));
    char words[1024];
    (void)snprintf(words, sizeof words, "exec grep -q 'precision: bf16' %s/long/experiment.yaml", folder.path);
    FILE *grep = popen(words, "r");
    assert_true(grep && pclose(grep) == 0);
    sl_temp_folder_remove(&folder);
}

static void it_is_refused_where_the_cpu_has_none(void **state) {
    (void)state;
    if (sl_bf16_get_kind() != SL_BF16_NONE) skip();
    char line[256];
    (void)snprintf(line, sizeof line, "key 'teacher.precision': bf16 needs AMX-BF16 or AVX512-BF16, this CPU has %s",
                   sl_bf16_describe_cpu());
    expect_error(TRAIN " --out /nowhere", 3, line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_goes_on_as_if_it_never_stopped),
        cmocka_unit_test(it_is_refused_where_the_cpu_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
