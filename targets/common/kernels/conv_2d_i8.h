#ifndef RUNE_CONV_2D_I8_H
#define RUNE_CONV_2D_I8_H

/* CONV_2D of int8 or uint8 over NHWC images. The inputs of two output pixels at a time are widened into columns, in
   which taps outside the image have the input's zero point: so the zero point's share of the sum is the same for every
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

/* Where a window lies, whose tap (0, 0) is at a pixel that may be outside the image. */
typedef struct rune_conv_2d_i8_window {
    rune_taps rows, columns; /* the taps inside the image */
    int32_t first; /* element of the first row inside and of column 0, which may be outside */
} rune_conv_2d_i8_window;

RUNE_KERNEL rune_conv_2d_i8_window rune_conv_2d_i8_find(rune_conv_2d_i8_shape shape, int32_t y, int32_t x)
{
    const rune_taps rows = rune_clip_window(y, shape.input_height, shape.filter_height, shape.dilation_height);
    const rune_conv_2d_i8_window window = {
        .rows = rows,
        .columns = rune_clip_window(x, shape.input_width, shape.filter_width, shape.dilation_width),
        .first = ((y + rows.first * shape.dilation_height) * shape.input_width + x) * rune_conv_2d_i8_input_step(shape),
    };
    return window;
}

/* Whether the taps of a filter row and their channels follow each other in the image. */
RUNE_KERNEL int32_t rune_conv_2d_i8_is_run(rune_conv_2d_i8_shape shape, rune_conv_2d_i8_window window)
{
    return shape.dilation_width == 1 && shape.groups == 1 && window.columns.first == 0 &&
           window.columns.end == shape.filter_width;
}

/* `count` values of a column, a multiple of four; returns where the next ones go. */
RUNE_KERNEL int16_t *rune_fill_column(int16_t *to, int32_t count, int32_t value)
{
    for (int32_t i = 0; i < count; i += 4) {
        to[0] = to[1] = to[2] = to[3] = (int16_t)value;
        to += 8;
    }
    return to;
}

/* A filter row in bytes, of which some taps lie beside the image. */
RUNE_KERNEL void rune_conv_2d_i8_copy_row(rune_conv_2d_i8_shape shape, const int8_t *from, rune_taps taps, int8_t *to)
{
    const int32_t channels = shape.input_channels;
    const int32_t skip = shape.dilation_width * rune_conv_2d_i8_input_step(shape) - channels;
    const uint32_t inside = (uint32_t)((taps.end - taps.first) * channels);
    for (int32_t tap = 0; tap < shape.filter_width; tap++) {
        for (int32_t i = 0; i < channels; i++) {
            const uint32_t place = (uint32_t)((tap - taps.first) * channels + i);
            *to++ = place < inside ? *from : (int8_t)shape.input_zero_point;
            from++;
        }
        from += skip;
    }
}

/* A filter row of whole words of which some taps lie beside the image; returns where the next one goes. */
RUNE_KERNEL int16_t *rune_conv_2d_i8_gather_clipped(rune_conv_2d_i8_shape shape, const int8_t *from, rune_taps taps,
                                                    int8_t *bytes, int16_t *to)
{
    const int32_t channels = shape.input_channels, step = shape.dilation_width * rune_conv_2d_i8_input_step(shape);
    if (channels % 4 != 0) {
        rune_conv_2d_i8_copy_row(shape, from, taps, bytes);
        return rune_widen_i8(bytes, to, shape.filter_width * channels, shape.is_unsigned);
    }
    to = rune_fill_column(to, taps.first * channels, shape.input_zero_point);
    for (int32_t tap = taps.first; tap < taps.end; tap++) {
        to = rune_widen_i8(from + tap * step, to, channels, shape.is_unsigned);
    }
    return rune_fill_column(to, (shape.filter_width - taps.end) * channels, shape.input_zero_point);
}

/* The column of a window whose filter rows are whole words. */
RUNE_KERNEL void rune_conv_2d_i8_gather_words(rune_conv_2d_i8_shape shape, const int8_t *image,
                                              rune_conv_2d_i8_window window, int8_t *bytes, int16_t *column)
{
    const int32_t run = shape.filter_width * shape.input_channels;
    const int32_t step = shape.dilation_height * shape.input_width * rune_conv_2d_i8_input_step(shape);
    const int8_t *from = image + window.first;
    column = rune_fill_column(column, window.rows.first * run, shape.input_zero_point);
    if (rune_conv_2d_i8_is_run(shape, window)) {
        for (int32_t row = window.rows.first; row < window.rows.end; row++) {
            column = rune_widen_i8(from, column, run, shape.is_unsigned);
            from += step;
        }
    } else {
        for (int32_t row = window.rows.first; row < window.rows.end; row++) {
            column = rune_conv_2d_i8_gather_clipped(shape, from, window.columns, bytes, column);
            from += step;
        }
    }
    rune_fill_column(column, (shape.filter_height - window.rows.end) * run, shape.input_zero_point);
}

/* The column of any window: it is put together in bytes first. The weights of those that fill up the last
   word are zero. */
RUNE_KERNEL void rune_conv_2d_i8_gather_bytes(rune_conv_2d_i8_shape shape, const int8_t *image,
                                              rune_conv_2d_i8_window window, int8_t *bytes, int16_t *column)
{
    const int32_t run = shape.filter_width * shape.input_channels;
    const int32_t step = shape.dilation_height * shape.input_width * rune_conv_2d_i8_input_step(shape);
    const int8_t *from = image + window.first;
    int8_t *to = bytes + window.rows.first * run;
    for (int8_t *i = bytes; i < to; i++) {
        *i = (int8_t)shape.input_zero_point;
    }
    for (int32_t row = window.rows.first; row < window.rows.end; row++) {
        if (rune_conv_2d_i8_is_run(shape, window)) {
            __builtin_memcpy(to, from, (uint32_t)run);
        } else {
            rune_conv_2d_i8_copy_row(shape, from, window.columns, to);
        }
        from += step;
        to += run;
    }
    for (int8_t *const end = bytes + shape.filter_height * run; to < end; to++) {
        *to = (int8_t)shape.input_zero_point;
    }
    rune_widen_i8(bytes, column, rune_conv_2d_i8_depth(shape), shape.is_unsigned);
}

/* The column of the window whose tap (0, 0) is at y, x. */
RUNE_KERNEL void rune_conv_2d_i8_gather(rune_conv_2d_i8_shape shape, const int8_t *image, int32_t y, int32_t x,
                                        int8_t *bytes, int16_t *column)
{
    const rune_conv_2d_i8_window window = rune_conv_2d_i8_find(shape, y, x);
    if (shape.filter_width * shape.input_channels % 4 == 0) {
        rune_conv_2d_i8_gather_words(shape, image, window, bytes, column);
    } else {
        rune_conv_2d_i8_gather_bytes(shape, image, window, bytes, column);
    }
}

/* What the sums over a column have because of the weights' offset. */
RUNE_KERNEL int32_t rune_conv_2d_i8_extra(rune_conv_2d_i8_shape shape, const int16_t *column)
{
    const int32_t count = shape.filter_height * shape.filter_width * shape.input_channels;
    return shape.weight_offset ? shape.weight_offset * rune_column_sum(column, count) : 0;
}

/* All output channels of two columns: see rune_columns_channels. */
RUNE_KERNEL void rune_conv_2d_i8_columns(rune_conv_2d_i8_shape shape, const int8_t *weights,
                                         const rune_channel_i8 *channels, const int16_t *columns, int8_t *output,
                                         int32_t second)
{
    const int32_t depth = rune_conv_2d_i8_depth(shape);
    if (shape.is_unsigned) {
        const int32_t extra[2] = {rune_conv_2d_i8_extra(shape, columns),
                                  second ? rune_conv_2d_i8_extra(shape, columns + 4) : 0};
        rune_columns_channels(weights, channels, shape.output_channels, depth, columns, extra, shape.limits, output,
                              second);
    } else {
        rune_columns_channels(weights, channels, shape.output_channels, depth, columns, NULL, shape.limits, output,
                              second);
    }
}

/* `weights` are packed in pairs of output channels: see sums_i8.h. `columns` has room for two columns; behind them
   is room for the bytes of a window, for those of a filter row where these are whole words, and for none where the
   channels are. The output may overwrite input that is not needed any more: pixels are made in order, and read before
   they are written. */
RUNE_KERNEL void rune_conv_2d_i8(rune_conv_2d_i8_shape shape, const int8_t *restrict weights,
                                 const int32_t *restrict channel_values, const int8_t *input, int8_t *output,
                                 int16_t *restrict columns)
{
    const rune_channel_i8 *const channels = (const rune_channel_i8 *)channel_values;
    const int32_t depth = rune_conv_2d_i8_depth(shape);
    const int32_t is_pointwise = shape.input_channels % 4 == 0 && shape.filter_height == 1 &&
                                 shape.filter_width == 1 && shape.stride_height == 1 && shape.stride_width == 1 &&
                                 shape.padding_top == 0 && shape.padding_left == 0;
    const int32_t lines = shape.batches * shape.output_height;
    int8_t *const bytes = (int8_t *)(columns + 2 * depth);
    int32_t waiting = 0; /* whether the first column is filled and not yet used */
    int32_t y = -shape.padding_top;
    for (int32_t line = 0; line < lines; line++) {
        int32_t x = -shape.padding_left;
        for (int32_t i = 0; i < shape.output_width; i++) {
            int16_t *const column = columns + (waiting ? 4 : 0);
            if (is_pointwise) {
                rune_widen_i8(input, column, depth, shape.is_unsigned);
                input += rune_conv_2d_i8_input_step(shape);
            } else {
                rune_conv_2d_i8_gather(shape, input, y, x, bytes, column);
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
