#ifndef RUNE_FULLY_CONNECTED_U8_H
#define RUNE_FULLY_CONNECTED_U8_H

/* FULLY_CONNECTED of uint8. The input's zero point is part of the bias; the weights are stored as in conv_2d_i8.h.
   Unlike every other operator, this one is rounded once in TensorFlow Lite: the factor has the bits of a double. */

#include "kernels/fully_connected_i8.h"

typedef struct rune_fully_connected_u8_shape {
    int32_t batches;
    int32_t depth; /* inputs of one unit */
    int32_t units;
    int32_t weight_offset; /* to be added to every weight */
    int32_t multiplier_high, multiplier_low; /* 31 bits each: together a fraction of 2^62 */
    int32_t shift; /* to the right, of 31 bits less than the fraction has: 1 to 62 */
    int32_t zero_point;
    rune_limits_i8 limits;
} rune_fully_connected_u8_shape;

/* Rounded half away from zero. */
RUNE_KERNEL int32_t rune_fully_connected_u8_result(rune_fully_connected_u8_shape shape, int32_t sum)
{
    const uint32_t magnitude = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum;
    const uint64_t product = (uint64_t)magnitude * (uint32_t)shape.multiplier_high +
                             (((uint64_t)magnitude * (uint32_t)shape.multiplier_low) >> 31);
    const uint64_t rounded = (product + ((uint64_t)1 << (shape.shift - 1))) >> shape.shift;
    const int32_t most = 1 << 16; /* beyond all limits */
    const int32_t scaled = rounded > (uint64_t)most ? most : (int32_t)rounded;
    return rune_clamp_i8((sum < 0 ? -scaled : scaled) + shape.zero_point, shape.limits);
}

/* `weights` as in fully_connected_i8.h; `sums` has room for one of each unit. */
RUNE_KERNEL void rune_fully_connected_u8(rune_fully_connected_u8_shape shape, const int8_t *restrict weights,
                                         const int32_t *restrict biases, const uint8_t *restrict input,
                                         uint8_t *restrict output, int32_t *restrict sums)
{
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        int32_t extra = 0;
        if (shape.weight_offset) {
            for (int32_t i = 0; i < shape.depth; i++) {
                extra += input[i] - 128;
            }
            extra *= shape.weight_offset;
        }
        for (int32_t unit = 0; unit < shape.units; unit++) {
            sums[unit] = biases[unit] + extra;
        }
        rune_fully_connected_sums_u8(shape.depth, shape.units, weights, (const int8_t *)input, sums);
        for (int32_t unit = 0; unit < shape.units; unit++) {
            output[unit] = (uint8_t)rune_fully_connected_u8_result(shape, sums[unit]);
        }
        input += shape.depth;
        output += shape.units;
    }
}

#endif
