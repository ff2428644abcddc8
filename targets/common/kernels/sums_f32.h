#ifndef RUNE_SUMS_F32_H
#define RUNE_SUMS_F32_H

/* Weighted sums of one run of inputs for 8, 4, 2 or 1 outputs at once. Each sum is taken in index order, one
   multiplication and one addition after the other, so how many are taken at once changes no result; but an input
   is loaded once for all of them. The weights of a block of outputs lie together: those of the first input for
   each output, then those of the second, and so on. */

#include "rune_kernel.h"

typedef struct rune_sums8_f32 {
    float s0, s1, s2, s3, s4, s5, s6, s7;
} rune_sums8_f32;

/* The sums begin at the biases; `bias` may be NULL. */
RUNE_KERNEL rune_sums8_f32 rune_sums8_f32_begin(const float *bias)
{
    rune_sums8_f32 sums = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    if (bias) {
        sums.s0 = bias[0];
        sums.s1 = bias[1];
        sums.s2 = bias[2];
        sums.s3 = bias[3];
        sums.s4 = bias[4];
        sums.s5 = bias[5];
        sums.s6 = bias[6];
        sums.s7 = bias[7];
    }
    return sums;
}

RUNE_KERNEL rune_sums8_f32 rune_sums8_f32_add(rune_sums8_f32 sums, const float *restrict input,
                                          const float *restrict weights, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        sums.s0 += x * weights[0];
        sums.s1 += x * weights[1];
        sums.s2 += x * weights[2];
        sums.s3 += x * weights[3];
        sums.s4 += x * weights[4];
        sums.s5 += x * weights[5];
        sums.s6 += x * weights[6];
        sums.s7 += x * weights[7];
        weights += 8;
    }
    return sums;
}

RUNE_KERNEL void rune_sums8_f32_end(rune_sums8_f32 sums, rune_activation activation, float *output)
{
    output[0] = rune_activate_f32(sums.s0, activation);
    output[1] = rune_activate_f32(sums.s1, activation);
    output[2] = rune_activate_f32(sums.s2, activation);
    output[3] = rune_activate_f32(sums.s3, activation);
    output[4] = rune_activate_f32(sums.s4, activation);
    output[5] = rune_activate_f32(sums.s5, activation);
    output[6] = rune_activate_f32(sums.s6, activation);
    output[7] = rune_activate_f32(sums.s7, activation);
}

typedef struct rune_sums4_f32 {
    float s0, s1, s2, s3;
} rune_sums4_f32;

/* The sums begin at the biases; `bias` may be NULL. */
RUNE_KERNEL rune_sums4_f32 rune_sums4_f32_begin(const float *bias)
{
    rune_sums4_f32 sums = {0.0f, 0.0f, 0.0f, 0.0f};
    if (bias) {
        sums.s0 = bias[0];
        sums.s1 = bias[1];
        sums.s2 = bias[2];
        sums.s3 = bias[3];
    }
    return sums;
}

RUNE_KERNEL rune_sums4_f32 rune_sums4_f32_add(rune_sums4_f32 sums, const float *restrict input,
                                          const float *restrict weights, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        sums.s0 += x * weights[0];
        sums.s1 += x * weights[1];
        sums.s2 += x * weights[2];
        sums.s3 += x * weights[3];
        weights += 4;
    }
    return sums;
}

RUNE_KERNEL void rune_sums4_f32_end(rune_sums4_f32 sums, rune_activation activation, float *output)
{
    output[0] = rune_activate_f32(sums.s0, activation);
    output[1] = rune_activate_f32(sums.s1, activation);
    output[2] = rune_activate_f32(sums.s2, activation);
    output[3] = rune_activate_f32(sums.s3, activation);
}

typedef struct rune_sums2_f32 {
    float s0, s1;
} rune_sums2_f32;

/* The sums begin at the biases; `bias` may be NULL. */
RUNE_KERNEL rune_sums2_f32 rune_sums2_f32_begin(const float *bias)
{
    rune_sums2_f32 sums = {0.0f, 0.0f};
    if (bias) {
        sums.s0 = bias[0];
        sums.s1 = bias[1];
    }
    return sums;
}

RUNE_KERNEL rune_sums2_f32 rune_sums2_f32_add(rune_sums2_f32 sums, const float *restrict input,
                                          const float *restrict weights, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        sums.s0 += x * weights[0];
        sums.s1 += x * weights[1];
        weights += 2;
    }
    return sums;
}

RUNE_KERNEL void rune_sums2_f32_end(rune_sums2_f32 sums, rune_activation activation, float *output)
{
    output[0] = rune_activate_f32(sums.s0, activation);
    output[1] = rune_activate_f32(sums.s1, activation);
}

typedef struct rune_sums1_f32 {
    float s0;
} rune_sums1_f32;

/* The sums begin at the biases; `bias` may be NULL. */
RUNE_KERNEL rune_sums1_f32 rune_sums1_f32_begin(const float *bias)
{
    rune_sums1_f32 sums = {0.0f};
    if (bias) {
        sums.s0 = bias[0];
    }
    return sums;
}

RUNE_KERNEL rune_sums1_f32 rune_sums1_f32_add(rune_sums1_f32 sums, const float *restrict input,
                                          const float *restrict weights, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        sums.s0 += x * weights[0];
        weights += 1;
    }
    return sums;
}

RUNE_KERNEL void rune_sums1_f32_end(rune_sums1_f32 sums, rune_activation activation, float *output)
{
    output[0] = rune_activate_f32(sums.s0, activation);
}

#endif
