#ifndef RUNE_FULLY_CONNECTED_F32_H
#define RUNE_FULLY_CONNECTED_F32_H

/* FULLY_CONNECTED: output[b, u] = activation(bias[u] + sum over i of input[b, i] * weights[u, i]). */

#include "kernels/sums_f32.h"

typedef struct rune_fully_connected_shape {
    int32_t batches;
    int32_t depth; /* inputs of one unit */
    int32_t units;
    rune_activation activation;
} rune_fully_connected_shape;

#define RUNE_FULLY_CONNECTED_BLOCK(BLOCK)                                                                     \
    do {                                                                                                      \
        rune_sums##BLOCK##_f32 sums = rune_sums##BLOCK##_f32_begin(bias ? bias + unit : bias);                \
        sums = rune_sums##BLOCK##_f32_add(sums, row, packed, shape.depth);                                    \
        rune_sums##BLOCK##_f32_end(sums, shape.activation, output + unit);                                    \
        packed += shape.depth * (BLOCK);                                                                      \
        unit += (BLOCK);                                                                                      \
    } while (0)

/* `weights` are packed in blocks of 8 units, then 4, 2 and 1 for what remains: see sums_f32.h. `bias` may be NULL. */
RUNE_KERNEL void rune_fully_connected_f32(rune_fully_connected_shape shape, const float *restrict weights,
                                          const float *restrict bias, const float *restrict input,
                                          float *restrict output)
{
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const float *row = input + batch * shape.depth;
        const float *packed = weights;
        int32_t unit = 0;
        for (int32_t block = 0; block < shape.units / 8; block++) {
            RUNE_FULLY_CONNECTED_BLOCK(8);
        }
        if (shape.units & 4) {
            RUNE_FULLY_CONNECTED_BLOCK(4);
        }
        if (shape.units & 2) {
            RUNE_FULLY_CONNECTED_BLOCK(2);
        }
        if (shape.units & 1) {
            RUNE_FULLY_CONNECTED_BLOCK(1);
        }
        output += shape.units;
    }
}

#undef RUNE_FULLY_CONNECTED_BLOCK

#endif
