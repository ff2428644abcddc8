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

/* All channels of one pixel: `first` is the first pixel inside the image, `taps` its weights. */
RUNE_KERNEL void rune_depthwise_conv_2d_f32_pixel(rune_depthwise_conv_2d_shape shape, const float *restrict first,
                                                  const float *restrict taps, const float *restrict bias,
                                                  int32_t rows, int32_t columns, float *restrict output)
{
    const int32_t line = shape.dilation_height * shape.input_width * shape.channels;
    const int32_t step = shape.dilation_width * shape.channels;
    int32_t channel = 0;
    for (; channel + 4 <= shape.channels; channel += 4) {
        float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
        if (bias) {
            s0 = bias[channel];
            s1 = bias[channel + 1];
            s2 = bias[channel + 2];
            s3 = bias[channel + 3];
        }
        for (int32_t row = 0; row < rows; row++) {
            const float *x = first + row * line + channel;
            const float *w = taps + row * shape.filter_width * shape.channels + channel;
            for (int32_t column = columns; column > 0; column--) {
                s0 += x[0] * w[0];
                s1 += x[1] * w[1];
                s2 += x[2] * w[2];
                s3 += x[3] * w[3];
                x += step;
                w += shape.channels;
            }
        }
        output[channel] = rune_activate_f32(s0, shape.activation);
        output[channel + 1] = rune_activate_f32(s1, shape.activation);
        output[channel + 2] = rune_activate_f32(s2, shape.activation);
        output[channel + 3] = rune_activate_f32(s3, shape.activation);
    }
    for (; channel < shape.channels; channel++) {
        float sum = bias ? bias[channel] : 0.0f;
        for (int32_t row = 0; row < rows; row++) {
            const float *x = first + row * line + channel;
            const float *w = taps + row * shape.filter_width * shape.channels + channel;
            for (int32_t column = columns; column > 0; column--) {
                sum += *x * *w;
                x += step;
                w += shape.channels;
            }
        }
        output[channel] = rune_activate_f32(sum, shape.activation);
    }
}

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
