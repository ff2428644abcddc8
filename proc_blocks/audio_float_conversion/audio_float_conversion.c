/* Samples to -1 to 1. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const int16_t *x = in[0].data;
    float *y = out[0].data;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = x[i] > -32767 ? (float)x[i] / 32767.0f : -1.0f;
    }
}
