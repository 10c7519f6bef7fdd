/* choice.h - choices that an experiment gives by name and a library below it takes as they are. */
#ifndef SL_COMMON_CHOICE_H
#define SL_COMMON_CHOICE_H

typedef enum sl_cell { SL_CELL_NONE, SL_CELL_GRU } sl_cell;                              /* none | gru */
typedef enum sl_activation { SL_ACT_RELU, SL_ACT_TANH } sl_activation;                   /* relu | tanh */
typedef enum sl_mask_kind { SL_MASK_NONE, SL_MASK_BLOCKS, SL_MASK_RANDOM } sl_mask_kind; /* none | blocks | random */

#endif
