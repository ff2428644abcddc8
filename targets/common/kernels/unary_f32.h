#ifndef RUNE_UNARY_F32_H
#define RUNE_UNARY_F32_H

/* Functions of float32, element by element; input and output may be one buffer. A NaN stays a NaN. */

#include "rune_kernel.h"
#include "rune_math.h"

RUNE_KERNEL float rune_relu_one_f32(float x)
{
    return rune_activate_f32(x, RUNE_ACTIVATION_RELU);
}

RUNE_KERNEL float rune_relu6_one_f32(float x)
{
    return rune_activate_f32(x, RUNE_ACTIVATION_RELU6);
}

RUNE_KERNEL float rune_hard_swish_one_f32(float x)
{
    return x * rune_clamp_f32(x + 3.0f, 0.0f, 6.0f) / 6.0f;
}

/* exp(x) alone is exact enough where 1 + exp(x) is nearly 1, and does not lose its small results. */
RUNE_KERNEL float rune_logistic_one_f32(float x)
{
    return x < -9.0f ? rf_expf(x) : 1.0f / (1.0f + rf_expf(-x));
}

RUNE_KERNEL float rune_tanh_one_f32(float x)
{
    return rf_tanhf(x);
}

#define RUNE_UNARY_F32_DEFINE(NAME, FUNCTION)                                                                 \
    RUNE_KERNEL void NAME(int32_t count, const float *input, float *output)                                   \
    {                                                                                                         \
        RUNE_ROLLED                                                                                           \
        for (int32_t i = 0; i < count; i++) {                                                                 \
            output[i] = FUNCTION(input[i]);                                                                   \
        }                                                                                                     \
    }

RUNE_UNARY_F32_DEFINE(rune_relu_f32, rune_relu_one_f32)
RUNE_UNARY_F32_DEFINE(rune_relu6_f32, rune_relu6_one_f32)
RUNE_UNARY_F32_DEFINE(rune_hard_swish_f32, rune_hard_swish_one_f32)
RUNE_UNARY_F32_DEFINE(rune_logistic_f32, rune_logistic_one_f32)
RUNE_UNARY_F32_DEFINE(rune_tanh_f32, rune_tanh_one_f32)

#undef RUNE_UNARY_F32_DEFINE

/* `alpha` may be greater than 1 or negative. */
RUNE_KERNEL void rune_leaky_relu_f32(int32_t count, float alpha, const float *input, float *output)
{
    RUNE_ROLLED
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x > 0.0f ? x : x * alpha;
    }
}

#endif
