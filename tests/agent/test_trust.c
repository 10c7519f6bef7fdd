/* test_trust.c - an agent that trusts a key, a process over tcp with a real fleet: it flies what is signed, and
 * refuses what is unsigned, altered, another file's or agent's, of a foreign key or older. A refusal takes no slot,
 * applies no action and is a line on both sides. */
#include "agent/trust.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "fleet/fleet.h"
#include "storage/file.h"
#include "storage/version_file.h"
#include "student_file.h"
#include "support/capture.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { N = 2, SLOT = 1, O = 18, A = 5, WAIT_SECONDS = 20, PATH = SL_TEMP_PATH + 128 };
extern char **environ;

/* Where the agent has its student from. */
typedef enum source { CACHE, FILE_BESIDE } source;

typedef struct world {
    sl_temp_folder folder;
    char cache[PATH], model[PATH], sidecar[PATH], trust[PATH], memory[PATH], out[PATH];
    sl_minisign_public key, foreign_key;
    sl_minisign_secret secret, foreign_secret;
    char id[SL_MINISIGN_ID];
    uint8_t *students[N], *given; /* files; what slot 1 is given */
    size_t n_students[N], n_given;
    char signature[SL_MINISIGN_BYTES];
    size_t n_signature;
    char endpoint[128];
    sl_fleet *fleet;
    pid_t agent;
    char log[4096]; /* the coordinator's */
} world;

static void make_student(world *w, int agent) {
    static const sl_net_def def = {.in_dim = O, .hidden = 16, .out_dim = A, .n_layers = 1, .cell = SL_CELL_GRU};
    sl_student_file student;
    sl_student_file_init(&student, &def, (uint64_t)agent + 5);
    student.profile.agent = agent;
    sl_student_file_encode(&student, &w->students[agent], &w->n_students[agent]);
    sl_student_file_fini(&student);
}

static int set_up(void **state) {
    static world w;
    memset(&w, 0, sizeof w);
    w.folder = sl_temp_folder_create();
    for (int i = 0; i < N; i++) make_student(&w, i);
    assert_int_equal(sl_minisign_make(&w.key, &w.secret), SL_OK);
    assert_int_equal(sl_minisign_make(&w.foreign_key, &w.foreign_secret), SL_OK);
    sl_minisign_name(w.key.id, w.id);
    char text[SL_MINISIGN_BYTES];
    size_t n = sl_minisign_write_public(&w.key, text);
    (void)snprintf(w.trust, PATH, "%s", sl_temp_folder_write(&w.folder, "sign.pub", text, n));
    (void)snprintf(w.cache, PATH, "%s/cache", w.folder.path);
    (void)snprintf(w.model, PATH, "%s/agent-1.safetensors", w.folder.path);
    (void)snprintf(w.sidecar, PATH, "%s/agent-1.safetensors.minisig", w.folder.path);
    (void)snprintf(w.memory, PATH, "%s/cache/trust-%s", w.folder.path, w.id);
    (void)snprintf(w.out, PATH, "%s/out", w.folder.path);
    (void)snprintf(w.endpoint, sizeof w.endpoint, "tcp://127.0.0.1:*");
    *state = &w;
    return 0;
}

static int tear_down(void **state) {
    world *w = *state;
    if (w->agent > 0) {
        kill(w->agent, SIGKILL);
        waitpid(w->agent, NULL, 0);
    }
    sl_fleet_destroy(&w->fleet);
    for (int i = 0; i < N; i++) sl_free(w->students[i]);
    sl_free(w->given);
    sl_temp_folder_remove(&w->folder);
    return 0;
}

// ------------------------------------------------------------------------------------- what slot 1 is given

/* Student 1, signed with that comment. */
static void give(world *w, const sl_minisign_secret *secret, const char *comment) {
    uint8_t hash[SL_MINISIGN_HASH];
    sl_free(w->given);
    w->given = sl_alloc_copy(w->students[SLOT], w->n_students[SLOT]);
    w->n_given = w->n_students[SLOT];
    sl_minisign_hash(w->given, w->n_given, hash);
    w->n_signature = sl_minisign_sign(secret, hash, comment, w->signature);
}

static void give_version(world *w, int version) {
    char comment[64];
    (void)snprintf(comment, sizeof comment, "version:%d file:agent-1.safetensors env:e", version);
    give(w, &w->secret, comment);
}

static void give_unsigned(world *w) {
    give_version(w, 5);
    w->n_signature = 0;
}

static void give_foreign(world *w) {
    give(w, &w->foreign_secret, "version:5");
}

/* with the trusted key's name */
static void give_forged(world *w) {
    sl_minisign_secret forger = w->foreign_secret;
    memcpy(forger.id, w->key.id, sizeof forger.id);
    give(w, &forger, "version:5");
}

/* Another network, right in itself: only the signature can tell. */
static void give_altered(world *w) {
    static const sl_net_def def = {.in_dim = O, .hidden = 16, .out_dim = A, .n_layers = 1, .cell = SL_CELL_GRU};
    sl_student_file student;
    give_version(w, 5);
    sl_free(w->given);
    sl_student_file_init(&student, &def, 99);
    student.profile.agent = SLOT;
    sl_student_file_encode(&student, &w->given, &w->n_given);
    sl_student_file_fini(&student);
}

static void give_altered_comment(world *w) {
    give_version(w, 5);
    strstr(w->signature, "version:5")[8] = '6';
}

static void give_another_files_signature(world *w) {
    uint8_t hash[SL_MINISIGN_HASH];
    give_version(w, 5);
    sl_minisign_hash(w->students[0], w->n_students[0], hash);
    w->n_signature = sl_minisign_sign(&w->secret, hash, "version:5 file:agent-0.safetensors", w->signature);
}

/* signed and whole, but the other slot's */
static void give_another_agents(world *w) {
    give_another_files_signature(w);
    sl_free(w->given);
    w->given = sl_alloc_copy(w->students[0], w->n_students[0]);
    w->n_given = w->n_students[0];
}

static void give_no_version(world *w) {
    give(w, &w->secret, "timestamp:1796091681\tfile:agent-1.safetensors\thashed");
}

static void give_no_signature(world *w) {
    give_version(w, 5);
    w->n_signature = (size_t)snprintf(w->signature, sizeof w->signature, "signed, honestly\n");
}

// ------------------------------------------------------------------------------------------------- a flight

static void open_fleet(world *w, source from) {
    sl_fleet_slot_def slots[N];
    for (int i = 0; i < N; i++) slots[i] = (sl_fleet_slot_def){.obs_dim = O, .n_actions = A, .hidden = 16};
    slots[SLOT].model = w->given, slots[SLOT].model_bytes = w->n_given;
    if (from == CACHE) slots[SLOT].signature = (uint8_t *)w->signature, slots[SLOT].n_signature = w->n_signature;
    sl_fleet_def def = sl_fleet_default_def(sl_link_fleet_def(w->endpoint), N, slots, O, A, 10);
    assert_int_equal(sl_fleet_create(&def, &w->fleet), SL_OK);
    (void)snprintf(w->endpoint, sizeof w->endpoint, "%s", sl_fleet_endpoint(w->fleet));
}

static void start(world *w, source from, bool trusts) {
    char program[] = SL_BIN_DIR "/starling-agent-16", connect[] = "--connect", slot[] = "--slot", one[] = "1";
    char cache[] = "--cache", model[] = "--model", trust[] = "--trust", level[] = "--log-level", warn[] = "warn";
    char *argv[16] = {program, connect, w->endpoint, slot, one, level, warn};
    int n = 7;
    if (trusts || from == CACHE) argv[n++] = cache, argv[n++] = w->cache;
    if (from == FILE_BESIDE) argv[n++] = model, argv[n++] = w->model;
    if (trusts) argv[n++] = trust, argv[n++] = w->trust;
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, w->out, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
    assert_int_equal(posix_spawn(&w->agent, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
}

/* Files of the agent's own beside it, when it has its student from there. */
static void lay_out(world *w, source from) {
    if (from != FILE_BESIDE) return;
    assert_int_equal(sl_file_replace(w->model, w->given, w->n_given), SL_OK);
    (void)unlink(w->sidecar);
    if (w->n_signature) assert_int_equal(sl_file_replace(w->sidecar, w->signature, w->n_signature), SL_OK);
}

/* Until the agent is live or has ended; its exit code, -1: it is live. Ends what it has to say. */
static int watch(world *w) {
    double until = sl_clock_seconds() + WAIT_SECONDS;
    int status = 0;
    bool ended = false;
    sl_capture_begin();
    while (!ended && sl_clock_seconds() < until && sl_fleet_slot(w->fleet, SLOT) != SL_SLOT_LIVE) {
        if (sl_fleet_poll(w->fleet, 5) != SL_OK) break;
        ended = waitpid(w->agent, &status, WNOHANG) == w->agent;
    }
    // its goodbye may be on its way
    for (int i = 0; ended && i < 100 && sl_fleet_get_stats(w->fleet)->declined == 0; i++)
        if (sl_fleet_poll(w->fleet, 5) != SL_OK) break;
    (void)sl_capture_end(w->log, sizeof w->log);
    if (ended) w->agent = 0;
    if (!ended && sl_fleet_slot(w->fleet, SLOT) != SL_SLOT_LIVE) fail_msg("the agent neither flies nor ends");
    if (!ended) return -1;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_output(const world *w, const char *text) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(w->out, 8192, &bytes, &n_bytes), SL_OK);
    if (!strstr((char *)bytes, text)) fail_msg("'%s' is not in: %s", text, (char *)bytes);
    sl_free(bytes);
}

/* Ends a flight that goes on: one step, and the agent is told to leave. */
static void land(world *w) {
    float obs[N * O] = {0};
    int32_t actions[N];
    sl_act acts[N];
    int status = 0;
    sl_fleet_begin(w->fleet);
    assert_int_equal(sl_fleet_tick(w->fleet, obs, NULL, NULL, actions, acts), SL_OK);
    assert_int_equal(acts[SLOT], SL_ACT_ANSWERED);
    sl_fleet_goodbye(w->fleet);
    assert_int_equal(sl_fleet_poll(w->fleet, 50), SL_OK);
    assert_int_equal(waitpid(w->agent, &status, 0), w->agent);
    w->agent = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sl_fleet_destroy(&w->fleet);
}

static void expect_flight(world *w, source from, bool trusts) {
    lay_out(w, from);
    open_fleet(w, from);
    start(w, from, trusts);
    if (watch(w) != -1) expect_output(w, "it should fly");
    land(w);
}

/* What the coordinator must know, log and not do. */
static void expect_no_slot(world *w, const char *line) {
    char told[256];
    const sl_fleet_stats *stats = sl_fleet_get_stats(w->fleet);
    (void)snprintf(told, sizeof told, "slot 1 lost its agent (127.0.0.1): the model of slot 1: %s", line);
    if (!strstr(w->log, told)) fail_msg("'%s' is not in: %s", told, w->log);
    // and once
    assert_null(strstr(strstr(w->log, told) + strlen(told), "lost its agent"));
    assert_true(stats->declined == 1 && stats->joined == 0 && stats->lost == 0 && stats->answered == 0);
    assert_int_equal(sl_fleet_slot(w->fleet, SLOT), SL_SLOT_FREE);
}

static void expect_refusal(world *w, source from, int code, const char *line) {
    char kept[PATH + 80], sha256[65];
    sl_file_sha256(w->given, w->n_given, sha256);
    (void)snprintf(kept, sizeof kept, "%s/%s.safetensors", w->cache, sha256);
    int was_kept = access(kept, F_OK);
    lay_out(w, from);
    open_fleet(w, from);
    start(w, from, true);
    int got = watch(w);
    expect_output(w, line);
    assert_int_equal(got, code);
    expect_no_slot(w, line);
    // what is not trusted is not kept either
    assert_int_equal(access(kept, F_OK), was_kept);
    sl_fleet_destroy(&w->fleet);
}

static void expect_version(const world *w, int64_t version) {
    int64_t found = 0;
    assert_int_equal(sl_version_file_read(w->memory, w->id, &found), SL_OK);
    assert_int_equal(found, version);
}

// ---------------------------------------------------------------------------------------------------- tests

static void what_is_not_trusted_does_not_fly(void **state) {
    world *w = *state;
    static const struct {
        void (*give)(world *w);
        int code;
        const char *line;
    } cases[] = {
        {give_unsigned, 6, "it is not signed, and only what key "},
        {give_foreign, 6, "signed with key "},
        {give_forged, 5, "the signature's trusted comment was changed, or is another key's"},
        {give_altered, 5, "it was changed since it was signed, or the signature is another file's"},
        {give_altered_comment, 5, "the signature's trusted comment was changed"},
        {give_another_files_signature, 5, "it was changed since it was signed, or the signature is another file's"},
        {give_another_agents, 6, "it is the student of agent 0"},
        {give_no_version, 6, "the signature's trusted comment does not begin with a version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int from = CACHE; from <= FILE_BESIDE; from++) {
            cases[i].give(w);
            expect_refusal(w, (source)from, cases[i].code, cases[i].line);
        }
    }
    give_no_signature(w);
    expect_refusal(w, CACHE, 5, "a line does not begin with 'untrusted comment'");
    // nothing was flown, so nothing is remembered
    assert_int_not_equal(access(w->memory, F_OK), 0);
    // without --trust all of it flies as ever
    give_unsigned(w);
    expect_flight(w, CACHE, false);
    give_altered_comment(w);
    expect_flight(w, CACHE, false);
    expect_flight(w, FILE_BESIDE, false);
}

static void a_version_never_falls(void **state) {
    world *w = *state;
    for (int from = CACHE; from <= FILE_BESIDE; from++) {
        int newest = 5 + 10 * from;
        give_version(w, newest);
        expect_flight(w, (source)from, true);
        expect_version(w, newest);
        // also one that lies in the cache
        expect_flight(w, (source)from, true);
        give_version(w, newest - 1);
        char line[64];
        (void)snprintf(line, sizeof line, "version %d is older than %d, which this device has flown", newest - 1,
                       newest);
        expect_refusal(w, (source)from, 6, line);
        expect_version(w, newest);
        give_version(w, newest + 1);
        expect_flight(w, (source)from, true);
        expect_version(w, newest + 1);
    }
}

/* A model that was kept when nothing was trusted yet is looked at like any other. */
static void what_lies_in_the_cache_is_checked(void **state) {
    world *w = *state;
    give_unsigned(w);
    expect_flight(w, CACHE, false);
    expect_refusal(w, CACHE, 6, "it is not signed");
    give_another_files_signature(w);
    expect_refusal(w, CACHE, 5, "it was changed since it was signed, or the signature is another file's");
    give_version(w, 1);
    expect_flight(w, CACHE, true);
}

/* An agent that flies is asked again by the coordinator that comes back, with an older signature of the same file. */
static void a_coordinator_that_comes_back_is_asked_again(void **state) {
    world *w = *state;
    give_version(w, 5);
    open_fleet(w, CACHE);
    start(w, CACHE, true);
    assert_int_equal(watch(w), -1);
    sl_fleet_destroy(&w->fleet);
    give_version(w, 4);
    open_fleet(w, CACHE);
    assert_int_equal(watch(w), 6);
    expect_output(w, "version 4 is older than 5");
    expect_no_slot(w, "version 4 is older than 5");
}

/* What was the newest is not known any more: nothing flies, and the file is left for whoever looks into it. */
static void a_damaged_memory_is_not_forgotten(void **state) {
    world *w = *state;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    give_version(w, 5);
    expect_flight(w, CACHE, true);
    assert_int_equal(sl_file_replace(w->memory, "starling.version 1\n", 19), SL_OK);
    open_fleet(w, CACHE);
    start(w, CACHE, true);
    assert_int_equal(watch(w), 5);
    expect_output(w, " is damaged\n  hint: which version was the newest is not known any more");
    assert_true(sl_fleet_get_stats(w->fleet)->joined == 0);
    assert_int_equal(sl_file_read(w->memory, 100, &bytes, &n_bytes), SL_OK);
    assert_int_equal(n_bytes, 19);
    sl_free(bytes);
}

/* A key that is none, and a memory that cannot be kept: before any coordinator is asked. */
static void what_it_cannot_rely_on_it_does_not_fly(void **state) {
    world *w = *state;
    give_version(w, 5);
    open_fleet(w, CACHE);
    assert_int_equal(sl_file_replace(w->trust, "RWQ\n", 4), SL_OK);
    start(w, CACHE, true);
    assert_int_equal(watch(w), 5);
    expect_output(w, "sign.pub: a line does not begin with 'untrusted comment'");
    assert_int_equal(unlink(w->trust), 0);
    start(w, CACHE, true);
    assert_int_equal(watch(w), 4);
    char text[SL_MINISIGN_BYTES];
    size_t n = sl_minisign_write_public(&w->key, text);
    assert_int_equal(sl_file_replace(w->trust, text, n), SL_OK);
    (void)snprintf(w->cache, PATH, "%s", w->trust);
    start(w, CACHE, true);
    assert_int_equal(watch(w), 8);
    expect_output(w, "sign.pub exists and is not a folder");
    assert_true(sl_fleet_get_stats(w->fleet)->declined == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_trusted_does_not_fly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_never_falls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_lies_in_the_cache_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_coordinator_that_comes_back_is_asked_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_memory_is_not_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_it_cannot_rely_on_it_does_not_fly, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
