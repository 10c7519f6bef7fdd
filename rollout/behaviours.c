/* behaviours.c - the table of behaviour policies: name, function. */
#include "rollout/behaviour.h"

const sl_behaviour sl_behaviours[] = {
    {"softmax", sl_behaviour_softmax},
    {"greedy", sl_behaviour_greedy},
    {0},
};
