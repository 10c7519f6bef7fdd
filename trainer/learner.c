/* learner.c - finds a learner by its name. */
#include "trainer/learner.h"

#include "common/assert.h"

#include <string.h>

sl_status sl_learner_create(const char *name, const sl_learner_def *def, sl_learner **out) {
    const sl_learner_class *const *class = sl_learners;
    while (*class && strcmp((*class)->name, name) != 0) class ++;
    SL_ASSERT(*class);
    return (*class)->create(def, out);
}

sl_status sl_learner_start_from(sl_learner *self, const sl_policy *teacher) {
    if (self->class->start_from) {
        self->class->start_from(self, teacher);
        return SL_OK;
    }
    return sl_fail(SL_CONFIG, "leave teacher.init out", "%s starts from no teacher", self->class->name);
}

void sl_learner_destroy(sl_learner **self) {
    if (*self) (*self)->class->destroy(*self);
    *self = NULL;
}
