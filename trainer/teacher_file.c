/* teacher_file.c - the teacher's file: where it lies, and another run's instead of it or before it. */
#include "trainer/teacher.h"

#include "common/log.h"
#include "trainer/kept.h"

#include <stdio.h>

void sl_teacher_path(const sl_training *training, char path[SL_TEACHER_PATH]) {
    (void)snprintf(path, SL_TEACHER_PATH, "%s/teacher.safetensors", training->run);
}

sl_status sl_teacher_take(sl_training *training) {
    char from[SL_TEACHER_PATH], path[SL_TEACHER_PATH];
    sl_policy policy = {0};
    SL_TRY(sl_teacher_file_find(training->experiment->teacher.from, from));
    SL_TRY(sl_teacher_file_load(training->setup, from, &policy));
    sl_teacher_path(training, path);
    sl_status status = sl_policy_save(&policy, path);
    sl_policy_fini(&policy);
    return status == SL_OK ? sl_kept_note(training, true, false) : status;
}

sl_status sl_teacher_init(const sl_training *training, sl_policy *out) {
    char path[SL_TEACHER_PATH];
    SL_TRY(sl_teacher_file_find(training->experiment->teacher.init, path));
    SL_TRY(sl_teacher_file_load_init(training->setup, path, out));
    SL_INFO("the teacher starts from '%s', of run '%s' on %s", path, out->profile.run, out->profile.env);
    return SL_OK;
}
