#ifndef RUNE_BINARY_I8_H
#define RUNE_BINARY_I8_H

/* ADD, SUB and MUL of int8 with broadcasting, each with scales and zero points of its own. */

#include "kernels/requantise.h"

/* An operand: from one index to the next along each dimension are `strides` elements, 0 where it is repeated. */
typedef struct rune_operand_i8 {
    int32_t strides[4];
    int32_t zero_point;
    int32_t multiplier, shift; /* to the scale that sums have; unused by products */
} rune_operand_i8;

typedef struct rune_binary_i8_shape {
    int32_t sizes[4];
    rune_operand_i8 first, second;
    int32_t multiplier, shift; /* to the output's scale */
    int32_t zero_point;
    rune_limits_i8 limits;
} rune_binary_i8_shape;

/* With 20 bits behind the point, in the scale that both operands share. */
RUNE_KERNEL int32_t rune_operand_value_i8(int8_t stored, rune_operand_i8 operand)
{
    return rune_requantise((stored - operand.zero_point) * (1 << 20), operand.multiplier, operand.shift);
}

RUNE_KERNEL int32_t rune_add_i8(int8_t a, int8_t b, rune_binary_i8_shape shape)
{
    return rune_operand_value_i8(a, shape.first) + rune_operand_value_i8(b, shape.second);
}

RUNE_KERNEL int32_t rune_sub_i8(int8_t a, int8_t b, rune_binary_i8_shape shape)
{
    return rune_operand_value_i8(a, shape.first) - rune_operand_value_i8(b, shape.second);
}

RUNE_KERNEL int32_t rune_mul_i8(int8_t a, int8_t b, rune_binary_i8_shape shape)
{
    return (a - shape.first.zero_point) * (b - shape.second.zero_point);
}

/* From the beginning of an operand to the row of given indices. */
RUNE_KERNEL int32_t rune_operand_row(rune_operand_i8 operand, int32_t i, int32_t j, int32_t k)
{
    return i * operand.strides[0] + j * operand.strides[1] + k * operand.strides[2];
}

#define RUNE_BINARY_I8_DEFINE(NAME, OPERATION)                                                                \
    RUNE_KERNEL void NAME(rune_binary_i8_shape shape, const int8_t *first, const int8_t *second,              \
                          int8_t *restrict output)                                                            \
    {                                                                                                         \
        for (int32_t i = 0; i < shape.sizes[0]; i++) {                                                        \
            for (int32_t j = 0; j < shape.sizes[1]; j++) {                                                    \
                for (int32_t k = 0; k < shape.sizes[2]; k++) {                                                \
                    const int8_t *a = first + rune_operand_row(shape.first, i, j, k);                         \
                    const int8_t *b = second + rune_operand_row(shape.second, i, j, k);                       \
                    for (int32_t l = 0; l < shape.sizes[3]; l++) {                                            \
                        const int32_t x = OPERATION(*a, *b, shape);                                           \
                        const int32_t y = rune_requantise(x, shape.multiplier, shape.shift);                  \
                        *output++ = (int8_t)rune_clamp_i8(y + shape.zero_point, shape.limits);                \
                        a += shape.first.strides[3], b += shape.second.strides[3];                            \
                    }                                                                                         \
                }                                                                                             \
            }                                                                                                 \
        }                                                                                                     \
    }

RUNE_BINARY_I8_DEFINE(rune_add_all_i8, rune_add_i8)
RUNE_BINARY_I8_DEFINE(rune_sub_all_i8, rune_sub_i8)
RUNE_BINARY_I8_DEFINE(rune_mul_all_i8, rune_mul_i8)

#undef RUNE_BINARY_I8_DEFINE

#endif
