/* request.c - see request.h. */
#include "coordinator/request.h"

#include <math.h>

sl_status sl_request_params(const sl_learn_message *request, sl_tensor_role role, size_t n, const float **out) {
    const sl_wire_tensor *tensor = NULL;
    SL_TRY(sl_learn_take(request, role, SL_SHAPE((int64_t)n), &tensor));
    const float *params = tensor->data;
    // a NaN times zero is NaN: one sum finds them all, and infinities too
    float poison = 0;
    for (size_t i = 0; i < n; i++) poison += params[i] * 0.0f;
    if (isnan(poison))
        return sl_fail(SL_NOT_FINITE, NULL, "the request's %s holds NaN or infinity", sl_tensor_role_name(role));
    *out = params;
    return SL_OK;
}

sl_status sl_request_value_scale(const sl_learn_message *request) {
    if (isfinite(request->value_mean) && isfinite(request->value_std) && request->value_std > 0) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "the request's value scale is %g, %g", request->value_mean, request->value_std);
}

sl_status sl_request_episodes(const sl_learn_message *request, int most) {
    if (request->n_episodes >= 1 && request->n_episodes <= most) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "the request asks for %d episodes; between 1 and %d can be had",
                   request->n_episodes, most);
}
