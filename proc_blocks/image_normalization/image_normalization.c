/* Integers of the whole range of their type to 0 to 1. */
#include "rune_proc_block.h"

#define BITS (8 * (uint32_t)sizeof(rune_input0))

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    float *y = out[0].data;
    int64_t least = RUNE_INPUT0_IS_SIGNED ? -(1ll << (BITS - 1)) : 0;
    float range = (float)((1ll << BITS) - 1);
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = (float)((int64_t)x[i] - least) / range;
    }
}
