/* fuzz_episode_record.c - a record of the expert buffer: sl_episode_decode. What is taken has the arrays that its
 * shapes say, and is written as the same record again. */
#include "common/alloc.h"
#include "net/episode_record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_episode episode, again;
    void *memory, *second;
    if (sl_episode_decode(bytes, n_bytes, &episode, &memory) != SL_OK) return 0;
    // encoding reads every array to its end
    uint8_t *written;
    size_t n_written;
    if (sl_episode_encode(&episode, &written, &n_written) != SL_OK) abort();
    if (sl_episode_decode(written, n_written, &again, &second) != SL_OK) abort();
    size_t n_obs = (size_t)(episode.T + 1) * (size_t)episode.N * (size_t)episode.O;
    if (again.T != episode.T || again.N != episode.N || again.O != episode.O || again.index != episode.index ||
        memcmp(again.obs, episode.obs, n_obs * sizeof(float)) != 0)
        abort();
    sl_free(second);
    sl_free(written);
    sl_free(memory);
    return 0;
}
