#ifndef RUNE_SVDF_I8_H
#define RUNE_SVDF_I8_H

/* SVDF of int8: every filter weighs the newest input (features), remembers the results of some steps, and weighs those
   (time); an output is the sum of as many filters as the rank says. The memory of each filter is a row of the state,
   the oldest step first. */

#include "kernels/fully_connected_i8.h"

typedef struct rune_svdf_i8_shape {
    int32_t batches;
    int32_t depth; /* inputs of one batch */
    int32_t units, rank;
    int32_t memory; /* steps */
    int32_t feature_multiplier, feature_shift; /* to the state's scale */
    int32_t state_zero_point;
    int32_t multiplier, shift; /* to the output's scale */
    int32_t zero_point;
    rune_limits_i8 limits;
} rune_svdf_i8_shape;

/* With a state, and weights of time, of int8 or int16. The features' biases have the input's zero point in them;
   `sums` has room for one of each filter. The state's zero point is added after its limits, and may wrap around. */
#define RUNE_SVDF_I8_DEFINE(NAME, STATE, LEAST, GREATEST)                                                     \
    RUNE_KERNEL void NAME(rune_svdf_i8_shape shape, const int8_t *restrict features,                          \
                          const int32_t *restrict feature_biases, const STATE *restrict time,                 \
                          const int32_t *restrict biases, const int8_t *restrict input,                       \
                          int8_t *restrict output, STATE *restrict state, int32_t *restrict sums)             \
    {                                                                                                         \
        const rune_limits_i8 state_limits = {LEAST, GREATEST};                                                \
        const int32_t filters = shape.units * shape.rank;                                                     \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            for (int32_t filter = 0; filter < filters; filter++) {                                            \
                sums[filter] = feature_biases[filter];                                                        \
            }                                                                                                 \
            rune_fully_connected_sums_i8(shape.depth, filters, features, input, sums);                        \
            const STATE *weight = time;                                                                       \
            const int32_t *feature = sums;                                                                    \
            for (int32_t unit = 0; unit < shape.units; unit++) {                                              \
                int32_t sum = biases ? biases[unit] : 0;                                                      \
                for (int32_t i = 0; i < shape.rank; i++) {                                                    \
                    const int32_t scaled =                                                                    \
                        rune_requantise(*feature++, shape.feature_multiplier, shape.feature_shift);           \
                    const STATE newest =                                                                      \
                        (STATE)(rune_clamp_i8(scaled, state_limits) + shape.state_zero_point);                \
                    for (int32_t step = shape.memory - 1; step > 0; step--) {                                 \
                        const STATE value = state[1];                                                         \
                        *state++ = value;                                                                     \
                        sum += (value - shape.state_zero_point) * *weight++;                                  \
                    }                                                                                         \
                    *state++ = newest;                                                                        \
                    sum += (newest - shape.state_zero_point) * *weight++;                                     \
                }                                                                                             \
                sum = rune_requantise(sum, shape.multiplier, shape.shift);                                    \
                *output++ = (int8_t)rune_clamp_i8(sum + shape.zero_point, shape.limits);                      \
            }                                                                                                 \
            input += shape.depth;                                                                             \
        }                                                                                                     \
    }

RUNE_SVDF_I8_DEFINE(rune_svdf_i8, int8_t, -128, 127)
RUNE_SVDF_I8_DEFINE(rune_svdf_i16, int16_t, -32768, 32767)

#undef RUNE_SVDF_I8_DEFINE

#endif
