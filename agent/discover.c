/* discover.c - see discover.h. */
#include "agent/discover.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/vitals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TEXT = 16384, N_FIELDS = 9, LOOK_AGAIN_MS = 3000, SLICE_MS = 250 };

extern char **environ;

bool sl_discover_read(const char *line, char endpoint[SL_ENDPOINT_BYTES]) {
    char field[N_FIELDS][128] = {""};
    int n = 0;
    for (const char *at = line; n < N_FIELDS && at; n++) {
        size_t len = strcspn(at, ";\n");
        if (len >= sizeof field[0]) return false;
        memcpy(field[n], at, len);
        at = at[len] == ';' ? at + len + 1 : NULL;
    }
    // resolved ones only; an IPv6 address of a link would need its interface
    bool is_ipv6 = strchr(field[7], ':') != NULL;
    if (n < N_FIELDS || strcmp(field[0], "=") != 0 || strncmp(field[7], "fe80", 4) == 0) return false;
    char made[SL_ENDPOINT_BYTES];
    (void)snprintf(made, sizeof made, is_ipv6 ? "tcp://[%s]:%s" : "tcp://%s:%s", field[7], field[8]);
    if (sl_endpoint_check(made, false) != SL_OK) return false;
    memcpy(endpoint, made, sizeof made);
    return true;
}

// all that it prints, which ends by itself
static sl_status browse(char text[MAX_TEXT]) {
    int ends[2];
    if (pipe(ends) != 0) return sl_fail(SL_IO, "raise 'ulimit -n'", "cannot make a pipe: %s", strerror(errno));
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    char *argv[] = {(char[]){"avahi-browse"}, (char[]){"-rpt"}, (char[]){"_starling._tcp"}, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int error = posix_spawn_file_actions_init(&actions);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!error) error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    size_t n = 0;
    ssize_t got = 1;
    while (!error && got != 0 && n + 1 < MAX_TEXT) {
        got = read(ends[0], text + n, MAX_TEXT - 1 - n);
        if (got > 0) n += (size_t)got;
        if (got < 0 && errno != EINTR) break;
    }
    text[n] = '\0';
    (void)close(ends[0]);
    int status = 0;
    while (!error && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (error == ENOENT || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
        return sl_fail(SL_NOT_FOUND, "install avahi-utils, or give --connect HOST", "there is no avahi-browse");
    if (error) return sl_fail(SL_IO, NULL, "cannot start avahi-browse: %s", strerror(error));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return sl_fail(SL_IO, "is avahi-daemon running? else give --connect HOST", "avahi-browse failed");
    return SL_OK;
}

static bool find(const char *text, char endpoint[SL_ENDPOINT_BYTES]) {
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (sl_discover_read(line, endpoint)) return true;
    return false;
}

sl_status sl_discover(const volatile sig_atomic_t *stop, char endpoint[SL_ENDPOINT_BYTES]) {
    static char text[MAX_TEXT];
    for (uint64_t n = 1;; n++) {
        SL_TRY(browse(text));
        if (find(text, endpoint)) return SL_OK;
        if ((n & (n - 1)) == 0) SL_INFO("nobody announces a fleet on this network; looking again");
        for (int waited = 0; waited < LOOK_AGAIN_MS; waited += SLICE_MS) {
            sl_vitals_beat(sl_clock_ns());
            if (*stop) return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
            (void)poll(NULL, 0, SLICE_MS);
        }
    }
}
