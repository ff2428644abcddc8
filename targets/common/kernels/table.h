#ifndef RUNE_TABLE_H
#define RUNE_TABLE_H

/* Functions of elements of 8 bits, whose input and output may be one buffer. */

#include "rune_kernel.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/* `results` has one byte for each value of an input's bits. */
RUNE_KERNEL void rune_look_up(int32_t count, const void *results, const void *input, void *output)
{
    const uint8_t *table = (const uint8_t *)results;
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    int32_t i = 0;
    RUNE_ROLLED
    for (; i + 4 <= count; i += 4) {
        const uint8_t a = table[from[i]];
        const uint8_t b = table[from[i + 1]];
        const uint8_t c = table[from[i + 2]];
        const uint8_t d = table[from[i + 3]];
        to[i] = a;
        to[i + 1] = b;
        to[i + 2] = c;
        to[i + 3] = d;
    }
    RUNE_ROLLED
    for (; i < count; i++) {
        to[i] = table[from[i]];
    }
}

/* From uint8 to int8 of the same scale, zero points 128 apart, or back: 128 is subtracted or added. */
RUNE_KERNEL void rune_flip_sign(int32_t count, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    int32_t i = 0;
    RUNE_ROLLED
    for (; i + 4 <= count; i += 4) {
        uint32_t word;
        __builtin_memcpy(&word, from + i, 4);
        word ^= 0x80808080u;
        __builtin_memcpy(to + i, &word, 4);
    }
    RUNE_ROLLED
    for (; i < count; i++) {
        to[i] = from[i] ^ 0x80;
    }
}

/* With the DSP instructions four at a time: the subtraction notes which are greater, and sel chooses by that. */
#define RUNE_CLAMP_ALL_DEFINE(NAME, TYPE, SUBTRACT)                                                           \
    RUNE_KERNEL void NAME(int32_t count, int32_t least, int32_t greatest, const TYPE *input, TYPE *output)    \
    {                                                                                                         \
        int32_t i = 0;                                                                                        \
        RUNE_CLAMP_WORDS(SUBTRACT)                                                                            \
        RUNE_ROLLED                                                                                           \
        for (; i < count; i++) {                                                                              \
            const int32_t x = input[i] < least ? least : input[i];                                            \
            output[i] = (TYPE)(x > greatest ? greatest : x);                                                  \
        }                                                                                                     \
    }

#if defined(__ARM_FEATURE_DSP)
#define RUNE_CLAMP_WORDS(SUBTRACT)                                                                            \
    const uint32_t low = (uint32_t)(uint8_t)least * 0x01010101u;                                              \
    const uint32_t high = (uint32_t)(uint8_t)greatest * 0x01010101u;                                          \
    RUNE_ROLLED                                                                                               \
    for (; i + 4 <= count; i += 4) {                                                                          \
        uint32_t word;                                                                                        \
        __builtin_memcpy(&word, input + i, 4);                                                                \
        (void)SUBTRACT(word, low);                                                                            \
        word = __sel(word, low);                                                                              \
        (void)SUBTRACT(high, word);                                                                           \
        word = __sel(word, high);                                                                             \
        __builtin_memcpy(output + i, &word, 4);                                                               \
    }
#else
#define RUNE_CLAMP_WORDS(SUBTRACT)
#endif

RUNE_CLAMP_ALL_DEFINE(rune_clamp_all_i8, int8_t, __ssub8)
RUNE_CLAMP_ALL_DEFINE(rune_clamp_all_u8, uint8_t, __usub8)

#undef RUNE_CLAMP_WORDS
#undef RUNE_CLAMP_ALL_DEFINE

#endif
