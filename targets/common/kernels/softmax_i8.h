#ifndef RUNE_SOFTMAX_I8_H
#define RUNE_SOFTMAX_I8_H

/* SOFTMAX of int8 and uint8 in integers alone: exp and the reciprocal in fixed point, as gemmlowp defines them ("fixedpoint.h",
   the functions exp_on_negative_values and one_over_one_plus_x_for_x_in_0_1). A number "Qn" has n bits before the
   point, besides the sign, and 31 - n behind it. */

#include "kernels/requantise.h"

/* The product of two Q0, or of a Q0 and a Qn. */
RUNE_KERNEL int32_t rune_multiply_fixed(int32_t a, int32_t b)
{
    return rune_multiply_high(a, b);
}

/* x * 2^bits, kept within 32 bits. */
RUNE_KERNEL int32_t rune_shift_left_saturating(int32_t x, int32_t bits)
{
    const int32_t most = (int32_t)(((uint32_t)1 << (31 - bits)) - 1);
    if (x > most) {
        return INT32_MAX;
    }
    return x < -most ? INT32_MIN : (int32_t)((uint32_t)x << bits);
}

/* exp(a), Q0, for -1/4 <= a < 0, Q0: four terms of the series around -1/8. */
RUNE_KERNEL int32_t rune_exp_quarter(int32_t a)
{
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = rune_multiply_fixed(x, x);
    const int32_t x3 = rune_multiply_fixed(x2, x);
    const int32_t x4 = rune_multiply_fixed(x2, x2);
    const int32_t quarter = rune_divide_by_power(x4, 2);
    const int32_t tail = rune_divide_by_power(rune_multiply_fixed(quarter + x3, third) + x2, 1);
    return exp_of_minus_eighth + rune_multiply_fixed(exp_of_minus_eighth, x + tail);
}

/* exp(a), Q0, for a <= 0, Q5: the fraction of a quarter by the series, the rest by a product of known powers. */
static __attribute__((noinline, unused)) int32_t rune_exp_fixed(int32_t a)
{
    /* exp(-2^i), Q0, for i from -2 to 4 */
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    if (a == 0) {
        return INT32_MAX;
    }
    const int32_t fraction = (a & (quarter - 1)) - quarter;
    const int32_t rest = fraction - a;
    int32_t result = rune_exp_quarter(rune_shift_left_saturating(fraction, 5));
    for (int32_t i = 0; i < 7; i++) {
        if (rest & (quarter << i)) {
            result = rune_multiply_fixed(result, powers[i]);
        }
    }
    return result;
}

/* 1 / (1 + a), Q0, for 0 <= a < 1, Q0: three steps of Newton's method. */
static __attribute__((noinline, unused)) int32_t rune_reciprocal_fixed(int32_t a)
{
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + rune_multiply_fixed(half_denominator, -1010580540); /* Q2: 48/17 - 32/17 * half */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = (1 << 29) - rune_multiply_fixed(half_denominator, x);
        x += rune_shift_left_saturating(rune_multiply_fixed(x, error), 2);
    }
    return rune_shift_left_saturating(x, 1);
}

typedef struct rune_softmax_i8_shape {
    int32_t rows, depth;
    int32_t multiplier, shift; /* from a difference of inputs to Q5; the shift is to the left */
    int32_t least_difference; /* what is smaller counts as minus infinity */
} rune_softmax_i8_shape;

RUNE_KERNEL int32_t rune_softmax_i8_exp(rune_softmax_i8_shape shape, int32_t difference)
{
    const int32_t shifted = (int32_t)((uint32_t)difference << shape.shift);
    return rune_exp_fixed(rune_multiply_high(shifted, shape.multiplier));
}

/* Outputs of `bits` bits; scale 1 / 2^bits (of int16: almost) and the least zero point are understood. */
#define RUNE_SOFTMAX_I8_DEFINE(NAME, INPUT, TYPE, BITS, LEAST, GREATEST)                                      \
    RUNE_KERNEL void NAME(rune_softmax_i8_shape shape, const INPUT *restrict input, TYPE *restrict output)    \
    {                                                                                                         \
        for (int32_t row = 0; row < shape.rows; row++) {                                                      \
            int32_t greatest = input[0];                                                                      \
            for (int32_t i = 0; i < shape.depth; i++) {                                                       \
                greatest = input[i] > greatest ? input[i] : greatest;                                         \
            }                                                                                                 \
            int32_t sum = 0; /* Q12 */                                                                        \
            for (int32_t i = 0; i < shape.depth; i++) {                                                       \
                if (input[i] - greatest >= shape.least_difference) {                                          \
                    sum += rune_divide_by_power(rune_softmax_i8_exp(shape, input[i] - greatest), 12);         \
                }                                                                                             \
            }                                                                                                 \
            const int32_t zeros = __builtin_clz((uint32_t)sum);                                               \
            const int32_t scale = rune_reciprocal_fixed((int32_t)(((uint32_t)sum << zeros) - (1u << 31)));    \
            for (int32_t i = 0; i < shape.depth; i++) {                                                       \
                int32_t result = LEAST;                                                                       \
                if (input[i] - greatest >= shape.least_difference) {                                          \
                    const int32_t product =                                                                   \
                        rune_multiply_fixed(scale, rune_softmax_i8_exp(shape, input[i] - greatest));          \
                    result += rune_divide_by_power(product, 12 - zeros + 31 - (BITS));                        \
                }                                                                                             \
                output[i] = (TYPE)(result > (GREATEST) ? (GREATEST) : result);                                \
            }                                                                                                 \
            input += shape.depth;                                                                             \
            output += shape.depth;                                                                            \
        }                                                                                                     \
    }

RUNE_SOFTMAX_I8_DEFINE(rune_softmax_i8, int8_t, int8_t, 8, -128, 127)
RUNE_SOFTMAX_I8_DEFINE(rune_softmax_u8, uint8_t, uint8_t, 8, 0, 255)
RUNE_SOFTMAX_I8_DEFINE(rune_softmax_i8_i16, int8_t, int16_t, 16, -32768, 32767)

#undef RUNE_SOFTMAX_I8_DEFINE

#endif
