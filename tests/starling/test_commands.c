/* test_commands.c - the program itself: what it refuses, with which line and exit code, and what it prints. */
#include "starling/runner.h"
#include "support/temp_folder.h"

#include "common/alloc.h"
#include "starling/run/spawn.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_usage(void **state) {
    (void)state;
    expect_error("", 2, "starling: needs a command");
    expect_error("trian", 2, "starling: unknown command 'trian'");
    expect_error("env lst", 2, "starling env: unknown command 'lst'");
    expect_error("train", 2, "starling train: needs EXPERIMENT.yaml");
    expect_error("train a.yaml --sede 1", 2, "unknown option '--sede'");
    expect_error("eval x", 2, "starling eval: needs --policy");
    expect_error("eval x --policy best", 2, "starling eval: --policy cannot be 'best'");
    expect_error("env bench mpe/simple_spread_v3 --envs 0", 2, "--envs cannot be '0'");
    expect_error("env list extra", 2, "one argument too many: 'extra'");
    expect_error("env list --log-level loud", 2, "unknown log level 'loud'");
}

static void test_help(void **state) {
    (void)state;
    const char *const commands[] = {"keys sign",   "study latency", "top",        "train",       "eval",
                                    "fly",         "report",        "model info", "env list",    "env info",
                                    "env check",   "env bench",     "env play",   "bench train", "bench inference",
                                    "bench fleet", "links list",    "links info", "links sample"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char words[64], usage[64];
        (void)snprintf(words, sizeof words, "%s --help", commands[i]);
        (void)snprintf(usage, sizeof usage, "usage: starling %s [options]", commands[i]);
        assert_int_equal(run("", words), 0);
        assert_true(strncmp(output, usage, strlen(usage)) == 0);
        assert_non_null(strstr(output, "--json"));
    }
    assert_int_equal(run("", "--help"), 0);
    assert_non_null(strstr(output, "commands:"));
    assert_int_equal(run("", "--version"), 0);
    assert_string_equal(output, "starling " SL_VERSION "\n");
    // of none that was started with a health file
    assert_int_equal(run("", "--health"), 9);
}

static void test_missing_files(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    expect_error("train /nonexistent/a.yaml", 4, "there is no experiment /nonexistent/a.yaml");
    expect_hint("experiments/");
    expect_error("eval /nonexistent/run --policy random", 4, "no run or model folder '/nonexistent/run'");
    expect_error("fly /nonexistent/run", 4, "no run or model folder '/nonexistent/run'");
    expect_error("report /nonexistent/run", 4, "no run '/nonexistent/run'");
    expect_hint("starling train");
    expect_error("model info /nonexistent/x.safetensors", 4, "/nonexistent/x.safetensors");
    expect_error("env check /nonexistent/x.jsonl", 4, "/nonexistent/x.jsonl");
    (void)snprintf(words, sizeof words, "fly %s", folder.path);
    expect_error(words, 4, "is not a run or model folder");
    sl_temp_folder_write_text(&folder, "experiment.yaml", "env: {name: mpe/simple_spread_v3}\n");
    const char *const wanting[] = {"eval %s --policy students", "fly %s",
                                   "env play mpe/simple_spread_v3 --policy %s"};
    for (int i = 0; i < 3; i++) {
        (void)snprintf(words, sizeof words, wanting[i], folder.path);
        expect_error(words, 4, "has no students/agent-0.safetensors");
        expect_hint("--resume");
    }
    (void)snprintf(words, sizeof words, "eval %s --policy teacher", folder.path);
    expect_error(words, 4, "has no teacher");
    (void)snprintf(words, sizeof words, "report %s --plot %s/a.png", folder.path, folder.path);
    expect_error(words, 4, "metrics/teacher.csv");
    // as a run that was interrupted is
    static const char text[] = "env: {name: mpe/simple_v3}\n";
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "experiment.yaml"), text, sizeof text - 1), SL_OK);
    static const char *const commands[] = {"fly", "eval --policy students", "env play mpe/simple_v3 --policy"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        (void)snprintf(words, sizeof words, "%s %s", commands[i], folder.path);
        expect_error(words, 4, "has no students/agent-0.safetensors");
        expect_hint("--resume");
    }
    (void)snprintf(words, sizeof words, "report %s --plot %s/a.gif", folder.path, folder.path);
    expect_error(words, 2, "cannot plot into");
    sl_temp_folder_remove(&folder);
}

static void test_bad_content(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    (void)snprintf(words, sizeof words, "train %s --out %s/run",
                   sl_temp_folder_write_text(&folder, "a.yaml", "name: a\ndistil:\n  tau: 1\n"), folder.path);
    expect_error(words, 3, "distil");
    (void)snprintf(words, sizeof words, "train %s --out %s/run --set distill.w_kll=1",
                   sl_temp_folder_write_text(&folder, "b.yaml", "name: a\nenv:\n  name: mpe/simple_spread_v3\n"),
                   folder.path);
    expect_error(words, 3, "w_kll");
    // nothing was started, so nothing is left
    assert_int_equal(access(sl_temp_folder_file(&folder, "run"), F_OK), -1);
    (void)snprintf(words, sizeof words, "model info %s",
                   sl_temp_folder_write_text(&folder, "m.safetensors", "this is no model"));
    expect_error(words, 5, "m.safetensors");
    (void)snprintf(words, sizeof words, "env check %s",
                   sl_temp_folder_write_text(&folder, "g.jsonl", "{\"event\":\n"));
    expect_error(words, 5, "g.jsonl");
    expect_error("env info mpe/simple_spred_v3", 3, "simple_spred_v3");
    expect_error("env bench nothing --seconds 0.01", 3, "nothing");
    expect_error("env info combat/3m --opponent hodl", 3, "--opponent: there is no opponent 'hodl'");
    expect_error("env bench combat/3m --opponent none.safetensors", 4, "none.safetensors");
    sl_temp_folder_remove(&folder);
}

static void test_a_buffer_of_another_reward_is_refused(void **state) {
    (void)state;
    static const char other[] = "env: {name: mpe/simple_spread_v3}\nteacher: {ppo: {reward: mean}}\n";
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024], buffer[512];
    (void)snprintf(buffer, sizeof buffer, "%s", sl_temp_folder_file(&folder, "buffer"));
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "experiment.yaml"), other, sizeof other - 1),
                     SL_OK);
    assert_int_equal(sl_file_make_folder(buffer), SL_OK);
    assert_int_equal(sl_file_replace(sl_temp_folder_file(&folder, "buffer/expert.log"), "", 0), SL_OK);
    (void)snprintf(words, sizeof words,
                   "train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --out %s/run --set record.from=%s",
                   folder.path, folder.path);
    expect_error(words, 3, "was recorded under another teacher.ppo.reward");
    sl_temp_folder_remove(&folder);
}

static void test_bad_experiment_leaves_no_folder(void **state) {
    (void)state;
    const char *const smoke = SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml";
    const struct {
        const char *set, *line;
    } bad[] = {
        {"env.name=mpe/simple_spred_v3", "unknown environment 'mpe/simple_spred_v3'"},
        {"env.n_agents=5", "key 'students': has 3 entries"},
        {"mask.kind=random --set mask.k_max=99", "k_max 99"},
        {"record.from=/nonexistent", "key 'record.from': there is no '/nonexistent/buffer/expert.log'"},
        {"teacher.init=/nonexistent", "key 'teacher.init': there is no '/nonexistent'"},
        {"teacher.from=/tmp", "key 'teacher.from': there is no '/tmp/teacher.safetensors'"},
        {"teacher.ppo.team_reward=true", "key 'teacher.ppo.team_reward' is of an earlier version"},
        // 27 KB an episode: recording would drop what sampling waits for, without an end
        {"record.max_bytes=65536 --set record.min_size=60", "key 'record.max_bytes': 65536 hold 2 episodes of up to"},
        {"record.max_bytes=65536 --set teacher.actor.hidden=1024", "key 'record.max_bytes': 65536 hold 0 episodes"},
        {"name=../../esc", "key 'name': '../../esc' is not a plain file name"},
        {"fleet.endpoint=", "key 'fleet.endpoint': an endpoint is empty"},
        {"fleet.endpoint=foo", "key 'fleet.endpoint': 'foo' is no endpoint"},
        {"fleet.endpoint=inproc://x", "key 'fleet.endpoint': 'inproc://x' is no endpoint"},
        {"fleet.endpoint=sim://x", "key 'fleet.endpoint': no simulated network for 'sim://x'"},
        {"fleet.endpoint=tcp://127.0.0.1:99999", "key 'fleet.endpoint': 'tcp://127.0.0.1:99999' has no valid port"},
        {"fleet.endpoint=tcp://192.0.2.1:5555", "key 'fleet.endpoint': tcp://192.0.2.1:5555 reaches beyond this"},
        {"fleet.endpoint=tcp://192.0.2.1:5555 --insecure",
         "cannot serve on 'tcp://192.0.2.1:5555': no address of this machine"},
        {"fleet.endpoint=ipc:///no/such/folder/x", "cannot serve on 'ipc:///no/such/folder/x': No such file"},
        {"record.samples_per_insert=1", "key 'record.error_buffer': with 0 sampling"},
        // agents that come by themselves bring their programs
        {"students[1].net.hidden=24 --agents remote --set record.max_bytes=65536 --set record.min_size=60",
         "key 'record.max_bytes': 65536 hold 2 episodes of up to"},
        {"students[1].net.hidden=24", "key 'students[1].net.hidden': there is no 'starling-agent-24'"},
    };
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024], run_folder[512];
    (void)snprintf(run_folder, sizeof run_folder, "%s", sl_temp_folder_file(&folder, "run"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(words, sizeof words, "train %s --out %s --set %s", smoke, run_folder, bad[i].set);
        expect_error(words, 3, bad[i].line);
        assert_int_not_equal(access(run_folder, F_OK), 0);
    }
    expect_hint("agents are built for 16, 32");
    (void)snprintf(words, sizeof words, "train %s --out %s --set teacher.init=%s/models/combat/3m", smoke, run_folder,
                   SL_SOURCE_DIR);
    expect_error(words, 6, "models/combat/3m/teacher.safetensors is of another shape than this experiment's");
    assert_int_not_equal(access(run_folder, F_OK), 0);
    // one marine against sixty: more actions than an agent program has room for
    static const char map[] = "{\"step_limit\": 60, \"width\": 64, \"height\": 64, \"goal\": [9, 32], \"allies\":"
                              "[{\"at\": [9, 32], \"units\": {\"marine\": 1}}], \"enemies\":"
                              "[{\"at\": [40, 32], \"units\": {\"marine\": 60}}]}";
    const char *path = sl_temp_folder_write_text(&folder, "horde.json", map);
    (void)snprintf(words, sizeof words, "train %s --out %s --set env.name=combat/%s --set students[0].net.hidden=16",
                   sl_temp_folder_write_text(&folder, "horde.yaml", "env: {name: mpe/simple_v3}\n"), run_folder,
                   path);
    expect_error(words, 3, "key 'env.name': agent 0 has ");
    assert_int_not_equal(access(run_folder, F_OK), 0);
    sl_temp_folder_remove(&folder);
}

static void test_existing_run_is_refused(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    const char *text = "name: a\nenv:\n  name: mpe/simple_spread_v3\nstudents:\n  - net: {hidden: 16}\n";
    const char *path = sl_temp_folder_write_text(&folder, "experiment.yaml", text);
    (void)snprintf(words, sizeof words, "train %s --out %s", path, folder.path);
    expect_error(words, 2, "there is a run in");
    // the same folder with another experiment: resuming would mix two runs
    (void)snprintf(words, sizeof words, "train %s --out %s --resume --seed 99", path, folder.path);
    expect_error(words, 6, "was started with another experiment");
    // somebody else is at work on it
    int fd = open(folder.path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    (void)snprintf(words, sizeof words, "train %s --out %s --resume", path, folder.path);
    expect_error(words, 8, "is in use by another starling");
    assert_int_equal(close(fd), 0);
    sl_temp_folder_remove(&folder);
}

static void test_shipped_students_fight(void **state) {
    (void)state;
    assert_int_equal(run("2>/dev/null", "fly " SL_SOURCE_DIR "/models/combat/3m --episodes 5 --json"), 0);
    json_t *flight = json_loads(output, 0, NULL);
    assert_true(json_number_value(json_object_get(flight, "win_rate")) == 1.0);
    json_decref(flight);
}

/* A script in the agents' place is started once a slot, with what an agent is started with, and what it starts flies.
 */
static void test_agents_of_ones_own(void **state) {
    (void)state;
    static const char models[] = SL_SOURCE_DIR "/models/mpe/spread";
    sl_temp_folder folder = sl_temp_folder_create();
    char words[2048], script[1024];
    (void)snprintf(script, sizeof script,
                   "#!/bin/sh\necho \"$@\" >>%s/args\ncase $6 in 2) size=32;; *) size=16;; esac\n"
                   "exec " SL_BIN_DIR "/starling-agent-$size \"$@\"\n",
                   folder.path);
    const char *path = sl_temp_folder_write_text(&folder, "my agent", script);
    (void)snprintf(words, sizeof words, "fly %s --episodes 3 --agent '%s'", models, path);
    // a file that is no program, a folder, and a name that is nowhere
    expect_error(words, 4, "there is no program '");
    expect_hint("executable");
    (void)snprintf(words, sizeof words, "fly %s --agent %s", models, folder.path);
    expect_error(words, 4, "there is no program '");
    (void)snprintf(words, sizeof words, "fly %s --agent no-such-agent", models);
    expect_error(words, 4, "there is no program 'no-such-agent'");
    assert_int_equal(chmod(path, 0700), 0);
    (void)snprintf(words, sizeof words, "fly %s --episodes 3 --agent '%s' --json", models, path);
    assert_int_equal(run("2>/dev/null", words), 0);
    json_t *flight = json_loads(output, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(flight, "returns")), 3);
    json_decref(flight);
    uint8_t *args = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "args"), 65536, &args, &n_bytes), SL_OK);
    (void)snprintf(script, sizeof script, "%.*s", (int)n_bytes, (const char *)args);
    sl_free(args);
    for (int slot = 0; slot < 3; slot++) {
        (void)snprintf(words, sizeof words, " --model %s/students/agent-%d.safetensors --slot %d --log-level warn\n",
                       models, slot, slot);
        if (!strstr(script, words)) fail_msg("'%s' is not in '%s'", words, script);
    }
    assert_true(strncmp(script, "--connect tcp://127.0.0.1:", 26) == 0);
    sl_temp_folder_remove(&folder);
}

// enough to see an interval, whatever the run's own flight had
static void test_fly_flies_a_hundred(void **state) {
    (void)state;
    assert_int_equal(run("2>/dev/null", "fly " SL_SOURCE_DIR "/models/mpe/spread --json"), 0);
    json_t *flight = json_loads(output, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(flight, "episodes")), 100);
    json_decref(flight);
}

// the line is of the measure, not of a training without end
static void test_bench_train_says_how_long(void **state) {
    (void)state;
    assert_int_equal(
        run("2>&1 >/dev/null", "bench train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --seconds 1"), 0);
    const char *line = strstr(output, "bench train  ");
    if (!line || !strstr(line, "/1 s  ETA 0:0") || strstr(output, "teacher  ")) fail_msg("%s", output);
    assert_int_equal(
        run("2>/dev/null", "bench train " SL_SOURCE_DIR "/experiments/mpe/spread-smoke.yaml --seconds 1 --json"), 0);
    json_t *object = json_loads(output, 0, NULL);
    assert_true(json_number_value(json_object_get(object, "trainer_bytes")) > 1e6);
    assert_true(json_number_value(json_object_get(object, "coordinator_bytes")) > 1e6);
    json_decref(object);
}

static void test_json_log(void **state) {
    (void)state;
    // stdout apart, every line of a flight's stderr is an object, the progress lines too
    assert_int_equal(run("2>&1 >/dev/null", "fly " SL_SOURCE_DIR "/models/mpe/spread --episodes 2 --log-json"), 0);
    assert_non_null(strstr(output, "done in"));
    for (char *line = output, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_error_t error;
        *end = '\0';
        json_t *object = json_loads(line, 0, &error);
        if (!json_is_object(object)) fail_msg("not a JSON object: %s", line);
        json_decref(object);
    }
}

static void test_env_commands(void **state) {
    (void)state;
    expect_json("env list --json", 0);
    expect_json("env info mpe/simple_spread_v3 --json", 0);
    expect_json("env bench mpe/simple_spread_v3 --envs 16 --seconds 0.02 --json", 0);
    expect_json("env bench mpe/simple_spread_v3 --envs 16 --seconds 0.02 --agents 5 --local-ratio 0.2 --json", 0);
    expect_json("env bench mpe/simple_spread_v3 --curve envs=1,2..4 --rounds 2 --seconds 0.01 --json", 0);
    assert_non_null(strstr(output, "{\"envs\":4,\"env_steps_per_second\":"));
    assert_non_null(strstr(output, "\"cpu_ns_per_agent_step\":"));
    expect_json("env bench mpe/simple_spread_v3 --curve agents=2,3 --envs 16 --seconds 0.01 --json", 0);
    expect_error("env bench combat/3m --curve agents=2,3 --seconds 0.01", 3, "has no option n_agents");
    expect_error("env bench combat/3m --curve envs=2..1", 2, "--curve cannot be 'envs=2..1'");
    expect_error("env bench combat/3m --curve envs=0", 2, "--curve cannot be 'envs=0'");
    expect_error("env bench combat/3m --curve threads=1", 2, "--curve cannot be 'threads=1'");
    // options show in the name, and where there is no such option the line says so
    expect_json("env info combat/3m --opponent hold --json", 0);
    expect_json("env bench combat/3m --envs 16 --seconds 0.02 --opponent reference --json", 0);
    expect_json("env info mpe/simple_spread_v3 --agents 5 --legacy-physics --json", 0);
    assert_non_null(strstr(output, "[N=5,legacy_physics]"));
    expect_error("env bench mpe/simple_tag_v3 --local-ratio 0.2", 3, "has no option local_ratio");
    expect_error("env bench mpe/simple_spread_v3 --local-ratio 2", 2, "--local-ratio cannot be '2'");
    expect_error("env info mpe/simple_spred_v3", 3, "unknown environment 'mpe/simple_spred_v3'");
    assert_int_equal(run("", "env info mpe/simple_spread_v3"), 0);
    assert_non_null(strstr(output, "agent_0"));
    assert_int_equal(run("", "env info combat/3m --switch spawn_shift=4"), 0);
    assert_non_null(strstr(output, "combat/3m[spawn_shift=4]: 3 agents"));
    assert_int_equal(run("", "env info combat/3m --switch full"), 0);
    assert_non_null(strstr(output, "combat/3m[full]: 3 agents"));
    assert_non_null(strstr(output, ", agents can die\n"));
    assert_non_null(strstr(output, "ally_2: move[0:4] enemy[4:19] (5 each) ally[19:29] (5 each, told) own[29:30]\n"));
    expect_json("env info combat/3m --json", 0);
    assert_non_null(strstr(output, "\"mortal\":true"));
    assert_non_null(strstr(output, "\"entry\":5,\"told\":false}"));
    assert_non_null(strstr(output, "\"entry\":5,\"told\":true}"));
    assert_int_equal(run("", "env list"), 0);
    assert_non_null(strstr(output, "mpe/simple_speaker_listener_v4"));
}

static void test_env_check(void **state) {
    (void)state;
    const char *golden = SL_SOURCE_DIR "/tests/golden/simple_spread_v3.jsonl.gz";
    char words[1024];
    (void)snprintf(words, sizeof words, "env check %s", golden);
    assert_int_equal(run("2>/dev/null", words), 0);
    const char *const keys[] = {
        "file", "env", "steps", "max_abs_obs", "max_abs_state", "max_abs_reward", "mismatched_steps", "flags_equal"};
    json_error_t error;
    json_t *object = json_loads(output, 0, &error);
    assert_int_equal(json_object_size(object), 8);
    for (int i = 0; i < 8; i++) assert_non_null(json_object_get(object, keys[i]));
    assert_int_equal(json_integer_value(json_object_get(object, "mismatched_steps")), 0);
    assert_true(json_is_true(json_object_get(object, "flags_equal")));
    json_decref(object);
    // a reward that is not the recorded one: the last step's, changed in a copy
    sl_temp_folder folder = sl_temp_folder_create();
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "zcat %s | sed '$ s/\"rewards\":\\[-0\\.75/\"rewards\":[-0.85/' >%s/bad.jsonl", golden,
                   folder.path);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_program_run("/bin/sh", argv), SL_OK);
    (void)snprintf(words, sizeof words, "env check %s %s/bad.jsonl", golden, folder.path);
    assert_int_equal(run("2>/dev/null", words), 10);
    // one object a file, in order
    char *second = strchr(output, '\n');
    assert_non_null(second);
    object = json_loads(second, 0, &error);
    assert_int_equal(json_integer_value(json_object_get(object, "mismatched_steps")), 1);
    json_decref(object);
    sl_temp_folder_remove(&folder);
}

// a run folder with a report and a learning curve, as far as starling report reads them
static void make_run(const sl_temp_folder *folder, int seed, double students, const char *env) {
    char name[64], text[1024];
    (void)snprintf(name, sizeof name, "run%d/metrics", seed);
    assert_int_equal(sl_file_make_folder(sl_temp_folder_file(folder, name)), SL_OK);
    (void)snprintf(text, sizeof text,
                   "{\"format\":1,\"experiment\":\"hand\",\"env\":\"%s\",\"method\":\"kd-marl\","
                   "\"seed\":%d,\"policies\":{\"students\":{\"return\":{\"mean\":%g},\"normalised\":0.5}}}",
                   env, seed, students);
    (void)snprintf(name, sizeof name, "run%d/report.json", seed);
    (void)sl_temp_folder_write_text(folder, name, text);
    (void)snprintf(name, sizeof name, "run%d/metrics/teacher.csv", seed);
    (void)sl_temp_folder_write_text(folder, name, "update,env_steps,return\n1,800,-80\n2,1600,-70\n3,2400,-50\n");
}

static void test_report_command(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024];
    make_run(&folder, 1, -20, "mpe/simple_spread_v3");
    make_run(&folder, 2, -30, "mpe/simple_spread_v3");
    make_run(&folder, 3, -30, "mpe/simple_spread_v3[N=5,legacy_physics]");
    (void)snprintf(words, sizeof words, "report %s/run1 %s/run2 --csv", folder.path, folder.path);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(
        strstr(output, "\nhand,mpe/simple_spread_v3,students,2,-25,-88.5310237,38.5310237,0.5,0.5,0.5,,,,,,,,,,,\n"));
    // a comma in a name adds no column
    (void)snprintf(words, sizeof words, "report %s/run3 --csv", folder.path);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(strstr(output, "\nhand,\"mpe/simple_spread_v3[N=5,legacy_physics]\",students,1,-30,,,0.5,,,"));
    (void)snprintf(words, sizeof words, "report %s/run1 %s/run2 --json", folder.path, folder.path);
    expect_json(words, 0);
    (void)snprintf(words, sizeof words, "report %s/run1 %s/run2", folder.path, folder.path);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(strstr(output, "-25.00 [-88.53, 38.53]"));
    // one seed has no interval
    (void)snprintf(words, sizeof words, "report %s/run1", folder.path);
    assert_int_equal(run("2>/dev/null", words), 0);
    assert_non_null(strstr(output, "-20.00"));
    assert_null(strchr(strstr(output, "-20.00"), '['));
    (void)snprintf(words, sizeof words, "report %s/run1 --json", folder.path);
    expect_json(words, 0);
    assert_non_null(strstr(output, "\"return\":{\"mean\":-20.0,\"low\":null,\"high\":null}"));
    // one result a call, and no option that nothing would use
    (void)snprintf(words, sizeof words, "report %s/run1 --csv --json", folder.path);
    expect_error(words, 2, "--json, --csv and --plot are three results");
    (void)snprintf(words, sizeof words, "report %s/run1 --json --plot %s/a.svg", folder.path, folder.path);
    expect_error(words, 2, "--json, --csv and --plot are three results");
    (void)snprintf(words, sizeof words, "report %s/run1 --column won", folder.path);
    expect_error(words, 2, "--column is for --plot");
    (void)snprintf(words, sizeof words, "report %s/run1 --stage teacher", folder.path);
    expect_error(words, 2, "--stage is for --plot");
    (void)snprintf(words, sizeof words, "report %s/run1 %s/run1", folder.path, folder.path);
    expect_error(words, 6, "is given twice");
    // what the folder is instead decides the hint
    (void)snprintf(words, sizeof words, "report %s", folder.path);
    expect_error(words, 4, "has no report.json");
    expect_hint("a run is what 'starling train' leaves behind");
    expect_error("report " SL_SOURCE_DIR "/models/mpe/spread", 4, "has no report.json");
    expect_hint("'starling eval " SL_SOURCE_DIR "/models/mpe/spread --policy students'");
    (void)sl_temp_folder_write_text(&folder, "experiment.yaml", "env: {name: mpe/simple_spread_v3}\n");
    expect_error(words, 4, "has no report.json");
    expect_hint("--resume finishes a run");
    sl_temp_folder_remove(&folder);
}

static void test_plot(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    char words[1024], gnuplot[SL_PATH_BYTES];
    make_run(&folder, 1, -20, "mpe/simple_spread_v3");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/it\\'s.svg", folder.path, folder.path);
    if (sl_program_find("gnuplot", gnuplot) == SL_OK) {
        assert_int_equal(run("2>&1", words), 0);
        assert_string_equal(output, "");
        uint8_t *bytes = NULL;
        size_t n = 0;
        assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "it's.svg"), 1 << 20, &bytes, &n), SL_OK);
        assert_non_null(strstr((const char *)bytes, "<svg"));
        sl_free(bytes);
    }
    // without gnuplot, the way out is named
    char *path = getenv("PATH"), old[4096];
    (void)snprintf(old, sizeof old, "%s", path ? path : "");
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    expect_error(words, 4, "gnuplot is not installed");
    assert_int_equal(setenv("PATH", old, 1), 0);
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/a.svg --stage distil", folder.path, folder.path);
    expect_error(words, 2, "--stage cannot be 'distil'");
    expect_hint("teacher, distill or direct");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/a.svg --stage distill", folder.path, folder.path);
    expect_error(words, 4, "metrics/distill.csv");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/no/such/a.svg", folder.path, folder.path);
    expect_error(words, 4, "/no/such'");
    expect_error(words, 4, "--plot: there is no folder");
    (void)sl_temp_folder_write_text(&folder, "run1/metrics/teacher.csv", "update,env_steps\n1,800\n");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/a.svg", folder.path, folder.path);
    expect_error(words, 4, "has no column 'return'");
    expect_hint("its columns: update,env_steps");
    (void)sl_temp_folder_write_text(&folder, "run1/metrics/teacher.csv",
                                    "update,env_steps,return,won\n1,800,1,0\n2,1600,3,0.5\n");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/won.svg --column won", folder.path, folder.path);
    if (sl_program_find("gnuplot", gnuplot) == SL_OK) {
        assert_int_equal(run("2>&1", words), 0);
        uint8_t *bytes = NULL;
        size_t n = 0;
        assert_int_equal(sl_file_read(sl_temp_folder_file(&folder, "won.svg"), 1 << 20, &bytes, &n), SL_OK);
        // the label of the axis
        assert_non_null(strstr((const char *)bytes, ">won<"));
        sl_free(bytes);
    }
    // a run that has just begun has no curve
    (void)sl_temp_folder_write_text(&folder, "run1/metrics/teacher.csv",
                                    "update,env_steps,return,won\n1,800,1,\n2,1600,3,0.5\n");
    expect_error(words, 4, "there is no curve of 'won' yet");
    // a quote in a name is a character like any other
    (void)sl_temp_folder_write_text(&folder, "run1/metrics/teacher.csv",
                                    "update,env_steps,o'clock\n1,800,1\n2,1600,3\n");
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/q.svg --column \"o'clock\"", folder.path,
                   folder.path);
    if (sl_program_find("gnuplot", gnuplot) == SL_OK) assert_int_equal(run("2>&1", words), 0);
    (void)snprintf(words, sizeof words, "report %s/run1 --plot %s/won.svg --column win", folder.path, folder.path);
    expect_error(words, 4, "has no column 'win'");
    sl_temp_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_bad_content),
        cmocka_unit_test(test_bad_experiment_leaves_no_folder),
        cmocka_unit_test(test_a_buffer_of_another_reward_is_refused),
        cmocka_unit_test(test_existing_run_is_refused),
        cmocka_unit_test(test_shipped_students_fight),
        cmocka_unit_test(test_agents_of_ones_own),
        cmocka_unit_test(test_json_log),
        cmocka_unit_test(test_fly_flies_a_hundred),
        cmocka_unit_test(test_bench_train_says_how_long),
        cmocka_unit_test(test_env_commands),
        cmocka_unit_test(test_env_check),
        cmocka_unit_test(test_report_command),
        cmocka_unit_test(test_plot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
