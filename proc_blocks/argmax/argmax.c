/* The index of the first element that is above 0 and above all before it. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const float *x = in[0].data;
    uint32_t *index = out[0].data;
    float largest = 0.0f;
    *index = 0;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        if (x[i] > largest) {
            largest = x[i];
            *index = i;
        }
    }
}
