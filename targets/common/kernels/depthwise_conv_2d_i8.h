#ifndef RUNE_DEPTHWISE_CONV_2D_I8_H
#define RUNE_DEPTHWISE_CONV_2D_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8 over NHWC images, and of float images with int8 weights (see hybrid.h): each input
   channel has `multiplier` output channels of its own. Any window, without the zero point in the bias: taps outside the
   image are left out. Weights by filter row, filter column and output channel, as in the file, but without their zero
   point: those of uint8 may need int16. */

#include "kernels/hybrid.h"

typedef struct rune_depthwise_conv_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, multiplier;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    int32_t is_unsigned; /* whether inputs and outputs are uint8 */
    int32_t general; /* whether a channel needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_depthwise_conv_2d_i8_shape;

/* The part of a window that is inside the image: how many taps, and where the first of them is in the image and among
   the weights. */
typedef struct rune_depthwise_window {
    int32_t rows, columns;
    int32_t pixel, tap; /* in elements */
} rune_depthwise_window;

RUNE_KERNEL rune_depthwise_window rune_depthwise_clip(rune_depthwise_conv_2d_i8_shape shape, int32_t y, int32_t x)
{
    const int32_t top = y * shape.stride_height - shape.padding_top;
    const int32_t left = x * shape.stride_width - shape.padding_left;
    const rune_taps rows = rune_clip_window(top, shape.input_height, shape.filter_height, shape.dilation_height);
    const rune_taps columns = rune_clip_window(left, shape.input_width, shape.filter_width, shape.dilation_width);
    const int32_t pixel = (top + rows.first * shape.dilation_height) * shape.input_width + left +
                          columns.first * shape.dilation_width;
    const int32_t tap = rows.first * shape.filter_width + columns.first;
    return (rune_depthwise_window){rows.end - rows.first, columns.end - columns.first, pixel * shape.input_channels,
                                   tap * shape.input_channels * shape.multiplier};
}

/* One output channel of one pixel, and all of an image, with RESULT(sum, channel) for what is stored of each sum. */
#define RUNE_DEPTHWISE_DEFINE_SUM(WEIGHT, SUFFIX)                                                             \
    RUNE_KERNEL int32_t rune_depthwise_sum_##SUFFIX(rune_depthwise_conv_2d_i8_shape shape,                    \
                                                    rune_depthwise_window window, const int8_t *line,         \
                                                    const WEIGHT *taps, int32_t sum)                          \
    {                                                                                                         \
        const int32_t weight_step = shape.input_channels * shape.multiplier;                                  \
        const int32_t step = shape.dilation_width * shape.input_channels;                                     \
        for (int32_t row = window.rows; row > 0; row--) {                                                     \
            const int8_t *x = line;                                                                           \
            const WEIGHT *w = taps;                                                                           \
            for (int32_t column = window.columns; column > 0; column--) {                                     \
                sum += (rune_byte_value(*x, shape.is_unsigned) - shape.input_zero_point) * *w;                \
                x += step;                                                                                    \
                w += weight_step;                                                                             \
            }                                                                                                 \
            line += shape.dilation_height * shape.input_width * shape.input_channels;                         \
            taps += shape.filter_width * weight_step;                                                         \
        }                                                                                                     \
        return sum;                                                                                           \
    }

RUNE_DEPTHWISE_DEFINE_SUM(int8_t, i8)
RUNE_DEPTHWISE_DEFINE_SUM(int16_t, i16)

#undef RUNE_DEPTHWISE_DEFINE_SUM

#define RUNE_DEPTHWISE_IMAGE(SUFFIX, BIAS, RESULT)                                                            \
    for (int32_t y = 0; y < shape.output_height; y++) {                                                       \
        for (int32_t x = 0; x < shape.output_width; x++) {                                                    \
            const rune_depthwise_window window = rune_depthwise_clip(shape, y, x);                            \
            int32_t channel = 0;                                                                              \
            for (int32_t source = 0; source < shape.input_channels; source++) {                               \
                for (int32_t i = 0; i < shape.multiplier; i++) {                                              \
                    const int32_t sum =                                                                       \
                        rune_depthwise_sum_##SUFFIX(shape, window, image + window.pixel + source,             \
                                                    weights + window.tap + channel, BIAS);                    \
                    *output++ = RESULT;                                                                       \
                    channel++;                                                                                \
                }                                                                                             \
            }                                                                                                 \
        }                                                                                                     \
    }

#define RUNE_DEPTHWISE_DEFINE(NAME, WEIGHT, SUFFIX)                                                           \
    RUNE_KERNEL void NAME(rune_depthwise_conv_2d_i8_shape shape, const WEIGHT *restrict weights,              \
                          const int32_t *restrict channel_values, const int8_t *restrict image,               \
                          int8_t *restrict output)                                                            \
    {                                                                                                         \
        const rune_channel_i8 *const channels = (const rune_channel_i8 *)channel_values;                      \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            RUNE_DEPTHWISE_IMAGE(                                                                             \
                SUFFIX, channels[channel].bias,                                                               \
                rune_channel_result_i8(sum, channels + channel, shape.limits, shape.general))                 \
            image += shape.input_height * shape.input_width * shape.input_channels;                           \
        }                                                                                                     \
    }

RUNE_DEPTHWISE_DEFINE(rune_depthwise_conv_2d_i8, int8_t, i8)
RUNE_DEPTHWISE_DEFINE(rune_depthwise_conv_2d_wide_i8, int16_t, i16)

#undef RUNE_DEPTHWISE_DEFINE

/* `image` has room for one image of int8. Sums are taken without the zero point, so the weights' sums are not needed. */
RUNE_KERNEL void rune_depthwise_conv_2d_hybrid(rune_depthwise_conv_2d_i8_shape shape, rune_hybrid_form form,
                                               rune_activation activation, const int8_t *restrict weights,
                                               rune_hybrid_channels channels, const float *restrict input,
                                               float *restrict output, int8_t *restrict image)
{
    const int32_t size = shape.input_height * shape.input_width * shape.input_channels;
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const rune_scaling scaling = rune_quantise_batch(form, input, size, image);
        shape.input_zero_point = scaling.zero_point;
        RUNE_DEPTHWISE_IMAGE(i8, 0, rune_hybrid_result(sum, channels, channel, scaling, activation))
        input += size;
    }
}

#undef RUNE_DEPTHWISE_IMAGE

#endif
