#ifndef RUNE_FFT_TABLES_H
#define RUNE_FFT_TABLES_H

/* The tables of rune_real_fft.h, made by a block's tables.c. */

#include "rune_table_math.h"
#include "rune_tables.h"

#define RUNE_FFT_MAXIMUM 4096u

/* The smallest power of two that is not below `count`, at least 8. */
static inline uint32_t rune_fft_size(uint32_t count) {
    uint32_t size = 8;
    while (size < count) {
        size *= 2;
    }
    return size;
}

/* For a transform of `size` real numbers, a power of two from 8 to RUNE_FFT_MAXIMUM: fft_size, fft_has_radix_2,
   fft_place, fft_twiddles (cosine and sine of -2 pi k / (size / 2)) and fft_split (of 2 pi k / size, from k = 1). */
static inline void rune_make_fft_tables(uint32_t size) {
    static uint16_t place[RUNE_FFT_MAXIMUM / 2];
    static float factors[RUNE_FFT_MAXIMUM];
    uint32_t points = size / 2;
    uint32_t levels = 0;
    while (1u << levels < points) {
        levels++;
    }
    for (uint32_t position = 0; position < points; position++) {
        uint32_t rest = position;
        uint32_t index = 0;
        uint32_t stride = 1;
        uint32_t part = points;
        while (part >= 4) {
            part /= 4;
            index += rest / part * stride;
            rest %= part;
            stride *= 4;
        }
        index += rest * stride;
        place[index] = (uint16_t)(2 * position);
    }
    rune_table_constant("fft_size", size);
    rune_table_constant("fft_has_radix_2", levels % 2);
    rune_table_u16("fft_place", place, points);
    uint32_t count = 3 * points / 4;
    for (uint32_t k = 0; k < count; k++) {
        factors[2 * k] = (float)rune_table_cosine(k, points);
        factors[2 * k + 1] = (float)rune_table_sine(k, points);
    }
    rune_table_f32("fft_twiddles", factors, 2 * count);
    for (uint32_t k = 1; k < points / 2; k++) {
        factors[2 * k - 2] = (float)rune_table_cosine(k, size);
        factors[2 * k - 1] = (float)rune_table_sine(k, size);
    }
    rune_table_f32("fft_split", factors, points - 2);
}

#endif
