#ifndef RUNE_POOL_2D_F32_H
#define RUNE_POOL_2D_F32_H

/* MAX_POOL_2D and AVERAGE_POOL_2D over NHWC images. Only pixels inside the image count. As in the reference a NaN is
   never the greatest, and a window without a number above it gives -FLT_MAX. A sum for the average starts at 0 and
   takes its pixels in order. */

#include "rune_kernel.h"

typedef struct rune_pool_2d_shape {
    int32_t batches;
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
    int32_t clipped; /* whether any window reaches beyond the image */
    rune_activation activation;
} rune_pool_2d_shape;

#define RUNE_LOWEST_F32 (-0x1.fffffep+127f)

RUNE_KERNEL float rune_max_f32(float greatest, float x)
{
    return greatest < x ? x : greatest;
}

RUNE_KERNEL float rune_pool_add_f32(float sum, float x)
{
    return sum + x;
}

/* What is left of a window's result after all of its pixels. */
RUNE_KERNEL float rune_greatest_f32(float greatest, int32_t count)
{
    (void)count;
    return greatest;
}

RUNE_KERNEL float rune_average_f32(float sum, int32_t count)
{
    return sum / (float)count;
}

/* All channels of one pixel, four at once (`first` is the window's first pixel inside the image), and of all pixels. */
#define RUNE_POOL_2D_F32_DEFINE(NAME, BEGIN, ADD, END)                                                        \
    RUNE_KERNEL void NAME##_pixel(rune_pool_2d_shape shape, const float *restrict first, int32_t rows,        \
                                  int32_t columns, float *restrict output)                                    \
    {                                                                                                         \
        const int32_t line = shape.input_width * shape.channels;                                              \
        const int32_t count = rows * columns;                                                                 \
        int32_t channel = 0;                                                                                  \
        for (; channel + 4 <= shape.channels; channel += 4) {                                                 \
            float m0 = BEGIN, m1 = BEGIN, m2 = BEGIN, m3 = BEGIN;                                             \
            for (int32_t row = 0; row < rows; row++) {                                                        \
                const float *tap = first + row * line + channel;                                              \
                for (int32_t column = 0; column < columns; column++) {                                        \
                    m0 = ADD(m0, tap[0]);                                                                     \
                    m1 = ADD(m1, tap[1]);                                                                     \
                    m2 = ADD(m2, tap[2]);                                                                     \
                    m3 = ADD(m3, tap[3]);                                                                     \
                    tap += shape.channels;                                                                    \
                }                                                                                             \
            }                                                                                                 \
            output[channel] = rune_activate_f32(END(m0, count), shape.activation);                            \
            output[channel + 1] = rune_activate_f32(END(m1, count), shape.activation);                        \
            output[channel + 2] = rune_activate_f32(END(m2, count), shape.activation);                        \
            output[channel + 3] = rune_activate_f32(END(m3, count), shape.activation);                        \
        }                                                                                                     \
        for (; channel < shape.channels; channel++) {                                                         \
            float result = BEGIN;                                                                             \
            for (int32_t row = 0; row < rows; row++) {                                                        \
                const float *tap = first + row * line + channel;                                              \
                for (int32_t column = 0; column < columns; column++) {                                        \
                    result = ADD(result, *tap);                                                               \
                    tap += shape.channels;                                                                    \
                }                                                                                             \
            }                                                                                                 \
            output[channel] = rune_activate_f32(END(result, count), shape.activation);                        \
        }                                                                                                     \
    }                                                                                                         \
                                                                                                              \
    RUNE_KERNEL void NAME(rune_pool_2d_shape shape, const float *restrict input, float *restrict output)      \
    {                                                                                                         \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            int32_t top = -shape.padding_top;                                                                 \
            for (int32_t y = 0; y < shape.output_height; y++) {                                               \
                rune_taps rows = {0, shape.filter_height};                                                    \
                if (shape.clipped) {                                                                          \
                    rows = rune_clip_window(top, shape.input_height, shape.filter_height, 1);                 \
                }                                                                                             \
                int32_t left = -shape.padding_left;                                                           \
                for (int32_t x = 0; x < shape.output_width; x++) {                                            \
                    rune_taps columns = {0, shape.filter_width};                                              \
                    if (shape.clipped) {                                                                      \
                        columns = rune_clip_window(left, shape.input_width, shape.filter_width, 1);           \
                    }                                                                                         \
                    const int32_t pixel = (top + rows.first) * shape.input_width + left + columns.first;      \
                    NAME##_pixel(shape, input + pixel * shape.channels, rows.end - rows.first,                \
                                 columns.end - columns.first, output);                                        \
                    output += shape.channels;                                                                 \
                    left += shape.stride_width;                                                               \
                }                                                                                             \
                top += shape.stride_height;                                                                   \
            }                                                                                                 \
            input += shape.input_height * shape.input_width * shape.channels;                                 \
        }                                                                                                     \
    }

RUNE_POOL_2D_F32_DEFINE(rune_max_pool_2d_f32, RUNE_LOWEST_F32, rune_max_f32, rune_greatest_f32)
RUNE_POOL_2D_F32_DEFINE(rune_average_pool_2d_f32, 0.0f, rune_pool_add_f32, rune_average_f32)

#undef RUNE_POOL_2D_F32_DEFINE

#endif
