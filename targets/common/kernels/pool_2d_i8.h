#ifndef RUNE_POOL_2D_I8_H
#define RUNE_POOL_2D_I8_H

/* MAX_POOL_2D and AVERAGE_POOL_2D of int8 and uint8 over NHWC images; input and output have one scale and zero point. Only
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

/* The part of a window that is inside the image: rows and columns of pixels, from the first one on,
   which is counted in bytes from the image's beginning. */
typedef struct rune_pool_2d_i8_window {
    int32_t pixel;
    int32_t rows, columns;
    int32_t channels, line; /* bytes from one pixel, and from one row, to the next */
} rune_pool_2d_i8_window;

RUNE_KERNEL rune_pool_2d_i8_window rune_pool_2d_i8_clip(rune_pool_2d_i8_shape shape, int32_t y, int32_t x)
{
    const int32_t top = y * shape.stride_height - shape.padding_top;
    const int32_t left = x * shape.stride_width - shape.padding_left;
    const rune_taps rows = rune_clip_window(top, shape.input_height, shape.filter_height, 1);
    const rune_taps columns = rune_clip_window(left, shape.input_width, shape.filter_width, 1);
    const int32_t pixel = (top + rows.first) * shape.input_width + left + columns.first;
    return (rune_pool_2d_i8_window){pixel * shape.channels, rows.end - rows.first,
                                    columns.end - columns.first, shape.channels,
                                    shape.input_width * shape.channels};
}

/* The greatest of a window, and its average, rounded half away from zero; `first` is the window's first pixel. */
#define RUNE_POOL_2D_I8_DEFINE_WINDOW(TYPE, SUFFIX, LEAST)                                                    \
    RUNE_KERNEL int32_t rune_greatest_##SUFFIX(rune_pool_2d_i8_window window, const TYPE *first)              \
    {                                                                                                         \
        int32_t greatest = LEAST;                                                                             \
        for (int32_t row = 0; row < window.rows; row++) {                                                     \
            const TYPE *tap = first + row * window.line;                                                      \
            for (int32_t column = 0; column < window.columns; column++) {                                     \
                greatest = *tap > greatest ? *tap : greatest;                                                 \
                tap += window.channels;                                                                       \
            }                                                                                                 \
        }                                                                                                     \
        return greatest;                                                                                      \
    }                                                                                                         \
                                                                                                              \
    RUNE_KERNEL int32_t rune_average_##SUFFIX(rune_pool_2d_i8_window window, const TYPE *first)               \
    {                                                                                                         \
        int32_t sum = 0;                                                                                      \
        for (int32_t row = 0; row < window.rows; row++) {                                                     \
            const TYPE *tap = first + row * window.line;                                                      \
            for (int32_t column = 0; column < window.columns; column++) {                                     \
                sum += *tap;                                                                                  \
                tap += window.channels;                                                                       \
            }                                                                                                 \
        }                                                                                                     \
        const int32_t count = window.rows * window.columns;                                                   \
        return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;                               \
    }

RUNE_POOL_2D_I8_DEFINE_WINDOW(int8_t, i8, -128)
RUNE_POOL_2D_I8_DEFINE_WINDOW(uint8_t, u8, 0)

#undef RUNE_POOL_2D_I8_DEFINE_WINDOW

#define RUNE_POOL_2D_I8_DEFINE(NAME, TYPE, REDUCE)                                                            \
    RUNE_KERNEL void NAME(rune_pool_2d_i8_shape shape, const TYPE *restrict input, TYPE *restrict output)     \
    {                                                                                                         \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            for (int32_t y = 0; y < shape.output_height; y++) {                                               \
                for (int32_t x = 0; x < shape.output_width; x++) {                                            \
                    const rune_pool_2d_i8_window window = rune_pool_2d_i8_clip(shape, y, x);                  \
                    const TYPE *first = input + window.pixel;                                                 \
                    for (int32_t channel = 0; channel < shape.channels; channel++) {                          \
                        *output++ = (TYPE)rune_clamp_i8(REDUCE(window, first + channel), shape.limits);       \
                    }                                                                                         \
                }                                                                                             \
            }                                                                                                 \
            input += shape.input_height * shape.input_width * shape.channels;                                 \
        }                                                                                                     \
    }

RUNE_POOL_2D_I8_DEFINE(rune_max_pool_2d_i8, int8_t, rune_greatest_i8)
RUNE_POOL_2D_I8_DEFINE(rune_max_pool_2d_u8, uint8_t, rune_greatest_u8)
RUNE_POOL_2D_I8_DEFINE(rune_average_pool_2d_i8, int8_t, rune_average_i8)
RUNE_POOL_2D_I8_DEFINE(rune_average_pool_2d_u8, uint8_t, rune_average_u8)

#undef RUNE_POOL_2D_I8_DEFINE

#endif
