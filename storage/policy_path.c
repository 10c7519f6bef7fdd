/* policy_path.c - see policy_path.h. */
#include "storage/policy_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

sl_status sl_policy_path_find_teacher(const char *text, char path[SL_POLICY_PATH]) {
    struct stat info;
    bool folder = stat(text, &info) == 0 && S_ISDIR(info.st_mode);
    int n = snprintf(path, SL_POLICY_PATH, "%s%s", text, folder ? "/" SL_TEACHER_FILE : "");
    if (n > 0 && n < SL_POLICY_PATH) return SL_OK;
    return sl_fail(SL_CONFIG, NULL, "the path '%.60s...' is too long", text);
}
