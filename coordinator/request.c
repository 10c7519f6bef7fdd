/* request.c - see request.h. */
#include "coordinator/request.h"

#include <math.h>

sl_status sl_request_params(const sl_learn_message *request, sl_tensor_role role, const char *name, size_t n,
                            const float **out) {
    const sl_wire_tensor *tensor = sl_learn_tensor(request, role);
    if (!tensor) return sl_fail(SL_MISMATCH, NULL, "the request lacks %s", name);
    if (tensor->type != SL_WIRE_F32 || tensor->n_dims != 1 || tensor->dims[0] != (int64_t)n ||
        tensor->n_bytes != n * sizeof(float))
        return sl_fail(SL_MISMATCH, "do both programs read the same experiment?",
                       "the request's %s are not %zu float32 parameters", name, n);
    const float *params = tensor->data;
    // a NaN times zero is NaN: one sum finds them all, and infinities too
    float poison = 0;
    for (size_t i = 0; i < n; i++) poison += params[i] * 0.0f;
    if (isnan(poison)) return sl_fail(SL_NOT_FINITE, NULL, "the request's %s hold NaN or infinity", name);
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
