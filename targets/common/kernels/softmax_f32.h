#ifndef RUNE_SOFTMAX_F32_H
#define RUNE_SOFTMAX_F32_H

/* SOFTMAX over the last dimension: exp((x - greatest) * beta), divided by the sum of the row. */

#include "rune_kernel.h"
#include "rune_math.h"

RUNE_KERNEL void rune_softmax_f32(int32_t rows, int32_t depth, float beta, const float *restrict input,
                                  float *restrict output)
{
    for (int32_t row = 0; row < rows; row++) {
        float greatest = -0x1.fffffep+127f;
        for (int32_t i = 0; i < depth; i++) {
            greatest = greatest < input[i] ? input[i] : greatest;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < depth; i++) {
            output[i] = rf_expf((input[i] - greatest) * beta);
            sum += output[i];
        }
        for (int32_t i = 0; i < depth; i++) {
            output[i] /= sum;
        }
        input += depth;
        output += depth;
    }
}

#endif
