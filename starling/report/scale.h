/* scale.h - the scale on which random play is 0 and the teacher 1, or why there is none. A ratio to a teacher that is
 * no better than random play says nothing, whatever number it comes to: it is left blank and the reason is told. main
 * thread only. */
#ifndef SL_STARLING_REPORT_SCALE_H
#define SL_STARLING_REPORT_SCALE_H

#include <jansson.h>
#include <stdbool.h>

typedef struct sl_scale {
    double random, teacher; /* mean returns */
    const char *why_not;    /* NULL: it can be used; else a text for people, static */
} sl_scale;

/* Of mean returns with the half-widths of their 95 % intervals (NaN: not known). It cannot be used when the teacher
 * is not above random play by more than sqrt(random_ci^2 + teacher_ci^2). */
sl_scale sl_scale_of(double random, double random_ci, double teacher, double teacher_ci);
/* Of a report; false: it lacks one of the two. */
bool sl_scale_of_report(const json_t *report, sl_scale *out);
/* (mean - random) / (teacher - random); NaN when the scale cannot be used. */
double sl_scale_score(const sl_scale *self, double mean);

/* Sets key to value, or to null and key_reason to why_not. */
void sl_scale_set(json_t *object, const char *key, double value, const char *why_not, bool *failed);
/* The reason why the object's key is null; NULL: it is not null, or nobody said. Borrowed from object. */
const char *sl_scale_reason(const json_t *object, const char *key);

#endif
