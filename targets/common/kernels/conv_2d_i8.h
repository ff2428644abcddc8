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

/* `count` values of a column from k on. */
RUNE_KERNEL void rune_fill_column(int16_t *column, int32_t k, int32_t count, int32_t value)
{
    for (int32_t i = 0; i < count; i++) {
        column[rune_column_index(k + i)] = (int16_t)value;
    }
}

/* A run of bytes that follow each other in the image, to the values of a column from k on. */
RUNE_KERNEL void rune_widen_run(const int8_t *bytes, int16_t *column, int32_t k, int32_t count, int32_t is_aligned)
{
    if (!is_aligned) {
        rune_widen_i8(bytes, column, k, count);
        return;
    }
    for (int32_t i = 0; i < count; i += 4) {
        rune_widen_4(bytes + i, column + 2 * (k + i));
    }
}

/* One filter row of a window of which some taps lie beside the image: these have the zero point. */
RUNE_KERNEL void rune_conv_2d_i8_gather_clipped(rune_conv_2d_i8_shape shape, const int8_t *restrict image,
                                                int32_t first, rune_taps taps, int16_t *restrict column, int32_t k)
{
    const int32_t channels = shape.input_channels;
    for (int32_t tap = 0; tap < shape.filter_width; tap++) {
        if (tap < taps.first || tap >= taps.end) {
            rune_fill_column(column, k, channels, shape.input_zero_point);
        } else {
            rune_widen_run(image + first + tap * shape.dilation_width * channels, column, k, channels,
                           channels % 4 == 0);
        }
        k += channels;
    }
}

/* The column of one output pixel whose tap (0, 0) is at y, x, which may be outside the image. */
RUNE_KERNEL void rune_conv_2d_i8_gather(rune_conv_2d_i8_shape shape, const int8_t *restrict image, int32_t y,
                                        int32_t x, int16_t *restrict column)
{
    const int32_t run = shape.filter_width * shape.input_channels;
    const rune_taps rows = rune_clip_window(y, shape.input_height, shape.filter_height, shape.dilation_height);
    const rune_taps taps = rune_clip_window(x, shape.input_width, shape.filter_width, shape.dilation_width);
    const int32_t step = shape.dilation_height * shape.input_width * shape.input_channels;
    /* Of the first row inside; its column may be outside. */
    int32_t first = (y * shape.input_width + x) * shape.input_channels + rows.first * step;
    int32_t row = 0;
    for (; row < rows.first; row++) {
        rune_fill_column(column, row * run, run, shape.input_zero_point);
    }
    if (shape.dilation_width == 1 && taps.first == 0 && taps.end == shape.filter_width) {
        /* The taps of a row and their channels follow each other in the image. */
        for (; row < rows.end; row++) {
            rune_widen_run(image + first, column, row * run, run, run % 4 == 0);
            first += step;
        }
    } else {
        for (; row < rows.end; row++) {
            rune_conv_2d_i8_gather_clipped(shape, image, first, taps, column, row * run);
            first += step;
        }
    }
    for (; row < shape.filter_height; row++) {
        rune_fill_column(column, row * run, run, shape.input_zero_point);
    }
}

/* A window of one pixel. */
RUNE_KERNEL void rune_conv_2d_i8_widen(const int8_t *restrict pixel, int16_t *restrict column, int32_t channels)
{
    const int32_t whole = channels & ~3;
    rune_widen_run(pixel, column, 0, whole, 1);
    rune_widen_i8(pixel + whole, column, whole, channels - whole);
}

/* `weights` are packed in pairs of output channels: see sums_i8.h. `columns` has room for two columns. The output may
   overwrite input that is not needed any more: pixels are made in order, and read before they are written. */
RUNE_KERNEL void rune_conv_2d_i8(rune_conv_2d_i8_shape shape, const int8_t *restrict weights,
                                 const int32_t *restrict channel_values, const int8_t *input, int8_t *output,
                                 int16_t *restrict columns)
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
            int16_t *const column = columns + (waiting ? 4 : 0);
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
                rune_columns_i8(weights, channels, shape.output_channels, depth, columns, shape.limits, output,
                                shape.output_channels);
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
        rune_columns_i8(weights, channels, shape.output_channels, depth, columns, shape.limits, output, 0);
    }
}

#endif
