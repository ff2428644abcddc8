#ifndef RUNE_CONV_2D_F32_H
#define RUNE_CONV_2D_F32_H

/* CONV_2D over NHWC images, with groups and dilation. Taps outside the image are left out of the sum. */

#include "kernels/sums_f32.h"

typedef struct rune_conv_2d_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t groups; /* of channels: an output channel sees the input channels of its own group */
    int32_t clipped; /* whether any window reaches beyond the image */
    rune_activation activation;
} rune_conv_2d_shape;

/* Where one window lies. */
typedef struct rune_conv_2d_window {
    const float *image;
    int32_t y, x; /* of tap (0, 0); may be negative */
    rune_taps rows, columns;
} rune_conv_2d_window;

#define RUNE_CONV_2D_DEFINE_WINDOW_SUM(BLOCK)                                                                 \
    RUNE_KERNEL rune_sums##BLOCK##_f32 rune_conv_2d_f32_window##BLOCK(                                        \
        rune_conv_2d_shape shape, rune_conv_2d_window window, const float *restrict weights,                  \
        const float *restrict bias)                                                                           \
    {                                                                                                         \
        const int32_t depth = shape.input_channels / shape.groups;                                            \
        rune_sums##BLOCK##_f32 sums = rune_sums##BLOCK##_f32_begin(bias);                                     \
        for (int32_t row = window.rows.first; row < window.rows.end; row++) {                                 \
            const int32_t line = (window.y + row * shape.dilation_height) * shape.input_width;                \
            const float *taps = weights + row * shape.filter_width * depth * (BLOCK);                         \
            if (shape.dilation_width == 1 && shape.groups == 1) {                                             \
                /* The taps of a row and their channels follow each other in the image: one run. */           \
                const int32_t first = window.columns.first;                                                   \
                sums = rune_sums##BLOCK##_f32_add(                                                            \
                    sums, window.image + (line + window.x + first) * shape.input_channels,                    \
                    taps + first * depth * (BLOCK), (window.columns.end - first) * depth);                    \
            } else {                                                                                          \
                for (int32_t column = window.columns.first; column < window.columns.end; column++) {          \
                    const int32_t pixel = line + window.x + column * shape.dilation_width;                    \
                    sums = rune_sums##BLOCK##_f32_add(sums, window.image + pixel * shape.input_channels,      \
                                                      taps + column * depth * (BLOCK), depth);                \
                }                                                                                             \
            }                                                                                                 \
        }                                                                                                     \
        return sums;                                                                                          \
    }

RUNE_CONV_2D_DEFINE_WINDOW_SUM(8)
RUNE_CONV_2D_DEFINE_WINDOW_SUM(4)
RUNE_CONV_2D_DEFINE_WINDOW_SUM(2)
RUNE_CONV_2D_DEFINE_WINDOW_SUM(1)

#undef RUNE_CONV_2D_DEFINE_WINDOW_SUM

#define RUNE_CONV_2D_BLOCK(BLOCK)                                                                             \
    do {                                                                                                      \
        rune_sums##BLOCK##_f32_end(                                                                           \
            rune_conv_2d_f32_window##BLOCK(shape, window, packed, bias ? bias + channel : bias),              \
            shape.activation, output + channel);                                                              \
        packed += filter_size * (BLOCK);                                                                      \
        channel += (BLOCK);                                                                                   \
    } while (0)

/* All output channels of one pixel. */
RUNE_KERNEL void rune_conv_2d_f32_pixel(rune_conv_2d_shape shape, rune_conv_2d_window window,
                                        const float *restrict weights, const float *restrict bias,
                                        float *restrict output)
{
    const int32_t depth = shape.input_channels / shape.groups;
    const int32_t group_channels = shape.output_channels / shape.groups;
    const int32_t filter_size = shape.filter_height * shape.filter_width * depth;
    const float *packed = weights;
    int32_t channel = 0;
    for (int32_t group = 0; group < shape.groups; group++) {
        for (int32_t block = 0; block < group_channels / 8; block++) {
            RUNE_CONV_2D_BLOCK(8);
        }
        if (group_channels & 4) {
            RUNE_CONV_2D_BLOCK(4);
        }
        if (group_channels & 2) {
            RUNE_CONV_2D_BLOCK(2);
        }
        if (group_channels & 1) {
            RUNE_CONV_2D_BLOCK(1);
        }
        window.image += depth;
    }
}

#undef RUNE_CONV_2D_BLOCK

/* `weights` are packed, group by group, in blocks of 8 output channels, then 4, 2 and 1 for what remains; within a
   block by filter row, filter column and input channel: see sums_f32.h. `bias` may be NULL. */
RUNE_KERNEL void rune_conv_2d_f32(rune_conv_2d_shape shape, const float *restrict weights,
                                  const float *restrict bias, const float *restrict input, float *restrict output)
{
    const rune_taps all_rows = {0, shape.filter_height};
    const rune_taps all_columns = {0, shape.filter_width};
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        rune_conv_2d_window window = {input, -shape.padding_top, 0, all_rows, all_columns};
        for (int32_t y = 0; y < shape.output_height; y++) {
            if (shape.clipped) {
                window.rows =
                    rune_clip_window(window.y, shape.input_height, shape.filter_height, shape.dilation_height);
            }
            window.x = -shape.padding_left;
            for (int32_t x = 0; x < shape.output_width; x++) {
                if (shape.clipped) {
                    window.columns =
                        rune_clip_window(window.x, shape.input_width, shape.filter_width, shape.dilation_width);
                }
                rune_conv_2d_f32_pixel(shape, window, weights, bias, output);
                output += shape.output_channels;
                window.x += shape.stride_width;
            }
            window.y += shape.stride_height;
        }
        input += shape.input_height * shape.input_width * shape.input_channels;
    }
}

#endif
