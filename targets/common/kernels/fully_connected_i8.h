#ifndef RUNE_FULLY_CONNECTED_I8_H
#define RUNE_FULLY_CONNECTED_I8_H

/* FULLY_CONNECTED of int8, and the sums of its other forms. The input's zero point is part of the bias. The weights of four units at a time
   are interleaved in words of four, those of the units left over follow; rows are filled up to words with zeros. */

#include "kernels/sums_i8.h"

typedef struct rune_fully_connected_i8_shape {
    int32_t batches;
    int32_t depth; /* inputs of one unit */
    int32_t units;
    int32_t general; /* whether a unit needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_fully_connected_i8_shape;

/* The highest bits of four uint8: without them, and with them where they were not, these are int8 smaller by 128. */
#define RUNE_FLIP_NONE 0u
#define RUNE_FLIP_SIGNS 0x80808080u

#if defined(__ARM_FEATURE_DSP)
#define RUNE_FULLY_CONNECTED_I8_ADD(SUM, WORD)                                                                \
    do {                                                                                                      \
        SUM = __smlad(rune_even_bytes(WORD), even, SUM);                                                      \
        SUM = __smlad(rune_odd_bytes(WORD), odd, SUM);                                                        \
    } while (0)
#define RUNE_FULLY_CONNECTED_I8_STEP4(BYTES)                                                                  \
    do {                                                                                                      \
        const uint32_t x = rune_load_word(BYTES) ^ flip;                                                      \
        const int16x2_t even = rune_even_bytes(x), odd = rune_odd_bytes(x);                                   \
        const uint32_t *words = (const uint32_t *)weights;                                                    \
        RUNE_FULLY_CONNECTED_I8_ADD(s0, words[0]);                                                            \
        RUNE_FULLY_CONNECTED_I8_ADD(s1, words[1]);                                                            \
        RUNE_FULLY_CONNECTED_I8_ADD(s2, words[2]);                                                            \
        RUNE_FULLY_CONNECTED_I8_ADD(s3, words[3]);                                                            \
        weights += 16;                                                                                        \
    } while (0)
#else
#define RUNE_FULLY_CONNECTED_I8_DOT(x, w) (x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3])
#define RUNE_FULLY_CONNECTED_I8_STEP4(BYTES)                                                                  \
    do {                                                                                                      \
        const int8_t *bytes = BYTES;                                                                          \
        const int8_t f = (int8_t)flip;                                                                        \
        const int8_t x[4] = {bytes[0] ^ f, bytes[1] ^ f, bytes[2] ^ f, bytes[3] ^ f};                         \
        const int8_t *w1 = weights + 4, *w2 = weights + 8, *w3 = weights + 12;                                \
        s0 += RUNE_FULLY_CONNECTED_I8_DOT(x, weights);                                                        \
        s1 += RUNE_FULLY_CONNECTED_I8_DOT(x, w1);                                                             \
        s2 += RUNE_FULLY_CONNECTED_I8_DOT(x, w2);                                                             \
        s3 += RUNE_FULLY_CONNECTED_I8_DOT(x, w3);                                                             \
        weights += 16;                                                                                        \
    } while (0)
#endif

/* Four units over one row, added to the sums that are given. Only whole words of the input are read, and the rest byte
   by byte. */
RUNE_KERNEL void rune_fully_connected_4(const int8_t *weights, const int8_t *row, int32_t depth, int32_t *sums,
                                        uint32_t flip)
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    const int8_t *end = row + (depth & ~7);
    while (row != end) {
        RUNE_FULLY_CONNECTED_I8_STEP4(row);
        RUNE_FULLY_CONNECTED_I8_STEP4(row + 4);
        row += 8;
    }
    if (depth & 4) {
        RUNE_FULLY_CONNECTED_I8_STEP4(row);
        row += 4;
    }
    if (depth & 3) {
        int8_t rest[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < (depth & 3); i++) {
            rest[i] = row[i];
        }
        RUNE_FULLY_CONNECTED_I8_STEP4(rest);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#undef RUNE_FULLY_CONNECTED_I8_STEP4
#undef RUNE_FULLY_CONNECTED_I8_ADD
#undef RUNE_FULLY_CONNECTED_I8_DOT

/* One unit: for the few that are left over. */
RUNE_KERNEL int32_t rune_fully_connected_1(const int8_t *weights, const int8_t *row, int32_t depth, int32_t sum,
                                           uint32_t flip)
{
    for (int32_t i = 0; i < depth; i++) {
        sum += (int8_t)(row[i] ^ (int8_t)flip) * weights[i];
    }
    return sum;
}

/* Shared by all layers of a type. */
#define RUNE_FULLY_CONNECTED_DEFINE(TYPE, FLIP)                                                               \
    static __attribute__((noinline, unused)) void rune_fully_connected_##TYPE##_4(                            \
        const int8_t *weights, const int8_t *row, int32_t depth, int32_t *sums)                               \
    {                                                                                                         \
        rune_fully_connected_4(weights, row, depth, sums, FLIP);                                              \
    }                                                                                                         \
    static __attribute__((noinline, unused)) int32_t rune_fully_connected_##TYPE##_1(                         \
        const int8_t *weights, const int8_t *row, int32_t depth, int32_t sum)                                 \
    {                                                                                                         \
        return rune_fully_connected_1(weights, row, depth, sum, FLIP);                                        \
    }

RUNE_FULLY_CONNECTED_DEFINE(i8, RUNE_FLIP_NONE)
RUNE_FULLY_CONNECTED_DEFINE(u8, RUNE_FLIP_SIGNS)

#undef RUNE_FULLY_CONNECTED_DEFINE

RUNE_KERNEL void rune_fully_connected_i8(rune_fully_connected_i8_shape shape, const int8_t *restrict weights,
                                         const int32_t *restrict unit_values, const int8_t *restrict input,
                                         int8_t *restrict output)
{
    const rune_channel_i8 *const units = (const rune_channel_i8 *)unit_values;
    const int32_t padded = (shape.depth + 3) & ~3;
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        int32_t unit = 0;
        for (; unit + 4 <= shape.units; unit += 4) {
            int32_t sums[4];
            for (int32_t i = 0; i < 4; i++) {
                sums[i] = units[unit + i].bias;
            }
            rune_fully_connected_i8_4(weights + unit * padded, input, shape.depth, sums);
            for (int32_t i = 0; i < 4; i++) {
                output[unit + i] = rune_channel_result_i8(sums[i], units + unit + i, shape.limits, shape.general);
            }
        }
        for (; unit < shape.units; unit++) {
            const int32_t sum = rune_fully_connected_i8_1(weights + unit * padded, input, shape.depth,
                                                          units[unit].bias);
            output[unit] = rune_channel_result_i8(sum, units + unit, shape.limits, shape.general);
        }
        input += shape.depth;
        output += shape.units;
    }
}

/* All units over one row, given and left as sums. */
#define RUNE_FULLY_CONNECTED_SUMS(TYPE)                                                                       \
    RUNE_KERNEL void rune_fully_connected_sums_##TYPE(int32_t depth, int32_t units, const int8_t *weights,    \
                                                      const int8_t *row, int32_t *sums)                       \
    {                                                                                                         \
        const int32_t padded = (depth + 3) & ~3;                                                              \
        int32_t unit = 0;                                                                                     \
        for (; unit + 4 <= units; unit += 4) {                                                                \
            rune_fully_connected_##TYPE##_4(weights + unit * padded, row, depth, sums + unit);                \
        }                                                                                                     \
        for (; unit < units; unit++) {                                                                        \
            sums[unit] = rune_fully_connected_##TYPE##_1(weights + unit * padded, row, depth, sums[unit]);    \
        }                                                                                                     \
    }

RUNE_FULLY_CONNECTED_SUMS(i8)
RUNE_FULLY_CONNECTED_SUMS(u8)

#undef RUNE_FULLY_CONNECTED_SUMS

#endif
