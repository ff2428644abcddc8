#ifndef RUNE_CONV_2D_I8_H
#define RUNE_CONV_2D_I8_H

/* CONV_2D of int8 or uint8 over NHWC images. The inputs of two output pixels at a time are widened into columns, in which
   taps outside the image have the input's zero point: so the zero point's share of the sum is the same for every
   pixel, and part of the bias. The weights of uint8 have a zero point too: they are stored as int8, and where that is
   not their exact distance from it, the rest is the same for all of them, so it is multiplied by the column's sum. */

#include "kernels/sums_i8.h"

typedef struct rune_conv_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels; /* channels of one group, here and of the output */
    int32_t output_height, output_width, output_channels;
    int32_t groups; /* of channels: an output channel sees the input channels of its own group */
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    int32_t is_unsigned; /* whether inputs and outputs are uint8 */
    int32_t weight_offset; /* to be added to every weight; only of uint8 */
    int32_t general; /* whether a channel needs the general form of requantisation */
    rune_limits_i8 limits;
} rune_conv_2d_i8_shape;

/* Inputs of one output pixel, rounded up to a multiple of four. */
RUNE_KERNEL int32_t rune_conv_2d_i8_depth(rune_conv_2d_i8_shape shape)
{
    return (shape.filter_height * shape.filter_width * shape.input_channels + 3) & ~3;
}

/* From one pixel to the next. */
RUNE_KERNEL int32_t rune_conv_2d_i8_input_step(rune_conv_2d_i8_shape shape)
{
    return shape.input_channels * shape.groups;
}

RUNE_KERNEL int32_t rune_conv_2d_i8_output_step(rune_conv_2d_i8_shape shape)
{
    return shape.output_channels * shape.groups;
}

/* `count` values of a column from k on: single ones up to a place of four, fours, and single ones again. */
RUNE_KERNEL void rune_fill_column(int16_t *column, int32_t k, int32_t count, int32_t value)
{
    const int16_t four[4] = {(int16_t)value, (int16_t)value, (int16_t)value, (int16_t)value};
    const int32_t end = k + count;
    int16_t *place = column + rune_column_index(k);
    for (; k < end && (k & 3) != 0; k++) {
        *place = (int16_t)value;
        place = rune_next_place(place, k);
    }
    for (; k + 4 <= end; k += 4) {
        __builtin_memcpy(place, four, sizeof four);
        place += 8;
    }
    for (int32_t rest = (end - k) & 3; rest > 0; rest--) {
        *place++ = (int16_t)value;
    }
}

/* A run of bytes that follow each other in the image, to the values of a column from k on. */
RUNE_KERNEL void rune_widen_run(const int8_t *bytes, int16_t *column, int32_t k, int32_t count, int32_t is_aligned,
                                int32_t is_unsigned)
{
    if (!is_aligned) {
        rune_widen_i8(bytes, column, k, count, is_unsigned);
        return;
    }
    for (int32_t i = 0; i < count; i += 4) {
        rune_widen_4(bytes + i, column + 2 * (k + i), is_unsigned);
    }
}

/* One filter row of a window of which some taps lie beside the image: these have the zero point. */
RUNE_KERNEL void rune_conv_2d_i8_gather_clipped(rune_conv_2d_i8_shape shape, const int8_t *restrict image,
                                                int32_t first, rune_taps taps, int16_t *restrict column, int32_t k)
{
    const int32_t channels = shape.input_channels;
    const int32_t step = shape.dilation_width * rune_conv_2d_i8_input_step(shape);
    if (shape.dilation_width == 1 && shape.groups == 1 && taps.first < taps.end) {
        /* Those inside follow each other. */
        const int32_t before = taps.first * channels, inside = (taps.end - taps.first) * channels;
        rune_fill_column(column, k, before, shape.input_zero_point);
        rune_widen_run(image + first + before, column, k + before, inside, channels % 4 == 0, shape.is_unsigned);
        rune_fill_column(column, k + before + inside, shape.filter_width * channels - before - inside,
                         shape.input_zero_point);
        return;
    }
    for (int32_t tap = 0; tap < shape.filter_width; tap++) {
        if (tap < taps.first || tap >= taps.end) {
            rune_fill_column(column, k, channels, shape.input_zero_point);
        } else {
            rune_widen_run(image + first + tap * step, column, k, channels, channels % 4 == 0, shape.is_unsigned);
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
    const int32_t pixel = rune_conv_2d_i8_input_step(shape);
    const int32_t step = shape.dilation_height * shape.input_width * pixel;
    /* Of the first row inside; its column may be outside. */
    int32_t first = (y * shape.input_width + x) * pixel + rows.first * step;
    int32_t row = 0;
    for (; row < rows.first; row++) {
        rune_fill_column(column, row * run, run, shape.input_zero_point);
    }
    if (shape.dilation_width == 1 && shape.groups == 1 && taps.first == 0 && taps.end == shape.filter_width) {
        /* The taps of a row and their channels follow each other in the image. */
        for (; row < rows.end; row++) {
            rune_widen_run(image + first, column, row * run, run, run % 4 == 0, shape.is_unsigned);
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
RUNE_KERNEL void rune_conv_2d_i8_widen(const int8_t *restrict pixel, int16_t *restrict column, int32_t channels,
                                       int32_t is_unsigned)
{
    const int32_t whole = channels & ~3;
    rune_widen_run(pixel, column, 0, whole, 1, is_unsigned);
    rune_widen_i8(pixel + whole, column, whole, channels - whole, is_unsigned);
}

/* What the sums over a column have because of the weights' offset. */
RUNE_KERNEL int32_t rune_conv_2d_i8_extra(rune_conv_2d_i8_shape shape, const int16_t *column)
{
    const int32_t count = shape.filter_height * shape.filter_width * shape.input_channels;
    return shape.weight_offset ? shape.weight_offset * rune_column_sum(column, count) : 0;
}

/* All output channels of two columns: see rune_columns_i8. */
RUNE_KERNEL void rune_conv_2d_i8_columns(rune_conv_2d_i8_shape shape, const int8_t *weights,
                                         const rune_channel_i8 *channels, const int16_t *columns, int8_t *output,
                                         int32_t second)
{
    const int32_t depth = rune_conv_2d_i8_depth(shape);
    if (shape.is_unsigned) {
        const int32_t extra[2] = {rune_conv_2d_i8_extra(shape, columns),
                                  second ? rune_conv_2d_i8_extra(shape, columns + 4) : 0};
        rune_columns_u8(weights, channels, shape.output_channels, depth, columns, extra, shape.limits, output, second);
    } else {
        rune_columns_i8(weights, channels, shape.output_channels, depth, columns, shape.limits, output, second);
    }
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
            int16_t *const column = columns + (waiting ? 4 : 0);
            if (is_pointwise) {
                rune_conv_2d_i8_widen(input, column, shape.input_channels, shape.is_unsigned);
                input += rune_conv_2d_i8_input_step(shape);
            } else {
                rune_conv_2d_i8_gather(shape, input, y, x, column);
                x += shape.stride_width;
            }
            if (shape.general) {
                rune_columns_general_i8(weights, channels, shape.output_channels, depth, column,
                                        rune_conv_2d_i8_extra(shape, column), shape.limits, output);
                output += rune_conv_2d_i8_output_step(shape);
            } else if (waiting) {
                rune_conv_2d_i8_columns(shape, weights, channels, columns, output,
                                        rune_conv_2d_i8_output_step(shape));
                output += 2 * rune_conv_2d_i8_output_step(shape);
                waiting = 0;
            } else {
                waiting = 1;
            }
        }
        y += shape.stride_height;
        if (!is_pointwise && (line + 1) % shape.output_height == 0) {
            y = -shape.padding_top;
            input += shape.input_height * shape.input_width * rune_conv_2d_i8_input_step(shape);
        }
    }
    if (waiting) {
        rune_conv_2d_i8_columns(shape, weights, channels, columns, output, 0);
    }
}

/* The same for several groups of channels, whose weights follow each other. */
RUNE_KERNEL void rune_conv_2d_groups_i8(rune_conv_2d_i8_shape shape, const int8_t *restrict weights,
                                        const int32_t *restrict channel_values, const int8_t *restrict input,
                                        int8_t *restrict output, int16_t *restrict columns)
{
    for (int32_t group = 0; group < shape.groups; group++) {
        rune_conv_2d_i8(shape, weights, channel_values, input, output, columns);
        weights += shape.output_channels * rune_conv_2d_i8_depth(shape);
        channel_values += shape.output_channels * (int32_t)(sizeof(rune_channel_i8) / sizeof(int32_t));
        input += shape.input_channels;
        output += shape.output_channels;
    }
}

#endif
