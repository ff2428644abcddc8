#ifndef RUNE_SUMS_I8_H
#define RUNE_SUMS_I8_H

/* Weighted sums of int8 weights for two output channels at two pixels at once, so that every operand that is loaded is used
   twice. The inputs of two pixels lie in two columns of int16, interleaved: four of the first, four of the second, as
   often as the depth, a multiple of four, requires. The processor widens the even bytes of a word at once, and the odd
   ones: so of four values in a column the middle two are exchanged. The weights of two channels are interleaved in the
   same way, in bytes, in their own order. */

#include <stddef.h>

#include "kernels/requantise.h"

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

/* Where value i of four lies. */
RUNE_KERNEL int32_t rune_column_place(int32_t i)
{
    return (i & 1) << 1 | i >> 1;
}

/* Four bytes, which need not lie on a multiple of four, to four values of a column; on to the next four. */
#if defined(__ARM_FEATURE_DSP)
#define RUNE_WIDEN_4(EXTEND)                                                                                  \
    do {                                                                                                      \
        int16x2_t even, odd;                                                                                  \
        __asm__ volatile("ldr %[even], [%[bytes]], #4\n" EXTEND " %[odd], %[even], ror #8\n" EXTEND           \
                         " %[even], %[even]\n"                                                                \
                         "strd %[even], %[odd], [%[to]], #16\n"                                               \
                         : [bytes] "+&r"(bytes), [to] "+&r"(to), [even] "=&r"(even), [odd] "=&r"(odd)         \
                         :                                                                                    \
                         : "memory");                                                                         \
    } while (0)
#else
#define RUNE_WIDEN_4(EXTEND)                                                                                  \
    do {                                                                                                      \
        for (int32_t i = 0; i < 4; i++) {                                                                     \
            to[rune_column_place(i)] = (int16_t)rune_byte_value(bytes[i], is_unsigned);                       \
        }                                                                                                     \
        bytes += 4, to += 8;                                                                                  \
    } while (0)
#endif

/* `count` bytes, a multiple of four, to the values of a column from `to` on; returns where the next ones go. */
RUNE_KERNEL int16_t *rune_widen_i8(const int8_t *bytes, int16_t *to, int32_t count, int32_t is_unsigned)
{
    const int8_t *const end = bytes + count;
    if (is_unsigned) {
#pragma GCC unroll 4
        while (bytes != end) {
            RUNE_WIDEN_4("uxtb16");
        }
    } else {
#pragma GCC unroll 4
        while (bytes != end) {
            RUNE_WIDEN_4("sxtb16");
        }
    }
    return to;
}

#undef RUNE_WIDEN_4

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
        sum += column[rune_column_place(i)];
    }
    return sum;
}

/* What all channels over two columns need; in this order for the code below. */
typedef struct rune_columns_i8 {
    const rune_channel_i8 *channels;
    int8_t *output; /* of the first column; moves on */
    int32_t second; /* bytes from there to the output of the second column */
    const int16_t *columns, *columns_end;
    const int8_t *output_end; /* of the pairs of channels */
    rune_limits_i8 limits;
    int32_t extra[2]; /* what all sums over the first, and over the second column have besides their bias; of uint8 */
} rune_columns_i8;

RUNE_KERNEL int32_t rune_scaled_i8(int32_t sum, const rune_channel_i8 *channel)
{
    return rune_requantise_quick(sum, channel->multiplier, channel->shift, channel->offset);
}

#if defined(__ARM_FEATURE_DSP)

/* Written by hand: it needs all registers, and a compiler that runs out of them in the inner loop loses a third. */
#define RUNE_COLUMNS_STEP                                                                                     \
    "ldrd %[w0], %[w1], [%[weights]], #8\n"                                                                   \
    "ldrd %[x0], %[x1], [%[column]], #8\n"                                                                    \
    "ldrd %[y0], %[y1], [%[column]], #8\n"                                                                    \
    "sxtb16 %[u], %[w0]\n"                                                                                    \
    "sxtb16 %[w0], %[w0], ror #8\n"                                                                           \
    "smlad %[first_0], %[u], %[x0], %[first_0]\n"                                                             \
    "smlad %[second_0], %[u], %[y0], %[second_0]\n"                                                           \
    "smlad %[first_0], %[w0], %[x1], %[first_0]\n"                                                            \
    "smlad %[second_0], %[w0], %[y1], %[second_0]\n"                                                          \
    "sxtb16 %[u], %[w1]\n"                                                                                    \
    "sxtb16 %[w1], %[w1], ror #8\n"                                                                           \
    "smlad %[first_1], %[u], %[x0], %[first_1]\n"                                                             \
    "smlad %[second_1], %[u], %[y0], %[second_1]\n"                                                           \
    "smlad %[first_1], %[w1], %[x1], %[first_1]\n"                                                            \
    "smlad %[second_1], %[w1], %[y1], %[second_1]\n"
#define RUNE_COLUMNS_STEPS_1 RUNE_COLUMNS_STEP
#define RUNE_COLUMNS_STEPS_2 RUNE_COLUMNS_STEP RUNE_COLUMNS_STEP
#define RUNE_COLUMNS_STEPS_4 RUNE_COLUMNS_STEPS_2 RUNE_COLUMNS_STEPS_2
#define RUNE_COLUMNS_SATURATE(SUM) "ssat %[" SUM "], #8, %[" SUM "]\n"
#define RUNE_COLUMNS_SATURATE_U8(SUM) "usat %[" SUM "], #8, %[" SUM "]\n"
/* w0, w1 and u are taken by then, x1 and y0 are free after the shift. */
#define RUNE_COLUMNS_CLAMP(SUM)                                                                               \
    "ldrd %[y1], %[column], [%[job], #24]\n"                                                                  \
    "cmp %[" SUM "], %[y1]\nit lt\nmovlt %[" SUM "], %[y1]\n"                                                 \
    "cmp %[" SUM "], %[column]\nit gt\nmovgt %[" SUM "], %[column]\n"
#define RUNE_COLUMNS_RESULT(SUM, LIMIT)                                                                       \
    "smmlar %[" SUM "], %[" SUM "], %[x0], %[" SUM "]\n"                                                      \
    "add %[y1], %[" SUM "], %[y0]\n"                                                                          \
    "add %[" SUM "], %[y1], %[" SUM "], asr #31\n"                                                            \
    "asr %[" SUM "], %[" SUM "], %[x1]\n" LIMIT(SUM)
#define RUNE_COLUMNS_NO_EXTRA ""
#define RUNE_COLUMNS_EXTRA                                                                                    \
    "ldrd %[x0], %[x1], [%[job], #32]\n"                                                                      \
    "add %[first_0], %[x0]\n"                                                                                 \
    "add %[first_1], %[x0]\n"                                                                                 \
    "add %[second_0], %[x1]\n"                                                                                \
    "add %[second_1], %[x1]\n"
#define RUNE_COLUMNS_PAIRS(STEPS, EXTRA, LIMIT)                                                               \
    do {                                                                                                      \
        int32_t first_0, first_1, second_0, second_1, w0, w1, x0, x1, y0, y1, u;                              \
        const int16_t *column;                                                                                \
        __asm__ volatile("1: ldr %[u], [%[job]]\n"                                                            \
                         "ldr %[column], [%[job], #12]\n"                                                     \
                         "ldr %[first_0], [%[u]]\n"                                                           \
                         "ldr %[first_1], [%[u], #16]\n"                                                      \
                         "mov %[second_0], %[first_0]\n"                                                      \
                         "mov %[second_1], %[first_1]\n"                                                      \
                         EXTRA "2:\n" STEPS                                                                     \
                         "ldr %[u], [%[job], #16]\n"                                                          \
                         "cmp %[column], %[u]\n"                                                              \
                         "bne 2b\n"                                                                           \
                         "ldrd %[w0], %[w1], [%[job]]\n"                                                      \
                         "ldr %[u], [%[job], #8]\n"                                                           \
                         "ldrd %[x0], %[x1], [%[w0], #4]\n"                                                   \
                         "ldr %[y0], [%[w0], #12]\n"                                                          \
                         RUNE_COLUMNS_RESULT("second_0", LIMIT)                                               \
                         "strb %[second_0], [%[w1], %[u]]\n"                                                  \
                         RUNE_COLUMNS_RESULT("first_0", LIMIT)                                                \
                         "strb %[first_0], [%[w1]], #1\n"                                                     \
                         "ldrd %[x0], %[x1], [%[w0], #20]\n"                                                  \
                         "ldr %[y0], [%[w0], #28]\n"                                                          \
                         RUNE_COLUMNS_RESULT("second_1", LIMIT)                                               \
                         "strb %[second_1], [%[w1], %[u]]\n"                                                  \
                         RUNE_COLUMNS_RESULT("first_1", LIMIT)                                                \
                         "strb %[first_1], [%[w1]], #1\n"                                                     \
                         "add %[w0], %[w0], #32\n"                                                            \
                         "strd %[w0], %[w1], [%[job]]\n"                                                      \
                         "ldr %[u], [%[job], #20]\n"                                                          \
                         "cmp %[w1], %[u]\n"                                                                  \
                         "bne 1b\n"                                                                           \
                         : [weights] "+&r"(weights), [column] "=&r"(column), [first_0] "=&r"(first_0),        \
                           [first_1] "=&r"(first_1), [second_0] "=&r"(second_0),                              \
                           [second_1] "=&r"(second_1), [w0] "=&r"(w0), [w1] "=&r"(w1), [x0] "=&r"(x0),        \
                           [x1] "=&r"(x1), [y0] "=&r"(y0), [y1] "=&r"(y1), [u] "=&r"(u)                       \
                         : [job] "r"(job)                                                                     \
                         : "cc", "memory");                                                                   \
    } while (0)
_Static_assert(offsetof(rune_columns_i8, second) == 8 && offsetof(rune_columns_i8, limits) == 24 &&
                   offsetof(rune_columns_i8, extra) == 32,
               "as used above");
_Static_assert(sizeof(rune_channel_i8) == 16 && offsetof(rune_channel_i8, multiplier) == 4, "as used above");

#else

#define RUNE_COLUMNS_STEPS_1
#define RUNE_COLUMNS_STEPS_2
#define RUNE_COLUMNS_STEPS_4
#define RUNE_COLUMNS_SATURATE(x) rune_saturate_i8(x)
#define RUNE_COLUMNS_SATURATE_U8(x) rune_saturate_u8(x)
#define RUNE_COLUMNS_CLAMP(x) rune_clamp_i8((x), job->limits)
#define RUNE_COLUMNS_DOT(x, w) ((x)[0] * (w)[0] + (x)[1] * (w)[2] + (x)[2] * (w)[1] + (x)[3] * (w)[3])
#define RUNE_COLUMNS_NO_EXTRA 0
#define RUNE_COLUMNS_EXTRA 1
#define RUNE_COLUMNS_PAIRS(STEPS, EXTRA, LIMIT)                                                               \
    for (; job->output != job->output_end; job->output += 2, job->channels += 2) {                            \
        const rune_channel_i8 *const channels = job->channels;                                                \
        int32_t first_0 = channels[0].bias, first_1 = channels[1].bias;                                       \
        int32_t second_0 = first_0 + (EXTRA) * job->extra[1], second_1 = first_1 + (EXTRA) * job->extra[1];   \
        first_0 += (EXTRA) * job->extra[0], first_1 += (EXTRA) * job->extra[0];                               \
        for (const int16_t *column = job->columns; column != job->columns_end; column += 8, weights += 8) {   \
            first_0 += RUNE_COLUMNS_DOT(column, weights);                                                     \
            second_0 += RUNE_COLUMNS_DOT(column + 4, weights);                                                \
            first_1 += RUNE_COLUMNS_DOT(column, weights + 4);                                                 \
            second_1 += RUNE_COLUMNS_DOT(column + 4, weights + 4);                                            \
        }                                                                                                     \
        job->output[job->second] = (int8_t)LIMIT(rune_scaled_i8(second_0, channels));                         \
        job->output[0] = (int8_t)LIMIT(rune_scaled_i8(first_0, channels));                                    \
        job->output[job->second + 1] = (int8_t)LIMIT(rune_scaled_i8(second_1, channels + 1));                 \
        job->output[1] = (int8_t)LIMIT(rune_scaled_i8(first_1, channels + 1));                                \
    }

#endif

/* The pairs of channels: at least one; returns the weights behind theirs. Shared by all layers of a depth that is a
   multiple of 4, 8 or 16: a call costs little beside the loops. */
#define RUNE_COLUMNS_DEFINE(NAME, STEPS, EXTRA, LIMIT)                                                        \
    static __attribute__((noinline, unused)) const int8_t *NAME(const int8_t *weights, rune_columns_i8 *job)  \
    {                                                                                                         \
        RUNE_COLUMNS_PAIRS(STEPS, EXTRA, LIMIT);                                                              \
        return weights;                                                                                       \
    }
/* The three depths, and the choice between them: `depth` is a constant. */
#define RUNE_COLUMNS_DEFINE_DEPTHS(NAME, EXTRA, LIMIT)                                                        \
    RUNE_COLUMNS_DEFINE(NAME##_4, RUNE_COLUMNS_STEPS_1, EXTRA, LIMIT)                                         \
    RUNE_COLUMNS_DEFINE(NAME##_8, RUNE_COLUMNS_STEPS_2, EXTRA, LIMIT)                                         \
    RUNE_COLUMNS_DEFINE(NAME##_16, RUNE_COLUMNS_STEPS_4, EXTRA, LIMIT)                                        \
    RUNE_KERNEL const int8_t *NAME(const int8_t *weights, rune_columns_i8 *job, int32_t depth)                \
    {                                                                                                         \
        return depth % 16 == 0  ? NAME##_16(weights, job)                                                     \
               : depth % 8 == 0 ? NAME##_8(weights, job)                                                      \
                                : NAME##_4(weights, job);                                                     \
    }

RUNE_COLUMNS_DEFINE_DEPTHS(rune_columns_saturated_i8, RUNE_COLUMNS_NO_EXTRA, RUNE_COLUMNS_SATURATE)
RUNE_COLUMNS_DEFINE_DEPTHS(rune_columns_clamped_i8, RUNE_COLUMNS_NO_EXTRA, RUNE_COLUMNS_CLAMP)
RUNE_COLUMNS_DEFINE_DEPTHS(rune_columns_saturated_u8, RUNE_COLUMNS_EXTRA, RUNE_COLUMNS_SATURATE_U8)
RUNE_COLUMNS_DEFINE_DEPTHS(rune_columns_clamped_u8, RUNE_COLUMNS_EXTRA, RUNE_COLUMNS_CLAMP)

/* The sums of a pair of channels over two columns, without anything else; in this order for the code below. */
typedef struct rune_sums_i8 {
    int32_t first_0, first_1; /* over the first column, of channels 0 and 1 */
    int32_t second_0, second_1; /* over the second column */
    const int16_t *columns_end;
} rune_sums_i8;

static __attribute__((noinline, unused)) void rune_sums_i8_2_by_2(const int8_t *weights, const int16_t *column,
                                                                  int32_t depth, rune_sums_i8 *sums)
{
    sums->columns_end = column + 2 * depth;
    int32_t first_0 = 0, first_1 = 0, second_0 = 0, second_1 = 0;
#if defined(__ARM_FEATURE_DSP)
    int32_t w0, w1, x0, x1, y0, y1, u;
    __asm__ volatile("1:\n" RUNE_COLUMNS_STEP "ldr %[u], [%[sums], #16]\n"
                     "cmp %[column], %[u]\n"
                     "bne 1b\n"
                     : [weights] "+&r"(weights), [column] "+&r"(column), [first_0] "+&r"(first_0),
                       [first_1] "+&r"(first_1), [second_0] "+&r"(second_0), [second_1] "+&r"(second_1),
                       [w0] "=&r"(w0), [w1] "=&r"(w1), [x0] "=&r"(x0), [x1] "=&r"(x1), [y0] "=&r"(y0),
                       [y1] "=&r"(y1), [u] "=&r"(u)
                     : [sums] "r"(sums)
                     : "cc", "memory");
#else
    for (; column != sums->columns_end; column += 8, weights += 8) {
        first_0 += RUNE_COLUMNS_DOT(column, weights);
        second_0 += RUNE_COLUMNS_DOT(column + 4, weights);
        first_1 += RUNE_COLUMNS_DOT(column, weights + 4);
        second_1 += RUNE_COLUMNS_DOT(column + 4, weights + 4);
    }
#endif
    sums->first_0 = first_0;
    sums->first_1 = first_1;
    sums->second_0 = second_0;
    sums->second_1 = second_1;
}

/* One channel over one column; from one word of its weights to the next are `stride` bytes. */
RUNE_KERNEL int32_t rune_sum_i8(const int8_t *weights, const int16_t *column, int32_t depth, int32_t stride,
                                int32_t sum)
{
    for (int32_t i = 0; i < depth; i += 4) {
#if defined(__ARM_FEATURE_DSP)
        const uint32_t word = *(const uint32_t *)(const void *)weights;
        sum = __smlad(rune_even_bytes(word), ((const int16x2_t *)column)[0], sum);
        sum = __smlad(rune_odd_bytes(word), ((const int16x2_t *)column)[1], sum);
#else
        sum += RUNE_COLUMNS_DOT(column, weights);
#endif
        weights += stride, column += 8;
    }
    return sum;
}

/* All channels over two columns; the results of the second are written `second` bytes behind those of the first. With
   0 for that only the first column counts: its results replace the others. `extra` is NULL for int8. `count` and
   `depth` are constants. */
RUNE_KERNEL void rune_columns_channels(const int8_t *weights, const rune_channel_i8 *channels, int32_t count,
                                       int32_t depth, const int16_t *columns, const int32_t *extra,
                                       rune_limits_i8 limits, int8_t *output, int32_t second)
{
    const int32_t paired = count & ~1;
    const int32_t first_extra = extra ? extra[0] : 0, second_extra = extra ? extra[1] : 0;
    if (paired > 0) {
        rune_columns_i8 job = {
            .channels = channels,
            .output = output,
            .second = second,
            .columns = columns,
            .columns_end = columns + 2 * depth,
            .output_end = output + paired,
            .limits = limits,
            .extra = {first_extra, second_extra},
        };
        if (extra) {
            weights = rune_has_own_limits_u8(limits) ? rune_columns_saturated_u8(weights, &job, depth)
                                                     : rune_columns_clamped_u8(weights, &job, depth);
        } else {
            weights = rune_has_own_limits_i8(limits) ? rune_columns_saturated_i8(weights, &job, depth)
                                                     : rune_columns_clamped_i8(weights, &job, depth);
        }
    }
    if (count & 1) {
        const rune_channel_i8 *const channel = channels + paired;
        const int32_t first_sum = rune_sum_i8(weights, columns, depth, 4, channel->bias + first_extra);
        const int32_t second_sum = rune_sum_i8(weights, columns + 4, depth, 4, channel->bias + second_extra);
        output[second + paired] = (int8_t)rune_clamp_i8(rune_scaled_i8(second_sum, channel), limits);
        output[paired] = (int8_t)rune_clamp_i8(rune_scaled_i8(first_sum, channel), limits);
    }
}

/* The same for multipliers that need the general form: rare, so it takes one channel and column at a time. */
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

#undef RUNE_COLUMNS_DEFINE_DEPTHS
#undef RUNE_COLUMNS_DEFINE
#undef RUNE_COLUMNS_PAIRS
#undef RUNE_COLUMNS_EXTRA
#undef RUNE_COLUMNS_NO_EXTRA
#undef RUNE_COLUMNS_CLAMP
#undef RUNE_COLUMNS_SATURATE_U8
#undef RUNE_COLUMNS_SATURATE
#undef RUNE_COLUMNS_STEPS_4
#undef RUNE_COLUMNS_STEPS_2
#undef RUNE_COLUMNS_STEPS_1
#if defined(__ARM_FEATURE_DSP)
#undef RUNE_COLUMNS_RESULT
#undef RUNE_COLUMNS_STEP
#else
#undef RUNE_COLUMNS_DOT
#endif

#endif
