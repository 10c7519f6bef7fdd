/* spawn.c - see spawn.h. */
#include "starling/run/spawn.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

sl_status sl_program_find(const char *name, char path[SL_PATH_BYTES]) {
    char candidate[SL_PROGRAM_BYTES];
    // as in a shell: with a slash it is a path, not a name to look for
    if (strchr(name, '/')) {
        if (!is_program(name) || strlen(name) >= SL_PATH_BYTES)
            return sl_fail(SL_NOT_FOUND, "is it there, and executable?", "there is no program '%s'", name);
        (void)snprintf(path, SL_PATH_BYTES, "%s", name);
        return SL_OK;
    }
    // beside this binary comes first, so that a build folder never starts an installed version
    if (sl_program_self(candidate)) {
        char *slash = strrchr(candidate, '/');
        size_t room = sizeof candidate - (size_t)(slash + 1 - candidate);
        if (slash && strlen(name) < room) {
            memcpy(slash + 1, name, strlen(name) + 1);
            if (is_program(candidate)) {
                (void)snprintf(path, SL_PATH_BYTES, "%s", candidate);
                return SL_OK;
            }
        }
    }
    const char *folders = getenv("PATH");
    while (folders && *folders) {
        int folder_len = (int)strcspn(folders, ":");
        int n = snprintf(candidate, sizeof candidate, "%.*s/%s", folder_len, folders, name);
        if (folder_len > 0 && n < (int)sizeof candidate && is_program(candidate)) {
            (void)snprintf(path, SL_PATH_BYTES, "%s", candidate);
            return SL_OK;
        }
        folders += folder_len + (folders[folder_len] == ':');
    }
    return sl_fail(SL_NOT_FOUND, "it is built and installed together with starling; is the build complete?",
                   "program '%s' is neither beside starling nor in PATH", name);
}

// what the child must not inherit from us: blocked or handled signals, and the terminal's process group
static int prepare_attributes(posix_spawnattr_t *attributes, bool own_group) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error) error = posix_spawnattr_setpgroup(attributes, 0);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_group) flags = (short)(flags | POSIX_SPAWN_SETPGROUP);
    if (!error) error = posix_spawnattr_setflags(attributes, flags);
    return error;
}

/* What a child gets of our environment, in memory for the caller to free; the strings stay ours. STARLING_KEYS,
 * _BIND, _HEALTH and their like are told to this program: a child would take its flags from them. NULL: no memory. */
static char **make_environment(void) {
    static const char ours[] = "STARLING_", parent[] = "STARLING_PARENT=", notify[] = "NOTIFY_SOCKET=";
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **made = sl_alloc_array(n + 1, sizeof *made);
    for (size_t i = 0; made && i < n; i++) {
        bool is_parent = strncmp(environ[i], parent, sizeof parent - 1) == 0;
        bool is_ours =
            strncmp(environ[i], ours, sizeof ours - 1) == 0 || strncmp(environ[i], notify, sizeof notify - 1) == 0;
        if (is_parent || !is_ours) made[kept++] = environ[i];
    }
    return made;
}

// out: the write end that becomes the child's stdout; -1 leaves it ours
static int spawn(const char *path, char *const *argv, int out, pid_t *pid) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char **environment = make_environment();
    if (!environment) return ENOMEM;
    int error = posix_spawnattr_init(&attributes);
    if (error) {
        sl_free(environment);
        return error;
    }
    error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = prepare_attributes(&attributes, out >= 0);
        if (!error) error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!error && out >= 0) error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (!error) error = posix_spawn(pid, path, &actions, &attributes, argv, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    sl_free(environment);
    return error;
}

static sl_status spawn_failed(const char *path, int error) {
    const char *hint = error == ENOEXEC ? "a program of this machine, or a script that begins with #!" : NULL;
    return sl_fail(error == ENOENT ? SL_NOT_FOUND : SL_IO, hint, "cannot start '%s': %s", path, strerror(error));
}

sl_status sl_process_start(const char *path, char *const *argv, sl_process *out) {
    int ends[2];
    if (pipe(ends) != 0) return sl_fail(SL_IO, "raise 'ulimit -n'", "cannot make a pipe: %s", strerror(errno));
    // no other child may hold these ends, or the end of this one would go unnoticed
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pid_t pid = 0;
    int error = spawn(path, argv, ends[1], &pid);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return spawn_failed(path, error);
    }
    memset(out, 0, sizeof *out);
    out->pid = pid;
    out->out = ends[0];
    return SL_OK;
}

// the line that starts at begin, when its newline has arrived
static const char *take_line(sl_process *self) {
    char *start = self->buffer + self->begin;
    char *newline = memchr(start, '\n', self->end - self->begin);
    if (!newline) return NULL;
    *newline = '\0';
    self->begin = (size_t)(newline + 1 - self->buffer);
    if (!self->overlong) return start;
    self->overlong = false;
    return take_line(self);
}

const char *sl_process_read_line(sl_process *self, bool *ended) {
    for (;;) {
        const char *line = take_line(self);
        if (line) return line;
        if (self->out < 0) break;
        memmove(self->buffer, self->buffer + self->begin, self->end - self->begin);
        self->end -= self->begin;
        self->begin = 0;
        if (self->end == sizeof self->buffer) {
            SL_WARN("a line of more than %d bytes from process %d is dropped", SL_LINE_BYTES, (int)self->pid);
            self->overlong = true;
            self->end = 0;
        }
        ssize_t n = read(self->out, self->buffer + self->end, sizeof self->buffer - self->end);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return NULL;
        if (n <= 0) {
            close(self->out);
            self->out = -1;
            break;
        }
        self->end += (size_t)n;
    }
    *ended = true;
    return NULL;
}

void sl_process_signal(const sl_process *self, int signal_number) {
    if (self->pid > 0) (void)kill(-self->pid, signal_number);
}

static void close_out(sl_process *self) {
    if (self->out >= 0) close(self->out);
    self->out = -1;
}

bool sl_process_has_ended(sl_process *self, int *status) {
    if (waitpid(self->pid, status, WNOHANG) != self->pid) return false;
    self->pid = 0;
    close_out(self);
    return true;
}

int sl_process_wait(sl_process *self) {
    int status = -1;
    if (self->pid > 0) {
        while (waitpid(self->pid, &status, 0) < 0 && errno == EINTR) continue;
        self->pid = 0;
    }
    close_out(self);
    return status;
}

sl_status sl_program_run(const char *path, char *const *argv) {
    pid_t pid = 0;
    int status = 0, error = spawn(path, argv, -1, &pid);
    if (error) return spawn_failed(path, error);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return sl_fail(SL_IO, "its own message is above", "'%s' failed", argv[0]);
    return SL_OK;
}
