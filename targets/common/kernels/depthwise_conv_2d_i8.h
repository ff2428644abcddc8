#ifndef RUNE_DEPTHWISE_CONV_2D_I8_H
#define RUNE_DEPTHWISE_CONV_2D_I8_H

/* DEPTHWISE_CONV_2D of int8 over NHWC images: each input channel has `multiplier` output channels of its own. */

#include "kernels/requantise.h"

typedef struct rune_depthwise_conv_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, multiplier;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    int32_t general; /* whether a channel needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_depthwise_conv_2d_i8_shape;

/* Any window, without the zero point in the bias: taps outside the image are left out. `weights` by filter row,
   filter column and output channel, as in the file. */
RUNE_KERNEL void rune_depthwise_conv_2d_i8(rune_depthwise_conv_2d_i8_shape shape, const int8_t *restrict weights,
                                           const int32_t *restrict channel_values, const int8_t *restrict input,
                                           int8_t *restrict output)
{
    const rune_channel_i8 *const channels = (const rune_channel_i8 *)channel_values;
    const int32_t output_channels = shape.input_channels * shape.multiplier;
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        for (int32_t y = 0; y < shape.output_height; y++) {
            const int32_t top = y * shape.stride_height - shape.padding_top;
            const rune_taps rows =
                rune_clip_window(top, shape.input_height, shape.filter_height, shape.dilation_height);
            for (int32_t x = 0; x < shape.output_width; x++) {
                const int32_t left = x * shape.stride_width - shape.padding_left;
                const rune_taps columns =
                    rune_clip_window(left, shape.input_width, shape.filter_width, shape.dilation_width);
                int32_t channel = 0;
                for (int32_t source = 0; source < shape.input_channels; source++) {
                    for (int32_t i = 0; i < shape.multiplier; i++) {
                        int32_t sum = channels[channel].bias;
                        for (int32_t row = rows.first; row < rows.end; row++) {
                            const int8_t *line =
                                input + (top + row * shape.dilation_height) * shape.input_width * shape.input_channels;
                            for (int32_t column = columns.first; column < columns.end; column++) {
                                const int32_t pixel = left + column * shape.dilation_width;
                                const int32_t value = line[pixel * shape.input_channels + source];
                                sum += (value - shape.input_zero_point) *
                                       weights[(row * shape.filter_width + column) * output_channels + channel];
                            }
                        }
                        output[channel] =
                            rune_channel_result_i8(sum, channels + channel, shape.limits, shape.general);
                        channel++;
                    }
                }
                output += output_channels;
            }
        }
        input += shape.input_height * shape.input_width * shape.input_channels;
    }
}

#endif
