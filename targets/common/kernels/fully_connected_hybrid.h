#ifndef RUNE_FULLY_CONNECTED_HYBRID_H
#define RUNE_FULLY_CONNECTED_HYBRID_H

/* FULLY_CONNECTED of float inputs with int8 weights: see hybrid.h. */

#include "kernels/fully_connected_i8.h"
#include "kernels/hybrid.h"

typedef struct rune_fully_connected_hybrid_shape {
    int32_t batches;
    int32_t depth; /* inputs of one unit */
    int32_t units;
    rune_hybrid_form form;
    rune_activation activation;
} rune_fully_connected_hybrid_shape;

/* `weights` as in fully_connected_i8.h; `sums` has room for one of each unit, and for one batch of int8 behind it. */
RUNE_KERNEL void rune_fully_connected_hybrid(rune_fully_connected_hybrid_shape shape, const int8_t *restrict weights,
                                             rune_hybrid_channels units, const float *restrict input,
                                             float *restrict output, int32_t *restrict sums)
{
    int8_t *const row = (int8_t *)(sums + shape.units);
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const rune_scaling scaling = rune_quantise_batch(shape.form, input, shape.depth, row);
        for (int32_t unit = 0; unit < shape.units; unit++) {
            sums[unit] = 0;
        }
        rune_fully_connected_sums_i8(shape.depth, shape.units, weights, row, sums);
        for (int32_t unit = 0; unit < shape.units; unit++) {
            output[unit] = rune_hybrid_result(sums[unit], units, unit, scaling, shape.activation);
        }
        input += shape.depth;
        output += shape.units;
    }
}

#endif
