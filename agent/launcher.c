/* launcher.c - see launcher.h. The agent is a process of its own, which ends with this one. */
#include "agent/launcher.h"

#include "agent/discover.h"
#include "agent/seek.h"
#include "agent/trust.h"
#include "common/agent_size.h"
#include "common/log.h"
#include "common/program.h"
#include "common/vitals.h"
#include "net/fleet_message.h"
#include "net/link.h"

#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 24, LOOK_MS = 50, AGAIN_MS = 500, FULL_CODE = 7, PROGRAM_BYTES = SL_PROGRAM_BYTES + 16 };

extern char **environ;

static sl_keyring keyring;
static sl_trust trust;

/* Beside this program, else in PATH. */
static void find_program(int hidden, char path[PROGRAM_BYTES]) {
    char self[SL_PROGRAM_BYTES], *slash = NULL;
    if (sl_program_self(self)) slash = strrchr(self, '/');
    if (slash) {
        slash[1] = '\0';
        (void)snprintf(path, PROGRAM_BYTES, "%sstarling-agent-%d", self, hidden);
        if (access(path, X_OK) == 0) return;
    }
    (void)snprintf(path, PROGRAM_BYTES, "starling-agent-%d", hidden);
}

static void add(const char **list, int *n, const char *flag, const char *value) {
    if (!value) return;
    list[(*n)++] = flag;
    list[(*n)++] = value;
}

static sl_status start(const sl_launcher_options *o, const char *endpoint, int hidden, pid_t *pid) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const char *list[MAX_ARGS] = {"starling-agent"};
    char path[PROGRAM_BYTES], hint[SL_AGENT_SIZES_TEXT];
    int n = 1;
    find_program(hidden, path);
    list[0] = path;
    add(list, &n, "--connect", endpoint);
    add(list, &n, "--cache", o->cache);
    add(list, &n, "--slot", o->slot >= 0 ? o->slot_text : NULL);
    add(list, &n, "--trust", o->trust);
    add(list, &n, "--key", o->keys.key);
    add(list, &n, "--server-key", o->keys.server_key);
    add(list, &n, "--log-level", levels[o->common.log_level]);
    if (o->keys.insecure) list[n++] = "--insecure";
    if (o->common.log_json) list[n++] = "--log-json";
    list[n++] = "--impatient";
    list[n] = NULL;
    int error = posix_spawnp(pid, path, NULL, NULL, (char *const *)list, environ);
    if (!error) return SL_OK;
    sl_agent_size_hint(hint);
    if (error == ENOENT)
        return sl_fail(SL_NOT_FOUND, hint, "there is no starling-agent-%d, which the fleet's student needs", hidden);
    return sl_fail(SL_IO, NULL, "cannot start '%s': %s", path, strerror(error));
}

// the agent's exit code; a signal of ours is passed on
static sl_status wait_for(pid_t pid, const volatile sig_atomic_t *stop, int *exit_code) {
    int status = 0;
    bool told = false;
    for (;;) {
        if (*stop && !told) told = kill(pid, SIGTERM) == 0;
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid) break;
        if (ended < 0 && errno != EINTR) return sl_fail(SL_IO, NULL, "waitpid: %s", strerror(errno));
        (void)poll(NULL, 0, LOOK_MS);
    }
    if (*stop) return sl_fail(SL_INTERRUPTED, NULL, "asked to stop");
    if (WIFSIGNALED(status)) return sl_fail(SL_IO, NULL, "the agent was killed by signal %d", WTERMSIG(status));
    *exit_code = WEXITSTATUS(status);
    return SL_OK;
}

/* Who looks after this program hears of the search from it, of the flight from the agent. */
static sl_status seek(const sl_launcher_options *o, const volatile sig_atomic_t *stop,
                      char endpoint[SL_ENDPOINT_BYTES], int *hidden) {
    char health[SL_LAUNCHER_PATH] = "";
    if (getenv("STARLING_HEALTH")) (void)snprintf(health, sizeof health, "%s", getenv("STARLING_HEALTH"));
    sl_vitals_open("starling-agent", SL_VITALS_AGENT_MS);
    sl_vitals_say(SL_VITALS_WAITING, "looking for a slot");
    sl_status status = SL_OK;
    if (!o->endpoint[0]) status = sl_discover(stop, endpoint);
    sl_link_def link = sl_link_fleet_def(endpoint);
    if (status == SL_OK) status = sl_keyring_protect(&keyring, false, &link);
    if (status == SL_OK) status = sl_seek(&link, o->slot, stop, hidden);
    sl_vitals_close();
    if (health[0]) (void)setenv("STARLING_HEALTH", health, 1);
    return status;
}

sl_status sl_launcher_run(const sl_launcher_options *o, const volatile sig_atomic_t *stop, int *exit_code) {
    char endpoint[SL_ENDPOINT_BYTES];
    memcpy(endpoint, o->endpoint, sizeof endpoint);
    SL_TRY(sl_keyring_load(&o->keys, &keyring));
    // the agent reads it, and would take a slot from others before it says what is wrong with it
    if (o->trust) SL_TRY(sl_trust_open(o->trust, o->cache, &trust));
    // one flight is what an agent is started for
    (void)unsetenv("STARLING_STAY");
    (void)unsetenv("STARLING_MODEL");
    (void)unsetenv("NOTIFY_SOCKET");
    for (;;) {
        int hidden = 0;
        pid_t pid = 0;
        SL_TRY(seek(o, stop, endpoint, &hidden));
        SL_TRY(start(o, endpoint, hidden, &pid));
        SL_TRY(wait_for(pid, stop, exit_code));
        bool again = *exit_code == FULL_CODE || (*exit_code == 0 && o->stays);
        if (!again) return SL_OK;
        // whoever said goodbye is about to leave
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

static const char help[] = "usage: starling-agent (--connect HOST[:PORT] | --discover) [--slot N]\n"
                           "                      [--cache DIR] [--stay] [--trust FILE]\n"
                           "                      [--key FILE [--server-key FILE] | --insecure]\n"
                           "Joins a fleet: asks the coordinator which slot is free, and starts the\n"
                           "starling-agent-<H> of that student's size, which fetches the student.\n"
                           "\n"
                           "  --connect HOST[:PORT]  the coordinator; port 5555 without one\n"
                           "  --discover          look for one on this network, by mDNS (avahi-browse)\n"
                           "  --slot N            the slot that is wanted, from 0 (default: any free one)\n"
                           "  --cache DIR         where students are kept (default: starling in the user's\n"
                           "                      cache folder)\n"
                           "  --stay              after a flight look for the next one\n"
                           "  --trust FILE        fly only students that this public key has signed\n"
                           "  --key FILE          this agent's secret certificate; made by 'starling keys'\n"
                           "  --server-key FILE   the coordinator's public one, unless --key's names it\n"
                           "  --insecure          no keys, though the coordinator is on another machine\n"
                           "  --log-level LEVEL   debug, info, warn or error (default: info)\n"
                           "  --log-json          log one JSON object a line\n"
                           "  --health            say whether the agent that STARLING_HEALTH was given to is\n"
                           "                      at work: exit code 0, or 9\n"
                           "  --help, --version\n"
                           "\n"
                           "Events are those of starling-agent-<H>, on stdout; the log goes to stderr.\n"
                           "SIGTERM: the agent says goodbye, exit code 0.\n";

static sl_status parse_slot(const char *text, int *out) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (strcmp(text, "any") == 0) return SL_OK;
    if (errno || end == text || *end || value < 0 || value >= SL_FLEET_MAX_SLOTS)
        return sl_fail(SL_USAGE, NULL, "--slot is a whole number from 0 to %d or 'any', not '%s'",
                       SL_FLEET_MAX_SLOTS - 1, text);
    *out = (int)value;
    return SL_OK;
}

static sl_status choose_cache(const char *given, char out[SL_LAUNCHER_PATH]) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (given)
        n = snprintf(out, SL_LAUNCHER_PATH, "%s", given);
    else if (cache && cache[0] == '/')
        n = snprintf(out, SL_LAUNCHER_PATH, "%s/starling", cache);
    else if (home && home[0])
        n = snprintf(out, SL_LAUNCHER_PATH, "%s/.cache/starling", home);
    if (n > 0 && n < SL_LAUNCHER_PATH) return SL_OK;
    return sl_fail(SL_USAGE, "give --cache DIR", "there is no folder to keep students in");
}

sl_status sl_launcher_parse(int argc, char **argv, sl_launcher_options *out) {
    const char *cache = NULL;
    *out = (sl_launcher_options){.slot = -1};
    const sl_flag flags[] = {{"connect", &out->connect, NULL},
                             {"discover", NULL, &out->discovers},
                             {"slot", &out->slot_text, NULL},
                             {"cache", &cache, NULL},
                             {"stay", NULL, &out->stays},
                             {"trust", &out->trust, NULL},
                             {"key", &out->keys.key, NULL},
                             {"server-key", &out->keys.server_key, NULL},
                             {"insecure", NULL, &out->keys.insecure}};
    const sl_flags_def def = {"starling-agent", help, "see --help", "unknown flag, or a value is missing:", 9, flags};
    sl_status status = sl_flags_parse(&def, argc, argv, &out->common);
    if (status != SL_OK || out->common.done) return out->common.done ? SL_OK : status;
    if (out->slot_text) SL_TRY(parse_slot(out->slot_text, &out->slot));
    SL_TRY(choose_cache(cache, out->cache));
    if (!out->connect == !out->discovers)
        return sl_fail(SL_USAGE, "see --help", "give either --connect HOST or --discover");
    if (!out->connect) return SL_OK;
    if (sl_endpoint_complete(out->connect, 5555, out->endpoint) == SL_OK) return SL_OK;
    return sl_fail(SL_USAGE, sl_error_hint(), "--connect: %s", sl_error_what());
}
