#ifndef RUNE_HYBRID_H
#define RUNE_HYBRID_H

/* Hybrid operators have float inputs and outputs and int8 weights: the inputs of one batch are quantised by their own
   range, the sums are taken in integers, and results are reals again. As in TensorFlow Lite ("portable_tensor_utils",
   SymmetricQuantizeFloats and AsymmetricQuantizeFloats), which computes the asymmetric scale in double: here it is
   the sum of two floats. */

#include "kernels/requantise.h"

/* real = scale * (stored - zero_point) */
typedef struct rune_scaling {
    float scale;
    int32_t zero_point;
} rune_scaling;

/* How the inputs of a batch are quantised: with a zero point or without. */
typedef enum rune_hybrid_form {
    RUNE_HYBRID_SYMMETRIC,
    RUNE_HYBRID_ASYMMETRIC
} rune_hybrid_form;

RUNE_KERNEL uint32_t rune_float_bits(float x)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}

RUNE_KERNEL float rune_float_of_bits(uint32_t bits)
{
    float x;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}

/* The nearest integer, halves away from zero, of a number between -limit and limit, which others count as; a NaN
   counts as 0. */
RUNE_KERNEL int32_t rune_round_f32(float x, float limit)
{
    const float clamped = rune_clamp_f32(x == x ? x : 0.0f, -limit, limit);
    const int32_t whole = (int32_t)clamped;
    const float rest = clamped - (float)whole; /* exact */
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

/* The scale that gives the greatest magnitude 127; no zero point. */
static __attribute__((noinline, unused)) rune_scaling rune_quantise_symmetric(const float *input, int32_t count,
                                                                              int8_t *output)
{
    float range = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        const float magnitude = input[i] < 0.0f ? -input[i] : input[i];
        range = range < magnitude ? magnitude : range;
    }
    const float inverse = range == 0.0f ? 0.0f : 127.0f / range;
    for (int32_t i = 0; i < count; i++) {
        output[i] = (int8_t)rune_round_f32(input[i] * inverse, 127.0f);
    }
    return (rune_scaling){range == 0.0f ? 1.0f : range / 127.0f, 0};
}

/* Whether the zero point `count` - 128 is nearer than the next one: x / (scale + rest / 255) against count + 1/2. No
   step but the last product is rounded: `count` times either half of the scale's 24 bits is exact, and so is the
   difference of what is all but equal. Exact halves go away from 0, as for a range of -1 to 1 they do in TensorFlow
   Lite; for a few other ranges of this kind the rounding errors of its doubles decide. */
RUNE_KERNEL int32_t rune_is_nearer_below(float x, int32_t count, float scale, float rest)
{
    const float half = (float)count + 0.5f;
    const float high = rune_float_of_bits(rune_float_bits(scale) & 0xFFFFF000u);
    const float low = scale - high;
    const float left = 255.0f * ((x - half * high) - half * low), right = half * rest;
    return count < 128 ? left <= right : left < right;
}

/* The range of the input with 0 in it, from -128 to 127. */
static __attribute__((noinline, unused)) rune_scaling rune_quantise_asymmetric(const float *input, int32_t count,
                                                                               int8_t *output)
{
    float below = 0.0f, above = 0.0f; /* how far the range reaches to either side of 0 */
    for (int32_t i = 0; i < count; i++) {
        below = input[i] < -below ? -input[i] : below;
        above = above < input[i] ? input[i] : above;
    }
    rune_scaling scaling = {1.0f, 0};
    float inverse = 0.0f;
    const float range = above + below;
    if (range > 0.0f) {
        /* What the sum has lost to rounding. */
        const float added = range - above;
        const float lost = (above - (range - added)) + (below - added);
        float scale = range / 255.0f;
        /* 255 * scale as 256 * scale - scale: every step is exact. */
        float rest = (range - scale * 256.0f) + scale + lost;
        const float up = rune_float_of_bits(rune_float_bits(scale) + 1u);
        const float down = rune_float_of_bits(rune_float_bits(scale) - 1u);
        if (rest > (up - scale) * 127.5f) {
            rest -= (up - scale) * 255.0f;
            scale = up;
        } else if (rest < (down - scale) * 127.5f) {
            rest -= (down - scale) * 255.0f;
            scale = down;
        }
        const int32_t whole = rune_round_f32(below / scale - 0.5f, 254.0f);
        scaling.scale = scale;
        scaling.zero_point = whole + !rune_is_nearer_below(below, whole, scale, rest) - 128;
        inverse = 1.0f / scale;
    }
    for (int32_t i = 0; i < count; i++) {
        const float moved = (float)scaling.zero_point + input[i] * inverse;
        const int32_t rounded = rune_round_f32(moved, 128.0f);
        output[i] = (int8_t)(rounded > 127 ? 127 : rounded);
    }
    return scaling;
}

RUNE_KERNEL rune_scaling rune_quantise_batch(rune_hybrid_form form, const float *input, int32_t count,
                                             int8_t *output)
{
    return form == RUNE_HYBRID_ASYMMETRIC ? rune_quantise_asymmetric(input, count, output)
                                          : rune_quantise_symmetric(input, count, output);
}

/* What belongs to the output channels. */
typedef struct rune_hybrid_channels {
    const float *scales; /* of the weights */
    const float *bias; /* may be NULL */
    const int32_t *weight_sums; /* NULL where inputs have no zero point */
    int32_t has_one_scale; /* for all channels */
} rune_hybrid_channels;

/* A real from a channel's sum of stored inputs times weights. */
RUNE_KERNEL float rune_hybrid_result(int32_t sum, rune_hybrid_channels channels, int32_t channel,
                                     rune_scaling input, rune_activation activation)
{
    if (channels.weight_sums) {
        sum -= input.zero_point * channels.weight_sums[channel];
    }
    float result = (float)sum * (channels.scales[channels.has_one_scale ? 0 : channel] * input.scale);
    if (channels.bias) {
        result += channels.bias[channel];
    }
    return rune_activate_f32(result, activation);
}

#endif
