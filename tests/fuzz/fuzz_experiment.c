/* fuzz_experiment.c - an experiment's YAML, and a --set behind the first zero byte: sl_experiment_parse. */
#include "common/alloc.h"
#include "experiment/experiment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    const uint8_t *zero = n_bytes ? memchr(bytes, 0, n_bytes) : NULL;
    size_t n_text = zero ? (size_t)(zero - bytes) : n_bytes, n_set = n_bytes - n_text;
    char *set = sl_alloc(n_set + 1);
    if (!set) abort();
    if (n_set) memcpy(set, zero + 1, n_set - 1);
    const char *sets[] = {set};
    sl_experiment *experiment = NULL, *copy = NULL;
    sl_status status =
        sl_experiment_parse("fuzz", (const char *)bytes, n_text, sets, zero != NULL && n_set > 1, &experiment);
    sl_free(set);
    if (status != SL_OK) return 0;
    // what was taken can be written and read again
    char *text;
    size_t n;
    if (sl_experiment_format(experiment, &text, &n) != SL_OK) abort();
    if (sl_experiment_parse("fuzz again", text, n, NULL, 0, &copy) != SL_OK) abort();
    if (copy->students_count != experiment->students_count || copy->seed != experiment->seed) abort();
    if (strcmp(copy->name, experiment->name) != 0 || strcmp(copy->env.name, experiment->env.name) != 0) abort();
    sl_free(text);
    sl_experiment_destroy(&experiment);
    sl_experiment_destroy(&copy);
    return 0;
}
