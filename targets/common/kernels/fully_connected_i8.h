#ifndef RUNE_FULLY_CONNECTED_I8_H
#define RUNE_FULLY_CONNECTED_I8_H

/* FULLY_CONNECTED of int8, and the sums of its other forms. The input's zero point is part of the bias. The weights of
   four units at a time are interleaved in words of four, those of the units left over follow; rows are filled up to
   words with zeros. */

#include "kernels/sums_i8.h"

typedef struct rune_fully_connected_i8_shape {
    int32_t batches;
    int32_t depth; /* inputs of one unit */
    int32_t units;
    int32_t general; /* whether a unit needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_fully_connected_i8_shape;

#if defined(__ARM_FEATURE_DSP)
/* Written by hand, like the sums of convolutions. A step is four inputs of four units. */
#define RUNE_FULLY_CONNECTED_ADD(SUM, WORD)                                                                   \
    "sxtb16 %[u], %[" WORD "], ror #8\n"                                                                      \
    "sxtb16 %[" WORD "], %[" WORD "]\n"                                                                       \
    "smlad %[" SUM "], %[u], %[odd], %[" SUM "]\n"                                                            \
    "smlad %[" SUM "], %[" WORD "], %[even], %[" SUM "]\n"
#define RUNE_FULLY_CONNECTED_STEP(FLIP)                                                                       \
    "ldr %[even], [%[row]], #4\n" FLIP                                                                        \
    "ldrd %[w0], %[w1], [%[weights]], #8\n"                                                                   \
    "sxtb16 %[odd], %[even], ror #8\n"                                                                        \
    "sxtb16 %[even], %[even]\n" RUNE_FULLY_CONNECTED_ADD("s0", "w0") RUNE_FULLY_CONNECTED_ADD("s1", "w1")     \
    "ldrd %[w0], %[w1], [%[weights]], #8\n" RUNE_FULLY_CONNECTED_ADD("s2", "w0")                              \
        RUNE_FULLY_CONNECTED_ADD("s3", "w1")
#define RUNE_FULLY_CONNECTED_TURNS(END, STEPS)                                                                \
    do {                                                                                                      \
        uint32_t even, odd, w0, w1, u;                                                                        \
        __asm__ volatile("1:\n" STEPS                                                                         \
                         "cmp %[row], %[end]\n"                                                               \
                         "bne 1b\n"                                                                           \
                         : [weights] "+&r"(weights), [row] "+&r"(row), [s0] "+&r"(s0), [s1] "+&r"(s1),        \
                           [s2] "+&r"(s2), [s3] "+&r"(s3), [even] "=&r"(even), [odd] "=&r"(odd),              \
                           [w0] "=&r"(w0), [w1] "=&r"(w1), [u] "=&r"(u)                                       \
                         : [end] "r"(END)                                                                     \
                         : "cc", "memory");                                                                   \
    } while (0)
#define RUNE_FULLY_CONNECTED_STEPS_1(FLIP) RUNE_FULLY_CONNECTED_STEP(FLIP)
#define RUNE_FULLY_CONNECTED_STEPS_4(FLIP)                                                                    \
    RUNE_FULLY_CONNECTED_STEP(FLIP)                                                                           \
    RUNE_FULLY_CONNECTED_STEP(FLIP) RUNE_FULLY_CONNECTED_STEP(FLIP) RUNE_FULLY_CONNECTED_STEP(FLIP)
#define RUNE_FLIP_NONE ""
#define RUNE_FLIP_SIGNS "eor %[even], %[even], #0x80808080\n"
#else
#define RUNE_FULLY_CONNECTED_STEPS_1(FLIP) (FLIP)
#define RUNE_FULLY_CONNECTED_STEPS_4(FLIP) (FLIP)
#define RUNE_FLIP_NONE 0
#define RUNE_FLIP_SIGNS -128
#define RUNE_FULLY_CONNECTED_TURNS(END, FLIP)                                                                 \
    for (const int8_t *const end = (END); row != end; row += 4, weights += 16) {                              \
        for (int32_t i = 0; i < 4; i++) {                                                                     \
            const int32_t x = (int8_t)(row[i] ^ (FLIP));                                                      \
            s0 += x * weights[i];                                                                             \
            s1 += x * weights[i + 4];                                                                         \
            s2 += x * weights[i + 8];                                                                         \
            s3 += x * weights[i + 12];                                                                        \
        }                                                                                                     \
    }
#endif

/* Of each type: four units over one row, and one for the few that are left over, added to the sums that are given. Only
   whole words of the input are read, and the rest byte by byte. Without their highest bits, and with them where they
   were not, uint8 are int8 smaller by 128. */
#define RUNE_FULLY_CONNECTED_DEFINE(TYPE, FLIP, FLIPPED)                                                      \
    static __attribute__((noinline, unused)) void rune_fully_connected_##TYPE##_4(                            \
        const int8_t *weights, const int8_t *row, int32_t depth, int32_t *sums)                               \
    {                                                                                                         \
        int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];                                       \
        if (depth >= 16) {                                                                                    \
            RUNE_FULLY_CONNECTED_TURNS(row + (depth & ~15), RUNE_FULLY_CONNECTED_STEPS_4(FLIP));              \
        }                                                                                                     \
        if (depth & 12) {                                                                                     \
            RUNE_FULLY_CONNECTED_TURNS(row + (depth & 12), RUNE_FULLY_CONNECTED_STEPS_1(FLIP));               \
        }                                                                                                     \
        if (depth & 3) {                                                                                      \
            int8_t rest[4] = {0, 0, 0, 0};                                                                    \
            for (int32_t i = 0; i < (depth & 3); i++) {                                                       \
                rest[i] = row[i];                                                                             \
            }                                                                                                 \
            row = rest;                                                                                       \
            RUNE_FULLY_CONNECTED_TURNS(rest + 4, RUNE_FULLY_CONNECTED_STEPS_1(FLIP));                         \
        }                                                                                                     \
        sums[0] = s0;                                                                                         \
        sums[1] = s1;                                                                                         \
        sums[2] = s2;                                                                                         \
        sums[3] = s3;                                                                                         \
    }                                                                                                         \
    static __attribute__((noinline, unused)) int32_t rune_fully_connected_##TYPE##_1(                         \
        const int8_t *weights, const int8_t *row, int32_t depth, int32_t sum)                                 \
    {                                                                                                         \
        for (int32_t i = 0; i < depth; i++) {                                                                 \
            sum += (int8_t)(row[i] ^ (FLIPPED)) * weights[i];                                                 \
        }                                                                                                     \
        return sum;                                                                                           \
    }

RUNE_FULLY_CONNECTED_DEFINE(i8, RUNE_FLIP_NONE, 0)
RUNE_FULLY_CONNECTED_DEFINE(u8, RUNE_FLIP_SIGNS, -128)

#undef RUNE_FULLY_CONNECTED_DEFINE
#undef RUNE_FULLY_CONNECTED_TURNS
#undef RUNE_FLIP_SIGNS
#undef RUNE_FLIP_NONE
#undef RUNE_FULLY_CONNECTED_STEPS_4
#undef RUNE_FULLY_CONNECTED_STEPS_1
#if defined(__ARM_FEATURE_DSP)
#undef RUNE_FULLY_CONNECTED_STEP
#undef RUNE_FULLY_CONNECTED_ADD
#endif

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
