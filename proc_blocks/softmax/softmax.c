/* exp(x) / sum of all exp(x), added up in order. */
#include "rune_math.h"
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const float *x = in[0].data;
    float *y = out[0].data;
    float sum = 0.0f;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = rf_expf(x[i]);
        sum += y[i];
    }
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] /= sum;
    }
}
