/* run.h - a run's folder, or a folder of models such as models/mpe/spread: the resolved experiment, the teacher and
 * the students in it. One owner. */
#ifndef SL_STARLING_RUN_H
#define SL_STARLING_RUN_H

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
    sl_policy students[SL_EXP_MAX_AGENTS];
} sl_run;

/* Reads experiment.yaml and works out its setup; no policies yet. SL_NOT_FOUND: no folder, or none of a
 * run; SL_CONFIG. */
SL_MUST_CHECK sl_status sl_run_open(const char *folder, sl_run **out);
void sl_run_close(sl_run **self);
/* teacher.safetensors when there is one (with method direct there is none), and students/agent-<i>.safetensors when
 * want_students. SL_NOT_FOUND: a student is missing; SL_MISMATCH: it does not fit the environment. */
SL_MUST_CHECK sl_status sl_run_load_policies(sl_run *self, bool want_students);
/* folder/students/agent-<i>.safetensors. SL_USAGE: the folder's name is too long. */
SL_MUST_CHECK sl_status sl_run_student_path(const sl_run *self, int agent, char path[SL_RUN_PATH]);
/* folder/name */
SL_MUST_CHECK sl_status sl_run_path(const char *folder, const char *name, char path[SL_RUN_PATH]);

#endif
