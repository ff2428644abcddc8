#ifndef RUNE_COPY_H
#define RUNE_COPY_H

/* Operators that only move elements: copies and fills of runs of bytes at regular distances. */

#include "kernels/table.h"

#define RUNE_COPY_LOOPS 6

/* From one step to the next are as many bytes; the input may be read backwards (less than 0) or again (0). A loop
   without steps is not there. */
typedef struct rune_copy_loop {
    int32_t steps;
    int32_t input, output;
} rune_copy_loop;

typedef struct rune_copy_shape {
    rune_copy_loop loops[RUNE_COPY_LOOPS]; /* outermost first */
    int32_t run; /* bytes */
} rune_copy_shape;

/* The loops that are not there vanish when the shape is a constant. */
#define RUNE_COPY_FOR(INDEX, LOOP)                                                                            \
    RUNE_ROLLED                                                                                               \
    for (int32_t INDEX = 0; INDEX < (shape.loops[LOOP].steps ? shape.loops[LOOP].steps : 1); INDEX++)

#define RUNE_COPY_OFFSET(SIDE)                                                                                \
    (a * shape.loops[0].SIDE + b * shape.loops[1].SIDE + c * shape.loops[2].SIDE + d * shape.loops[3].SIDE    \
     + e * shape.loops[4].SIDE + f * shape.loops[5].SIDE)

/* STEP is done for each run, at `from` and `to`. */
#define RUNE_COPY_ALL(STEP)                                                                                   \
    RUNE_COPY_FOR(a, 0)                                                                                       \
    RUNE_COPY_FOR(b, 1)                                                                                       \
    RUNE_COPY_FOR(c, 2)                                                                                       \
    RUNE_COPY_FOR(d, 3)                                                                                       \
    RUNE_COPY_FOR(e, 4)                                                                                       \
    RUNE_COPY_FOR(f, 5)                                                                                       \
    {                                                                                                         \
        const uint8_t *from = (const uint8_t *)input + RUNE_COPY_OFFSET(input);                               \
        uint8_t *to = (uint8_t *)output + RUNE_COPY_OFFSET(output);                                           \
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

/* One element of 1, 2, 4 or 8 bytes, given as its bits, all along the runs; the loops' inputs do not matter. */
RUNE_KERNEL void rune_fill(rune_copy_shape shape, uint64_t bits, int32_t size, void *output)
{
    const void *input = output;
    RUNE_COPY_ALL({
        (void)from;
        if (size == 1) {
            __builtin_memset(to, (int)bits, (uint32_t)shape.run);
        } else {
            RUNE_ROLLED
            for (int32_t i = 0; i < shape.run; i += size) {
                __builtin_memcpy(to + i, &bits, (uint32_t)size);
            }
        }
    })
}

#undef RUNE_COPY_ALL
#undef RUNE_COPY_OFFSET
#undef RUNE_COPY_FOR

#endif
