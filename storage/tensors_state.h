/* tensors_state.h - the data of tensors.h. Inside storage/ only. */
#ifndef SL_STORAGE_TENSORS_STATE_H
#define SL_STORAGE_TENSORS_STATE_H

#include "common/status.h"
#include "storage/tensor.h"

#include <jansson.h>

typedef struct sl_tensors {
    char *what;
    json_t *meta; /* an object of strings */
    sl_tensor **items;
    int count, capacity;
} sl_tensors;

/* Copies a tensor that was checked, its name too. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_take(sl_tensors *self, const sl_tensor *tensor);

#endif
