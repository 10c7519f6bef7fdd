/* fuzz_manifest.c - a folder's manifest.json: sl_manifest_decode. */
#include "storage/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_manifest *manifest = NULL;
    if (sl_manifest_decode("fuzz", bytes, n_bytes, &manifest) != SL_OK) return 0;
    // what was taken can be changed
    sl_manifest_forget(manifest, "teacher.safetensors");
    if (sl_manifest_has(manifest, "teacher.safetensors")) abort();
    sl_manifest_close(&manifest);
    if (manifest) abort();
    return 0;
}
