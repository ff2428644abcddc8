#ifndef RUNE_POOL_2D_I8_H
#define RUNE_POOL_2D_I8_H

/* MAX_POOL_2D and AVERAGE_POOL_2D of int8 over NHWC images; input and output have one scale and zero point. Only
   pixels inside the image count. */

#include "kernels/requantise.h"

typedef struct rune_pool_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
    rune_limits_i8 limits;
} rune_pool_2d_i8_shape;

/* The part of a window that is inside the image: rows and columns of pixels, from the first one on. */
typedef struct rune_pool_2d_i8_window {
    const int8_t *first;
    int32_t rows, columns;
    int32_t channels, line; /* bytes from one pixel, and from one row, to the next */
} rune_pool_2d_i8_window;

RUNE_KERNEL rune_pool_2d_i8_window rune_pool_2d_i8_clip(rune_pool_2d_i8_shape shape, const int8_t *image, int32_t y,
                                                        int32_t x)
{
    const int32_t top = y * shape.stride_height - shape.padding_top;
    const int32_t left = x * shape.stride_width - shape.padding_left;
    const rune_taps rows = rune_clip_window(top, shape.input_height, shape.filter_height, 1);
    const rune_taps columns = rune_clip_window(left, shape.input_width, shape.filter_width, 1);
    const int32_t pixel = (top + rows.first) * shape.input_width + left + columns.first;
    return (rune_pool_2d_i8_window){image + pixel * shape.channels, rows.end - rows.first,
                                    columns.end - columns.first, shape.channels,
                                    shape.input_width * shape.channels};
}

RUNE_KERNEL int32_t rune_greatest_i8(rune_pool_2d_i8_window window, int32_t channel)
{
    int32_t greatest = -128;
    for (int32_t row = 0; row < window.rows; row++) {
        const int8_t *tap = window.first + row * window.line + channel;
        for (int32_t column = 0; column < window.columns; column++) {
            greatest = *tap > greatest ? *tap : greatest;
            tap += window.channels;
        }
    }
    return greatest;
}

/* Rounded half away from zero. */
RUNE_KERNEL int32_t rune_average_i8(rune_pool_2d_i8_window window, int32_t channel)
{
    int32_t sum = 0;
    for (int32_t row = 0; row < window.rows; row++) {
        const int8_t *tap = window.first + row * window.line + channel;
        for (int32_t column = 0; column < window.columns; column++) {
            sum += *tap;
            tap += window.channels;
        }
    }
    const int32_t count = window.rows * window.columns;
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

#define RUNE_POOL_2D_I8_DEFINE(NAME, REDUCE)                                                                  \
    RUNE_KERNEL void NAME(rune_pool_2d_i8_shape shape, const int8_t *restrict input, int8_t *restrict output) \
    {                                                                                                         \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            for (int32_t y = 0; y < shape.output_height; y++) {                                               \
                for (int32_t x = 0; x < shape.output_width; x++) {                                            \
                    const rune_pool_2d_i8_window window = rune_pool_2d_i8_clip(shape, input, y, x);           \
                    for (int32_t channel = 0; channel < shape.channels; channel++) {                          \
                        *output++ = (int8_t)rune_clamp_i8(REDUCE(window, channel), shape.limits);             \
                    }                                                                                         \
                }                                                                                             \
            }                                                                                                 \
            input += shape.input_height * shape.input_width * shape.channels;                                 \
        }                                                                                                     \
    }

RUNE_POOL_2D_I8_DEFINE(rune_max_pool_2d_i8, rune_greatest_i8)
RUNE_POOL_2D_I8_DEFINE(rune_average_pool_2d_i8, rune_average_i8)

#undef RUNE_POOL_2D_I8_DEFINE

#endif
