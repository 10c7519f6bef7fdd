/* experiment.c - see experiment.h: defaults, then the file, then --set, then the checks across keys. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 1 << 20, MAX_BLOCK_NAME = 31, MAX_PATH = 128 };

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

static sl_status set_defaults(const sl_exp_table *table, void *base) {
    for (int i = 0; i < table->n_keys; i++) {
        const sl_exp_key *key = &table->keys[i];
        if (key->kind == SL_EXP_LIST) continue;
        SL_TRY(sl_exp_value_read("default", key->path, key, key->standard ? key->standard : "", base));
    }
    return SL_OK;
}

static void student_fini(sl_exp_student *student) {
    for (unsigned i = 0; i < student->blocks_count; i++) sl_free(student->blocks[i]);
    sl_free(student->blocks);
    *student = (sl_exp_student){0};
}

void sl_experiment_destroy(sl_experiment **self_pointer) {
    sl_experiment *self = *self_pointer;
    if (!self) return;
    for (int i = 0; i < sl_exp_top()->n_keys; i++) {
        const sl_exp_key *key = &sl_exp_top()->keys[i];
        if (key->kind == SL_EXP_TEXT) sl_free(*(char **)(void *)((char *)self + key->offset));
    }
    for (unsigned i = 0; i < self->students_count; i++) student_fini(&self->students[i]);
    sl_free(self->students);
    sl_free(self);
    *self_pointer = NULL;
}

static sl_status check_block_name(const char *what, const char *path, const char *name) {
    size_t length = strlen(name);
    if (length > 0 && length <= MAX_BLOCK_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length)
        return SL_OK;
    return sl_fail(SL_CONFIG, "starling env info NAME lists the blocks",
                   "%s: key '%s': '%.60s' is not a block's name", what, path, name);
}

// replaces a student's blocks by copies of names
static sl_status set_blocks(const char *what, const char *path, char *const *names, unsigned count,
                            sl_exp_student *student) {
    if (count > SL_EXP_MAX_BLOCKS) return sl_fail(SL_CONFIG, NULL, "%s: key '%s': too many entries", what, path);
    for (unsigned i = 0; i < count; i++) {
        SL_TRY(check_block_name(what, path, names[i]));
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) != 0) continue;
            return sl_fail(SL_CONFIG, NULL, "%s: key '%s': block '%s' is there twice", what, path, names[i]);
        }
    }
    sl_exp_student copy = {.blocks = count ? sl_alloc_array(count, sizeof(char *)) : NULL};
    if (count && !copy.blocks) return no_memory(what);
    for (unsigned i = 0; i < count; i++) {
        copy.blocks[i] = sl_alloc_string(names[i]);
        if (!copy.blocks[i]) {
            student_fini(&copy);
            return no_memory(what);
        }
        copy.blocks_count = i + 1;
    }
    sl_exp_student old = {.blocks = student->blocks, .blocks_count = student->blocks_count};
    student->blocks = copy.blocks;
    student->blocks_count = count;
    student_fini(&old);
    return SL_OK;
}

// makes the list count students long; new ones are the defaults
static sl_status resize_students(unsigned count, sl_experiment *self) {
    sl_exp_student *students = sl_alloc_array(count, sizeof *students);
    if (!students) return no_memory("the students");
    if (self->students_count) memcpy(students, self->students, self->students_count * sizeof *students);
    sl_free(self->students);
    self->students = students;
    for (; self->students_count < count; self->students_count++) {
        SL_TRY(set_defaults(&sl_exp_student_table, &students[self->students_count]));
    }
    return SL_OK;
}

static sl_status apply_texts(const char *what, const char *prefix, const sl_exp_table *table, const sl_exp_raw *raw,
                             void *base) {
    for (int i = 0; i < table->n_keys; i++) {
        if (!raw->texts[i]) continue;
        char path[MAX_PATH];
        (void)snprintf(path, sizeof path, "%s%s", prefix, table->keys[i].path);
        SL_TRY(sl_exp_value_read(what, path, &table->keys[i], raw->texts[i], base));
    }
    return SL_OK;
}

static sl_status apply_file(const char *what, const sl_exp_raw *raw, sl_experiment *self) {
    const sl_exp_raw *students = raw->list;
    SL_TRY(apply_texts(what, "", sl_exp_top(), raw, self));
    if (raw->list_count) SL_TRY(resize_students(raw->list_count, self));
    for (unsigned i = 0; i < raw->list_count; i++) {
        char prefix[32], path[48];
        (void)snprintf(prefix, sizeof prefix, "students[%u].", i);
        (void)snprintf(path, sizeof path, "%sblocks", prefix);
        SL_TRY(apply_texts(what, prefix, &sl_exp_student_table, &students[i], &self->students[i]));
        SL_TRY(set_blocks(what, path, students[i].list, students[i].list_count, &self->students[i]));
    }
    return SL_OK;
}

static const sl_exp_key *find_key(const sl_exp_table *table, const char *path) {
    for (int i = 0; i < table->n_keys; i++) {
        if (strcmp(table->keys[i].path, path) == 0) return &table->keys[i];
    }
    return NULL;
}

// "a,b" or "[a, b]"
static sl_status set_blocks_from_text(const char *what, const char *path, const char *text, sl_exp_student *student) {
    char copy[SL_EXP_MAX_BLOCKS * (MAX_BLOCK_NAME + 3)], *names[SL_EXP_MAX_BLOCKS + 1];
    unsigned count = 0;
    if (strlen(text) >= sizeof copy) return sl_fail(SL_CONFIG, NULL, "%s: key '%s': too long", what, path);
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; count <= SL_EXP_MAX_BLOCKS;) {
        at += strspn(at, "[], ");
        if (!*at) break;
        names[count++] = at;
        at += strcspn(at, "[], ");
        if (*at) *at++ = '\0';
    }
    return set_blocks(what, path, names, count, student);
}

// "students[1].net.hidden": an index past a list of one copies that one, as it stands for all agents
static sl_status find_student(const char *what, const char *path, sl_experiment *self, sl_exp_student **student,
                              const char **rest) {
    int used = 0;
    char digits[5];
    if (sscanf(path, "students[%4[0-9]].%n", digits, &used) != 1 || used == 0) return sl_exp_unknown_key(what, path);
    unsigned count = self->students_count, index = (unsigned)strtoul(digits, NULL, 10);
    if (index >= SL_EXP_MAX_AGENTS || (index >= count && count != 1)) {
        const char *hint = index < SL_EXP_MAX_AGENTS ? "only a list of one grows: name its last index first" : NULL;
        return sl_fail(SL_CONFIG, hint, "%s: key '%s': there are %u students", what, path, count);
    }
    if (index >= count) {
        SL_TRY(resize_students(index + 1, self));
        const sl_exp_student *first = &self->students[0];
        for (unsigned i = 1; i <= index; i++) {
            self->students[i].net = first->net;
            SL_TRY(set_blocks(what, path, first->blocks, first->blocks_count, &self->students[i]));
        }
    }
    *student = &self->students[index];
    *rest = path + used;
    return SL_OK;
}

static sl_status apply_set(const char *set, sl_experiment *self) {
    static const char what[] = "--set";
    char path[MAX_PATH];
    size_t length = strcspn(set, "=");
    if (set[length] != '=' || length == 0 || length >= sizeof path)
        return sl_fail(SL_USAGE, "as in --set distill.tau=2", "--set takes KEY=VALUE, not '%.60s'", set);
    memcpy(path, set, length);
    path[length] = '\0';
    const char *text = set + length + 1, *rest = path;
    const sl_exp_table *table = sl_exp_top();
    void *base = self;
    sl_exp_student *student = NULL;
    if (strncmp(path, "students[", 9) == 0) {
        SL_TRY(find_student(what, path, self, &student, &rest));
        base = student;
        table = &sl_exp_student_table;
    }
    const sl_exp_key *key = find_key(table, rest);
    if (!key) return sl_exp_unknown_key(what, path);
    if (student && key->kind == SL_EXP_LIST) return set_blocks_from_text(what, path, text, student);
    return sl_exp_value_read(what, path, key, text, base);
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
    SL_TRY(set_defaults(sl_exp_top(), self));
    if (raw) SL_TRY(apply_file(what, raw, self));
    if (!self->students_count) SL_TRY(resize_students(1, self));
    for (int i = 0; i < n_sets; i++) SL_TRY(apply_set(sets[i], self));
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

sl_status sl_experiment_load(const char *path, const char *const *set, int n_set, sl_experiment **out) {
    FILE *file = fopen(path, "rbe");
    if (!file && errno == ENOENT)
        return sl_fail(SL_NOT_FOUND, "experiments/ has the ready-made ones", "there is no experiment %s", path);
    if (!file) return sl_fail(SL_IO, NULL, "cannot open %s: %s", path, strerror(errno));
    char *text = sl_alloc(MAX_FILE_BYTES + 1);
    size_t n_bytes = 0;
    sl_status status = text ? read_file(path, file, text, &n_bytes) : no_memory(path);
    (void)fclose(file);
    if (status == SL_OK) status = sl_experiment_parse(path, text, n_bytes, set, n_set, out);
    sl_free(text);
    return status;
}
