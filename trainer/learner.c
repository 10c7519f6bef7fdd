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

void sl_learner_destroy(sl_learner **self) {
    if (*self) (*self)->class->destroy(*self);
    *self = NULL;
}
