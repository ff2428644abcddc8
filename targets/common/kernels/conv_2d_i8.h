#ifndef RUNE_CONV_2D_I8_H
#define RUNE_CONV_2D_I8_H

/* CONV_2D of int8 over NHWC images. The inputs of two output pixels at a time are widened into columns, in which
   taps outside the image have the input's zero point: so the zero point's share of the sum is the same for every
   pixel, and part of the bias. */

#include "kernels/sums_i8.h"

typedef struct rune_conv_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    int32_t general; /* whether a channel needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_conv_2d_i8_shape;

/* Inputs of one output pixel, rounded up to a multiple of four. */
RUNE_KERNEL int32_t rune_conv_2d_i8_depth(rune_conv_2d_i8_shape shape)
{
    return (shape.filter_height * shape.filter_width * shape.input_channels + 3) & ~3;
}

RUNE_KERNEL void rune_fill_i16(int16_t *values, int32_t value, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        values[i] = (int16_t)value;
    }
}

/* The column of one output pixel whose tap (0, 0) is at y, x, which may be outside the image. */
RUNE_KERNEL void rune_conv_2d_i8_gather(rune_conv_2d_i8_shape shape, const int8_t *restrict image, int32_t y,
                                        int32_t x, int16_t *restrict column)
{
    const int32_t channels = shape.input_channels;
    const int32_t run = shape.filter_width * channels;
    for (int32_t row = 0; row < shape.filter_height; row++) {
        const int32_t line = y + row * shape.dilation_height;
        if (line < 0 || line >= shape.input_height) {
            rune_fill_i16(column, shape.input_zero_point, run);
        } else if (shape.dilation_width == 1 && x >= 0 && x + shape.filter_width <= shape.input_width) {
            /* The taps of a row and their channels follow each other in the image. */
            const int8_t *taps = image + (line * shape.input_width + x) * channels;
            if (run % 4 == 0) {
                for (int32_t i = 0; i < run; i += 4) {
                    rune_widen_4(taps + i, column + i);
                }
            } else {
                rune_widen_i8(taps, column, run);
            }
        } else {
            for (int32_t tap = 0; tap < shape.filter_width; tap++) {
                const int32_t pixel = x + tap * shape.dilation_width;
                if (pixel < 0 || pixel >= shape.input_width) {
                    rune_fill_i16(column + tap * channels, shape.input_zero_point, channels);
                } else {
                    rune_widen_i8(image + (line * shape.input_width + pixel) * channels, column + tap * channels,
                                  channels);
                }
            }
        }
        column += run;
    }
}

/* Windows of one pixel: their inputs follow each other. */
RUNE_KERNEL void rune_conv_2d_i8_widen(const int8_t *restrict pixel, int16_t *restrict column, int32_t channels)
{
    int32_t i = 0;
    for (; i + 4 <= channels; i += 4) {
        rune_widen_4(pixel + i, column + i);
    }
    rune_widen_i8(pixel + i, column + i, channels - i);
}

/* `weights` are packed in pairs of output channels: see sums_i8.h. `columns` has room for two columns. */
RUNE_KERNEL void rune_conv_2d_i8(rune_conv_2d_i8_shape shape, const int8_t *restrict weights,
                                 const int32_t *restrict channel_values, const int8_t *restrict input,
                                 int8_t *restrict output, int16_t *restrict columns)
{
    const rune_channel_i8 *const channels = (const rune_channel_i8 *)channel_values;
    const int32_t depth = rune_conv_2d_i8_depth(shape);
    const int32_t is_pointwise = shape.filter_height == 1 && shape.filter_width == 1 && shape.stride_height == 1 &&
                                 shape.stride_width == 1 && shape.padding_top == 0 && shape.padding_left == 0;
    const int32_t lines = shape.batches * shape.output_height;
    int32_t waiting = 0; /* whether the first column is filled and not yet used */
    int32_t y = -shape.padding_top;
    for (int32_t line = 0; line < lines; line++) {
        int32_t x = -shape.padding_left;
        for (int32_t i = 0; i < shape.output_width; i++) {
            int16_t *const column = columns + (waiting ? depth : 0);
            if (is_pointwise) {
                rune_conv_2d_i8_widen(input, column, shape.input_channels);
                input += shape.input_channels;
            } else {
                rune_conv_2d_i8_gather(shape, input, y, x, column);
                x += shape.stride_width;
            }
            if (shape.general) {
                rune_columns_general_i8(weights, channels, shape.output_channels, depth, column, shape.limits, output);
                output += shape.output_channels;
            } else if (waiting) {
                rune_columns_i8(weights, channels, shape.output_channels, depth, columns, column, shape.limits, output,
                                output + shape.output_channels);
                output += 2 * shape.output_channels;
                waiting = 0;
            } else {
                waiting = 1;
            }
        }
        y += shape.stride_height;
        if (!is_pointwise && (line + 1) % shape.output_height == 0) {
            y = -shape.padding_top;
            input += shape.input_height * shape.input_width * shape.input_channels;
        }
    }
    if (waiting) {
        rune_columns_i8(weights, channels, shape.output_channels, depth, columns, columns, shape.limits, output,
                        output);
    }
}

#endif
