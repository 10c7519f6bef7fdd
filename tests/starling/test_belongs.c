/* test_belongs.c - the files of a run and of a folder of models belong together: what is gone is put back, what is
 * another run's is refused by its name, and a finished run ends in the same report whatever is rebuilt. */
#include "runner.h"
#include "starling/report/report.h"
#include "storage/file.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "name: belongs\n"
                           "threads: 1\n"
                           "env: {name: mpe/simple_spread_v3, max_steps: 10}\n"
                           "teacher:\n"
                           "  actor: {cell: none, hidden: 16, layers: 1}\n"
                           "  critic: {cell: none, hidden: 16, layers: 1}\n"
                           "  ppo: {total_steps: 384, n_envs: 16, rollout_steps: 12, epochs: 1}\n"
                           "record: {episodes: 16}\n"
                           "students: [{net: {cell: none, hidden: 16, layers: 1}}]\n"
                           "distill: {updates: 2, episodes: 8, minibatches: 1}\n"
                           "eval: {episodes: 4}\n"
                           "fleet: {episodes: 1}\n";

static sl_temp_folder folder;

// runs a command of the shell in the temporary folder
static void shell(const char *format, const char *a, const char *b) {
    char command[1024], words[512];
    (void)snprintf(words, sizeof words, format, a, b);
    (void)snprintf(command, sizeof command, "cd '%s' && { %s; }", folder.path, words);
    if (system(command) != 0) fail_msg("%s", command);
}

static int train(const char *name, int seed, const char *flags) {
    char words[1024];
    (void)snprintf(words, sizeof words, "train %s/job.yaml --out %s/%s --seed %d --log-level warn %s", folder.path,
                   folder.path, name, seed, flags);
    return run("2>&1 >/dev/null", words);
}

static json_t *report_of(const char *name) {
    json_t *report = NULL;
    assert_int_equal(sl_report_load(sl_temp_folder_file(&folder, name), &report), SL_OK);
    assert_int_equal(json_object_del(report, "timing"), 0);
    return report;
}

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    if (sl_file_replace(sl_temp_folder_file(&folder, "job.yaml"), text, sizeof text - 1) != SL_OK) return -1;
    return train("run", 1, "") || train("other", 2, "") ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

// a copy of the finished run with one thing done to it, resumed
static int resume(const char *mischief) {
    shell("rm -rf try && cp -a run try && cd try && %s%s", mischief, "");
    return train("try", 1, "--resume");
}

static void expect_rebuilt(const char *mischief, const char *said) {
    if (resume(mischief) != 0) fail_msg("%s: refused: %s", mischief, output);
    if (!strstr(output, said)) fail_msg("%s: '%s' is not said in: %s", mischief, said, output);
    json_t *want = report_of("run"), *got = report_of("try");
    if (!json_equal(want, got)) fail_msg("%s: another report", mischief);
    json_decref(want);
    json_decref(got);
    // and all is whole again: nothing more to say
    shell("cmp run/teacher.safetensors try/teacher.safetensors && diff -r run/students try/students%s%s", "", "");
}

static void expect_refused(const char *mischief, int code, const char *said) {
    int got = resume(mischief);
    if (got != code) fail_msg("%s: exit code %d instead of %d: %s", mischief, got, code, output);
    if (!strstr(output, said)) fail_msg("%s: '%s' is not said in: %s", mischief, said, output);
    assert_non_null(strstr(output, "  hint: "));
    if (strstr(output, "restart")) fail_msg("%s: tried again: %s", mischief, output);
}

static void what_is_gone_is_put_back(void **state) {
    (void)state;
    expect_rebuilt("rm teacher.safetensors", "try/teacher.safetensors' was gone: put back");
    expect_rebuilt("rm -r students", "try/students/agent-2.safetensors' was gone: put back");
    expect_rebuilt("rm report.json", "report.json");
    expect_rebuilt("rm -r buffer", "buffer/expert.log");
    expect_rebuilt("rm -r checkpoints", "the checkpoints are gone");
    expect_rebuilt("rm -r checkpoints students", "begins anew");
    // of a version that kept no manifest
    expect_rebuilt("rm manifest.json", "");
}

static void what_is_another_is_refused_by_name(void **state) {
    (void)state;
    expect_refused("cp ../other/teacher.safetensors .", 5, "try/teacher.safetensors' is not the file");
    expect_refused("cp ../other/students/agent-1.safetensors students", 5,
                   "try/students/agent-1.safetensors' is not the file");
    expect_refused("cp students/agent-0.safetensors students/agent-1.safetensors", 5, "agent-1.safetensors");
    expect_refused("truncate -s 900 students/agent-2.safetensors", 5, "agent-2.safetensors");
    expect_refused("cp ../other/buffer/expert.log buffer", 5, "buffer/expert.log");
    expect_refused("truncate -s 1000 buffer/expert.log", 5, "buffer/expert.log");
    expect_refused("rm -r checkpoints; cp ../other/teacher.safetensors .", 5, "try/teacher.safetensors");
    expect_refused("cp ../other/checkpoints/* checkpoints", 6, "is of another experiment");
    expect_refused("echo '# more' >>experiment.yaml", 5, "try/experiment.yaml");
    expect_refused("sed -i 's/tau: 1/tau: 2/' experiment.yaml", 5, "try/experiment.yaml");
    expect_refused("cp ../other/manifest.json .", 5, "try/experiment.yaml");
    // a report is made again from what it is of
    expect_rebuilt("cp ../other/report.json .", "report.json' is not the file");
}

// the checkpoint before the last, in the middle of the students' learning
static void an_unfinished_run_checks_its_teacher(void **state) {
    (void)state;
    expect_rebuilt("rm checkpoints/checkpoint-2.*; rm -r teacher.safetensors students report.json metrics",
                   "try/teacher.safetensors' was gone: put back");
    expect_refused("rm checkpoints/checkpoint-2.*; cp ../other/teacher.safetensors .", 5, "teacher.safetensors");
    expect_refused("rm checkpoints/checkpoint-2.*; cp ../other/buffer/expert.log buffer", 6, "expert buffer");
    expect_rebuilt("rm checkpoints/checkpoint-2.*; truncate -s 1000 buffer/expert.log; touch r.json.7-1.tmp", "");
    shell("test ! -e try/r.json.7-1.tmp%s%s", "", "");
}

static void what_is_no_file_is_refused_at_once(void **state) {
    (void)state;
    const char *const files[] = {"experiment.yaml", "teacher.safetensors", "students/agent-1.safetensors",
                                 "buffer/expert.log", "manifest.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char mischief[128], said[512];
        (void)snprintf(said, sizeof said, "cannot read %s/try/%s: not a regular file", folder.path, files[i]);
        (void)snprintf(mischief, sizeof mischief, "rm %s; mkdir %s", files[i], files[i]);
        expect_refused(mischief, 5, said);
        (void)snprintf(mischief, sizeof mischief, "rm %s; mkfifo %s", files[i], files[i]);
        expect_refused(mischief, 5, said);
    }
}

static void reading_commands_look_too(void **state) {
    (void)state;
    char words[512];
    const char *path = sl_temp_folder_file(&folder, "try");
    shell("rm -rf try && cp -a run try && cp other/teacher.safetensors try%s%s", "", "");
    (void)snprintf(words, sizeof words, "eval %s --policy teacher", path);
    expect_error(words, 5, "teacher.safetensors' is not the file");
    (void)snprintf(words, sizeof words, "report %s", path);
    expect_error(words, 5, "teacher.safetensors' is not the file");
    shell("rm -rf try && cp -a run try && cp other/students/agent-0.safetensors try/students%s%s", "", "");
    (void)snprintf(words, sizeof words, "fly %s", path);
    expect_error(words, 5, "agent-0.safetensors' is not the file");
    // whoever is evaluated; a run that has no students yet is no broken one
    (void)snprintf(words, sizeof words, "eval %s --policy random", path);
    expect_error(words, 5, "agent-0.safetensors' is not the file");
    (void)snprintf(words, sizeof words, "eval %s --policy teacher --episodes 1", path);
    expect_error(words, 5, "agent-0.safetensors' is not the file");
    shell("rm -rf try && cp -a run try && rm try/students/agent-*%s%s", "", "");
    assert_int_equal(run("2>/dev/null", words), 0);
    shell("rm -rf try && cp -a run try && cp other/report.json try%s%s", "", "");
    (void)snprintf(words, sizeof words, "report %s", path);
    expect_error(words, 5, "report.json' is not the file");
}

static void models_that_ship_are_held_together(void **state) {
    (void)state;
    char words[512];
    static const char *const models[] = {"mpe/spread", "combat/3m"};
    for (int i = 0; i < 2; i++) {
        shell("rm -rf try && cp -a " SL_SOURCE_DIR "/models/%s try && cp " SL_SOURCE_DIR
              "/models/%s/teacher.safetensors "
              "try && chmod -R u+w try",
              models[i], models[1 - i]);
        (void)snprintf(words, sizeof words, "eval %s --policy teacher", sl_temp_folder_file(&folder, "try"));
        expect_error(words, 5, "teacher.safetensors' is not the file");
        (void)snprintf(words, sizeof words, "report " SL_SOURCE_DIR "/models/%s", models[i]);
        expect_error(words, 4, "has no report.json");
    }
}

static void files_outside_belong_too(void **state) {
    (void)state;
    char words[1024];
    const char *path = sl_temp_folder_file(&folder, "battle");
    shell("cp " SL_SOURCE_DIR "/envs/combat/maps/3m.json map.json && cp " SL_SOURCE_DIR
          "/models/combat/3m/teacher.safetensors enemy.safetensors && chmod u+w *%s%s",
          "", "");
    (void)snprintf(words, sizeof words,
                   "train %s/job.yaml --out %s --log-level warn --set env.name=combat/%s/map.json --set "
                   "env.opponent=%s/enemy.safetensors --set teacher.ppo.total_steps=192",
                   folder.path, path, folder.path, folder.path);
    if (run("2>&1 >/dev/null", words) != 0) fail_msg("%s", output);
    (void)snprintf(words, sizeof words, "eval %s --policy students --episodes 1", path);
    assert_int_equal(run("2>/dev/null", words), 0);
    shell("echo >>map.json%s%s", "", "");
    expect_error(words, 5, "key 'env.name': it is not the file");
    shell("cp " SL_SOURCE_DIR
          "/envs/combat/maps/3m.json map.json && cp battle/teacher.safetensors enemy.safetensors%s%s",
          "", "");
    expect_error(words, 5, "key 'env.opponent': it is not the file");
}

static void a_folder_that_is_no_run_is_left_alone(void **state) {
    (void)state;
    shell("rm -rf try && mkdir try && touch try/holiday.jpg%s%s", "", "");
    assert_int_equal(train("try", 1, "--resume"), 4);
    assert_non_null(strstr(output, "there is no run in"));
    shell("test \"$(ls try)\" = holiday.jpg%s%s", "", "");
    // what a run lost its experiment is no run either, and nothing to begin another in
    shell("rm -rf try && cp -a run try && rm try/experiment.yaml%s%s", "", "");
    assert_int_equal(train("try", 1, "--resume"), 4);
    assert_int_equal(train("try", 1, ""), 2);
    // killed before there was anything
    shell("rm -rf try && mkdir try && touch try/experiment.yaml.77-1.tmp%s%s", "", "");
    assert_int_equal(train("try", 1, "--resume"), 0);
    shell("test ! -e try/experiment.yaml.77-1.tmp%s%s", "", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gone_is_put_back),
        cmocka_unit_test(what_is_another_is_refused_by_name),
        cmocka_unit_test(an_unfinished_run_checks_its_teacher),
        cmocka_unit_test(what_is_no_file_is_refused_at_once),
        cmocka_unit_test(reading_commands_look_too),
        cmocka_unit_test(models_that_ship_are_held_together),
        cmocka_unit_test(files_outside_belong_too),
        cmocka_unit_test(a_folder_that_is_no_run_is_left_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
