#ifndef RUNE_REQUANTISE_H
#define RUNE_REQUANTISE_H

/* From 32-bit sums to int8, or to uint8 in the same byte: multiplied by a real number that is given as a 31-bit fraction and a shift, rounded
   twice, as TensorFlow Lite Micro does it, moved to the output's zero point and clamped. */

#include "rune_kernel.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/* The limits of an int8 or uint8 output: its type's, or narrower ones of a fused activation. */
typedef struct rune_limits_i8 {
    int32_t least, greatest;
} rune_limits_i8;

/* What belongs to one output channel. There is a quick form for right shifts of 1 to 21 bits and sums below 2^30, which
   the compiler proves. */
typedef struct rune_channel_i8 {
    int32_t bias; /* with the input's zero point in it */
    int32_t multiplier; /* general: 2^30 to 2^31 - 1, or 0; quick: twice that, less 2^32 */
    int32_t shift; /* to the right; in the general form also to the left, then it is negative */
    int32_t offset; /* general: the zero point; quick: the rounding and the zero point before the shift */
} rune_channel_i8;

/* A stored byte: an int8, or a uint8. */
RUNE_KERNEL int32_t rune_byte_value(int8_t byte, int32_t is_unsigned)
{
    return is_unsigned ? (uint8_t)byte : byte;
}

/* x * multiplier / 2^31, rounded half up. Only the least integer squared would not fit: multipliers are positive. */
RUNE_KERNEL int32_t rune_multiply_high(int32_t x, int32_t multiplier)
{
    return (int32_t)(((int64_t)x * multiplier + (1 << 30)) >> 31);
}

/* x / 2^shift, rounded half away from zero; shift is 0 to 31. */
RUNE_KERNEL int32_t rune_divide_by_power(int32_t x, int32_t shift)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << shift) - 1);
    const int32_t remainder = x & mask;
    return (x >> shift) + (remainder > (mask >> 1) + (x < 0));
}

/* The general form; `shift` is to the right, to the left where it is negative. */
RUNE_KERNEL int32_t rune_requantise(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift < 0 ? -shift : 0;
    const int32_t right = shift < 0 ? 0 : shift;
    return rune_divide_by_power(rune_multiply_high((int32_t)((uint32_t)x << left), multiplier), right);
}

/* Where kernels are shared by all layers there are two of each: nearly every layer has the type's own limits. */
RUNE_KERNEL int32_t rune_has_own_limits_i8(rune_limits_i8 limits)
{
    return limits.least == -128 && limits.greatest == 127;
}

RUNE_KERNEL int32_t rune_has_own_limits_u8(rune_limits_i8 limits)
{
    return limits.least == 0 && limits.greatest == 255;
}

/* To the type's own limits. */
RUNE_KERNEL int32_t rune_saturate_i8(int32_t x)
{
#if defined(__ARM_FEATURE_DSP)
    return __ssat(x, 8);
#else
    x = x < -128 ? -128 : x;
    return x > 127 ? 127 : x;
#endif
}

RUNE_KERNEL int32_t rune_saturate_u8(int32_t x)
{
#if defined(__ARM_FEATURE_DSP)
    return (int32_t)__usat(x, 8);
#else
    x = x < 0 ? 0 : x;
    return x > 255 ? 255 : x;
#endif
}

RUNE_KERNEL int32_t rune_clamp_i8(int32_t x, rune_limits_i8 limits)
{
    x = x < limits.least ? limits.least : x;
    return x > limits.greatest ? limits.greatest : x;
}

/* The quick form after the product. y + (y >> 31) makes the shift that rounds half up round half away from zero. */
RUNE_KERNEL int32_t rune_shift_rounded(int32_t y, int32_t shift, int32_t offset)
{
    return (y + offset + (y >> 31)) >> shift;
}

/* The quick form: x * m / 2^31 is x + x * (2 m - 2^32) / 2^32, rounded half up in one instruction. */
RUNE_KERNEL int32_t rune_requantise_quick(int32_t x, int32_t multiplier, int32_t shift, int32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    int32_t y;
    __asm__("smmlar %0, %1, %2, %1" : "=r"(y) : "r"(x), "r"(multiplier));
#else
    const int32_t y = x + (int32_t)(((int64_t)x * multiplier + ((int64_t)1 << 31)) >> 32);
#endif
    return rune_shift_rounded(y, shift, offset);
}

/* The quick form for a sum that is already doubled, and the multiplier as it is. */
RUNE_KERNEL int32_t rune_requantise_doubled(int32_t doubled, int32_t multiplier, int32_t shift, int32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    int32_t y;
    __asm__("smmulr %0, %1, %2" : "=r"(y) : "r"(doubled), "r"(multiplier));
#else
    const int32_t y = (int32_t)(((int64_t)doubled * multiplier + ((int64_t)1 << 31)) >> 32);
#endif
    return rune_shift_rounded(y, shift, offset);
}

/* An int8 from a sum. `is_general` and whether the limits are the type's own are constants where it is inlined. */
RUNE_KERNEL int8_t rune_channel_result_i8(int32_t sum, const rune_channel_i8 *channel, rune_limits_i8 limits,
                                          int32_t is_general)
{
    if (is_general) {
        const int32_t scaled = rune_requantise(sum, channel->multiplier, channel->shift);
        return (int8_t)rune_clamp_i8((int32_t)((uint32_t)scaled + (uint32_t)channel->offset), limits);
    }
    return (int8_t)rune_clamp_i8(
        rune_requantise_quick(sum, channel->multiplier, channel->shift, channel->offset), limits);
}

#endif
