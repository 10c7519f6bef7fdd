/* teacher_file.h - another run's teacher, or this run's: whether it fits the experiment. The trainer asks before it
 * uses one, starling before there is a run. Any thread. */
#ifndef SL_SETUP_TEACHER_FILE_H
#define SL_SETUP_TEACHER_FILE_H

#include "nn/policy.h"
#include "setup/setup.h"
#include "storage/policy_path.h"

/* The file that a key names: itself, or the teacher of a run's folder, which must be the one that its run trained.
 * SL_CORRUPT: it is not. SL_CONFIG: the path is too long. */
SL_MUST_CHECK sl_status sl_teacher_file_find(const char *given, char path[SL_POLICY_PATH]);
/* Reads it; *out is for sl_policy_fini. As sl_policy_load; SL_MISMATCH: of another shape or reward. */
SL_MUST_CHECK sl_status sl_teacher_file_load(const sl_setup *setup, const char *path, sl_policy *out);
/* The same of one to start training from. SL_MISMATCH too: its values are normalised and the experiment's are not. */
SL_MUST_CHECK sl_status sl_teacher_file_load_init(const sl_setup *setup, const char *path, sl_policy *out);

#endif
