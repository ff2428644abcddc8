#ifndef RUNE_SVDF_F32_H
#define RUNE_SVDF_F32_H

/* SVDF of float32, with features of float32 or int8 (see hybrid.h): every filter weighs the newest input (features),
   remembers the results of some steps, and weighs those (time); an output is the sum, from the bias on, of as many
   filters as the rank says. The memory of each filter is a row of the state, the oldest step first. */

#include "kernels/fully_connected_f32.h"
#include "kernels/fully_connected_hybrid.h"

typedef struct rune_svdf_shape {
    int32_t batches;
    int32_t depth; /* inputs of one batch */
    int32_t units, rank;
    int32_t memory; /* steps */
    rune_activation activation;
} rune_svdf_shape;

/* One batch, when the newest result of each filter is known. */
RUNE_KERNEL void rune_svdf_f32_time(rune_svdf_shape shape, const float *restrict time, const float *restrict biases,
                                    const float *restrict newest, float *restrict output, float *restrict state)
{
    for (int32_t unit = 0; unit < shape.units; unit++) {
        float result = biases ? biases[unit] : 0.0f;
        for (int32_t i = 0; i < shape.rank; i++) {
            float sum = 0.0f;
            for (int32_t step = shape.memory - 1; step > 0; step--) {
                const float value = state[1];
                *state++ = value;
                sum += value * *time++;
            }
            const float value = *newest++;
            *state++ = value;
            sum += value * *time++;
            result += sum;
        }
        output[unit] = rune_activate_f32(result, shape.activation);
    }
}

/* `features` as in fully_connected_f32.h; `newest` has room for a value of each filter. */
RUNE_KERNEL void rune_svdf_f32(rune_svdf_shape shape, const float *restrict features, const float *restrict time,
                               const float *restrict biases, const float *restrict input, float *restrict output,
                               float *restrict state, float *restrict newest)
{
    const int32_t filters = shape.units * shape.rank;
    const rune_fully_connected_shape feature_shape = {1, shape.depth, filters, RUNE_ACTIVATION_NONE};
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        rune_fully_connected_f32(feature_shape, features, 0, input, newest);
        rune_svdf_f32_time(shape, time, biases, newest, output, state);
        input += shape.depth;
        output += shape.units;
        state += filters * shape.memory;
    }
}

/* `features` as in fully_connected_i8.h; `newest` has room for a value of each filter, and behind them for what
   rune_fully_connected_hybrid needs. */
RUNE_KERNEL void rune_svdf_hybrid(rune_svdf_shape shape, rune_hybrid_form form, const int8_t *restrict features,
                                  rune_hybrid_channels channels, const float *restrict time,
                                  const float *restrict biases, const float *restrict input, float *restrict output,
                                  float *restrict state, float *restrict newest)
{
    const int32_t filters = shape.units * shape.rank;
    const rune_fully_connected_hybrid_shape feature_shape = {1, shape.depth, filters, form, RUNE_ACTIVATION_NONE};
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        rune_fully_connected_hybrid(feature_shape, features, channels, input, newest,
                                    (int32_t *)(void *)(newest + filters));
        rune_svdf_f32_time(shape, time, biases, newest, output, state);
        input += shape.depth;
        output += shape.units;
        state += filters * shape.memory;
    }
}

#endif
