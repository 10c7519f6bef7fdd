/* run.h - a run's folder, or a folder of models such as models/mpe/spread: the resolved experiment, the teacher and
 * the students in it. One owner. */
#ifndef SL_STARLING_RUN_RUN_H
#define SL_STARLING_RUN_RUN_H

#include "nn/policy.h"
#include "setup/setup.h"

enum { SL_RUN_PATH = 1024 };

typedef struct sl_run {
    char folder[SL_RUN_PATH];
    char experiment_path[SL_RUN_PATH];
    char config_hash[65]; /* SHA-256 of experiment.yaml, as the programs know it */
    sl_experiment *experiment;
    sl_setup *setup;         /* sizes and networks that the experiment stands for */
    const sl_env_spec *spec; /* of its environment; in setup */
    bool has_teacher;
    sl_policy teacher;
    int n_students;
    sl_policy *students; /* (N), the first n_students of them loaded */
} sl_run;

/* Reads experiment.yaml and works out its setup; no policies yet. SL_NOT_FOUND: no folder, or none of a
 * run; SL_CORRUPT: the manifest names another file; SL_CONFIG. */
SL_MUST_CHECK sl_status sl_run_open(const char *folder, sl_run **out);
void sl_run_close(sl_run **self);
/* Of teacher and students those that are wanted: teacher.safetensors when there is one (with method direct there is
 * none), and students/agent-<i>.safetensors. SL_NOT_FOUND: a student is missing; SL_CORRUPT: the manifest names
 * another file; SL_MISMATCH: it does not fit the environment. */
SL_MUST_CHECK sl_status sl_run_load_policies(sl_run *self, bool teacher, bool students);
/* Notes the experiment in the manifest, where it is not yet, and forgets the report until the end: this run's files
 * belong together from now on. Sweeps what a kill left half-written. The caller holds the run. */
SL_MUST_CHECK sl_status sl_run_begin_manifest(const sl_run *self);
/* The same of the policies, and of a report that was written now. */
SL_MUST_CHECK sl_status sl_run_end_manifest(const sl_run *self);
/* folder/students/agent-<i>.safetensors. SL_USAGE: the folder's name is too long. */
SL_MUST_CHECK sl_status sl_run_student_path(const sl_run *self, int agent, char path[SL_RUN_PATH]);
/* folder/name */
SL_MUST_CHECK sl_status sl_run_path(const char *folder, const char *name, char path[SL_RUN_PATH]);
bool sl_run_has(const char *folder, const char *name); /* whether there is a file or folder of that name */

#endif
