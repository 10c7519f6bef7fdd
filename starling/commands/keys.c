/* keys.c - starling keys new, add and revoke: files are made whole and never overwritten, and revoking is a rename.
 */
#include "starling/commands/keys.h"

#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "experiment/experiment.h"
#include "storage/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

sl_status sl_keys_path(const char *folder, const char *sub, const char *name, const char *ending,
                       char path[SL_KEYRING_PATH]) {
    if (!folder[0]) return sl_fail(SL_USAGE, "'.' is the one that you are in", "an empty name is no folder for keys");
    int n = snprintf(path, SL_KEYRING_PATH, "%s%s%s/%s%s", folder, sub[0] ? "/" : "", sub, name, ending);
    return n > 0 && n < SL_KEYRING_PATH ? SL_OK : sl_fail(SL_USAGE, NULL, "the path '%.60s...' is too long", folder);
}

static sl_status create(const char *folder, const char *sub, const char *ending, const sl_certificate *certificate) {
    char path[SL_KEYRING_PATH], text[SL_CERTIFICATE_BYTES];
    bool secret = strcmp(ending, ".key_secret") == 0;
    SL_TRY(sl_keys_path(folder, sub, certificate->name, ending, path));
    sl_certificate_print(certificate, secret, text);
    sl_status status = sl_file_create_as(path, secret ? 0600 : 0644, text, strlen(text));
    memset(text, 0, sizeof text);
    if (status != SL_MISMATCH) return status;
    return sl_fail(SL_MISMATCH, "keys are never overwritten: choose another name or folder, or move it away",
                   "%s is there already", path);
}

sl_status sl_keys_store(const char *folder, const sl_certificate *certificate, bool allow) {
    SL_TRY(create(folder, "", ".key_secret", certificate));
    SL_TRY(create(folder, "", ".key", certificate));
    return allow ? create(folder, "allowed", ".key", certificate) : SL_OK;
}

static bool is_there(const char *path) {
    struct stat about;
    return lstat(path, &about) == 0;
}

// ----------------------------------------------------------------------------------------------------------------
// new

static sl_status make_agent(const char *folder, int i, const sl_certificate *coordinator) {
    sl_certificate agent;
    char name[SL_KEY_NAME], slot[16];
    (void)snprintf(name, sizeof name, "agent-%d", i);
    (void)snprintf(slot, sizeof slot, "%d", i);
    SL_TRY(sl_certificate_create(name, SL_ROLE_AGENT, &agent));
    SL_TRY(sl_slot_set_parse(slot, &agent.slots));
    memcpy(agent.server_key, coordinator->public_key, SL_KEY_TEXT);
    return sl_keys_store(folder, &agent, true);
}

sl_status sl_keys_make(const char *folder, int n_agents) {
    sl_certificate trainer, coordinator;
    char path[SL_KEYRING_PATH];
    SL_TRY(sl_keys_path(folder, "", "coordinator", ".key", path));
    if (is_there(path))
        return sl_fail(SL_MISMATCH, "'starling keys add DIR NAME' makes one more key", "%s has keys already", folder);
    SL_TRY(sl_keys_path(folder, "", "allowed", "", path));
    SL_TRY(sl_file_make_folder(path));
    SL_TRY(sl_certificate_create("trainer", SL_ROLE_TRAINER, &trainer));
    SL_TRY(sl_certificate_create("coordinator", SL_ROLE_COORDINATOR, &coordinator));
    memcpy(coordinator.server_key, trainer.public_key, SL_KEY_TEXT);
    SL_TRY(sl_keys_store(folder, &trainer, false));
    SL_TRY(sl_keys_store(folder, &coordinator, true));
    for (int i = 0; i < n_agents; i++) SL_TRY(make_agent(folder, i, &coordinator));
    return SL_OK;
}

sl_status sl_cmd_keys_new(const char *path, int argc, char **argv) {
    int64_t n_agents = 0;
    const sl_option options[] = {
        {"agents", SL_OPTION_INT, "N", "keys agent-0 to agent-<N-1>, each for its slot", &n_agents, 0,
         SL_EXP_MAX_AGENTS},
    };
    static const char text[] =
        "Makes the keys of a fleet: NAME.key (public) and NAME.key_secret of trainer, coordinator and N agents, and "
        "the folder 'allowed' with the public ones of who may connect. A secret file goes to its owner's machine and "
        "nowhere else; 'allowed' goes to the coordinator's and the trainer's.";
    sl_usage usage = {path, "DIR", text, 1, 1, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(sl_keys_make(args.v[0], (int)n_agents));
    sl_print_wrapped(stdout, 2, "%s: keys of a trainer, a coordinator and %d agent%s\n", args.v[0], (int)n_agents,
                     n_agents == 1 ? "" : "s");
    return SL_OK;
}

// ----------------------------------------------------------------------------------------------------------------
// add

static sl_status add(const char *folder, const char *name, const char *slots) {
    sl_certificate coordinator, agent;
    char path[SL_KEYRING_PATH];
    SL_TRY(sl_certificate_create(name, SL_ROLE_AGENT, &agent));
    SL_TRY(sl_slot_set_parse(slots, &agent.slots));
    if (!slots[0]) return sl_fail(SL_USAGE, "such as 3, 0-2,5 or any", "--slots names none");
    SL_TRY(sl_keys_path(folder, "", "coordinator", ".key", path));
    if (!is_there(path))
        return sl_fail(SL_NOT_FOUND, "'starling keys new DIR' makes a folder of keys", "there is no %s", path);
    SL_TRY(sl_certificate_load_public(path, &coordinator));
    SL_TRY(sl_keys_path(folder, "revoked", name, ".key", path));
    if (is_there(path))
        return sl_fail(SL_MISMATCH, "choose another name; moving that file to 'allowed' takes the key back",
                       "the key '%s' was revoked", name);
    memcpy(agent.server_key, coordinator.public_key, SL_KEY_TEXT);
    return sl_keys_store(folder, &agent, true);
}

sl_status sl_cmd_keys_add(const char *path, int argc, char **argv) {
    const char *slots = "any";
    const sl_option options[] = {
        {"slots", SL_OPTION_TEXT, "S", "slots that it may hold: 3, 0-2,5 or any (any)", &slots, 0, 0},
    };
    static const char text[] = "Makes the key of one more agent and allows it. A coordinator that runs takes it up "
                               "within a second.";
    sl_usage usage = {path, "DIR NAME", text, 2, 2, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(add(args.v[0], args.v[1], slots));
    sl_print_wrapped(stdout, 2, "%s may hold slots %s; %s/%s.key_secret goes to its machine\n", args.v[1], slots,
                     args.v[0], args.v[1]);
    return SL_OK;
}

// -------------------------------------------------------------------------------------------------------------
// revoke

// a copy of the file under another name would let the key in as before
static sl_status check_copies(const char *folder, const char *name, const sl_certificate *revoked) {
    char path[SL_KEYRING_PATH];
    sl_status status = SL_OK;
    SL_TRY(sl_keys_path(folder, "allowed", "", "", path));
    DIR *stream = opendir(path);
    if (!stream) return sl_file_fail("read", path);
    for (struct dirent *one; status == SL_OK && (one = readdir(stream)) != NULL;) {
        sl_certificate other;
        bool is_readable = sl_keys_path(folder, "allowed", one->d_name, "", path) == SL_OK &&
                           sl_certificate_load_public(path, &other) == SL_OK;
        if (is_readable && strcmp(other.public_key, revoked->public_key) == 0)
            status =
                sl_fail(SL_MISMATCH, "move that file away too", "the key of '%s' is still allowed: %s", name, path);
    }
    (void)closedir(stream);
    return status;
}

static sl_status revoke(const char *folder, const char *name) {
    char from[SL_KEYRING_PATH], to[SL_KEYRING_PATH];
    sl_certificate revoked;
    SL_TRY(sl_key_name_check(name));
    SL_TRY(sl_keys_path(folder, "allowed", name, ".key", from));
    if (!is_there(from))
        return sl_fail(SL_NOT_FOUND, "'starling keys list DIR' says who is allowed", "there is no %s", from);
    SL_TRY(sl_keys_path(folder, "revoked", "", "", to));
    SL_TRY(sl_file_make_folder(to));
    SL_TRY(sl_keys_path(folder, "revoked", name, ".key", to));
    if (rename(from, to) != 0) return sl_file_fail("move", from);
    SL_TRY(sl_file_sync_folder_of(from));
    SL_TRY(sl_file_sync_folder_of(to));
    // one that is broken let nobody in
    return sl_certificate_load_public(to, &revoked) == SL_OK ? check_copies(folder, name, &revoked) : SL_OK;
}

sl_status sl_cmd_keys_revoke(const char *path, int argc, char **argv) {
    static const char text[] = "Moves a key from 'allowed' to 'revoked': its connections are refused from then on, "
                               "and a coordinator that runs takes its slot from it within a second.";
    sl_usage usage = {path, "DIR NAME", text, 2, 2, 0, NULL};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(revoke(args.v[0], args.v[1]));
    sl_print_wrapped(stdout, 2, "%s is not allowed any more\n", args.v[1]);
    return SL_OK;
}
