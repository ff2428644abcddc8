#ifndef RUNE_CONV_2D_HYBRID_H
#define RUNE_CONV_2D_HYBRID_H

/* CONV_2D of float images with int8 weights: see hybrid.h. Each image of the batch is quantised, and then filtered as
   one of int8 is. */

#include "kernels/conv_2d_i8.h"
#include "kernels/hybrid.h"

/* Of all output channels of a group, of which `first` is the first, over one or two columns; `step` is from one
   output pixel to the next. */
RUNE_KERNEL void rune_columns_hybrid(rune_conv_2d_i8_shape shape, const int8_t *weights,
                                     rune_hybrid_channels channels, int32_t first, const int16_t *columns,
                                     rune_scaling scaling, rune_activation activation, float *output,
                                     int32_t has_second)
{
    const int32_t depth = rune_conv_2d_i8_depth(shape);
    const int32_t end = first + shape.output_channels;
    float *const second = output + rune_conv_2d_i8_output_step(shape);
    int32_t channel = first;
    for (; channel + 2 <= end; channel += 2) {
        rune_sums_i8 sums;
        rune_sums_i8_2_by_2(weights, columns, depth, &sums);
        output[channel] = rune_hybrid_result(sums.first_0, channels, channel, scaling, activation);
        output[channel + 1] = rune_hybrid_result(sums.first_1, channels, channel + 1, scaling, activation);
        if (has_second) {
            second[channel] = rune_hybrid_result(sums.second_0, channels, channel, scaling, activation);
            second[channel + 1] = rune_hybrid_result(sums.second_1, channels, channel + 1, scaling, activation);
        }
        weights += 2 * depth;
    }
    if (channel < end) {
        const int32_t first_sum = rune_sum_i8(weights, columns, depth, 4, 0);
        output[channel] = rune_hybrid_result(first_sum, channels, channel, scaling, activation);
        if (has_second) {
            const int32_t second_sum = rune_sum_i8(weights, columns + 4, depth, 4, 0);
            second[channel] = rune_hybrid_result(second_sum, channels, channel, scaling, activation);
        }
    }
}

/* One group of channels of one image. */
RUNE_KERNEL void rune_conv_2d_hybrid_image(rune_conv_2d_i8_shape shape, rune_activation activation,
                                           const int8_t *restrict weights, rune_hybrid_channels channels,
                                           int32_t first, rune_scaling scaling, const int8_t *restrict image,
                                           float *restrict output, int16_t *restrict columns)
{
    int8_t *const bytes = (int8_t *)(columns + 2 * rune_conv_2d_i8_depth(shape));
    int32_t waiting = 0; /* whether the first column is filled and not yet used */
    int32_t y = -shape.padding_top;
    for (int32_t i = 0; i < shape.output_height; i++) {
        int32_t x = -shape.padding_left;
        for (int32_t j = 0; j < shape.output_width; j++) {
            rune_conv_2d_i8_gather(shape, image, y, x, bytes, columns + (waiting ? 4 : 0));
            if (waiting) {
                rune_columns_hybrid(shape, weights, channels, first, columns, scaling, activation, output, 1);
                output += 2 * rune_conv_2d_i8_output_step(shape);
            }
            waiting = !waiting;
            x += shape.stride_width;
        }
        y += shape.stride_height;
    }
    if (waiting) {
        rune_columns_hybrid(shape, weights, channels, first, columns, scaling, activation, output, 0);
    }
}

/* `weights` and `columns` as in conv_2d_i8.h; `image` has room for one image of int8. */
RUNE_KERNEL void rune_conv_2d_hybrid(rune_conv_2d_i8_shape shape, rune_hybrid_form form, rune_activation activation,
                                     const int8_t *restrict weights, rune_hybrid_channels channels,
                                     const float *restrict input, float *restrict output,
                                     int16_t *restrict columns, int8_t *restrict image)
{
    const int32_t size = shape.input_height * shape.input_width * rune_conv_2d_i8_input_step(shape);
    const int32_t group_size = shape.output_channels * rune_conv_2d_i8_depth(shape);
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const rune_scaling scaling = rune_quantise_batch(form, input, size, image);
        shape.input_zero_point = scaling.zero_point; /* what lies outside the image is 0 */
        for (int32_t group = 0; group < shape.groups; group++) {
            rune_conv_2d_hybrid_image(shape, activation, weights + group * group_size, channels,
                                      group * shape.output_channels, scaling, image + group * shape.input_channels,
                                      output, columns);
        }
        input += size;
        output += shape.output_height * shape.output_width * rune_conv_2d_i8_output_step(shape);
    }
}

#endif
