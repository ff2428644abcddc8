#ifndef RUNE_RESIZE_NEAREST_NEIGHBOR_H
#define RUNE_RESIZE_NEAREST_NEIGHBOR_H

/* RESIZE_NEAREST_NEIGHBOR by any factor: which row and column of the input each one of the output repeats is known
   at compile time. */

#include "rune_kernel.h"

typedef struct rune_resize_shape {
    int32_t batches;
    int32_t input_height, input_width;
    int32_t output_height, output_width;
    int32_t pixel; /* bytes */
} rune_resize_shape;

RUNE_KERNEL void rune_resize_nearest_neighbor(rune_resize_shape shape, const uint16_t *rows, const uint16_t *columns,
                                              const void *restrict input, void *restrict output)
{
    const uint8_t *image = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    RUNE_ROLLED
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        RUNE_ROLLED
        for (int32_t y = 0; y < shape.output_height; y++) {
            const uint8_t *line = image + rows[y] * shape.input_width * shape.pixel;
            RUNE_ROLLED
            for (int32_t x = 0; x < shape.output_width; x++) {
                __builtin_memcpy(to, line + columns[x] * shape.pixel, (uint32_t)shape.pixel);
                to += shape.pixel;
            }
        }
        image += shape.input_height * shape.input_width * shape.pixel;
    }
}

#endif
