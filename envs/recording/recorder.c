/* recorder.c - see recorder.h. */
#include "envs/recording/recorder.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "envs/combat/observe.h"
#include "envs/combat/recording.h"
#include "envs/mpe/mpe.h"
#include "envs/mpe/observe.h"
#include "envs/recording/lines.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sl_env_recorder {
    const char *path;
    gzFile file;
    sl_status status; /* the first failure of this line */
    int error;        /* and its errno */
    long n_bytes;     /* of this line */
    sl_env *env;
    const sl_env_spec *spec;
    const sl_combat *combat; /* or: */
    const sl_mpe *mpe;
    int64_t steps;      /* of this episode */
    float *obs, *state; /* (N, O), (S) */
    uint8_t *avail;     /* (N, A) */
    double reward[SL_MAX_AGENTS];
    uint8_t terminated, truncated, won;
    sl_combat_order orders[SL_COMBAT_TICKS];
};

// ------------------------------------------------------------------------------------------------------ one line

static void put(sl_env_recorder *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

// what cannot be written is remembered until the line ends
static void put(sl_env_recorder *self, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    SL_ASSERT(n >= 0 && n < (int)sizeof text);
    if (self->status != SL_OK || n == 0) return;
    errno = 0;
    self->n_bytes += n;
    if (gzwrite(self->file, text, (unsigned)n) != n) {
        self->error = errno;
        self->status = SL_IO;
    }
}

static void put_number(sl_env_recorder *self, double value, int digits, const char *behind) {
    if (!isfinite(value) && self->status == SL_OK) self->status = SL_NOT_FINITE;
    put(self, "%.*g%s", digits, isfinite(value) ? value : 0.0, behind);
}

// as many digits as it takes to read the same number back
static void put_float(sl_env_recorder *self, float value, const char *behind) {
    put_number(self, (double)value, 9, behind);
}

static void put_double(sl_env_recorder *self, double value, const char *behind) {
    put_number(self, value, 17, behind);
}

static const char *comma(int k, int n) {
    return k + 1 < n ? "," : "]";
}

static void put_floats(sl_env_recorder *self, int n, const float *values) {
    put(self, n > 0 ? "[" : "[]");
    for (int k = 0; k < n; k++) put_float(self, values[k], comma(k, n));
}

static sl_status fail_io(const char *path, int error) {
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    sl_status code = full ? SL_NO_SPACE : error == ENOENT ? SL_NOT_FOUND : SL_IO;
    return sl_fail(code, NULL, "cannot write %s: %s", path, error ? strerror(error) : "zlib failed");
}

static sl_status end_line(sl_env_recorder *self) {
    put(self, "}\n");
    sl_status status = self->status;
    long n_bytes = self->n_bytes;
    self->status = SL_OK;
    self->n_bytes = 0;
    if (status == SL_NOT_FINITE) return sl_fail(status, NULL, "%s: a number to record is not finite", self->path);
    if (status != SL_OK) return fail_io(self->path, self->error);
    if (n_bytes < SL_RECORDING_MAX_LINE) return SL_OK;
    return sl_fail(SL_FULL, "record fewer agents", "%s: a line is longer than %d bytes", self->path,
                   SL_RECORDING_MAX_LINE);
}

// ------------------------------------------------------------------------------------------------------- header

static json_t *json_of_options(const sl_env_recorder *self, const sl_env_recorder_def *def) {
    const char *names[SL_ENV_SWITCHES];
    json_t *options = json_object(), *switches = json_array();
    int n = sl_env_list_switches(def->options, names), n_kept = 0;
    for (int k = 0; k < n; k++) {
        // particles say so in a key of their own
        if (strcmp(names[k], "continuous") == 0) continue;
        (void)json_array_append_new(switches, json_string(names[k]));
        n_kept++;
    }
    if (n_kept > 0) (void)json_object_set(options, "switches", switches);
    json_decref(switches);
    if (def->options->n_agents) (void)json_object_set_new(options, "N", json_integer(def->options->n_agents));
    if (def->options->local_ratio >= 0.0) {
        (void)json_object_set_new(options, "local_ratio", json_real(def->options->local_ratio));
    }
    if (def->options->spawn_shift > 0.0) {
        (void)json_object_set_new(options, "spawn_shift", json_real(def->options->spawn_shift));
    }
    if (self->combat && def->options->max_steps) {
        (void)json_object_set_new(options, "max_steps", json_integer(def->options->max_steps));
    }
    if (def->options->opponent == SL_OPPONENT_POLICY) {
        (void)json_object_set_new(options, "opponent", json_string("policy"));
    }
    return options;
}

static json_t *json_of_header(const sl_env_recorder *self, const sl_env_recorder_def *def) {
    const sl_env_spec *spec = self->spec;
    // the reference's recordings name particles without their family
    const char *name = self->mpe && strncmp(def->name, "mpe/", 4) == 0 ? def->name + 4 : def->name;
    json_t *header =
        json_pack("{s:s,s:s,s:s,s:s?,s:I,s:o}", "kind", "header", "reference", "Starling " SL_VERSION, "env", name,
                  "policy", def->policy, "seed", (json_int_t)def->seed, "options", json_of_options(self, def));
    if (header && self->mpe) {
        (void)json_object_set_new(header, "continuous", json_boolean(spec->continuous));
        (void)json_object_set_new(header, "max_cycles", json_integer(spec->max_steps));
    }
    if (!header || !self->combat) return header;
    json_t *fields = json_array();
    for (int k = 0; k < SL_COMBAT_FIELDS; k++) {
        (void)json_array_append_new(fields, json_string(sl_combat_field_names[k]));
    }
    json_t *sizes = json_pack("{s:i,s:i,s:i,s:i,s:i,s:o}", "n_agents", spec->n_agents, "n_enemies",
                              self->combat->map.n_enemies, "n_actions", spec->n_actions, "obs_size", spec->obs_dim,
                              "state_size", spec->state_dim, "unit_fields", fields);
    (void)json_object_update(header, sizes);
    json_decref(sizes);
    return header;
}

static int write_text(const char *text, size_t n_bytes, void *context) {
    sl_env_recorder *self = context;
    errno = 0;
    if (gzwrite(self->file, text, (unsigned)n_bytes) == (int)n_bytes) return 0;
    self->error = errno;
    return -1;
}

static sl_status write_header(sl_env_recorder *self, const sl_env_recorder_def *def) {
    json_t *header = json_of_header(self, def);
    if (!header) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a header", self->path);
    int failed = json_dump_callback(header, write_text, self, JSON_COMPACT) || write_text("\n", 1, self);
    json_decref(header);
    return failed ? fail_io(self->path, self->error) : SL_OK;
}

// --------------------------------------------------------------------------------------------------------- life

static sl_status prepare(sl_env_recorder *self, const sl_env_recorder_def *def) {
    size_t N = (size_t)self->spec->n_agents, len = strlen(def->path);
    self->obs = sl_alloc_array(N * (size_t)self->spec->obs_dim, sizeof *self->obs);
    self->state = sl_alloc_array((size_t)self->spec->state_dim, sizeof *self->state);
    self->avail = sl_alloc_array(N, (size_t)self->spec->n_actions);
    if (!self->obs || !self->state || !self->avail) {
        return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a recording", self->path);
    }
    errno = 0;
    // T: as it is
    self->file = gzopen(def->path, len > 3 && strcmp(def->path + len - 3, ".gz") == 0 ? "wb" : "wbT");
    if (!self->file) return fail_io(self->path, errno);
    return write_header(self, def);
}

// false: something was not written, and errno says why
static bool finish(sl_env_recorder *self) {
    errno = 0;
    bool complete = !self->file || gzclose(self->file) == Z_OK;
    int error = errno;
    sl_free(self->obs);
    sl_free(self->state);
    sl_free(self->avail);
    sl_free(self);
    errno = error;
    return complete;
}

sl_status sl_env_recorder_open(const sl_env_recorder_def *def, sl_env *env, sl_env_recorder **out) {
    sl_env_recorder *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a recording", def->path);
    SL_ASSERT(env->V == 1);
    self->path = def->path;
    self->env = env;
    self->spec = sl_env_get_spec(env);
    bool combat = strncmp(def->name, "combat/", 7) == 0;
    self->combat = combat ? (const sl_combat *)env : NULL;
    self->mpe = combat ? NULL : (const sl_mpe *)env;
    sl_status status = prepare(self, def);
    if (status != SL_OK)
        (void)finish(self);
    else
        *out = self;
    return status;
}

sl_status sl_env_recorder_close(sl_env_recorder **self) {
    if (!*self) return SL_OK;
    const char *path = (*self)->path;
    bool complete = finish(*self);
    *self = NULL;
    return complete ? SL_OK : fail_io(path, errno);
}

// ------------------------------------------------------------------------------------------------------- combat

static void put_units(sl_env_recorder *self, const char *key) {
    sl_battle b = sl_combat_copy(self->combat, 0);
    int n = self->combat->map.n_allies + self->combat->map.n_enemies;
    put(self, ",\"%s\":[", key);
    for (int u = 0; u < n; u++) {
        double f[SL_COMBAT_FIELDS];
        sl_combat_get_fields(&b, u, f);
        put(self, "[");
        // a float32 reads back as itself too
        for (int k = 0; k < SL_COMBAT_FIELDS; k++) put_double(self, f[k], comma(k, SL_COMBAT_FIELDS));
        put(self, "%s", comma(u, n));
    }
}

// whose velocity is a float32 number by its type, which the numbers cannot tell
static void put_single(sl_env_recorder *self) {
    sl_battle b = sl_combat_copy(self->combat, 0);
    uint64_t rest = *b.single & *b.alive;
    put(self, rest ? ",\"single\":[" : ",\"single\":[]");
    while (rest) {
        int u = sl_combat_next(&rest);
        put(self, "%d%s", u, rest ? "," : "]");
    }
}

static void put_view(sl_env_recorder *self, bool with_state) {
    int N = self->spec->n_agents, O = self->spec->obs_dim, A = self->spec->n_actions;
    sl_battle b = sl_combat_copy(self->combat, 0);
    sl_combat_write(self->combat, &b, 0,
                    &(sl_env_out){.obs = self->obs, .state = with_state ? self->state : NULL, .avail = self->avail});
    put(self, ",\"avail\":[");
    for (int i = 0; i < N; i++) {
        put(self, "[");
        for (int a = 0; a < A; a++) put(self, "%d%s", self->avail[i * A + a], comma(a, A));
        put(self, "%s", comma(i, N));
    }
    put(self, ",\"obs\":[");
    for (int i = 0; i < N; i++) {
        put_floats(self, O, self->obs + (size_t)i * (size_t)O);
        put(self, "%s", comma(i, N));
    }
    if (!with_state) return;
    put(self, ",\"state\":");
    put_floats(self, self->spec->state_dim, self->state);
}

static void put_orders(sl_env_recorder *self) {
    put(self, ",\"perms\":[");
    for (int k = 0; k < SL_COMBAT_TICKS; k++) {
        const sl_combat_order *order = &self->orders[k];
        put(self, order->n > 0 ? "[" : "[]");
        for (int i = 0; i < order->n; i++) put(self, "%d%s", order->unit[i], comma(i, order->n));
        put(self, "%s", comma(k, SL_COMBAT_TICKS));
    }
}

static void put_actions(sl_env_recorder *self, const int32_t *actions) {
    int N = self->spec->n_agents;
    put(self, ",\"actions\":[");
    for (int i = 0; i < N; i++) {
        // what is out of range is played as 0
        bool known = actions[i] >= 0 && actions[i] < self->spec->agents[i].n_actions;
        put(self, "%d%s", known ? (int)actions[i] : 0, comma(i, N));
    }
}

// what the opponent's opponent policy ordered
static void put_enemy_actions(sl_env_recorder *self) {
    const int32_t *actions = sl_combat_copy(self->combat, 0).last + self->combat->map.n_allies;
    int n = self->combat->map.n_enemies;
    put(self, ",\"enemy_actions\":[");
    for (int j = 0; j < n; j++) put(self, "%d%s", (int)actions[j], comma(j, n));
}

static const char *truth(uint8_t flag) {
    return flag ? "true" : "false";
}

static void battle_step(sl_env_recorder *self, const int32_t *actions, sl_env_out *out) {
    put_units(self, "pre");
    put_single(self);
    put_actions(self, actions);
    for (int k = 0; k < SL_COMBAT_TICKS; k++) self->orders[k].n = -1;
    sl_combat_replay(self->env, 0, actions, self->orders, out);
    if (self->combat->mirror) put_enemy_actions(self);
    put_orders(self);
    put(self, ",\"reward\":");
    put_double(self, out->reward[0], "");
    put(self, ",\"done\":%s,\"truncated\":%s,\"battle_won\":%s", truth(*out->terminated), truth(*out->truncated),
        truth(*out->won));
    put_units(self, "post");
    put_view(self, true);
}

// ---------------------------------------------------------------------------------------------------- particles

static void put_particles(sl_env_recorder *self) {
    const sl_mpe *m = self->mpe;
    sl_mpe_row *rows = sl_mpe_tile(m, 0);
    put(self, ",\"pos\":[");
    for (int k = 0; k < 2 * m->E; k++) put_double(self, rows[sl_mpe_x(0) + k][0], comma(k, 2 * m->E));
}

static void put_particle_obs(sl_env_recorder *self, bool by_name) {
    const sl_mpe *m = self->mpe;
    sl_mpe_write(m, 0, 1u, &(sl_env_out){.obs = self->obs});
    put(self, ",\"obs\":%s", by_name ? "{" : "[");
    for (int i = 0; i < m->N; i++) {
        if (by_name) put(self, "\"%s\":", self->spec->agents[i].name);
        put_floats(self, self->spec->agents[i].obs_dim, self->obs + (size_t)i * (size_t)self->spec->obs_dim);
        put(self, i + 1 < m->N ? "," : by_name ? "}" : "]");
    }
}

static void particle_reset(sl_env_recorder *self, const int *goals) {
    const sl_mpe *m = self->mpe;
    const sl_mpe_scenario *scenario = m->scenario;
    put(self, ",\"agents\":[");
    for (int i = 0; i < m->N; i++) put(self, "\"%s\"%s", self->spec->agents[i].name, comma(i, m->N));
    put(self, ",\"entities\":%d,\"goals\":[", m->E);
    for (int i = 0; i < m->N; i++) {
        int goal = scenario->n_goals == 0 ? -1 : goals[scenario->goal_per_agent ? i : 0];
        put(self, "[%d,-1]%s", goal, comma(i, m->N));
    }
    if (scenario->n_goals > 1 && !scenario->goal_per_agent) {
        put(self, ",\"key\":%d", goals[1]);
    } else {
        put(self, ",\"key\":null");
    }
    put_particles(self);
    put_particle_obs(self, true);
}

static void put_vectors(sl_env_recorder *self, const float *actions) {
    int N = self->spec->n_agents;
    put(self, ",\"actions\":[");
    for (int i = 0; i < N; i++) {
        put_floats(self, self->spec->agents[i].n_actions, actions + i * self->spec->n_actions);
        put(self, "%s", comma(i, N));
    }
}

static void put_particle_outcome(sl_env_recorder *self, const sl_env_out *out) {
    const sl_mpe *m = self->mpe;
    sl_mpe_row *rows = sl_mpe_tile(m, 0);
    put_particle_obs(self, false);
    put(self, ",\"rewards\":[");
    for (int i = 0; i < m->N; i++) put_double(self, out->reward[i], comma(i, m->N));
    put(self, ",\"truncated\":%s", truth(*out->truncated));
    put_particles(self);
    put(self, ",\"vel\":[");
    for (int k = 0; k < 2 * m->N; k++) put_double(self, rows[sl_mpe_vx(m, 0) + k][0], comma(k, 2 * m->N));
}

// ---------------------------------------------------------------------------------------------- resets and steps

sl_status sl_env_recorder_reset(sl_env_recorder *self, int64_t episode, sl_env_out *out) {
    int goals[SL_MPE_MAX_GOALS] = {0};
    if (self->mpe) sl_mpe_next_goals(self->mpe, 0, goals);
    sl_env_reset(self->env, 0, 1, NULL, out);
    self->steps = 0;
    put(self, "{\"kind\":\"reset\",\"episode\":%lld", (long long)episode);
    if (self->combat) {
        put_units(self, "units");
        put_view(self, false);
    } else {
        particle_reset(self, goals);
    }
    return end_line(self);
}

// what the line tells is needed whether or not the caller wants it
static sl_env_out complete(sl_env_recorder *self, const sl_env_out *out) {
    sl_env_out all = *out;
    if (!all.reward) all.reward = self->reward;
    if (!all.terminated) all.terminated = &self->terminated;
    if (!all.truncated) all.truncated = &self->truncated;
    if (!all.won) all.won = &self->won;
    return all;
}

sl_status sl_env_recorder_step(sl_env_recorder *self, const int32_t *actions, sl_env_out *out) {
    sl_env_out all = complete(self, out);
    put(self, "{\"kind\":\"step\",\"t\":%lld", (long long)self->steps++);
    if (self->combat) {
        battle_step(self, actions, &all);
    } else {
        put_actions(self, actions);
        sl_env_step(self->env, 0, 1, actions, &all);
        put_particle_outcome(self, &all);
    }
    return end_line(self);
}

sl_status sl_env_recorder_step_continuous(sl_env_recorder *self, const float *actions, sl_env_out *out) {
    sl_env_out all = complete(self, out);
    put(self, "{\"kind\":\"step\",\"t\":%lld", (long long)self->steps++);
    put_vectors(self, actions);
    sl_env_step_continuous(self->env, 0, 1, actions, &all);
    put_particle_outcome(self, &all);
    return end_line(self);
}
