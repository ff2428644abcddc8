#ifndef RUNE_BINARY_8BIT_H
#define RUNE_BINARY_8BIT_H

/* ADD, SUB and MUL of int8 and uint8 with broadcasting, each with scales and zero points of its own. */

#include "kernels/binary.h"
#include "kernels/requantise.h"

typedef struct rune_operand_8bit {
    int32_t zero_point;
    int32_t multiplier, shift; /* to the scale that sums have; unused by products */
} rune_operand_8bit;

typedef struct rune_binary_8bit_shape {
    rune_binary_loop loops[RUNE_BINARY_LOOPS]; /* as in rune_broadcast */
    rune_operand_8bit first, second;
    int32_t multiplier, shift; /* to the output's scale */
    int32_t zero_point;
    rune_limits_i8 limits;
} rune_binary_8bit_shape;

/* As rune_requantise plus `offset`, for |x| < 2^30: every sum and product here. */
RUNE_KERNEL int32_t rune_requantise_small(int32_t x, int32_t multiplier, int32_t shift, int32_t offset)
{
    if (shift < 1) {
        return rune_requantise(x, multiplier, shift) + offset;
    }
    if (shift > 21) {
        return rune_requantise_doubled(x * 2, multiplier, shift, 1 << (shift - 1)) + offset;
    }
    return rune_requantise_doubled(x * 2, multiplier, shift, (1 << (shift - 1)) + offset * (1 << shift));
}

/* With 20 bits behind the point, in the scale that both operands share: twice that of the coarser, which is halved. */
RUNE_KERNEL int32_t rune_operand_8bit_value(int32_t stored, rune_operand_8bit operand)
{
    const int32_t x = stored - operand.zero_point;
    if (operand.multiplier == 1 << 30 && operand.shift == 0) {
        return x * (1 << 19);
    }
    return rune_requantise_small(x * (1 << 20), operand.multiplier, operand.shift, 0);
}

RUNE_KERNEL int32_t rune_add_8bit(int32_t a, int32_t b, rune_binary_8bit_shape shape)
{
    return rune_operand_8bit_value(a, shape.first) + rune_operand_8bit_value(b, shape.second);
}

RUNE_KERNEL int32_t rune_sub_8bit(int32_t a, int32_t b, rune_binary_8bit_shape shape)
{
    return rune_operand_8bit_value(a, shape.first) - rune_operand_8bit_value(b, shape.second);
}

RUNE_KERNEL int32_t rune_mul_8bit(int32_t a, int32_t b, rune_binary_8bit_shape shape)
{
    return (a - shape.first.zero_point) * (b - shape.second.zero_point);
}

/* Nearly every layer has its type's own limits, for which there are instructions. */
RUNE_KERNEL int32_t rune_limit_8bit(int32_t x, rune_limits_i8 limits)
{
#if defined(__ARM_FEATURE_DSP)
    if (limits.least == -128 && limits.greatest == 127) {
        return __ssat(x, 8);
    }
    if (limits.least == 0 && limits.greatest == 255) {
        return (int32_t)__usat(x, 8);
    }
#endif
    return rune_clamp_i8(x, limits);
}

RUNE_KERNEL int32_t rune_binary_8bit_result(int32_t x, rune_binary_8bit_shape shape)
{
    return rune_limit_8bit(rune_requantise_small(x, shape.multiplier, shape.shift, shape.zero_point), shape.limits);
}

#define RUNE_BINARY_8BIT_DEFINE(NAME, TYPE, OPERATION)                                                        \
    RUNE_KERNEL void NAME(rune_binary_8bit_shape shape, const TYPE *first, const TYPE *second, TYPE *output)  \
    {                                                                                                         \
        RUNE_BINARY_ALL(TYPE, rune_binary_8bit_result(OPERATION(a, b, shape), shape))                         \
    }

RUNE_BINARY_8BIT_DEFINE(rune_add_i8, int8_t, rune_add_8bit)
RUNE_BINARY_8BIT_DEFINE(rune_sub_i8, int8_t, rune_sub_8bit)
RUNE_BINARY_8BIT_DEFINE(rune_mul_i8, int8_t, rune_mul_8bit)
RUNE_BINARY_8BIT_DEFINE(rune_add_u8, uint8_t, rune_add_8bit)
RUNE_BINARY_8BIT_DEFINE(rune_sub_u8, uint8_t, rune_sub_8bit)
RUNE_BINARY_8BIT_DEFINE(rune_mul_u8, uint8_t, rune_mul_8bit)

#undef RUNE_BINARY_8BIT_DEFINE

#endif
