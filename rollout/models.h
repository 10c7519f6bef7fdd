/* models.h - policies from files into a policy set: the teacher, or the students of a run's or a model's folder. */
#ifndef SL_ROLLOUT_MODELS_H
#define SL_ROLLOUT_MODELS_H

#include "net/learn_message.h"
#include "rollout/policy_set.h"
#include "storage/profile.h"

/* policy: SL_POLICY_TEACHER (teacher.safetensors) or SL_POLICY_STUDENTS (students/agent-<i>.safetensors, or
 * agent-<i>.safetensors), looked for in folder, or in run when folder is NULL or "". SL_NOT_FOUND; SL_CORRUPT;
 * SL_MISMATCH: made for another environment, agent or shape. */
SL_MUST_CHECK sl_status sl_models_load(const sl_setup *setup, sl_policy_kind policy, const char *folder,
                                       const char *run, int V, sl_policy_set **out);
/* The path of student i as sl_models_load finds it; path of size bytes. SL_NOT_FOUND. */
SL_MUST_CHECK sl_status sl_models_find_student(const char *folder, const char *run, int agent, char *path,
                                               size_t size);
/* SL_MISMATCH, which names path: made for another environment, or for another agent than that (-1: the teacher). */
SL_MUST_CHECK sl_status sl_models_check_profile(const sl_setup *setup, const sl_profile *profile, const char *path,
                                                int agent);

#endif
