/* keys_sign.c - starling keys sign: signatures beside students, FILE.minisig, all of one call with one version. The
 * pair of keys, which is minisign's, and the version that was given last lie in the folder of keys. */
#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/run.h"

#include "storage/file.h"
#include "storage/secret_file.h"
#include "storage/sidecar.h"
#include "storage/version_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 1024 };

typedef struct signer {
    const char *folder; /* of the keys */
    char key_path[SL_RUN_PATH], public_path[SL_RUN_PATH], version_path[SL_RUN_PATH];
    sl_minisign_public public_key;
    sl_minisign_secret key;
    char id[SL_MINISIGN_ID];
    bool is_new;     /* the keys were made now */
    bool only_looks; /* the files are checked, and nothing is written */
    int64_t version;
    int n_files;
    json_t *names; /* of those that were signed; NULL: memory is out */
} signer;

// ------------------------------------------------------------------------------------------------------- keys

static sl_status write_public(const signer *self) {
    char text[SL_MINISIGN_BYTES];
    size_t n = sl_minisign_write_public(&self->public_key, text);
    return sl_file_replace(self->public_path, text, n);
}

static sl_status make_keys(signer *self) {
    char text[SL_MINISIGN_BYTES];
    SL_TRY(sl_minisign_make(&self->public_key, &self->key));
    size_t n = sl_minisign_write_secret(&self->key, text);
    // the secret one first: of it the other can be made again
    sl_status status = sl_secret_file_replace(self->key_path, text, n);
    sodium_memzero(text, sizeof text);
    SL_TRY(status);
    self->is_new = true;
    return write_public(self);
}

/* the pair in the folder; sign.pub alone is somebody's who keeps the other elsewhere */
static sl_status load_keys(signer *self) {
    sl_minisign_public stored;
    if (!sl_run_has(self->folder, "sign.key")) {
        if (!sl_run_has(self->folder, "sign.pub")) return make_keys(self);
        return sl_fail(SL_NOT_FOUND, "put sign.key there, or sign with another folder's keys",
                       "%s is there, its sign.key is not", self->public_path);
    }
    SL_TRY(sl_minisign_load_secret(self->key_path, &self->key));
    memcpy(self->public_key.id, self->key.id, sizeof self->public_key.id);
    memcpy(self->public_key.key, self->key.key + 32, sizeof self->public_key.key);
    if (!sl_run_has(self->folder, "sign.pub")) return write_public(self);
    SL_TRY(sl_minisign_load_public(self->public_path, &stored));
    if (memcmp(&stored, &self->public_key, sizeof stored) != 0)
        return sl_fail(SL_MISMATCH, NULL, "%s is not the public key of %s", self->public_path, self->key_path);
    return SL_OK;
}

static sl_status raise_version(signer *self, int64_t wanted) {
    bool is_lost = !self->is_new && !sl_run_has(self->folder, "sign.version");
    if (is_lost && wanted == 0)
        return sl_fail(SL_NOT_FOUND, "give --model-version N, above any that was signed; 1 for a key that is new",
                       "there is no %s, so the last version is not known", self->version_path);
    self->version = wanted;
    return sl_version_file_raise(self->version_path, self->id, &self->version);
}

// ------------------------------------------------------------------------------------------------------ files

static sl_status sign_file(signer *self, const char *path, const sl_profile *profile) {
    if (++self->n_files > MAX_FILES) return sl_fail(SL_FULL, NULL, "more than %d files at once", MAX_FILES);
    if (self->only_looks) return SL_OK;
    SL_TRY(sl_sidecar_write(&self->key, path, profile->env, self->version));
    if (json_array_append_new(self->names, json_string(path)) == 0) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "no memory for a name");
}

/* the students of a run or of a folder of models */
static sl_status sign_folder(signer *self, const char *folder) {
    sl_run *run = NULL;
    SL_TRY(sl_run_open(folder, &run));
    sl_status status = sl_run_load_policies(run, false, true);
    for (int i = 0; status == SL_OK && i < run->n_students; i++) {
        char path[SL_RUN_PATH];
        status = sl_run_student_path(run, i, path);
        if (status == SL_OK) status = sign_file(self, path, &run->students[i].profile);
    }
    sl_run_close(&run);
    return status;
}

static sl_status sign_one(signer *self, const char *path) {
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return sign_folder(self, path);
    // what is not whole is not signed
    sl_policy policy = {0};
    SL_TRY(sl_policy_load(path, &policy));
    sl_status status = sign_file(self, path, &policy.profile);
    sl_policy_fini(&policy);
    return status;
}

static sl_status sign_all(signer *self, int n, char **paths, bool only_looks) {
    self->only_looks = only_looks;
    self->n_files = 0;
    for (int i = 0; i < n; i++) SL_TRY(sign_one(self, paths[i]));
    return SL_OK;
}

// -------------------------------------------------------------------------------------------------- the command

static sl_status tell(const signer *self, bool json) {
    if (json) {
        bool failed = false;
        json_t *object = json_object();
        SL_JSON_SET(object, &failed, {"key", json_string(self->id)}, {"version", json_integer(self->version)},
                    {"public_key", json_string(self->public_path)}, {"is_new", json_boolean(self->is_new)},
                    {"files", json_incref(self->names)});
        return sl_json_print(object, failed);
    }
    if (self->is_new) {
        sl_print_wrapped(stdout, 2, "made %s (keep it secret, and a copy of it) and %s (for the agents' --trust)\n",
                         self->key_path, self->public_path);
    }
    sl_print_wrapped(stdout, 2, "signed %d file%s with version %" PRId64 " and key %s\n", self->n_files,
                     self->n_files == 1 ? "" : "s", self->version, self->id);
    return SL_OK;
}

/* while the folder is locked */
static sl_status sign(signer *self, int64_t wanted, int n, char **paths) {
    // all that can be wrong with the files is, before a key is made or a version is used up
    SL_TRY(sign_all(self, n, paths, true));
    SL_TRY(load_keys(self));
    sl_minisign_name(self->key.id, self->id);
    SL_TRY(raise_version(self, wanted));
    return sign_all(self, n, paths, false);
}

static sl_status lock(const char *folder, int *fd) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return sl_file_fail("create the folder", folder);
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return sl_file_fail("open the folder", folder);
    if (flock(*fd, LOCK_EX) == 0) return SL_OK;
    sl_status status = sl_file_fail("lock", folder);
    (void)close(*fd);
    return status;
}

sl_status sl_cmd_keys_sign(const char *path, int argc, char **argv) {
    int64_t wanted = 0;
    bool json = false;
    const sl_option options[] = {
        {"model-version", SL_OPTION_INT, "N", "not below the last one (one more than the last)", &wanted, 1, 1e15},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    static const char text[] = "Signs policy files, or all students of a run or model folder: FILE.minisig beside "
                               "each. Makes DIR/sign.key and DIR/sign.pub when there are none. Agents with "
                               "--trust DIR/sign.pub fly only what is signed, and nothing older than they have seen.";
    sl_usage usage = {path, "DIR RUN|MODELS|FILE...", text, 2, SL_LIST_MAX, 2, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    signer self = {.folder = args.v[0], .names = json_array()};
    int fd = -1;
    sl_status status = sl_run_path(self.folder, "sign.key", self.key_path);
    if (status == SL_OK) status = sl_run_path(self.folder, "sign.pub", self.public_path);
    if (status == SL_OK) status = sl_run_path(self.folder, "sign.version", self.version_path);
    if (status == SL_OK) status = lock(self.folder, &fd);
    if (status == SL_OK) status = sign(&self, wanted, args.n - 1, args.v + 1);
    if (status == SL_OK) status = tell(&self, json);
    if (fd >= 0) (void)close(fd);
    json_decref(self.names);
    sodium_memzero(&self.key, sizeof self.key);
    return status;
}
