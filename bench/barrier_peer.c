/* barrier_peer.c - starling-barrier-peer, one peer of the bare barrier: a program of its own, so that the yardstick
 * has as many processes as the fleet. Started by sl_barrier_bench. */
#include "bench/barrier.h"
#include "common/program.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    sl_program_begin("starling-barrier-peer");
    char *end = NULL;
    unsigned long n_bytes = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    if (argc != 3 || *end) {
        fprintf(stderr, "usage: starling-barrier-peer ENDPOINT BYTES (started by 'starling bench fleet')\n");
        return 2;
    }
    sl_status status = sl_barrier_peer(argv[1], n_bytes);
    if (status != SL_OK) sl_error_print("starling-barrier-peer");
    return sl_status_exit_code(status);
}
