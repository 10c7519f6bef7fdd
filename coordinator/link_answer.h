/* link_answer.h - what came of the links, as the answers of EVALUATE and FLY tell it: LINK_AGES and LINK_COUNTS.
 * Plain data, which stays until the answer is sent. */
#ifndef SL_COORDINATOR_LINK_ANSWER_H
#define SL_COORDINATOR_LINK_ANSWER_H

#include "links/team.h"
#include "net/learn_message.h"

enum { SL_LINK_ANSWER_COUNTS = 32 };

typedef struct sl_link_answer {
    int64_t ages[2][SL_LINKS_AGES], counts[SL_LINK_ANSWER_COUNTS];
} sl_link_answer;

/* Appends both tensors to the answer; they are borrowed from self. */
void sl_link_answer_add(sl_link_answer *self, const sl_link_counts *counts, sl_learn_message *answer);

#endif
