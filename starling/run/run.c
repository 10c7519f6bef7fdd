/* run.c - see run.h. */
#include "starling/run/run.h"

#include "starling/run/shipped.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/log.h"
#include "storage/file.h"
#include "storage/manifest.h"
#include "storage/policy_path.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_EXPERIMENT_BYTES = 1 << 20 };
#define EXPERIMENT "experiment.yaml"
#define REPORT     "report.json"

sl_status sl_run_path(const char *folder, const char *name, char path[SL_RUN_PATH]) {
    SL_ASSERT(folder && name);
    int n = snprintf(path, SL_RUN_PATH, "%s/%s", folder, name);
    if (n > 0 && n < SL_RUN_PATH) return SL_OK;
    return sl_fail(SL_USAGE, "choose a shorter --out", "the path '%.60s...' is too long", folder);
}

bool sl_run_has(const char *folder, const char *name) {
    char path[SL_RUN_PATH];
    return sl_run_path(folder, name, path) == SL_OK && access(path, F_OK) == 0;
}

static void student_name(int agent, char name[SL_MANIFEST_FILE_NAME]) {
    (void)snprintf(name, SL_MANIFEST_FILE_NAME, SL_STUDENT_FILE, agent);
}

sl_status sl_run_student_path(const sl_run *self, int agent, char path[SL_RUN_PATH]) {
    char name[SL_MANIFEST_FILE_NAME];
    student_name(agent, name);
    return sl_run_path(self->folder, name, path);
}

// the files outside that an experiment may name: its opponent's policy and its map
enum { OPPONENT, MAP, N_OUTSIDE };
static const char *const outside_keys[N_OUTSIDE] = {"env.opponent", "env.name"};

// "" when there is none
static sl_status digest_outside(const sl_run *self, int which, char text[65]) {
    const char *map = sl_env_file(self->experiment->env.name);
    text[0] = '\0';
    if (which == OPPONENT && self->setup->opponent)
        (void)snprintf(text, 65, "%s", sl_opponent_network_sha256(self->setup->opponent));
    return which == MAP && map ? sl_file_sha256_of(map, text) : SL_OK;
}

static sl_status check_outside(const sl_run *self) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(self->folder, &manifest));
    sl_status status = SL_OK;
    for (int i = 0; i < N_OUTSIDE && status == SL_OK; i++) {
        char text[65];
        status = digest_outside(self, i, text);
        if (status == SL_OK && text[0]) status = sl_manifest_check_as(manifest, outside_keys[i], text);
    }
    sl_manifest_close(&manifest);
    return status;
}

static sl_status note_outside(const sl_run *self, sl_manifest *manifest) {
    for (int i = 0; i < N_OUTSIDE; i++) {
        char text[65];
        SL_TRY(digest_outside(self, i, text));
        if (text[0]) SL_TRY(sl_manifest_note_as(manifest, outside_keys[i], text));
    }
    return SL_OK;
}

static sl_status open_into(sl_run *self, const char *text) {
    char folder[SL_RUN_PATH], hint[SL_SHIPPED_HINT];
    SL_TRY(sl_shipped_find("models", text, folder));
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/') len--;
    memcpy(self->folder, folder, len);
    SL_TRY(sl_run_path(self->folder, EXPERIMENT, self->experiment_path));
    struct stat info;
    if (stat(self->folder, &info) != 0)
        return sl_fail(SL_NOT_FOUND,
                       sl_shipped_hint(
                           "models", "a run is what 'starling train' leaves behind, such as runs/spread-seed1", hint),
                       "there is no run or model folder '%s'", self->folder);
    if (access(self->experiment_path, R_OK) != 0)
        return sl_fail(SL_NOT_FOUND, "a run or model folder holds its experiment.yaml",
                       "'%s' is not a run or model folder", self->folder);
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(self->experiment_path, MAX_EXPERIMENT_BYTES, &bytes, &n_bytes));
    sl_file_sha256(bytes, n_bytes, self->config_hash);
    sl_free(bytes);
    SL_TRY(sl_manifest_check_in(self->folder, EXPERIMENT));
    SL_TRY(sl_experiment_load(self->experiment_path, NULL, 0, &self->experiment));
    SL_TRY(sl_setup_create(self->experiment, &self->setup));
    self->spec = &self->setup->spec;
    self->students = sl_alloc_array((size_t)self->setup->N, sizeof *self->students);
    if (!self->students) return sl_fail(SL_MEMORY, NULL, "no memory for a run");
    SL_TRY(check_outside(self));
    sl_opponent_network_announce(self->setup->opponent);
    return SL_OK;
}

sl_status sl_run_open(const char *folder, sl_run **out) {
    sl_run *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a run");
    sl_status status = open_into(self, folder);
    if (status != SL_OK)
        sl_run_close(&self);
    else
        *out = self;
    return status;
}

void sl_run_close(sl_run **self) {
    if (!*self) return;
    if ((*self)->has_teacher) sl_policy_fini(&(*self)->teacher);
    for (int i = 0; i < (*self)->n_students; i++) sl_policy_fini(&(*self)->students[i]);
    sl_free((*self)->students);
    sl_setup_destroy(&(*self)->setup);
    sl_experiment_destroy(&(*self)->experiment);
    sl_free(*self);
    *self = NULL;
}

static sl_status check_student(const sl_run *self, int i, const char *path) {
    const sl_profile *p = &self->students[i].profile;
    const sl_agent_spec *agent = &self->spec->agents[i];
    if (p->agent != i)
        return sl_fail(SL_MISMATCH, "each agent flies its own file",
                       "'%s' is the policy of agent %d, not of agent %d", path, p->agent, i);
    int in_dim = self->setup->students[i].in_dim;
    if (p->obs_dim != in_dim || p->n_actions != agent->n_actions)
        return sl_fail(SL_MISMATCH, "was it trained on another environment?",
                       "'%s' maps %d features to %d actions, %s's agent %d has %d and %d", path, p->obs_dim,
                       p->n_actions, self->spec->name, i, in_dim, agent->n_actions);
    return SL_OK;
}

static sl_status load_teacher(sl_run *self, const sl_manifest *manifest) {
    char path[SL_RUN_PATH];
    SL_TRY(sl_run_path(self->folder, SL_TEACHER_FILE, path));
    if (self->has_teacher || access(path, F_OK) != 0) return SL_OK;
    SL_TRY(sl_manifest_check(manifest, SL_TEACHER_FILE));
    SL_TRY(sl_policy_load(path, &self->teacher));
    self->has_teacher = true;
    return SL_OK;
}

static sl_status load_students(sl_run *self, const sl_manifest *manifest) {
    for (int i = self->n_students; i < self->spec->n_agents; i++) {
        char path[SL_RUN_PATH], name[SL_MANIFEST_FILE_NAME];
        student_name(i, name);
        SL_TRY(sl_run_path(self->folder, name, path));
        if (access(path, F_OK) != 0)
            return sl_fail(SL_NOT_FOUND, "a run has them when it is finished: 'starling train' with --resume goes on",
                           "'%s' has no %s", self->folder, name);
        SL_TRY(sl_manifest_check(manifest, name));
        if (access(path, F_OK) != 0)
            return sl_fail(SL_NOT_FOUND,
                           "an unfinished run has none yet: 'starling train' goes on with it by --resume",
                           "'%s' has no %s", self->folder, name);
        SL_TRY(sl_policy_load(path, &self->students[i]));
        self->n_students = i + 1;
        SL_TRY(check_student(self, i, path));
    }
    return SL_OK;
}

sl_status sl_run_load_policies(sl_run *self, bool teacher, bool students) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(self->folder, &manifest));
    sl_status status = teacher ? load_teacher(self, manifest) : SL_OK;
    if (status == SL_OK && students) status = load_students(self, manifest);
    sl_manifest_close(&manifest);
    return status;
}

static sl_status note_new(sl_manifest *manifest, const char *name) {
    return sl_manifest_has(manifest, name) ? SL_OK : sl_manifest_note(manifest, name);
}

sl_status sl_run_begin_manifest(const sl_run *self) {
    sl_manifest *manifest = NULL;
    static const char *const folders[] = {".", "students", "checkpoints", "metrics"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[SL_RUN_PATH];
        SL_TRY(sl_run_path(self->folder, folders[i], path));
        sl_file_sweep(path);
    }
    SL_TRY(sl_manifest_open(self->folder, &manifest));
    sl_status report = sl_manifest_check(manifest, REPORT);
    if (report != SL_OK) SL_WARN("%s: it is written anew", sl_error_what());
    sl_manifest_forget(manifest, REPORT);
    sl_status status = note_new(manifest, EXPERIMENT);
    if (status == SL_OK) status = note_outside(self, manifest);
    if (status == SL_OK) status = sl_manifest_save(manifest);
    sl_manifest_close(&manifest);
    return status;
}

sl_status sl_run_end_manifest(const sl_run *self) {
    sl_manifest *manifest = NULL;
    char name[SL_MANIFEST_FILE_NAME];
    SL_TRY(sl_manifest_open(self->folder, &manifest));
    sl_status status = note_new(manifest, EXPERIMENT);
    if (status == SL_OK && self->has_teacher) status = note_new(manifest, SL_TEACHER_FILE);
    for (int i = 0; i < self->n_students && status == SL_OK; i++) {
        student_name(i, name);
        status = note_new(manifest, name);
    }
    if (status == SL_OK) status = sl_manifest_note(manifest, REPORT);
    if (status == SL_OK) status = sl_manifest_save(manifest);
    sl_manifest_close(&manifest);
    return status;
}
