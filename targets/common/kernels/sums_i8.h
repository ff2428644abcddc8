#ifndef RUNE_SUMS_I8_H
#define RUNE_SUMS_I8_H

/* Weighted sums of int8 for two output channels at two pixels at once, so that every operand that is loaded is used
   twice. The inputs of a pixel lie in a column of int16 in their order, a multiple of four long. The weights of two
   channels are interleaved, four bytes of the first, four of the second; of four weights the middle two are
   exchanged, because the processor widens the even bytes of a word at once. */

#include "kernels/requantise.h"

typedef struct rune_sums_i8 {
    int32_t first_0, first_1; /* the first pixel, channels 0 and 1 */
    int32_t second_0, second_1; /* the second pixel */
} rune_sums_i8;

#if defined(__ARM_FEATURE_DSP)

RUNE_KERNEL int16x2_t rune_even_bytes(uint32_t word)
{
    return __sxtb16((int8x4_t)word);
}

/* Compilers do not join the rotation and the widening by themselves. */
RUNE_KERNEL int16x2_t rune_odd_bytes(uint32_t word)
{
    int16x2_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(word));
    return halves;
}

/* Words that need not lie on a multiple of four. */
RUNE_KERNEL uint32_t rune_load_word(const int8_t *bytes)
{
    uint32_t word;
    __builtin_memcpy(&word, bytes, 4);
    return word;
}

#endif

/* Four bytes to four int16 in their order; `column` lies on a multiple of four. */
RUNE_KERNEL void rune_widen_4(const int8_t *bytes, int16_t *column)
{
#if defined(__ARM_FEATURE_DSP)
    const uint32_t word = rune_load_word(bytes);
    const uint32_t even = (uint32_t)rune_even_bytes(word);
    const uint32_t odd = (uint32_t)rune_odd_bytes(word);
    ((uint32_t *)column)[0] = (even & 0xffffu) | (odd << 16);
    ((uint32_t *)column)[1] = (even >> 16) | (odd & 0xffff0000u);
#else
    for (int32_t i = 0; i < 4; i++) {
        column[i] = bytes[i];
    }
#endif
}

/* `count` bytes to int16; `column` need not lie on a multiple of four. */
RUNE_KERNEL void rune_widen_i8(const int8_t *bytes, int16_t *column, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        column[i] = bytes[i];
    }
}

#if defined(__ARM_FEATURE_DSP)
#define RUNE_SUMS_I8_STEP()                                                                                   \
    do {                                                                                                      \
        const uint32_t w0 = ((const uint32_t *)weights)[0], w1 = ((const uint32_t *)weights)[1];              \
        const int16x2_t x0 = ((const int16x2_t *)first)[0], x1 = ((const int16x2_t *)first)[1];               \
        const int16x2_t y0 = ((const int16x2_t *)second)[0], y1 = ((const int16x2_t *)second)[1];             \
        int16x2_t u = rune_even_bytes(w0), v = rune_even_bytes(w1);                                           \
        sums.first_0 = __smlad(u, x0, sums.first_0);                                                          \
        sums.second_0 = __smlad(u, y0, sums.second_0);                                                        \
        sums.first_1 = __smlad(v, x0, sums.first_1);                                                          \
        sums.second_1 = __smlad(v, y0, sums.second_1);                                                        \
        u = rune_odd_bytes(w0), v = rune_odd_bytes(w1);                                                       \
        sums.first_0 = __smlad(u, x1, sums.first_0);                                                          \
        sums.second_0 = __smlad(u, y1, sums.second_0);                                                        \
        sums.first_1 = __smlad(v, x1, sums.first_1);                                                          \
        sums.second_1 = __smlad(v, y1, sums.second_1);                                                        \
        weights += 8, first += 4, second += 4;                                                                \
    } while (0)
#else
#define RUNE_SUMS_I8_DOT(x, w) (x[0] * w[0] + x[1] * w[2] + x[2] * w[1] + x[3] * w[3])
#define RUNE_SUMS_I8_STEP()                                                                                   \
    do {                                                                                                      \
        const int8_t *other = weights + 4;                                                                    \
        sums.first_0 += RUNE_SUMS_I8_DOT(first, weights);                                                     \
        sums.second_0 += RUNE_SUMS_I8_DOT(second, weights);                                                   \
        sums.first_1 += RUNE_SUMS_I8_DOT(first, other);                                                       \
        sums.second_1 += RUNE_SUMS_I8_DOT(second, other);                                                     \
        weights += 8, first += 4, second += 4;                                                                \
    } while (0)
#endif

/* The sums of two channels over two columns of `depth` values, which is a multiple of four. */
RUNE_KERNEL rune_sums_i8 rune_sums_i8_2_by_2(const int8_t *weights, const int16_t *first, const int16_t *second,
                                             int32_t depth, int32_t bias_0, int32_t bias_1)
{
    rune_sums_i8 sums = {bias_0, bias_1, bias_0, bias_1};
    const int16_t *end = first + (depth & ~15);
    while (first != end) {
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
    }
    end += depth & 12;
    while (first != end) {
        RUNE_SUMS_I8_STEP();
    }
    return sums;
}

#undef RUNE_SUMS_I8_STEP

/* One channel over one column. */
RUNE_KERNEL int32_t rune_sum_i8(const int8_t *weights, const int16_t *column, int32_t depth, int32_t stride,
                                int32_t sum)
{
    for (int32_t i = 0; i < depth; i += 4) {
#if defined(__ARM_FEATURE_DSP)
        const uint32_t word = *(const uint32_t *)weights;
        sum = __smlad(rune_even_bytes(word), ((const int16x2_t *)(column + i))[0], sum);
        sum = __smlad(rune_odd_bytes(word), ((const int16x2_t *)(column + i))[1], sum);
#else
        const int16_t *x = column + i;
        sum += RUNE_SUMS_I8_DOT(x, weights);
#endif
        weights += stride;
    }
    return sum;
}

#undef RUNE_SUMS_I8_DOT

/* All channels over two columns; the second column may be the first again, and its results then be written twice.
   Shared by all layers: a call costs little beside the loops. */
static __attribute__((noinline, unused)) void rune_columns_i8(const int8_t *weights,
                                                              const rune_channel_i8 *channels, int32_t count,
                                                              int32_t depth, const int16_t *first,
                                                              const int16_t *second, rune_limits_i8 limits,
                                                              int8_t *output, int8_t *second_output)
{
    const int8_t *const end = output + (count & ~1);
    while (output != end) {
        const rune_sums_i8 sums =
            rune_sums_i8_2_by_2(weights, first, second, depth, channels[0].bias, channels[1].bias);
        output[0] = rune_channel_result_i8(sums.first_0, channels, limits, 0);
        second_output[0] = rune_channel_result_i8(sums.second_0, channels, limits, 0);
        output[1] = rune_channel_result_i8(sums.first_1, channels + 1, limits, 0);
        second_output[1] = rune_channel_result_i8(sums.second_1, channels + 1, limits, 0);
        weights += 2 * depth, channels += 2, output += 2, second_output += 2;
    }
    if (count & 1) {
        *output = rune_channel_result_i8(rune_sum_i8(weights, first, depth, 4, channels->bias), channels, limits, 0);
        *second_output =
            rune_channel_result_i8(rune_sum_i8(weights, second, depth, 4, channels->bias), channels, limits, 0);
    }
}

/* The same for multipliers that need the general form: rare, so it takes one channel and column at a time. */
static __attribute__((noinline, unused)) void rune_columns_general_i8(const int8_t *weights,
                                                                      const rune_channel_i8 *channels,
                                                                      int32_t count, int32_t depth,
                                                                      const int16_t *column,
                                                                      rune_limits_i8 limits, int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t is_paired = (i | 1) < count;
        const int8_t *row = weights + (is_paired ? (i >> 1) * 2 * depth + (i & 1) * 4 : i * depth);
        const int32_t sum = rune_sum_i8(row, column, depth, is_paired ? 8 : 4, channels[i].bias);
        output[i] = rune_channel_result_i8(sum, channels + i, limits, 1);
    }
}

#endif
