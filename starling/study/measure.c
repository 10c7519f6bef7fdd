/* measure.c - see measure.h. */
#include "starling/study/measure.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/policy_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// ---------------------------------------------------------------------------------------------------------------
// keys

static sl_policy_kind policy_of(sl_study_execution execution) {
    return execution == SL_STUDY_ONBOARD || execution == SL_STUDY_REMOTE ? SL_POLICY_STUDENTS : SL_POLICY_TEACHER;
}

// of the teacher's file, or of all students' digests one after the other
static sl_status digest_policies(const sl_run *run, sl_policy_kind policy, char text[65]) {
    char path[SL_RUN_PATH];
    if (policy == SL_POLICY_TEACHER) {
        SL_TRY(sl_run_path(run->folder, SL_TEACHER_FILE, path));
        return sl_file_sha256_of(path, text);
    }
    char *all = sl_alloc_array((size_t)run->n_students, 64);
    if (!all) return sl_fail(SL_MEMORY, NULL, "no memory for %d digests", run->n_students);
    sl_status status = SL_OK;
    for (int i = 0; i < run->n_students && status == SL_OK; i++) {
        status = sl_run_student_path(run, i, path);
        if (status == SL_OK) status = sl_file_sha256_of(path, text);
        if (status == SL_OK) memcpy(all + (size_t)i * 64, text, 64);
    }
    if (status == SL_OK) sl_file_sha256(all, (size_t)run->n_students * 64, text);
    sl_free(all);
    return status;
}

// how: "evaluated", or "flown" by processes
static void make_key(const sl_study *study, const sl_run *run, const char *how, const char *policies,
                     const sl_study_point *p, char key[SL_STUDY_KEY]) {
    char text[1024];
    int n =
        snprintf(text, sizeof text, "starling %s\n%s\n%s\n%s\n%d %d %" PRIu64 "\n%s", SL_VERSION, how,
                 run->config_hash, policies, (int)policy_of(p->execution), study->n_episodes, study->seed, p->links);
    sl_file_sha256(text, (size_t)n, key);
}

// whether an earlier point of the study asks for the same
static bool is_repeated(const sl_study *study, int s, int i) {
    for (int t = 0; t <= s; t++) {
        int n = t == s ? i : study->sections[t].n;
        for (int k = 0; k < n; k++)
            if (strcmp(study->sections[t].rows[k].key, study->sections[s].rows[i].key) == 0) return true;
    }
    return false;
}

static void count(sl_study_work *self, int s, int i) {
    const sl_study_section *section = &self->study->sections[s];
    if (is_repeated(self->study, s, i)) return;
    bool is_kept = sl_study_store_find(self->store, section->rows[i].key) != NULL;
    self->n_kept += is_kept;
    self->n_missing += !is_kept;
    self->pace[s][section->points[i].execution].left += !is_kept;
}

sl_status sl_study_prepare(sl_study_work *self) {
    for (int s = 0; s < self->study->n_sections; s++) {
        sl_study_section *section = &self->study->sections[s];
        const sl_run *run = self->runs[s];
        char students[65] = "", teacher[65] = "";
        if (run->n_students > 0) SL_TRY(digest_policies(run, SL_POLICY_STUDENTS, students));
        if (run->has_teacher) SL_TRY(digest_policies(run, SL_POLICY_TEACHER, teacher));
        for (int i = 0; i < section->n; i++) {
            const sl_study_point *p = &section->points[i];
            const char *policies = policy_of(p->execution) == SL_POLICY_TEACHER ? teacher : students;
            make_key(self->study, run, "evaluated", policies, p, section->rows[i].key);
            make_key(self->study, run, "flown", policies, p, section->rows[i].flown_key);
            count(self, s, i);
        }
    }
    return SL_OK;
}

// -----------------------------------------------------------------------------------------------------------
// progress

// what an evaluation takes: as others of its run and execution did, else of its run, else of the study; 0: not known
static double expected(const sl_study_work *self, int s, int e) {
    sl_study_pace run = {0}, all = {0};
    const sl_study_pace *own = &self->pace[s][e];
    if (own->done > 0) return own->seconds / own->done;
    for (int t = 0; t < self->study->n_sections; t++) {
        for (int k = 0; k < SL_STUDY_EXECUTIONS; k++) {
            const sl_study_pace *p = &self->pace[t][k];
            all.done += p->done, all.seconds += p->seconds;
            if (t == s) run.done += p->done, run.seconds += p->seconds;
        }
    }
    if (run.done > 0) return run.seconds / run.done;
    return all.done > 0 ? all.seconds / all.done : 0;
}

// the evaluation at work becomes one of the study's
static void widen(void *context, sl_run_progress_news *news) {
    const sl_study_work *self = context;
    double share = news->total > 0 ? (double)news->done / (double)news->total : 0, seconds = 0;
    int left = 0;
    for (int s = 0; s < self->study->n_sections; s++) {
        for (int e = 0; e < SL_STUDY_EXECUTIONS; e++) {
            left += self->pace[s][e].left;
            seconds += self->pace[s][e].left * expected(self, s, e);
        }
    }
    double eta = seconds - share * expected(self, self->section, (int)self->execution);
    const char *note = news->note;
    *news = (sl_run_progress_news){.stage = self->study->sections[self->section].label,
                                   .unit = "evaluations",
                                   .done = self->n_missing - left,
                                   .total = self->n_missing,
                                   .per_second = -1,
                                   .eta_seconds = seconds > 0 ? eta : -1,
                                   .won = -1,
                                   .note = note};
}

// -------------------------------------------------------------------------------------------------------------
// asking

// where no channel does anything nobody counts: all that is decided on is fresh
static void count_fresh(const sl_evaluation *e, const sl_study_point *p, double steps, sl_link_counts *counts) {
    if (p->execution == SL_STUDY_FRESH) return;
    counts->decisions = counts->compared = (uint64_t)steps * (uint64_t)e->n_agents;
    counts->observation_ages[0] = counts->decisions;
    if (p->execution != SL_STUDY_ONBOARD) counts->action_ages[0] = counts->decisions;
}

static sl_status to_result(const sl_run *run, const sl_evaluation *e, const sl_study_point *p,
                           sl_study_result **out) {
    sl_study_result *result = NULL;
    SL_TRY(sl_study_result_create(e->n_episodes, run->spec->can_win, &result));
    double steps = 0;
    for (int i = 0; i < e->n_episodes; i++) {
        result->returns[i] = sl_env_return(run->spec, e->returns + (size_t)i * (size_t)e->n_agents);
        if (result->won) result->won[i] = e->won && e->won[i];
        steps += e->lengths[i];
    }
    result->length = steps / e->n_episodes;
    result->seconds = e->seconds;
    if (e->link_counts)
        result->counts = *e->link_counts;
    else
        count_fresh(e, p, steps, &result->counts);
    *out = result;
    return SL_OK;
}

static sl_status evaluate(sl_study_work *self, sl_process_group *group, int i) {
    const sl_study_section *section = &self->study->sections[self->section];
    const sl_study_point *p = &section->points[i];
    sl_study_pace *pace = &self->pace[self->section][p->execution];
    sl_evaluation evaluation = {0};
    sl_study_result *result = NULL;
    self->execution = p->execution;
    sl_process_group_link(group, p->links, p->execution != SL_STUDY_FRESH);
    SL_TRY(sl_process_group_evaluate(group, policy_of(p->execution), self->study->n_episodes, self->study->seed,
                                     "study", &evaluation));
    sl_status status = to_result(self->runs[self->section], &evaluation, p, &result);
    if (status == SL_OK) status = sl_study_store_add(self->store, section->rows[i].key, &result);
    pace->left--;
    pace->done++;
    pace->seconds += evaluation.seconds;
    sl_evaluation_fini(&evaluation);
    return status;
}

static sl_status evaluate_all(sl_study_work *self, sl_process_group *group) {
    const sl_study_section *section = &self->study->sections[self->section];
    for (int i = 0; i < section->n; i++) {
        if (sl_study_store_find(self->store, section->rows[i].key)) continue;
        SL_TRY(evaluate(self, group, i));
    }
    return SL_OK;
}

static bool lacks(const sl_study_work *self, int s) {
    int left = 0;
    for (int e = 0; e < SL_STUDY_EXECUTIONS; e++) left += self->pace[s][e].left;
    return left > 0;
}

static sl_status measure_section(sl_study_work *self) {
    const sl_run *run = self->runs[self->section];
    sl_process_group *group = NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    SL_TRY(sl_process_group_create(run, self->args, NULL, &self->progress, &group));
    // an evaluation's results do not depend on how many work on it
    if (cores > run->experiment->threads) sl_process_group_use_threads(group, cores < 256 ? (int)cores : 256);
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK) status = evaluate_all(self, group);
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    return status;
}

static void take_results(sl_study_work *self) {
    sl_study *study = self->study;
    study->seconds = 0;
    for (int s = 0; s < study->n_sections; s++) {
        for (int i = 0; i < study->sections[s].n; i++) {
            sl_study_row *row = &study->sections[s].rows[i];
            row->result = sl_study_store_find(self->store, row->key);
            if (!is_repeated(study, s, i)) study->seconds += row->result->seconds;
        }
    }
}

// -------------------------------------------------------------------------------------------------------------
// flying

static sl_status fly_point(sl_study_work *self, sl_process_group *group, int i) {
    const sl_study_section *section = &self->study->sections[self->section];
    const sl_study_point *p = &section->points[i];
    sl_evaluation evaluation = {0};
    sl_study_result *result = NULL;
    sl_process_group_link(group, p->links, false);
    SL_TRY(sl_process_group_fly(group, self->study->n_episodes, self->study->seed, "fly", &evaluation));
    sl_status status = to_result(self->runs[self->section], &evaluation, p, &result);
    if (status == SL_OK) status = sl_study_store_add(self->store, section->rows[i].flown_key, &result);
    sl_evaluation_fini(&evaluation);
    return status;
}

static bool is_to_fly(const sl_study_work *self, int s, int i) {
    const sl_study_row *row = &self->study->sections[s].rows[i];
    return row->flies && !sl_study_store_find(self->store, row->flown_key);
}

static sl_status fly_section(sl_study_work *self) {
    sl_process_group *group = NULL;
    SL_TRY(sl_process_group_create(self->runs[self->section], self->args, NULL, &self->progress, &group));
    sl_process_group_use_clock(group, "virtual", 0);
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK) status = sl_process_group_start_agents(group);
    for (int i = 0; i < self->study->sections[self->section].n && status == SL_OK; i++)
        if (is_to_fly(self, self->section, i)) status = fly_point(self, group, i);
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    return status;
}

static void compare_flown(sl_study_work *self, sl_study_row *row) {
    const sl_study_result *flown = row->flies ? sl_study_store_find(self->store, row->flown_key) : NULL;
    row->flown = flown ? flown->n_episodes : 0;
    row->equal = flown ? sl_study_result_same(flown, row->result) : 0;
}

sl_status sl_study_fly(sl_study_work *self) {
    self->progress.widen = NULL;
    for (self->section = 0; self->section < self->study->n_sections; self->section++) {
        sl_study_section *section = &self->study->sections[self->section];
        bool any = false;
        for (int i = 0; i < section->n; i++) any |= is_to_fly(self, self->section, i);
        if (any) SL_TRY(fly_section(self));
        for (int i = 0; i < section->n; i++) compare_flown(self, &section->rows[i]);
    }
    return SL_OK;
}

sl_status sl_study_measure(sl_study_work *self) {
    sl_run_progress_init(&self->progress, self->args->log_json);
    self->progress.widen = widen;
    self->progress.widen_context = self;
    for (self->section = 0; self->section < self->study->n_sections; self->section++)
        if (lacks(self, self->section)) SL_TRY(measure_section(self));
    take_results(self);
    return SL_OK;
}
