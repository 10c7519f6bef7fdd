/* policy_path.h - where a run's or a model's folder has its policies. Any thread. */
#ifndef SL_STORAGE_POLICY_PATH_H
#define SL_STORAGE_POLICY_PATH_H

#include "common/status.h"

#define SL_TEACHER_FILE "teacher.safetensors"
#define SL_STUDENT_FILE "students/agent-%d.safetensors" /* a format, of the agent */
enum { SL_POLICY_PATH = 1024 };

/* The teacher that a text names: the file itself, or the one of a folder, there or not. SL_CONFIG: too long. */
SL_MUST_CHECK sl_status sl_policy_path_find_teacher(const char *text, char path[SL_POLICY_PATH]);

#endif
