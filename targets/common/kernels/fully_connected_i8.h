#ifndef RUNE_FULLY_CONNECTED_I8_H
#define RUNE_FULLY_CONNECTED_I8_H

/* FULLY_CONNECTED of int8. The input's zero point is part of the bias. The weights of four units at a time
   are interleaved in words of four, those of the units left over follow; rows are filled up to words with zeros. */

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
#define RUNE_FULLY_CONNECTED_STEP                                                                             \
    "ldr %[even], [%[row]], #4\n"                                                                             \
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
#define RUNE_FULLY_CONNECTED_STEPS_1 RUNE_FULLY_CONNECTED_STEP
#define RUNE_FULLY_CONNECTED_STEPS_4                                                                          \
    RUNE_FULLY_CONNECTED_STEP RUNE_FULLY_CONNECTED_STEP RUNE_FULLY_CONNECTED_STEP RUNE_FULLY_CONNECTED_STEP
#else
#define RUNE_FULLY_CONNECTED_DOT(x, w) (x[0] * (w)[0] + x[1] * (w)[1] + x[2] * (w)[2] + x[3] * (w)[3])
#define RUNE_FULLY_CONNECTED_TURNS(END, STEPS)                                                                \
    for (const int8_t *const end = (END); row != end; row += 4, weights += 16) {                              \
        s0 += RUNE_FULLY_CONNECTED_DOT(row, weights);                                                         \
        s1 += RUNE_FULLY_CONNECTED_DOT(row, weights + 4);                                                     \
        s2 += RUNE_FULLY_CONNECTED_DOT(row, weights + 8);                                                     \
        s3 += RUNE_FULLY_CONNECTED_DOT(row, weights + 12);                                                    \
    }
#endif

/* Four units over one row. Only whole words of the input are read, and the rest byte by byte. */
static __attribute__((noinline, unused)) void rune_fully_connected_i8_4(const int8_t *weights,
                                                                        const rune_channel_i8 *units,
                                                                        const int8_t *row, int32_t depth,
                                                                        int32_t *sums)
{
    int32_t s0 = units[0].bias, s1 = units[1].bias, s2 = units[2].bias, s3 = units[3].bias;
    if (depth >= 16) {
        RUNE_FULLY_CONNECTED_TURNS(row + (depth & ~15), RUNE_FULLY_CONNECTED_STEPS_4);
    }
    if (depth & 12) {
        RUNE_FULLY_CONNECTED_TURNS(row + (depth & 12), RUNE_FULLY_CONNECTED_STEPS_1);
    }
    if (depth & 3) {
        int8_t rest[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < (depth & 3); i++) {
            rest[i] = row[i];
        }
        row = rest;
        RUNE_FULLY_CONNECTED_TURNS(rest + 4, RUNE_FULLY_CONNECTED_STEPS_1);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#undef RUNE_FULLY_CONNECTED_TURNS
#if defined(__ARM_FEATURE_DSP)
#undef RUNE_FULLY_CONNECTED_STEPS_4
#undef RUNE_FULLY_CONNECTED_STEPS_1
#undef RUNE_FULLY_CONNECTED_STEP
#undef RUNE_FULLY_CONNECTED_ADD
#else
#undef RUNE_FULLY_CONNECTED_DOT
#endif

/* One unit: for the few that are left over. */
static __attribute__((noinline, unused)) int32_t rune_fully_connected_i8_1(const int8_t *weights,
                                                                           const int8_t *row, int32_t depth,
                                                                           int32_t sum)
{
    int32_t i = 0;
    for (; i + 4 <= depth; i += 4) {
        sum += row[i] * weights[0] + row[i + 1] * weights[1] + row[i + 2] * weights[2] + row[i + 3] * weights[3];
        weights += 4;
    }
    for (; i < depth; i++) {
        sum += row[i] * *weights++;
    }
    return sum;
}

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
            rune_fully_connected_i8_4(weights + unit * padded, units + unit, input, shape.depth, sums);
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

#endif
