/* request.h - what a request must carry, checked before anything is done with it. */
#ifndef SL_COORDINATOR_REQUEST_H
#define SL_COORDINATOR_REQUEST_H

#include "net/learn_message.h"

#include <stddef.h>

/* The tensor of that role as n floats, all finite. SL_MISMATCH: absent, of another type or size; SL_NOT_FINITE. */
SL_MUST_CHECK sl_status sl_request_params(const sl_learn_message *request, sl_tensor_role role, size_t n,
                                          const float **out);
/* value_std must be positive. SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_request_value_scale(const sl_learn_message *request);
/* 1 <= n_episodes <= most. SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_request_episodes(const sl_learn_message *request, int most);

#endif
