#ifndef RUNE_COPY_H
#define RUNE_COPY_H

/* Operators that only move elements: copies and fills of runs of bytes at regular distances. The loops are given
   outermost first; those that are not needed have one step and vanish when the shape is a constant. */

#include "kernels/table.h"

#define RUNE_COPY_LOOPS 6

/* From one step of a loop to the next are as many bytes; the input may be read backwards (less than 0) or again (0). */
typedef struct rune_copy_shape {
    int32_t sizes[RUNE_COPY_LOOPS];
    int32_t input_strides[RUNE_COPY_LOOPS];
    int32_t output_strides[RUNE_COPY_LOOPS];
    int32_t run; /* bytes */
} rune_copy_shape;

#define RUNE_COPY_FOR(INDEX, LOOP)                                                                            \
    for (int32_t INDEX = 0; INDEX < shape.sizes[LOOP]; INDEX++)

#define RUNE_COPY_OFFSET(STRIDES)                                                                             \
    (a * STRIDES[0] + b * STRIDES[1] + c * STRIDES[2] + d * STRIDES[3] + e * STRIDES[4] + f * STRIDES[5])

/* STEP is done for each run, at `from` and `to`. */
#define RUNE_COPY_ALL(STEP)                                                                                   \
    RUNE_COPY_FOR(a, 0)                                                                                       \
    RUNE_COPY_FOR(b, 1)                                                                                       \
    RUNE_COPY_FOR(c, 2)                                                                                       \
    RUNE_COPY_FOR(d, 3)                                                                                       \
    RUNE_COPY_FOR(e, 4)                                                                                       \
    RUNE_COPY_FOR(f, 5)                                                                                       \
    {                                                                                                         \
        const uint8_t *from = (const uint8_t *)input + RUNE_COPY_OFFSET(shape.input_strides);                 \
        uint8_t *to = (uint8_t *)output + RUNE_COPY_OFFSET(shape.output_strides);                             \
        STEP;                                                                                                 \
    }

RUNE_KERNEL void rune_copy(rune_copy_shape shape, const void *restrict input, void *restrict output)
{
    RUNE_COPY_ALL(__builtin_memcpy(to, from, (uint32_t)shape.run))
}

/* Each byte is replaced by that of a table. */
RUNE_KERNEL void rune_copy_looked_up(rune_copy_shape shape, const void *results, const void *restrict input,
                                     void *restrict output)
{
    RUNE_COPY_ALL(rune_look_up(shape.run, results, from, to))
}

#undef RUNE_COPY_ALL
#undef RUNE_COPY_OFFSET
#undef RUNE_COPY_FOR

typedef struct rune_fill_shape {
    int32_t sizes[RUNE_COPY_LOOPS];
    int32_t strides[RUNE_COPY_LOOPS];
    int32_t run; /* bytes */
} rune_fill_shape;

/* Fills a run with an element of 1, 2, 4 or 8 bytes, given as its bits. */
RUNE_KERNEL void rune_fill_run(int32_t run, uint64_t bits, int32_t size, uint8_t *to)
{
    if (size == 1) {
        __builtin_memset(to, (int)bits, (uint32_t)run);
        return;
    }
    for (int32_t i = 0; i < run; i += size) {
        __builtin_memcpy(to + i, &bits, (uint32_t)size);
    }
}

RUNE_KERNEL void rune_fill(rune_fill_shape shape, uint64_t bits, int32_t size, void *output)
{
    for (int32_t a = 0; a < shape.sizes[0]; a++) {
        for (int32_t b = 0; b < shape.sizes[1]; b++) {
            for (int32_t c = 0; c < shape.sizes[2]; c++) {
                for (int32_t d = 0; d < shape.sizes[3]; d++) {
                    for (int32_t e = 0; e < shape.sizes[4]; e++) {
                        for (int32_t f = 0; f < shape.sizes[5]; f++) {
                            const int32_t *s = shape.strides;
                            const int32_t offset = a * s[0] + b * s[1] + c * s[2] + d * s[3] + e * s[4] + f * s[5];
                            rune_fill_run(shape.run, bits, size, (uint8_t *)output + offset);
                        }
                    }
                }
            }
        }
    }
}

#endif
