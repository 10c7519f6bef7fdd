/* extend.c - compares the run's experiment with the wanted one, both resolved. */
#include "starling/run/extend.h"

#include "common/alloc.h"
#include "common/log.h"
#include "starling/run/run.h"
#include "storage/manifest.h"
#include "storage/policy_path.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sl_status same_text(const sl_experiment *a, const sl_experiment *b, bool *same) {
    char *text_a = NULL, *text_b = NULL;
    size_t n_a = 0, n_b = 0;
    sl_status status = sl_experiment_format(a, &text_a, &n_a);
    if (status == SL_OK) status = sl_experiment_format(b, &text_b, &n_b);
    if (status == SL_OK) *same = n_a == n_b && memcmp(text_a, text_b, n_a) == 0;
    sl_free(text_a);
    sl_free(text_b);
    return status;
}

static sl_status fewer(const char *folder, const char *key, int64_t wanted, int64_t old) {
    return sl_fail(SL_MISMATCH, "a run goes on to more, not back to fewer; choose another --out",
                   "key '%s': %" PRId64 " is less than the %" PRId64 " of run '%s'", key, wanted, old, folder);
}

// the first stage has ended, but not in a state to go on from
static sl_status check_end(const sl_experiment *wanted, const char *folder) {
    bool direct = wanted->method == SL_EXP_DIRECT;
    if (wanted->teacher.from[0] && !direct)
        return sl_fail(SL_MISMATCH, "its own run trains it on, or teacher.init in another --out",
                       "key 'teacher.ppo.total_steps': run '%s' took its teacher from '%s'", folder,
                       wanted->teacher.from);
    bool ended = sl_run_has(folder, direct ? "students/agent-0.safetensors" : SL_TEACHER_FILE);
    if (!ended ||
        sl_run_has(folder, direct ? "checkpoints/direct-end.safetensors" : "checkpoints/teacher-end.safetensors"))
        return SL_OK;
    return sl_fail(SL_MISMATCH,
                   direct ? "choose another --out" : "train its teacher on by teacher.init in another --out",
                   "key 'teacher.ppo.total_steps': the state that '%s' ended with is gone, it cannot go on", folder);
}

// so has the distillation, whose end is the newest checkpoint
static sl_status check_checkpoints(const sl_experiment *wanted, const char *folder) {
    char path[SL_RUN_PATH];
    int n = 0;
    if (wanted->method == SL_EXP_DIRECT || !sl_run_has(folder, "students/agent-0.safetensors")) return SL_OK;
    SL_TRY(sl_run_path(folder, "checkpoints", path));
    DIR *listing = opendir(path);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;)
        n += strncmp(entry->d_name, "checkpoint-", 11) == 0;
    if (listing) (void)closedir(listing);
    if (n > 0) return SL_OK;
    return sl_fail(SL_MISMATCH, "distil anew by teacher.from in another --out",
                   "key 'distill.updates': the checkpoints of '%s' are gone, it cannot go on", folder);
}

static sl_status check_more(const sl_experiment *wanted, const sl_experiment *old, const char *folder) {
    int64_t steps = wanted->teacher.ppo.total_steps, old_steps = old->teacher.ppo.total_steps;
    int updates = wanted->distill.updates, old_updates = old->distill.updates;
    if (steps < old_steps) return fewer(folder, "teacher.ppo.total_steps", steps, old_steps);
    if (updates < old_updates) return fewer(folder, "distill.updates", updates, old_updates);
    if (steps > old_steps) return check_end(wanted, folder);
    return updates > old_updates ? check_checkpoints(wanted, folder) : SL_OK;
}

static sl_status load_old(const char *folder, sl_experiment **out) {
    char path[SL_RUN_PATH];
    struct stat about;
    SL_TRY(sl_run_path(folder, "experiment.yaml", path));
    // a named pipe would hang
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return sl_fail(SL_CORRUPT, "a folder, a pipe or a device lies in its place",
                       "cannot read %s: not a regular file", path);
    return sl_experiment_load(path, NULL, 0, out);
}

sl_status sl_extend_check(const sl_experiment *wanted, const char *folder, bool *differs) {
    sl_experiment *old = NULL;
    // whoever changed the file is told that, not that the settings are others
    SL_TRY(sl_manifest_check_in(folder, "experiment.yaml"));
    SL_TRY(load_old(folder, &old));
    bool same = false, alike = false;
    sl_status status = same_text(old, wanted, &same);
    // the wanted one with the run's own numbers, and its own of what changes no result: what is left must be the same
    sl_experiment as_long = *wanted;
    as_long.teacher.ppo.total_steps = old->teacher.ppo.total_steps;
    as_long.distill.updates = old->distill.updates;
    as_long.threads = old->threads;
    as_long.checkpoint_seconds = old->checkpoint_seconds;
    if (status == SL_OK) status = same_text(old, &as_long, &alike);
    if (status == SL_OK && !alike)
        status = sl_fail(SL_MISMATCH, "resume with the same file, --seed and --set, or choose another --out",
                         "run '%s' was started with another experiment than '%s' with these settings", folder,
                         wanted->name);
    if (status == SL_OK && !same) status = check_more(wanted, old, folder);
    sl_experiment_destroy(&old);
    if (status == SL_OK) *differs = !same;
    return status;
}

// what is linear between a start and an end has had the shorter run's steps
static void tell_schedules(const sl_experiment *wanted, bool steps) {
    const sl_exp_ppo *ppo = &wanted->teacher.ppo;
    const sl_exp_distill *distill = &wanted->distill;
    bool bent = steps ? ppo->lr != ppo->lr_final || ppo->entropy != ppo->entropy_final
                      : distill->lr != distill->lr_final || distill->source == SL_EXP_SOURCE_MIXED;
    if (bent)
        SL_WARN("%s so far were those of the shorter run: one that is as long from the start ends otherwise",
                steps ? "teacher.ppo.lr and entropy" : "distill.lr and source");
}

static void tell_more(const sl_experiment *wanted, const char *folder, int64_t old_steps, int old_updates) {
    bool direct = wanted->method == SL_EXP_DIRECT, steps = wanted->teacher.ppo.total_steps > old_steps;
    if (!steps && wanted->distill.updates == old_updates) return;
    if (steps)
        SL_INFO("'%s' goes on from %" PRId64 " to %" PRId64 " steps; then %s are done again", folder, old_steps,
                wanted->teacher.ppo.total_steps,
                direct ? "evaluation and flight" : "record, distill, evaluation and flight");
    else
        SL_INFO("'%s' goes on from %d to %d updates of distill; then evaluation and flight are done again", folder,
                old_updates, wanted->distill.updates);
    tell_schedules(wanted, steps);
}

// neither is the file that was noted any more
static sl_status forget(const char *folder) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(folder, &manifest));
    sl_manifest_forget(manifest, "experiment.yaml");
    sl_manifest_forget(manifest, "report.json");
    sl_status status = sl_manifest_save(manifest);
    sl_manifest_close(&manifest);
    return status;
}

sl_status sl_extend_run(const sl_experiment *wanted, const char *folder) {
    sl_experiment *old = NULL;
    char report[SL_RUN_PATH], path[SL_RUN_PATH];
    SL_TRY(sl_run_path(folder, "report.json", report));
    SL_TRY(sl_run_path(folder, "experiment.yaml", path));
    SL_TRY(load_old(folder, &old));
    int64_t steps = old->teacher.ppo.total_steps;
    int updates = old->distill.updates;
    sl_experiment_destroy(&old);
    tell_more(wanted, folder, steps, updates);
    SL_TRY(forget(folder));
    if (unlink(report) != 0 && errno != ENOENT)
        return sl_fail(SL_IO, NULL, "cannot remove %s: %s", report, strerror(errno));
    return sl_experiment_save(wanted, path);
}
