#ifndef RUNE_SUMS_I8_H
#define RUNE_SUMS_I8_H

/* Weighted sums of int8 for two output channels at two pixels at once, so that every operand that is loaded is used
   twice. The inputs of two pixels lie in two columns of int16, interleaved: four of the first, four of the second,
   as often as the depth, a multiple of four, requires. The weights of two channels are interleaved in the same way,
   in bytes; of four weights the middle two are exchanged, because the processor widens the even bytes of a word at
   once. */

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

/* The same of bytes without a sign. */
RUNE_KERNEL int16x2_t rune_even_unsigned_bytes(uint32_t word)
{
    int16x2_t halves;
    __asm__("uxtb16 %0, %1" : "=r"(halves) : "r"(word));
    return halves;
}

RUNE_KERNEL int16x2_t rune_odd_unsigned_bytes(uint32_t word)
{
    int16x2_t halves;
    __asm__("uxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(word));
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

/* Where value k of a column lies, counted from the column's first. */
RUNE_KERNEL int32_t rune_column_index(int32_t k)
{
    return 2 * k - (k & 3);
}

/* Four bytes to four values of a column, whose place is that of a multiple of four. */
RUNE_KERNEL void rune_widen_4(const int8_t *bytes, int16_t *place, int32_t is_unsigned)
{
#if defined(__ARM_FEATURE_DSP)
    const uint32_t word = rune_load_word(bytes);
    const int16x2_t even = is_unsigned ? rune_even_unsigned_bytes(word) : rune_even_bytes(word);
    const int16x2_t odd = is_unsigned ? rune_odd_unsigned_bytes(word) : rune_odd_bytes(word);
    int16x2_t low, high;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(even), "r"(odd));
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(odd), "r"(even));
    ((int16x2_t *)place)[0] = low;
    ((int16x2_t *)place)[1] = high;
#else
    for (int32_t i = 0; i < 4; i++) {
        place[i] = (int16_t)rune_byte_value(bytes[i], is_unsigned);
    }
#endif
}

/* Where value k + 1 lies, when value k lies at `place`. Loops walk this way rather than by rune_column_index: clang 22
   was seen to make vectors of the latter that wrote to the other column. */
RUNE_KERNEL int16_t *rune_next_place(int16_t *place, int32_t k)
{
    return place + ((k & 3) == 3 ? 5 : 1);
}

/* `count` bytes to the values of a column from k on. */
RUNE_KERNEL void rune_widen_i8(const int8_t *bytes, int16_t *column, int32_t k, int32_t count,
                               int32_t is_unsigned)
{
    int16_t *place = column + rune_column_index(k);
    for (int32_t i = 0; i < count; i++) {
        *place = (int16_t)rune_byte_value(bytes[i], is_unsigned);
        place = rune_next_place(place, k + i);
    }
}

/* The sum of the first `count` values of a column. */
RUNE_KERNEL int32_t rune_column_sum(const int16_t *column, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = count & ~3; i > 0; i -= 4) {
#if defined(__ARM_FEATURE_DSP)
        sum = __smlad(((const int16x2_t *)column)[0], 0x00010001, sum);
        sum = __smlad(((const int16x2_t *)column)[1], 0x00010001, sum);
#else
        sum += column[0] + column[1] + column[2] + column[3];
#endif
        column += 8;
    }
    for (int32_t i = 0; i < (count & 3); i++) {
        sum += column[i];
    }
    return sum;
}

#if defined(__ARM_FEATURE_DSP)
/* Two words, and on to the next two. Compilers rarely see that loads can be joined. */
#define RUNE_LOAD_TWO(FIRST, SECOND, POINTER)                                                                 \
    __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(FIRST), "=&r"(SECOND), "+r"(POINTER) : : "memory")
#define RUNE_SUMS_I8_STEP()                                                                                   \
    do {                                                                                                      \
        uint32_t w0, w1;                                                                                      \
        int16x2_t x0, x1, y0, y1;                                                                             \
        RUNE_LOAD_TWO(w0, w1, weights);                                                                       \
        RUNE_LOAD_TWO(x0, x1, columns);                                                                       \
        RUNE_LOAD_TWO(y0, y1, columns);                                                                       \
        int16x2_t u = rune_even_bytes(w0);                                                                    \
        sums.first_0 = __smlad(u, x0, sums.first_0);                                                          \
        sums.second_0 = __smlad(u, y0, sums.second_0);                                                        \
        u = rune_odd_bytes(w0);                                                                               \
        sums.first_0 = __smlad(u, x1, sums.first_0);                                                          \
        sums.second_0 = __smlad(u, y1, sums.second_0);                                                        \
        u = rune_even_bytes(w1);                                                                              \
        sums.first_1 = __smlad(u, x0, sums.first_1);                                                          \
        sums.second_1 = __smlad(u, y0, sums.second_1);                                                        \
        u = rune_odd_bytes(w1);                                                                               \
        sums.first_1 = __smlad(u, x1, sums.first_1);                                                          \
        sums.second_1 = __smlad(u, y1, sums.second_1);                                                        \
    } while (0)
#else
#define RUNE_SUMS_I8_DOT(x, w) (x[0] * w[0] + x[1] * w[2] + x[2] * w[1] + x[3] * w[3])
#define RUNE_SUMS_I8_STEP()                                                                                   \
    do {                                                                                                      \
        const int8_t *other = weights + 4;                                                                    \
        const int16_t *second = columns + 4;                                                                  \
        sums.first_0 += RUNE_SUMS_I8_DOT(columns, weights);                                                   \
        sums.second_0 += RUNE_SUMS_I8_DOT(second, weights);                                                   \
        sums.first_1 += RUNE_SUMS_I8_DOT(columns, other);                                                     \
        sums.second_1 += RUNE_SUMS_I8_DOT(second, other);                                                     \
        weights += 8, columns += 8;                                                                           \
    } while (0)
#endif

/* The sums of two channels over two columns of `depth` values, added to those that are given. */
RUNE_KERNEL rune_sums_i8 rune_sums_i8_2_by_2(const int8_t *weights, const int16_t *columns, int32_t depth,
                                             rune_sums_i8 sums)
{
    const int16_t *end = columns + 2 * (depth & ~15);
    while (columns != end) {
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
    }
    if (depth & 8) {
        RUNE_SUMS_I8_STEP();
        RUNE_SUMS_I8_STEP();
    }
    if (depth & 4) {
        RUNE_SUMS_I8_STEP();
    }
    return sums;
}

#undef RUNE_SUMS_I8_STEP

/* One channel over one column; from one word of its weights to the next are `stride` bytes. */
RUNE_KERNEL int32_t rune_sum_i8(const int8_t *weights, const int16_t *column, int32_t depth, int32_t stride,
                                int32_t sum)
{
    for (int32_t i = 0; i < depth; i += 4) {
#if defined(__ARM_FEATURE_DSP)
        const uint32_t word = *(const uint32_t *)weights;
        sum = __smlad(rune_even_bytes(word), ((const int16x2_t *)column)[0], sum);
        sum = __smlad(rune_odd_bytes(word), ((const int16x2_t *)column)[1], sum);
#else
        sum += RUNE_SUMS_I8_DOT(column, weights);
#endif
        weights += stride, column += 8;
    }
    return sum;
}

#undef RUNE_SUMS_I8_DOT

/* Shared by all layers: a call costs little beside the loops. EXTRA is what every sum over the first, and over the
   second, column has besides its bias. */
#define RUNE_COLUMNS_I8_DEFINE(NAME, LIMIT, EXTRA_0, EXTRA_1)                                                                   \
    static __attribute__((noinline, unused)) void NAME(                                                       \
        const int8_t *weights, const rune_channel_i8 *channels, int32_t count, int32_t depth,                 \
        const int16_t *columns, const int32_t *extra, rune_limits_i8 limits, int8_t *output, int32_t second)  \
    {                                                                                                         \
        (void)limits;                                                                                         \
        (void)extra;                                                                                          \
        const int8_t *const end = output + (count & ~1);                                                      \
        while (output != end) {                                                                               \
            const int32_t b0 = channels[0].bias, b1 = channels[1].bias;                                       \
            const rune_sums_i8 biases = {b0 + (EXTRA_0), b1 + (EXTRA_0), b0 + (EXTRA_1), b1 + (EXTRA_1)};     \
            const rune_sums_i8 sums = rune_sums_i8_2_by_2(weights, columns, depth, biases);                   \
            output[second] = (int8_t)LIMIT(rune_scaled_i8(sums.second_0, channels));                          \
            output[0] = (int8_t)LIMIT(rune_scaled_i8(sums.first_0, channels));                                \
            output[second + 1] = (int8_t)LIMIT(rune_scaled_i8(sums.second_1, channels + 1));                  \
            output[1] = (int8_t)LIMIT(rune_scaled_i8(sums.first_1, channels + 1));                            \
            weights += 2 * depth, channels += 2, output += 2;                                                 \
        }                                                                                                     \
        if (count & 1) {                                                                                      \
            const int32_t b0 = channels->bias;                                                                \
            const int32_t first_sum = rune_sum_i8(weights, columns, depth, 4, b0 + (EXTRA_0));                \
            const int32_t second_sum = rune_sum_i8(weights, columns + 4, depth, 4, b0 + (EXTRA_1));           \
            output[second] = (int8_t)LIMIT(rune_scaled_i8(second_sum, channels));                             \
            output[0] = (int8_t)LIMIT(rune_scaled_i8(first_sum, channels));                                   \
        }                                                                                                     \
    }

RUNE_KERNEL int32_t rune_scaled_i8(int32_t sum, const rune_channel_i8 *channel)
{
    return rune_requantise_doubled((int32_t)((uint32_t)sum << 1), channel->multiplier, channel->shift,
                                   channel->offset);
}

#define RUNE_CLAMP(x) rune_clamp_i8(x, limits)
RUNE_COLUMNS_I8_DEFINE(rune_columns_saturated_i8, rune_saturate_i8, 0, 0)
RUNE_COLUMNS_I8_DEFINE(rune_columns_clamped_i8, RUNE_CLAMP, 0, 0)
RUNE_COLUMNS_I8_DEFINE(rune_columns_saturated_u8, rune_saturate_u8, extra[0], extra[1])
RUNE_COLUMNS_I8_DEFINE(rune_columns_clamped_u8, RUNE_CLAMP, extra[0], extra[1])
#undef RUNE_CLAMP
#undef RUNE_COLUMNS_I8_DEFINE

/* All channels over two columns; the results of the second are written `second` bytes behind those of the first. With
   0 for that only the first column counts: its results replace the others. */
RUNE_KERNEL void rune_columns_i8(const int8_t *weights, const rune_channel_i8 *channels, int32_t count, int32_t depth,
                                 const int16_t *columns, rune_limits_i8 limits, int8_t *output, int32_t second)
{
    if (rune_has_own_limits_i8(limits)) {
        rune_columns_saturated_i8(weights, channels, count, depth, columns, 0, limits, output, second);
    } else {
        rune_columns_clamped_i8(weights, channels, count, depth, columns, 0, limits, output, second);
    }
}

/* The same to uint8, with something to add to all sums over each column. */
RUNE_KERNEL void rune_columns_u8(const int8_t *weights, const rune_channel_i8 *channels, int32_t count, int32_t depth,
                                 const int16_t *columns, const int32_t *extra, rune_limits_i8 limits, int8_t *output,
                                 int32_t second)
{
    if (rune_has_own_limits_u8(limits)) {
        rune_columns_saturated_u8(weights, channels, count, depth, columns, extra, limits, output, second);
    } else {
        rune_columns_clamped_u8(weights, channels, count, depth, columns, extra, limits, output, second);
    }
}

/* Either for multipliers that need the general form: rare, so it takes one channel and column at a time. */
static __attribute__((noinline, unused)) void rune_columns_general_i8(const int8_t *weights,
                                                                      const rune_channel_i8 *channels,
                                                                      int32_t count, int32_t depth,
                                                                      const int16_t *column, int32_t extra,
                                                                      rune_limits_i8 limits, int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t is_paired = (i | 1) < count;
        const int8_t *row = weights + (is_paired ? (i >> 1) * 2 * depth + (i & 1) * 4 : i * depth);
        const int32_t sum = rune_sum_i8(row, column, depth, is_paired ? 8 : 4, channels[i].bias + extra);
        output[i] = rune_channel_result_i8(sum, channels + i, limits, 1);
    }
}

#endif
