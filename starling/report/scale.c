/* scale.c - see scale.h. */
#include "starling/report/scale.h"

#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>

sl_scale sl_scale_of(double random, double random_ci, double teacher, double teacher_ci) {
    sl_scale scale = {random, teacher, NULL};
    double noise = hypot(isfinite(random_ci) ? random_ci : 0, isfinite(teacher_ci) ? teacher_ci : 0);
    if (!(teacher > random))
        scale.why_not = "the teacher is not above random play";
    else if (!(teacher - random > noise))
        scale.why_not = "the teacher is above random play by no more than chance";
    return scale;
}

bool sl_scale_of_report(const json_t *report, sl_scale *out) {
    double random = 0, teacher = 0, random_ci = NAN, teacher_ci = NAN;
    if (!sl_json_find_number(report, "policies.random.return.mean", &random) ||
        !sl_json_find_number(report, "policies.teacher.return.mean", &teacher))
        return false;
    (void)sl_json_find_number(report, "policies.random.return.ci95", &random_ci);
    (void)sl_json_find_number(report, "policies.teacher.return.ci95", &teacher_ci);
    *out = sl_scale_of(random, random_ci, teacher, teacher_ci);
    return true;
}

double sl_scale_score(const sl_scale *self, double mean) {
    return self->why_not ? NAN : (mean - self->random) / (self->teacher - self->random);
}

void sl_scale_set(json_t *object, const char *key, double value, const char *why_not, bool *failed) {
    char reason[64];
    (void)snprintf(reason, sizeof reason, "%s_reason", key);
    sl_json_set(object, key, why_not ? json_null() : sl_json_number(value), failed);
    if (why_not) sl_json_set(object, reason, json_string(why_not), failed);
}

const char *sl_scale_reason(const json_t *object, const char *key) {
    char reason[64];
    (void)snprintf(reason, sizeof reason, "%s_reason", key);
    return json_is_null(json_object_get(object, key)) ? json_string_value(json_object_get(object, reason)) : NULL;
}
