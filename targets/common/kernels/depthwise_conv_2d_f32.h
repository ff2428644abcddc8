#ifndef RUNE_DEPTHWISE_CONV_2D_F32_H
#define RUNE_DEPTHWISE_CONV_2D_F32_H

/* DEPTHWISE_CONV_2D of float32 over NHWC images with one output channel for each input channel. (With more it is a
   convolution in as many groups as there are input channels.) Each sum starts at the bias and takes its taps in
   order; how many channels are taken at once changes no result. Taps outside the image are left out. */

#include "rune_kernel.h"

typedef struct rune_depthwise_conv_2d_shape {
    int32_t batches;
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t clipped; /* whether any window reaches beyond the image */
    rune_activation activation;
} rune_depthwise_conv_2d_shape;

/* The sums of a block of channels at one pixel: `line` is the block in the first pixel inside the image, `taps` in that
   pixel's weights. EACH(X) stands for X(0), X(1), ... of the channels. */
#define RUNE_DEPTHWISE_EACH_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define RUNE_DEPTHWISE_EACH_2(X) X(0) X(1)
#define RUNE_DEPTHWISE_EACH_1(X) X(0)
#define RUNE_DEPTHWISE_BEGIN(I) float s##I = bias ? bias[I] : 0.0f;
#define RUNE_DEPTHWISE_ADD(I) s##I += x[I] * w[I];
#define RUNE_DEPTHWISE_END(I) output[I] = rune_activate_f32(s##I, shape.activation);
#define RUNE_DEPTHWISE_DEFINE(BLOCK)                                                                          \
    RUNE_KERNEL void rune_depthwise_conv_2d_f32_##BLOCK(                                                      \
        rune_depthwise_conv_2d_shape shape, const float *restrict line, const float *restrict taps,           \
        const float *restrict bias, int32_t rows, int32_t columns, float *restrict output)                    \
    {                                                                                                         \
        RUNE_DEPTHWISE_EACH_##BLOCK(RUNE_DEPTHWISE_BEGIN)                                                     \
        for (int32_t row = rows; row > 0; row--) {                                                            \
            const float *x = line;                                                                            \
            const float *w = taps;                                                                            \
            for (int32_t column = columns; column > 0; column--) {                                            \
                RUNE_DEPTHWISE_EACH_##BLOCK(RUNE_DEPTHWISE_ADD)                                               \
                x += shape.dilation_width * shape.channels;                                                   \
                w += shape.channels;                                                                          \
            }                                                                                                 \
            line += shape.dilation_height * shape.input_width * shape.channels;                               \
            taps += shape.filter_width * shape.channels;                                                      \
        }                                                                                                     \
        RUNE_DEPTHWISE_EACH_##BLOCK(RUNE_DEPTHWISE_END)                                                       \
    }

RUNE_DEPTHWISE_DEFINE(8)
RUNE_DEPTHWISE_DEFINE(2)
RUNE_DEPTHWISE_DEFINE(1)

#undef RUNE_DEPTHWISE_DEFINE
#undef RUNE_DEPTHWISE_END
#undef RUNE_DEPTHWISE_ADD
#undef RUNE_DEPTHWISE_BEGIN
#undef RUNE_DEPTHWISE_EACH_1
#undef RUNE_DEPTHWISE_EACH_2
#undef RUNE_DEPTHWISE_EACH_8

#define RUNE_DEPTHWISE_BLOCK(BLOCK)                                                                           \
    rune_depthwise_conv_2d_f32_##BLOCK(shape, first + c, taps + c, bias ? bias + c : bias, rows, columns, output + c)

/* All channels of one pixel. */
RUNE_KERNEL void rune_depthwise_conv_2d_f32_pixel(rune_depthwise_conv_2d_shape shape, const float *restrict first,
                                                  const float *restrict taps, const float *restrict bias,
                                                  int32_t rows, int32_t columns, float *restrict output)
{
    int32_t c = 0;
    for (; c + 8 <= shape.channels; c += 8) {
        RUNE_DEPTHWISE_BLOCK(8);
    }
    for (; c + 2 <= shape.channels; c += 2) {
        RUNE_DEPTHWISE_BLOCK(2);
    }
    if (c < shape.channels) {
        RUNE_DEPTHWISE_BLOCK(1);
    }
}

#undef RUNE_DEPTHWISE_BLOCK

/* `weights` by filter row, filter column and channel, as in the file; `bias` may be NULL. */
RUNE_KERNEL void rune_depthwise_conv_2d_f32(rune_depthwise_conv_2d_shape shape, const float *restrict weights,
                                            const float *restrict bias, const float *restrict input,
                                            float *restrict output)
{
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        int32_t top = -shape.padding_top;
        for (int32_t y = 0; y < shape.output_height; y++) {
            rune_taps rows = {0, shape.filter_height};
            if (shape.clipped) {
                rows = rune_clip_window(top, shape.input_height, shape.filter_height, shape.dilation_height);
            }
            int32_t left = -shape.padding_left;
            for (int32_t x = 0; x < shape.output_width; x++) {
                rune_taps columns = {0, shape.filter_width};
                if (shape.clipped) {
                    columns = rune_clip_window(left, shape.input_width, shape.filter_width, shape.dilation_width);
                }
                const int32_t pixel = (top + rows.first * shape.dilation_height) * shape.input_width + left +
                                      columns.first * shape.dilation_width;
                const int32_t tap = rows.first * shape.filter_width + columns.first;
                rune_depthwise_conv_2d_f32_pixel(shape, input + pixel * shape.channels, weights + tap * shape.channels,
                                                 bias, rows.end - rows.first, columns.end - columns.first, output);
                output += shape.channels;
                left += shape.stride_width;
            }
            top += shape.stride_height;
        }
        input += shape.input_height * shape.input_width * shape.channels;
    }
}

#endif
