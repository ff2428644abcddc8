#ifndef RUNE_MEAN_H
#define RUNE_MEAN_H

/* MEAN over any dimensions. Those that stay and those that go are given apart; neighbours of one kind are joined, so
   there are at most four of each. */

#include "kernels/requantise.h"

typedef struct rune_mean_shape {
    int32_t kept[4], kept_strides[4]; /* from the outermost to the innermost, in the order of the output */
    int32_t reduced[4], reduced_strides[4]; /* in the order of the sum */
    int32_t count; /* elements in each mean */
} rune_mean_shape;

/* The sum of what belongs to one output, in the order of the input. */
#define RUNE_MEAN_DEFINE_SUM(TYPE, SUM, SUFFIX)                                                               \
    RUNE_KERNEL SUM rune_mean_sum_##SUFFIX(rune_mean_shape shape, const TYPE *input)                          \
    {                                                                                                         \
        SUM sum = 0;                                                                                          \
        for (int32_t i = 0; i < shape.reduced[0]; i++) {                                                      \
            const TYPE *a = input + i * shape.reduced_strides[0];                                             \
            for (int32_t j = 0; j < shape.reduced[1]; j++) {                                                  \
                const TYPE *b = a + j * shape.reduced_strides[1];                                             \
                for (int32_t k = 0; k < shape.reduced[2]; k++) {                                              \
                    const TYPE *c = b + k * shape.reduced_strides[2];                                         \
                    for (int32_t l = 0; l < shape.reduced[3]; l++) {                                          \
                        sum += *c;                                                                            \
                        c += shape.reduced_strides[3];                                                        \
                    }                                                                                         \
                }                                                                                             \
            }                                                                                                 \
        }                                                                                                     \
        return sum;                                                                                           \
    }

RUNE_MEAN_DEFINE_SUM(float, float, f32)
RUNE_MEAN_DEFINE_SUM(int8_t, int32_t, i8)
RUNE_MEAN_DEFINE_SUM(uint8_t, int32_t, u8)

#undef RUNE_MEAN_DEFINE_SUM

/* All outputs, with RESULT for what is stored of each `sum`. */
#define RUNE_MEAN_ALL(TYPE, SUM, SUFFIX, RESULT)                                                              \
    for (int32_t i = 0; i < shape.kept[0]; i++) {                                                             \
        const TYPE *a = input + i * shape.kept_strides[0];                                                    \
        for (int32_t j = 0; j < shape.kept[1]; j++) {                                                         \
            const TYPE *b = a + j * shape.kept_strides[1];                                                    \
            for (int32_t k = 0; k < shape.kept[2]; k++) {                                                     \
                const TYPE *c = b + k * shape.kept_strides[2];                                                \
                for (int32_t l = 0; l < shape.kept[3]; l++) {                                                 \
                    const SUM sum = rune_mean_sum_##SUFFIX(shape, c);                                         \
                    *output++ = RESULT;                                                                       \
                    c += shape.kept_strides[3];                                                               \
                }                                                                                             \
            }                                                                                                 \
        }                                                                                                     \
    }

RUNE_KERNEL void rune_mean_f32(rune_mean_shape shape, const float *restrict input, float *restrict output)
{
    RUNE_MEAN_ALL(float, float, f32, sum / (float)shape.count)
}

/* How sums become outputs: the multiplier has the division by the count in it. */
typedef struct rune_mean_scaling {
    int32_t offset; /* of all sums: the count times the input's zero point */
    int32_t multiplier, shift;
    int32_t zero_point;
    rune_limits_i8 limits;
} rune_mean_scaling;

RUNE_KERNEL int32_t rune_mean_result(int32_t sum, rune_mean_scaling scaling)
{
    return rune_clamp_i8(rune_requantise(sum - scaling.offset, scaling.multiplier, scaling.shift) + scaling.zero_point,
                         scaling.limits);
}

RUNE_KERNEL void rune_mean_i8(rune_mean_shape shape, rune_mean_scaling scaling, const int8_t *restrict input,
                              int8_t *restrict output)
{
    RUNE_MEAN_ALL(int8_t, int32_t, i8, (int8_t)rune_mean_result(sum, scaling))
}

RUNE_KERNEL void rune_mean_u8(rune_mean_shape shape, rune_mean_scaling scaling, const uint8_t *restrict input,
                              uint8_t *restrict output)
{
    RUNE_MEAN_ALL(uint8_t, int32_t, u8, (uint8_t)rune_mean_result(sum, scaling))
}

#undef RUNE_MEAN_ALL

#endif
