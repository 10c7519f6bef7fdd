/* supervise.c - see supervise.h. */
#include "starling/run/supervise.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/vitals.h"
#include "starling/run/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_PAUSE_MS = 50,
    LONGEST_PAUSE_MS = 5000,
    STEADY_SECONDS = 60,
    LOOK_MS = 20,
    BEAT_MS = 500,
    INTERRUPTED_CODE = 130,
    FIRST_CHILDREN = 16
};

typedef enum child_state { CHILD_RUNNING, CHILD_PAUSED, CHILD_DONE, CHILD_ENDED } child_state;

typedef struct child {
    char name[32];
    char path[SL_PATH_BYTES];
    char *args[SL_CHILD_ARGS + 2]; /* args[0] is the path, owned; ends with NULL */
    sl_exit_zero exit_zero;
    bool ending; /* we asked it to go */
    int max_restarts, restarts, in_a_row;
    child_state state;
    double started, restart_at; /* seconds */
    sl_process process;
} child;

struct sl_supervisor {
    sl_event_fn on_event;
    void *context;
    int signal_pipe[2]; /* the handler writes the signal's number, poll reads it */
    struct sigaction old_interrupt, old_terminate, old_hangup;
    int interrupts; /* signals that came */
    int n, capacity;
    child **children;
    struct pollfd *fds; /* (capacity + 2) */
};

static int interrupting_signal;
static int signal_pipe_in = -1; /* of the one supervisor that there is at a time */

int sl_supervisor_signal(void) {
    return interrupting_signal;
}

// on whichever thread: a blocked mask would not do, as OpenBLAS has threads of its own before main
static void on_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(signal_pipe_in, &byte, 1);
    (void)written;
    errno = saved;
}

static sl_status open_signals(sl_supervisor *self) {
    if (pipe(self->signal_pipe) != 0)
        return sl_fail(SL_IO, "raise 'ulimit -n'", "cannot watch signals: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        (void)fcntl(self->signal_pipe[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(self->signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    signal_pipe_in = self->signal_pipe[1];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, &self->old_interrupt);
    (void)sigaction(SIGTERM, &action, &self->old_terminate);
    // a terminal that goes away; nohup ignores it
    (void)sigaction(SIGHUP, NULL, &self->old_hangup);
    if (self->old_hangup.sa_handler != SIG_IGN) (void)sigaction(SIGHUP, &action, NULL);
    return SL_OK;
}

// room for one more program
static bool make_room(sl_supervisor *self) {
    if (self->n < self->capacity) return true;
    int capacity = self->capacity ? 2 * self->capacity : FIRST_CHILDREN;
    child **children = sl_alloc_array((size_t)capacity, sizeof(child *));
    struct pollfd *fds = sl_alloc_array((size_t)capacity + 2, sizeof *fds);
    if (!children || !fds) {
        sl_free(children);
        sl_free(fds);
        return false;
    }
    for (int i = 0; i < self->n; i++) children[i] = self->children[i];
    // what poll found is looked at while programs are started
    for (int i = 0; self->fds && i < self->capacity + 2; i++) fds[i] = self->fds[i];
    sl_free(self->children);
    sl_free(self->fds);
    self->children = children;
    self->fds = fds;
    self->capacity = capacity;
    return true;
}

sl_status sl_supervisor_create(sl_event_fn on_event, void *context, sl_supervisor **out) {
    sl_supervisor *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for the supervisor");
    sl_status status = make_room(self) ? open_signals(self) : sl_fail(SL_MEMORY, NULL, "no memory for programs");
    if (status != SL_OK) {
        sl_free(self->children);
        sl_free(self->fds);
        sl_free(self);
        return status;
    }
    self->on_event = on_event;
    self->context = context;
    *out = self;
    return SL_OK;
}

static void free_args(child *c) {
    for (int i = 0; c->args[i]; i++) {
        sl_free(c->args[i]);
        c->args[i] = NULL;
    }
}

void sl_supervisor_destroy(sl_supervisor **self) {
    if (!*self) return;
    for (int i = 0; i < (*self)->n; i++) {
        child *c = (*self)->children[i];
        sl_process_signal(&c->process, SIGKILL);
        (void)sl_process_wait(&c->process);
        free_args(c);
        sl_free(c);
    }
    sl_free((*self)->children);
    sl_free((*self)->fds);
    (void)sigaction(SIGINT, &(*self)->old_interrupt, NULL);
    (void)sigaction(SIGTERM, &(*self)->old_terminate, NULL);
    (void)sigaction(SIGHUP, &(*self)->old_hangup, NULL);
    signal_pipe_in = -1;
    close((*self)->signal_pipe[0]);
    close((*self)->signal_pipe[1]);
    sl_free(*self);
    *self = NULL;
}

static sl_status copy_args(child *c, const char *const *args) {
    free_args(c);
    int n = 0;
    c->args[n++] = sl_alloc_string(c->path);
    for (int i = 0; args[i]; i++) {
        SL_ASSERT(n < SL_CHILD_ARGS);
        c->args[n++] = sl_alloc_string(args[i]);
    }
    for (int i = 0; i < n; i++) {
        if (!c->args[i]) return sl_fail(SL_MEMORY, NULL, "no memory for the arguments of %s", c->name);
    }
    return SL_OK;
}

static sl_status start(child *c) {
    SL_TRY(sl_process_start(c->path, c->args, &c->process));
    c->state = CHILD_RUNNING;
    c->started = sl_clock_seconds();
    SL_INFO("started %s, pid %d", c->name, (int)c->process.pid);
    return SL_OK;
}

sl_status sl_supervisor_add(sl_supervisor *self, const sl_child_def *def, int *out) {
    child *c = make_room(self) ? sl_alloc(sizeof *c) : NULL;
    if (!c) return sl_fail(SL_MEMORY, NULL, "no memory for %s", def->name);
    c->process.out = -1;
    c->exit_zero = def->exit_zero;
    c->max_restarts = def->max_restarts;
    (void)snprintf(c->name, sizeof c->name, "%s", def->name);
    sl_status status = sl_program_find(def->program, c->path);
    if (status == SL_OK) status = copy_args(c, def->args);
    if (status == SL_OK) status = start(c);
    if (status != SL_OK) {
        free_args(c);
        sl_free(c);
        return status;
    }
    *out = self->n;
    self->children[self->n++] = c;
    return SL_OK;
}

sl_status sl_supervisor_set_args(sl_supervisor *self, int which, const char *const *args) {
    return copy_args(self->children[which], args);
}

void sl_supervisor_set_exit_zero(sl_supervisor *self, int which, sl_exit_zero exit_zero) {
    self->children[which]->exit_zero = exit_zero;
}

static bool is_final(int exit_code) {
    for (int s = SL_USAGE; s <= SL_NOT_FINITE; s++) {
        bool passing = s == SL_IO || s == SL_NETWORK || s == SL_MEMORY;
        if (!passing && exit_code == sl_status_exit_code((sl_status)s)) return true;
    }
    return false;
}

static sl_status status_of(int exit_code) {
    for (int s = SL_USAGE; s <= SL_NOT_FINITE; s++) {
        if (exit_code == sl_status_exit_code((sl_status)s)) return (sl_status)s;
    }
    return SL_IO;
}

// a code that is none of ours comes from a library that gave up, or from the loader
static const char *name_of(int exit_code) {
    sl_status status = status_of(exit_code);
    if (exit_code == 0) return "unasked";
    // a child that got the signal of a Ctrl-C alone
    if (exit_code == INTERRUPTED_CODE) return "interrupted";
    return exit_code == sl_status_exit_code(status) ? sl_status_name(status) : "foreign";
}

static void describe(int wait_status, char text[64]) {
    if (WIFSIGNALED(wait_status)) {
        (void)snprintf(text, 64, "killed by signal %d", WTERMSIG(wait_status));
    } else {
        int code = WEXITSTATUS(wait_status);
        (void)snprintf(text, 64, "exit code %d (%s)", code, name_of(code));
    }
}

// the end of a program: done, given up, or to be started again after a pause
static sl_status bury(child *c, int wait_status) {
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    if (c->ending || (code == 0 && c->exit_zero == SL_EXIT_FINISHES)) {
        c->state = c->ending ? CHILD_ENDED : CHILD_DONE;
        return SL_OK;
    }
    double now = sl_clock_seconds();
    if (code == 0 && c->exit_zero == SL_EXIT_AGAIN) {
        c->restart_at = now + FIRST_PAUSE_MS / 1000.0;
        c->state = CHILD_PAUSED;
        return SL_OK;
    }
    char how[64];
    describe(wait_status, how);
    if (code > 0 && is_final(code)) {
        c->state = CHILD_ENDED;
        return sl_fail(status_of(code), "its own message is above", "%s stopped: %s", c->name, how);
    }
    c->in_a_row = now - c->started > STEADY_SECONDS ? 1 : c->in_a_row + 1;
    if (c->in_a_row > c->max_restarts) {
        c->state = CHILD_ENDED;
        return sl_fail(code > 0 ? status_of(code) : SL_IO, "its own messages are above",
                       "%s was restarted %d times and died again: %s", c->name, c->in_a_row - 1, how);
    }
    int pause_ms = FIRST_PAUSE_MS << (c->in_a_row < 8 ? c->in_a_row - 1 : 7);
    pause_ms = pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
    c->restart_at = now + pause_ms / 1000.0;
    c->restarts++;
    c->state = CHILD_PAUSED;
    SL_WARN("%s died (%s), restart %d in %d ms", c->name, how, c->restarts, pause_ms);
    return SL_OK;
}

static void give_event(sl_supervisor *self, int which, const char *line) {
    SL_DEBUGF("event of %s: %s", self->children[which]->name, line);
    json_error_t error;
    json_t *event = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(event)) {
        SL_WARN("%s printed what is no event: %.80s", self->children[which]->name, line);
    } else if (self->on_event) {
        self->on_event(self->context, which, event);
    }
    json_decref(event);
}

// reads what one program printed; deals with its end, which need not be that of its stdout
static sl_status serve(sl_supervisor *self, int which) {
    child *c = self->children[which];
    bool ended = false;
    const char *line;
    while ((line = sl_process_read_line(&c->process, &ended)) != NULL) give_event(self, which, line);
    int wait_status;
    return ended && sl_process_has_ended(&c->process, &wait_status) ? bury(c, wait_status) : SL_OK;
}

static void take_signals(sl_supervisor *self) {
    unsigned char byte;
    while (read(self->signal_pipe[0], &byte, 1) == 1) {
        interrupting_signal = byte;
        self->interrupts++;
    }
}

// it runs and nothing tells of its end, so that is looked for
static bool is_mute(const child *c) {
    return c->state == CHILD_RUNNING && c->process.out < 0;
}

// when the next paused program is due, as a timeout for poll
static int clip_timeout(const sl_supervisor *self, int timeout_ms) {
    double now = sl_clock_seconds();
    for (int i = 0; i < self->n; i++) {
        const child *c = self->children[i];
        if (is_mute(c) && (timeout_ms < 0 || timeout_ms > LOOK_MS)) timeout_ms = LOOK_MS;
        if (c->state != CHILD_PAUSED) continue;
        int left = c->restart_at > now ? (int)((c->restart_at - now) * 1000) + 1 : 0;
        if (timeout_ms < 0 || left < timeout_ms) timeout_ms = left;
    }
    // whoever looks after starling wants to hear from it
    return timeout_ms < 0 || timeout_ms > BEAT_MS ? BEAT_MS : timeout_ms;
}

static sl_status restart_due(sl_supervisor *self) {
    double now = sl_clock_seconds();
    for (int i = 0; i < self->n; i++) {
        child *c = self->children[i];
        if (c->state == CHILD_PAUSED && now >= c->restart_at) SL_TRY(start(c));
    }
    return SL_OK;
}

// waits for signals, output and ends, and deals with them; the first failure of a program is the answer
static sl_status wait_and_serve(sl_supervisor *self, int wake_fd, int timeout_ms) {
    struct pollfd *fds = self->fds;
    fds[0] = (struct pollfd){.fd = self->signal_pipe[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    for (int i = 0; i < self->n; i++) {
        // poll ignores negative descriptors
        fds[i + 2] = (struct pollfd){.fd = self->children[i]->process.out, .events = POLLIN};
    }
    sl_vitals_beat(sl_clock_ns());
    int ready = poll(fds, (nfds_t)self->n + 2, clip_timeout(self, timeout_ms));
    if (ready < 0 && errno != EINTR) return sl_fail(SL_IO, NULL, "poll: %s", strerror(errno));
    take_signals(self);
    sl_status status = SL_OK;
    for (int i = 0; i < self->n; i++) {
        const child *c = self->children[i];
        if (!is_mute(c) && (!self->fds[i + 2].revents || c->state != CHILD_RUNNING)) continue;
        sl_status one = serve(self, i);
        if (status == SL_OK) status = one;
    }
    return status;
}

sl_status sl_supervisor_poll(sl_supervisor *self, int wake_fd, int timeout_ms) {
    sl_status status = wait_and_serve(self, wake_fd, self->interrupts > 0 ? 0 : timeout_ms);
    if (self->interrupts > 0) return sl_fail(SL_INTERRUPTED, NULL, "interrupted by signal %d", interrupting_signal);
    return status == SL_OK ? restart_due(self) : status;
}

bool sl_supervisor_is_done(const sl_supervisor *self, int which) {
    return self->children[which]->state == CHILD_DONE;
}

pid_t sl_supervisor_pid(const sl_supervisor *self, int which) {
    return self->children[which]->process.pid;
}

int sl_supervisor_restarts(const sl_supervisor *self, int which) {
    return self->children[which]->restarts;
}

// marks and signals the chosen programs; returns how many still run
static int ask_to_end(sl_supervisor *self, int which, int signal_number) {
    int running = 0;
    for (int i = 0; i < self->n; i++) {
        child *c = self->children[i];
        if (which >= 0 && i != which) continue;
        if (c->state == CHILD_PAUSED) c->state = CHILD_ENDED;
        if (c->state != CHILD_RUNNING) continue;
        c->ending = true;
        if (signal_number) sl_process_signal(&c->process, signal_number);
        running++;
    }
    return running;
}

static void end(sl_supervisor *self, int which, int grace_ms) {
    double deadline = sl_clock_seconds() + grace_ms / 1000.0;
    int interrupts = self->interrupts, running = ask_to_end(self, which, SIGTERM);
    while (running > 0) {
        int left = (int)((deadline - sl_clock_seconds()) * 1000);
        // an impatient second Ctrl-C means now
        if (left <= 0 || self->interrupts > interrupts) break;
        // errors of programs that are going anyway change nothing here
        sl_status ignored = wait_and_serve(self, -1, left);
        (void)ignored;
        running = ask_to_end(self, which, 0);
    }
    if (running == 0) return;
    SL_WARN("%d of the programs did not end in time: killed", running);
    (void)ask_to_end(self, which, SIGKILL);
    for (int i = 0; i < self->n; i++) {
        child *c = self->children[i];
        if (c->state != CHILD_RUNNING || !c->ending) continue;
        (void)sl_process_wait(&c->process);
        c->state = CHILD_ENDED;
    }
}

void sl_supervisor_end(sl_supervisor *self, int which, int grace_ms) {
    // why we end is what the user must read, not what goes wrong while we do
    sl_error why;
    sl_error_save(&why);
    end(self, which, grace_ms);
    sl_error_restore(&why);
}
