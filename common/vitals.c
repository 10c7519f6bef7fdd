/* vitals.c - see vitals.h. The file is one line of fixed size that is written over in place, so that nothing is
 * allocated or renamed while a fleet flies. systemd's side is a datagram (sd_notify(3)); its library is not needed.
 */
#include "common/vitals.h"

#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEALTH_VARIABLE "STARLING_HEALTH"
#define MAGIC           "starling-health-1"

enum { LINE_BYTES = 256, PATH_BYTES = 1024, TEXT_BYTES = 100, NAME_BYTES = 32, BEAT_MS = 500, MS = 1000000 };

static const char *const state_names[] = {
    [SL_VITALS_STARTING] = "starting", [SL_VITALS_WAITING] = "waiting", [SL_VITALS_READY] = "ready"};

static struct {
    int file;   /* -1: none */
    int socket; /* -1: no service manager */
    struct sockaddr_un manager;
    socklen_t manager_bytes;
    bool watchdog; /* the manager wants to hear of every beat */
    bool told_ready;
    int patience_ms;
    int64_t every_ns, next_ns;
    sl_vitals_state state;
    char path[PATH_BYTES], program[NAME_BYTES], text[TEXT_BYTES];
} vitals = {.file = -1, .socket = -1, .next_ns = INT64_MAX};

static void notify(const char *message) {
    if (vitals.socket < 0) return;
    // a manager that does not listen is no reason to wait
    (void)sendto(vitals.socket, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
                 (const struct sockaddr *)&vitals.manager, vitals.manager_bytes);
}

// padded to a fixed size: what is shorter leaves nothing of what it replaces
static void write_file(int64_t now_ns) {
    char line[LINE_BYTES];
    if (vitals.file < 0) return;
    int n = snprintf(line, sizeof line, "%s %" PRId64 " %d %s %s: %s", MAGIC, now_ns, vitals.patience_ms,
                     state_names[vitals.state], vitals.program, vitals.text);
    if (n < 0 || n >= LINE_BYTES) return;
    memset(line + n, ' ', sizeof line - (size_t)n);
    line[LINE_BYTES - 1] = '\n';
    // what cannot be written shows as silence
    ssize_t written = pwrite(vitals.file, line, sizeof line, 0);
    (void)written;
}

static void open_manager(const char *address) {
    size_t n = strlen(address);
    vitals.manager = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((address[0] != '/' && address[0] != '@') || n < 2 || n >= sizeof vitals.manager.sun_path) {
        SL_WARN("NOTIFY_SOCKET is no address of a local socket: nobody is told that this program is ready");
        return;
    }
    memcpy(vitals.manager.sun_path, address, n);
    // an abstract name
    if (address[0] == '@') vitals.manager.sun_path[0] = '\0';
    vitals.manager_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    vitals.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

// half of the watchdog's time is the usual advice; a third leaves room for a busy machine
static void open_watchdog(const char *usec, const char *pid) {
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid())) return;
    long long us = strtoll(usec, NULL, 10);
    if (us <= 0) return;
    vitals.watchdog = true;
    if (us / 3 < BEAT_MS * 1000LL) vitals.every_ns = us / 3 * 1000;
}

static void open_file(const char *path) {
    if (strlen(path) >= sizeof vitals.path) {
        SL_WARN(HEALTH_VARIABLE ": the path is too long");
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        SL_WARN(HEALTH_VARIABLE ": cannot write '%s': %s", path, strerror(errno));
        return;
    }
    // a second program in the same container does not speak for the first
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        SL_INFO("'%s' tells of the health of another program, which runs", path);
        (void)close(fd);
        return;
    }
    vitals.file = fd;
    memcpy(vitals.path, path, strlen(path) + 1);
}

void sl_vitals_open(const char *program, int patience_ms) {
    const char *file = getenv(HEALTH_VARIABLE), *address = getenv("NOTIFY_SOCKET");
    sl_vitals_close();
    vitals.patience_ms = patience_ms;
    vitals.every_ns = (int64_t)BEAT_MS * MS;
    vitals.state = SL_VITALS_STARTING;
    vitals.told_ready = vitals.watchdog = false;
    vitals.text[0] = '\0';
    (void)snprintf(vitals.program, sizeof vitals.program, "%s", program);
    if (file && *file) open_file(file);
    if (address && *address) open_manager(address);
    if (vitals.socket >= 0) open_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    (void)unsetenv(HEALTH_VARIABLE);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    if (vitals.file >= 0 || vitals.socket >= 0) vitals.next_ns = 0;
    write_file(sl_clock_ns());
}

void sl_vitals_say(sl_vitals_state state, const char *text) {
    char message[TEXT_BYTES + 32];
    if (vitals.file < 0 && vitals.socket < 0) return;
    vitals.state = state;
    (void)snprintf(vitals.text, sizeof vitals.text, "%s", text);
    // a line of its own would be another word to the manager
    for (char *c = vitals.text; *c; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    bool first = state == SL_VITALS_READY && !vitals.told_ready;
    (void)snprintf(message, sizeof message, "%sSTATUS=%s", first ? "READY=1\n" : "", vitals.text);
    notify(message);
    vitals.told_ready = vitals.told_ready || first;
    write_file(sl_clock_ns());
}

void sl_vitals_beat(int64_t now_ns) {
    if (now_ns < vitals.next_ns) return;
    vitals.next_ns = now_ns + vitals.every_ns;
    if (vitals.watchdog) notify("WATCHDOG=1");
    write_file(now_ns);
}

void sl_vitals_close(void) {
    notify("STOPPING=1");
    if (vitals.socket >= 0) (void)close(vitals.socket);
    if (vitals.file >= 0) {
        (void)unlink(vitals.path);
        (void)close(vitals.file);
    }
    vitals.file = vitals.socket = -1;
    vitals.next_ns = INT64_MAX;
}

/* The line, read until it is the same twice: its writer may be in the middle of it. */
static sl_status read_line(const char *path, char line[LINE_BYTES + 1]) {
    char before[LINE_BYTES] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sl_fail(SL_NETWORK, "it has not started yet, has ended, or cannot write there",
                       "not healthy: cannot read '%s': %s", path, strerror(errno));
    ssize_t n = 0;
    for (int i = 0; i < 4; i++) {
        n = pread(fd, line, LINE_BYTES, 0);
        if (n == LINE_BYTES && memcmp(line, before, LINE_BYTES) == 0) break;
        memcpy(before, line, LINE_BYTES);
    }
    (void)close(fd);
    if (n != LINE_BYTES) return sl_fail(SL_NETWORK, NULL, "not healthy: '%s' is not a health file", path);
    line[LINE_BYTES] = '\0';
    for (char *end = line + LINE_BYTES; end > line && (end[-1] == ' ' || end[-1] == '\n');) *--end = '\0';
    return SL_OK;
}

sl_status sl_vitals_health(void) {
    const char *path = getenv(HEALTH_VARIABLE);
    if (!path || !*path)
        return sl_fail(SL_NETWORK, "set it to the file that it was started with, such as /dev/shm/starling.health",
                       "not healthy: " HEALTH_VARIABLE " is not set");
    char line[LINE_BYTES + 1], state[16];
    int64_t beat_ns = 0;
    int patience_ms = 0, text = 0;
    SL_TRY(read_line(path, line));
    if (sscanf(line, MAGIC " %" SCNd64 " %d %15s %n", &beat_ns, &patience_ms, state, &text) != 3 || text == 0)
        return sl_fail(SL_NETWORK, NULL, "not healthy: '%s' is not a health file", path);
    int64_t age_ms = (sl_clock_ns() - beat_ns) / MS;
    // from before the machine started
    if (age_ms < 0 || age_ms > patience_ms)
        return sl_fail(SL_NETWORK, "is it stopped, or does it hang?",
                       "not healthy: silent for more than %d s, last %s", patience_ms / 1000, line + text);
    if (strcmp(state, state_names[SL_VITALS_STARTING]) == 0)
        return sl_fail(SL_NETWORK, NULL, "not healthy yet: starting, %s", line + text);
    (void)printf("healthy: %s, %s\n", state, line + text);
    return SL_OK;
}
