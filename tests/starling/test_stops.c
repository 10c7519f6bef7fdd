/* test_stops.c - whole runs and flights with real processes, of which one is stopped (SIGSTOP) for a while and goes
 * on: nobody dies or is started again, and the result is that of an undisturbed run. All run at once, as they mostly
 * wait. What happens is read from starling's log; the moments are random, and their seed is printed. */
#include "common/clock.h"
#include "common/rng.h"
#include "starling/report/report.h"
#include "starling/run/spawn.h"
#include "support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { RUN_SECONDS = 200 };

/* SL_STOPS_MS is set by the build: short stops for every test run, long ones where there is time */
static const int stops_ms[] = {SL_STOPS_MS};
enum { N_STOPS = sizeof stops_ms / sizeof *stops_ms };

static const char *const fly_victims[] = {"agent 1", "coordinator"};
static const char *const train_victims[] = {"trainer", "coordinator"};
enum { N_FLY = 2 * N_STOPS, N_RUNS = 4 * N_STOPS };

typedef struct run {
    char words[1024], out[512];
    const char *victim, *sign; /* a program, and the line of the log after which it is stopped; NULL: nobody */
    int count;                 /* the how many-th such line */
    double delay, seconds;     /* from the line to the stop, and how long it lasts */
    sl_process process;
    pid_t pid; /* of the victim */
    int signs;
    double stop_at, go_on_at; /* 0: not yet known */
    bool was_stopped, went_on, ended;
    char harm[256]; /* a line that tells of a death, a restart or a fallback */
    int exit_code;
} run;

static sl_temp_folder folder;
static run reference_flight, reference_run;

static void start_run(run *self) {
    char command[2048];
    (void)snprintf(command, sizeof command, "exec " SL_BIN_DIR "/starling %s --log-level debug 2>&1 >%s", self->words,
                   self->out);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &self->process), SL_OK);
}

static void read_line(run *self, const char *line) {
    char started[64];
    bool is_harm = strstr(line, "Assertion") || strstr(line, " died (") || strstr(line, "the fallback acted");
    if (is_harm) (void)snprintf(self->harm, sizeof self->harm, "%s", line);
    if (!self->victim) return;
    (void)snprintf(started, sizeof started, "started %s, pid ", self->victim);
    const char *at = strstr(line, started);
    if (at) self->pid = (pid_t)strtol(at + strlen(started), NULL, 10);
    if (strstr(line, self->sign)) self->signs++;
    if (self->signs == self->count && self->stop_at <= 0) self->stop_at = sl_clock_seconds() + self->delay;
}

// the next thing to do with the victim, when it is time
static void act(run *self, double now) {
    if (self->stop_at > 0 && !self->was_stopped && now >= self->stop_at) {
        assert_true(self->pid > 0);
        // it may have ended already; then was_stopped, asserted later, stays false
        self->was_stopped = kill(self->pid, SIGSTOP) == 0;
        self->go_on_at = sl_clock_seconds() + self->seconds;
    }
    if (self->was_stopped && !self->went_on && now >= self->go_on_at) {
        assert_int_equal(kill(self->pid, SIGCONT), 0);
        self->went_on = true;
    }
}

static void read_lines(run *self) {
    bool ended = false;
    const char *line;
    while ((line = sl_process_read_line(&self->process, &ended)) != NULL) {
        // ctest shows this when the test fails
        fprintf(stderr, "  %s\n", line);
        read_line(self, line);
    }
    if (!ended) return;
    int status = sl_process_wait(&self->process);
    self->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    self->ended = true;
}

// all at once, to their ends
static void finish(int n, run *runs) {
    double deadline = sl_clock_seconds() + RUN_SECONDS;
    for (int left = n; left > 0;) {
        struct pollfd fds[N_RUNS];
        double now = sl_clock_seconds(), next = now + 1;
        assert_true(now < deadline);
        left = 0;
        for (int i = 0; i < n; i++) {
            run *self = &runs[i];
            fds[i] = (struct pollfd){.fd = self->ended ? -1 : self->process.out, .events = POLLIN};
            if (self->ended) continue;
            left++;
            act(self, now);
            double due = self->was_stopped ? self->go_on_at : self->stop_at;
            if (due > 0 && !self->went_on && due < next) next = due;
        }
        int wait_ms = next > now ? (int)((next - now) * 1000) + 1 : 0;
        if (left > 0) assert_true(poll(fds, (nfds_t)n, wait_ms) >= 0);
        for (int i = 0; i < n; i++)
            if (fds[i].revents) read_lines(&runs[i]);
    }
}

static json_t *load(const char *path) {
    json_error_t error;
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) fail_msg("%s: %s", path, error.text);
    return object;
}

static void expect_no_restart(const json_t *restarts) {
    const char *who;
    json_t *times;
    assert_true(json_object_size(restarts) > 0);
    json_object_foreach((json_t *)restarts, who, times) if (json_integer_value(times) != 0)
        fail_msg("%s was started again", who);
}

static void expect_as_undisturbed(const run *self, const run *reference) {
    print_message("%s stopped for %.1f s: exit %d %s\n", self->victim, self->seconds, self->exit_code, self->harm);
    assert_int_equal(self->exit_code, 0);
    assert_string_equal(self->harm, "");
    // a plan that never came to pass would make the test say nothing
    assert_true(self->was_stopped && self->went_on);
    json_t *got = load(self->out), *expected = load(reference->out);
    json_t *timing = json_object_get(got, "timing");
    // train prints its report without the timing, which stands in the file
    if (timing) expect_no_restart(json_object_get(timing, "restarts"));
    (void)json_object_del(got, "timing");
    (void)json_object_del(expected, "timing");
    assert_true(json_equal(got, expected));
    json_decref(got);
    json_decref(expected);
}

static void describe_flight(run *self, const char *name) {
    (void)snprintf(self->words, sizeof self->words, "fly %s/models/mpe/spread --episodes 500 --seed 5 --json",
                   SL_SOURCE_DIR);
    (void)snprintf(self->out, sizeof self->out, "%s/%s.json", folder.path, name);
}

static void describe_run(run *self, const char *name) {
    (void)snprintf(self->words, sizeof self->words,
                   "train %s/experiments/mpe/spread-smoke.yaml --out %s/%s --seed 3 --set fleet.episodes=50 "
                   "--set teacher.ppo.total_steps=60000 --set distill.updates=60 --json",
                   SL_SOURCE_DIR, folder.path, name);
    (void)snprintf(self->out, sizeof self->out, "%s/%s.json", folder.path, name);
}

static int setup(void **state) {
    (void)state;
    folder = sl_temp_folder_create();
    describe_flight(&reference_flight, "flight");
    describe_run(&reference_run, "run");
    start_run(&reference_flight);
    finish(1, &reference_flight);
    start_run(&reference_run);
    finish(1, &reference_run);
    return reference_flight.exit_code == 0 && reference_run.exit_code == 0 ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    sl_temp_folder_remove(&folder);
    return 0;
}

static run runs[N_RUNS];

static void stops_change_nothing(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)sl_clock_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    sl_rng moments = sl_rng_seed(seed);
    for (int i = 0; i < N_RUNS; i++) {
        run *self = &runs[i];
        char name[32];
        bool flies = i < N_FLY;
        (void)snprintf(name, sizeof name, "stopped-%d", i);
        if (flies)
            describe_flight(self, name);
        else
            describe_run(self, name);
        self->victim = flies ? fly_victims[i % 2] : train_victims[i % 2];
        self->sign = flies ? "fly   " : "event of trainer: ";
        // the trainer's events: its stages' starts and ends, and its progress
        self->count = flies ? 1 : 2 + (int)sl_rng_below(&moments, 4);
        self->delay = (double)sl_rng_below(&moments, 100) / 1000;
        self->seconds = stops_ms[i / 2 % N_STOPS] / 1000.0;
        start_run(self);
    }
    finish(N_RUNS, runs);
    for (int i = 0; i < N_RUNS; i++) expect_as_undisturbed(&runs[i], i < N_FLY ? &reference_flight : &reference_run);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(stops_change_nothing)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
