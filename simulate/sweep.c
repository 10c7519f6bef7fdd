/* sweep.c - see sweep.h. */
#include "simulate/sweep.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/pool.h"
#include "storage/file.h"

#include <stdio.h>
#include <string.h>

enum { SHARE = 16, PATH_BYTES = 1024 }; /* seeds of a thread between two looks at the progress */

typedef struct outcome {
    sl_status status;
    sl_error error;
    sl_simulated result;
} outcome;

typedef struct sweeper {
    const sl_sweep_def *def;
    sl_sim_keys keys;
    bool has_keys;
    char (*folders)[PATH_BYTES]; /* (n_threads) */
    outcome *outcomes;           /* (n_threads * SHARE) */
    uint64_t from;
} sweeper;

static sl_status make_folders(sweeper *self) {
    const char *folder = self->def->simulation.folder;
    for (int i = 0; i < self->def->n_threads; i++) {
        int n = snprintf(self->folders[i], PATH_BYTES, "%s/%d", folder, i);
        if (n < 0 || n >= PATH_BYTES)
            return sl_fail(SL_USAGE, "a shorter TMPDIR", "the path of '%.60s...' is too long", folder);
        SL_TRY(sl_file_make_folder(self->folders[i]));
    }
    int n_agents = self->def->simulation.n_agents;
    if (self->def->simulation.faults->keys <= 0 || n_agents > SL_SIM_KEYS) return SL_OK;
    char path[PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    SL_TRY(sl_file_make_folder(path));
    self->has_keys = true;
    return sl_sim_keys_make(path, &self->keys);
}

static void run_one(void *context, int task, int thread) {
    sweeper *self = context;
    outcome *out = &self->outcomes[task];
    sl_simulation simulation = self->def->simulation;
    simulation.folder = self->folders[thread];
    simulation.keys = self->has_keys ? &self->keys : NULL;
    out->status = sl_simulate_seed(&simulation, self->from + (uint64_t)task, &out->result);
    if (out->status != SL_OK) sl_error_save(&out->error);
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

static void add(sl_sweep *sweep, uint64_t seed, const sl_simulated *one) {
    sl_simulated *sum = &sweep->sum;
    sweep->n_seeds++;
    if (one->broken && sweep->n_broken < SL_SWEEP_BROKEN) {
        sl_sweep_broken *broken = &sweep->broken[sweep->n_broken];
        broken->seed = seed, broken->promise = one->promise;
        memcpy(broken->text, one->text, sizeof broken->text);
    }
    sweep->n_broken += one->broken;
    sum->n_agents = one->n_agents > sum->n_agents ? one->n_agents : sum->n_agents;
    sum->ticks += one->ticks, sum->answered += one->answered;
    sum->missed += one->missed, sum->absent += one->absent;
    sum->episodes += one->episodes, sum->acknowledged += one->acknowledged;
    for (int kind = 0; kind < SL_FAULT_KINDS; kind++) sum->faults[kind] += one->faults[kind];
    sum->seconds += one->seconds, sum->tick_seconds += one->tick_seconds;
    sum->stalest = larger(sum->stalest, one->stalest), sum->recovery = larger(sum->recovery, one->recovery);
    sum->fleet_bytes = larger(sum->fleet_bytes, one->fleet_bytes);
    sum->session_bytes = larger(sum->session_bytes, one->session_bytes);
}

static sl_status sweep(sweeper *self, sl_pool *pool, sl_sweep *out) {
    const sl_sweep_def *def = self->def;
    uint64_t most = (uint64_t)def->n_threads * SHARE;
    for (self->from = def->first; self->from <= def->last && out->n_seeds <= def->last - def->first;) {
        uint64_t left = def->last - self->from + 1;
        int n = (int)(left < most ? left : most);
        sl_pool_run(pool, n, run_one, self);
        for (int i = 0; i < n; i++) {
            const outcome *one = &self->outcomes[i];
            if (one->status != SL_OK) sl_error_restore(&one->error);
            SL_TRY(one->status);
            add(out, self->from + (uint64_t)i, &one->result);
        }
        self->from += (uint64_t)n;
        if (def->progress) SL_TRY(def->progress(def->context, out));
    }
    return SL_OK;
}

static sl_status take_memory(sweeper *self) {
    size_t n = (size_t)self->def->n_threads;
    self->folders = sl_alloc_array(n, sizeof *self->folders);
    self->outcomes = sl_alloc_array(n * SHARE, sizeof *self->outcomes);
    bool all = self->folders && self->outcomes;
    return all ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a sweep");
}

sl_status sl_sweep_run(const sl_sweep_def *def, sl_sweep *out) {
    SL_ASSERT(def->first <= def->last && def->last - def->first < SL_SWEEP_SEEDS && def->n_threads >= 1);
    sweeper *self = sl_alloc(sizeof *self);
    sl_sweep *made = sl_alloc(sizeof *made);
    sl_pool *pool = NULL;
    sl_status status = self && made ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a sweep");
    if (status == SL_OK) self->def = def;
    if (status == SL_OK) status = take_memory(self);
    if (status == SL_OK) status = make_folders(self);
    if (status == SL_OK) status = sl_pool_create(def->n_threads, &pool);
    if (status == SL_OK) status = sweep(self, pool, made);
    if (status == SL_OK) *out = *made;
    sl_pool_destroy(&pool);
    if (self) sl_free(self->folders);
    if (self) sl_free(self->outcomes);
    sl_free(self);
    sl_free(made);
    return status;
}
