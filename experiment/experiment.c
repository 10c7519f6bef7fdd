/* experiment.c - see experiment.h: defaults, then the file, then --set, then the checks across keys. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 1 << 20 };

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

void sl_experiment_destroy(sl_experiment **self) {
    if (*self) sl_exp_fields_fini(sl_exp_top(), *self);
    sl_free(*self);
    *self = NULL;
}

// the run's folder is called so, with "-seed<N>" behind it, and every student's file carries it
static sl_status check_name(const char *what, const char *name) {
    if (!name[0] || name[0] == '.' || strchr(name, '/')) {
        return sl_fail(SL_CONFIG, "a folder below runs/ gets this name; --out chooses another place",
                       "%s: key 'name': '%.60s' is not a plain file name", what, name);
    }
    if (strlen(name) > SL_EXP_MAX_NAME)
        return sl_fail(SL_CONFIG, NULL, "%s: key 'name': is longer than %d bytes", what, SL_EXP_MAX_NAME);
    return SL_OK;
}

// Reverb's condition: the coordinator's limiter asks the same, but only once a teacher was trained
static sl_status check_limiter(const char *what, const sl_exp_record *record) {
    double least = record->samples_per_insert > 1 ? record->samples_per_insert : 1;
    if (record->samples_per_insert <= 0 || record->error_buffer >= least) return SL_OK;
    return sl_fail(SL_CONFIG, "at least 1 and at least record.samples_per_insert; or switch that off by 0",
                   "%s: key 'record.error_buffer': with %g sampling and recording could wait for ever", what,
                   record->error_buffer);
}

static sl_status check_teacher(const char *what, const sl_experiment *self) {
    const sl_exp_teacher *teacher = &self->teacher;
    if (teacher->critic_input == SL_EXP_CRITIC_AGENT && teacher->ppo.reward != SL_EXP_OWN)
        return sl_fail(SL_CONFIG, "set teacher.ppo.reward to own",
                       "%s: key 'teacher.critic_input': 'agent' needs a critic row for each agent", what);
    if (!teacher->init[0]) return SL_OK;
    if (self->method == SL_EXP_DIRECT)
        return sl_fail(SL_CONFIG, "leave teacher.init out, or set method to kd-marl",
                       "%s: key 'teacher.init': with method 'direct' there is no teacher", what);
    if (!teacher->from[0]) return SL_OK;
    return sl_fail(SL_CONFIG, "teacher.from takes a teacher as it is, teacher.init trains it on",
                   "%s: key 'teacher.init': given together with 'teacher.from'", what);
}

static sl_status check_record(const char *what, const sl_experiment *self) {
    if (self->record.min_size > self->record.max_items)
        return sl_fail(SL_CONFIG, NULL, "%s: key 'record.min_size': %lld is more than record.max_items, %lld", what,
                       (long long)self->record.min_size, (long long)self->record.max_items);
    return check_limiter(what, &self->record);
}

static sl_status check_mask(const char *what, const sl_experiment *self) {
    if (self->mask.k_min > self->mask.k_max)
        return sl_fail(SL_CONFIG, NULL, "%s: key 'mask.k_min': %d is more than mask.k_max, %d", what,
                       self->mask.k_min, self->mask.k_max);
    for (unsigned i = 0; self->mask.kind == SL_MASK_BLOCKS && i < self->students_count; i++) {
        if (self->students[i].blocks_count) continue;
        return sl_fail(SL_CONFIG, "mask.kind: blocks keeps only the blocks that are named",
                       "%s: key 'students[%u].blocks': must name at least one block", what, i);
    }
    return SL_OK;
}

// what single ranges cannot say
static sl_status check_together(const char *what, const sl_experiment *self) {
    const sl_exp_ppo *ppo = &self->teacher.ppo;
    SL_TRY(check_name(what, self->name));
    if (!self->env.name[0]) {
        return sl_fail(SL_CONFIG, "as in env: {name: mpe/simple_spread_v3}", "%s: key 'env.name' is missing", what);
    }
    if ((int64_t)ppo->n_envs * ppo->rollout_steps > 1 << 24)
        return sl_fail(SL_CONFIG, NULL, "%s: key 'teacher.ppo.n_envs': %d times rollout_steps, %d, is more than %d",
                       what, ppo->n_envs, ppo->rollout_steps, 1 << 24);
    if (self->fleet.heartbeat_ms >= self->fleet.lease_ms)
        return sl_fail(SL_CONFIG, NULL, "%s: key 'fleet.heartbeat_ms': %d is not less than fleet.lease_ms, %d", what,
                       self->fleet.heartbeat_ms, self->fleet.lease_ms);
    SL_TRY(check_teacher(what, self));
    SL_TRY(check_record(what, self));
    return check_mask(what, self);
}

static sl_status fill(const char *what, const sl_exp_raw *raw, const char *const *sets, int n_sets,
                      sl_experiment *self) {
    const sl_exp_table *top = sl_exp_top();
    SL_TRY(sl_exp_fields_default(top, self));
    if (raw) SL_TRY(sl_exp_fields_read(what, "", "", top, raw, self));
    if (!self->students_count) SL_TRY(sl_exp_fields_resize(sl_exp_find_key(top, "students"), 1, self));
    SL_TRY(sl_exp_settle_traces(what, &self->links));
    for (int i = 0; i < n_sets; i++) SL_TRY(sl_exp_fields_set(sets[i], self));
    // what a command line says is from where it is
    SL_TRY(sl_exp_settle_traces("--set", &self->links));
    return check_together(what, self);
}

sl_status sl_experiment_parse(const char *what, const char *text, size_t n_bytes, const char *const *set, int n_set,
                              sl_experiment **out) {
    sl_exp_raw *raw = NULL;
    SL_TRY(sl_exp_raw_read(what, text, n_bytes, &raw));
    sl_experiment *self = sl_alloc(sizeof *self);
    sl_status status = self ? fill(what, raw, set, n_set, self) : no_memory(what);
    sl_exp_raw_free(raw);
    if (status == SL_OK)
        *out = self;
    else
        sl_experiment_destroy(&self);
    return status;
}

static sl_status read_file(const char *path, FILE *file, char *text, size_t *n_bytes) {
    size_t n = fread(text, 1, MAX_FILE_BYTES + 1, file);
    if (ferror(file)) return sl_fail(SL_IO, NULL, "cannot read %s: %s", path, strerror(errno));
    if (n > MAX_FILE_BYTES) return sl_fail(SL_CONFIG, NULL, "%s is longer than %d bytes", path, MAX_FILE_BYTES);
    *n_bytes = n;
    return SL_OK;
}

sl_status sl_exp_read_file(const char *path, char **out, size_t *n_bytes) {
    FILE *file = fopen(path, "rbe");
    if (!file && errno == ENOENT)
        return sl_fail(SL_NOT_FOUND, "experiments/ has the ready-made ones", "there is no experiment %s", path);
    if (!file) return sl_fail(SL_IO, NULL, "cannot open %s: %s", path, strerror(errno));
    char *text = sl_alloc(MAX_FILE_BYTES + 1);
    sl_status status = text ? read_file(path, file, text, n_bytes) : no_memory(path);
    (void)fclose(file);
    if (status == SL_OK)
        *out = text;
    else
        sl_free(text);
    return status;
}

sl_status sl_experiment_load(const char *path, const char *const *set, int n_set, sl_experiment **out) {
    char *text = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_exp_read_file(path, &text, &n_bytes));
    sl_status status = sl_experiment_parse(path, text, n_bytes, set, n_set, out);
    sl_free(text);
    return status;
}
