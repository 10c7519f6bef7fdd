/* link_answer.c - see link_answer.h. */
#include "coordinator/link_answer.h"

#include "common/assert.h"

void sl_link_answer_add(sl_link_answer *self, const sl_link_counts *counts, sl_learn_message *answer) {
    const sl_metric_table *table = &sl_link_count_metrics;
    SL_ASSERT(table->n <= SL_LINK_ANSWER_COUNTS);
    for (int i = 0; i < SL_LINKS_AGES; i++) {
        self->ages[0][i] = (int64_t)counts->observation_ages[i];
        self->ages[1][i] = (int64_t)counts->action_ages[i];
    }
    for (int i = 0; i < table->n; i++) self->counts[i] = (int64_t)sl_metric_get(&table->metrics[i], counts);
    sl_learn_add(answer, SL_TENSOR_LINK_AGES, self->ages, SL_SHAPE(2, SL_LINKS_AGES));
    sl_learn_add(answer, SL_TENSOR_LINK_COUNTS, self->counts, SL_SHAPE(table->n));
}
