#ifndef RUNE_DEPTHWISE_CONV_2D_I8_H
#define RUNE_DEPTHWISE_CONV_2D_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8 over NHWC images, and of float images with int8 weights (see hybrid.h), with one
   output channel for each input channel. (With more it is a convolution in as many groups as there are input channels.)
   Any window, without the zero point in the bias: taps outside the image are left out. Weights by filter row, filter
   column and channel, as in the file, but without their zero point: those of uint8 may need int16. */

#include "kernels/hybrid.h"
#include "kernels/sums_i8.h"

typedef struct rune_depthwise_conv_2d_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
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
    return (rune_depthwise_window){rows.end - rows.first, columns.end - columns.first, pixel * shape.channels,
                                   tap * shape.channels};
}

/* The sums of four channels that follow each other. */
typedef struct rune_depthwise_sums {
    int32_t s0, s1, s2, s3;
} rune_depthwise_sums;

#if defined(__ARM_FEATURE_DSP)
/* Four inputs less their zero point, which `zero_points` has in both halves: channels 0 and 2, and 1 and 3. */
#define RUNE_DEPTHWISE_INPUTS()                                                                               \
    const uint32_t word = rune_load_word(x);                                                                  \
    const int16x2_t low = is_unsigned ? rune_even_unsigned_bytes(word) : rune_even_bytes(word);               \
    const int16x2_t high = is_unsigned ? rune_odd_unsigned_bytes(word) : rune_odd_bytes(word);                \
    const int16x2_t even = __ssub16(low, zero_points), odd = __ssub16(high, zero_points)

/* One tap, added to the sums; with weights of int8 and of int16. */
RUNE_KERNEL rune_depthwise_sums rune_depthwise_add_i8(rune_depthwise_sums sums, const int8_t *x, const int8_t *w,
                                                      int16x2_t zero_points, int32_t is_unsigned)
{
    RUNE_DEPTHWISE_INPUTS();
    const uint32_t weights = rune_load_word(w);
    const int16x2_t even_weights = rune_even_bytes(weights), odd_weights = rune_odd_bytes(weights);
    sums.s0 = __smlabb(even, even_weights, sums.s0);
    sums.s1 = __smlabb(odd, odd_weights, sums.s1);
    sums.s2 = __smlatt(even, even_weights, sums.s2);
    sums.s3 = __smlatt(odd, odd_weights, sums.s3);
    return sums;
}

RUNE_KERNEL rune_depthwise_sums rune_depthwise_add_i16(rune_depthwise_sums sums, const int8_t *x, const int16_t *w,
                                                       int16x2_t zero_points, int32_t is_unsigned)
{
    RUNE_DEPTHWISE_INPUTS();
    const int16x2_t first = (int16x2_t)rune_load_word((const int8_t *)w);
    const int16x2_t second = (int16x2_t)rune_load_word((const int8_t *)(w + 2));
    sums.s0 = __smlabb(even, first, sums.s0);
    sums.s1 = __smlabt(odd, first, sums.s1);
    sums.s2 = __smlatb(even, second, sums.s2);
    sums.s3 = __smlatt(odd, second, sums.s3);
    return sums;
}

#undef RUNE_DEPTHWISE_INPUTS
#define RUNE_DEPTHWISE_ZERO_POINTS(x) ((int16x2_t)(((uint32_t)(x) << 16) | (uint16_t)(x)))
#else
#define RUNE_DEPTHWISE_DEFINE_ADD(SUFFIX, WEIGHT)                                                             \
    RUNE_KERNEL rune_depthwise_sums rune_depthwise_add_##SUFFIX(                                              \
        rune_depthwise_sums sums, const int8_t *x, const WEIGHT *w, int32_t zero_point, int32_t is_unsigned)  \
    {                                                                                                         \
        sums.s0 += (rune_byte_value(x[0], is_unsigned) - zero_point) * w[0];                                  \
        sums.s1 += (rune_byte_value(x[1], is_unsigned) - zero_point) * w[1];                                  \
        sums.s2 += (rune_byte_value(x[2], is_unsigned) - zero_point) * w[2];                                  \
        sums.s3 += (rune_byte_value(x[3], is_unsigned) - zero_point) * w[3];                                  \
        return sums;                                                                                          \
    }

RUNE_DEPTHWISE_DEFINE_ADD(i8, int8_t)
RUNE_DEPTHWISE_DEFINE_ADD(i16, int16_t)

#undef RUNE_DEPTHWISE_DEFINE_ADD
#define RUNE_DEPTHWISE_ZERO_POINTS(x) (x)
#endif

/* Four channels of one pixel, and one that is left over. */
#define RUNE_DEPTHWISE_DEFINE_SUMS(SUFFIX, WEIGHT)                                                            \
    RUNE_KERNEL rune_depthwise_sums rune_depthwise_sums_##SUFFIX(                                             \
        rune_depthwise_conv_2d_i8_shape shape, rune_depthwise_window window, const int8_t *line,              \
        const WEIGHT *taps, rune_depthwise_sums sums)                                                         \
    {                                                                                                         \
        for (int32_t row = window.rows; row > 0; row--) {                                                     \
            const int8_t *x = line;                                                                           \
            const WEIGHT *w = taps;                                                                           \
            for (int32_t column = window.columns; column > 0; column--) {                                     \
                sums = rune_depthwise_add_##SUFFIX(                                                           \
                    sums, x, w, RUNE_DEPTHWISE_ZERO_POINTS(shape.input_zero_point), shape.is_unsigned);       \
                x += shape.dilation_width * shape.channels;                                                   \
                w += shape.channels;                                                                          \
            }                                                                                                 \
            line += shape.dilation_height * shape.input_width * shape.channels;                               \
            taps += shape.filter_width * shape.channels;                                                      \
        }                                                                                                     \
        return sums;                                                                                          \
    }                                                                                                         \
                                                                                                              \
    RUNE_KERNEL int32_t rune_depthwise_sum_##SUFFIX(rune_depthwise_conv_2d_i8_shape shape,                    \
                                                    rune_depthwise_window window, const int8_t *line,         \
                                                    const WEIGHT *taps, int32_t sum)                          \
    {                                                                                                         \
        for (int32_t row = window.rows; row > 0; row--) {                                                     \
            const int8_t *x = line;                                                                           \
            const WEIGHT *w = taps;                                                                           \
            for (int32_t column = window.columns; column > 0; column--) {                                     \
                sum += (rune_byte_value(*x, shape.is_unsigned) - shape.input_zero_point) * *w;                \
                x += shape.dilation_width * shape.channels;                                                   \
                w += shape.channels;                                                                          \
            }                                                                                                 \
            line += shape.dilation_height * shape.input_width * shape.channels;                               \
            taps += shape.filter_width * shape.channels;                                                      \
        }                                                                                                     \
        return sum;                                                                                           \
    }

RUNE_DEPTHWISE_DEFINE_SUMS(i8, int8_t)
RUNE_DEPTHWISE_DEFINE_SUMS(i16, int16_t)

#undef RUNE_DEPTHWISE_DEFINE_SUMS
#undef RUNE_DEPTHWISE_ZERO_POINTS

/* All pixels of an image: every sum begins with BIAS(channel); RESULT(sum, channel) is stored of it. */
#define RUNE_DEPTHWISE_IMAGE(SUFFIX, BIAS, RESULT)                                                            \
    for (int32_t y = 0; y < shape.output_height; y++) {                                                       \
        for (int32_t x = 0; x < shape.output_width; x++) {                                                    \
            const rune_depthwise_window window = rune_depthwise_clip(shape, y, x);                            \
            const int8_t *const pixel = image + window.pixel;                                                 \
            int32_t c = 0;                                                                                    \
            for (; c + 4 <= shape.channels; c += 4) {                                                         \
                rune_depthwise_sums sums = {BIAS(c), BIAS(c + 1), BIAS(c + 2), BIAS(c + 3)};                  \
                sums = rune_depthwise_sums_##SUFFIX(shape, window, pixel + c, weights + window.tap + c, sums);\
                output[c] = RESULT(sums.s0, c);                                                               \
                output[c + 1] = RESULT(sums.s1, c + 1);                                                       \
                output[c + 2] = RESULT(sums.s2, c + 2);                                                       \
                output[c + 3] = RESULT(sums.s3, c + 3);                                                       \
            }                                                                                                 \
            for (; c < shape.channels; c++) {                                                                 \
                const int32_t sum =                                                                           \
                    rune_depthwise_sum_##SUFFIX(shape, window, pixel + c, weights + window.tap + c, BIAS(c)); \
                output[c] = RESULT(sum, c);                                                                   \
            }                                                                                                 \
            output += shape.channels;                                                                         \
        }                                                                                                     \
    }

#define RUNE_DEPTHWISE_BIAS(c) channels[c].bias
#define RUNE_DEPTHWISE_RESULT(sum, c) rune_channel_result_i8(sum, channels + (c), shape.limits, shape.general)
#define RUNE_DEPTHWISE_DEFINE(NAME, WEIGHT, SUFFIX)                                                           \
    RUNE_KERNEL void NAME(rune_depthwise_conv_2d_i8_shape shape, const WEIGHT *restrict weights,              \
                          const int32_t *restrict channel_values, const int8_t *restrict image,               \
                          int8_t *restrict output)                                                            \
    {                                                                                                         \
        const rune_channel_i8 *const channels = (const rune_channel_i8 *)channel_values;                      \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            RUNE_DEPTHWISE_IMAGE(SUFFIX, RUNE_DEPTHWISE_BIAS, RUNE_DEPTHWISE_RESULT)                          \
            image += shape.input_height * shape.input_width * shape.channels;                                 \
        }                                                                                                     \
    }

RUNE_DEPTHWISE_DEFINE(rune_depthwise_conv_2d_i8, int8_t, i8)
RUNE_DEPTHWISE_DEFINE(rune_depthwise_conv_2d_wide_i8, int16_t, i16)

#undef RUNE_DEPTHWISE_DEFINE
#undef RUNE_DEPTHWISE_RESULT
#undef RUNE_DEPTHWISE_BIAS

/* `image` has room for one image of int8. Sums are taken without the zero point, so the weights' sums are not needed. */
#define RUNE_DEPTHWISE_BIAS(c) 0
#define RUNE_DEPTHWISE_RESULT(sum, c) rune_hybrid_result(sum, channels, c, scaling, activation)
RUNE_KERNEL void rune_depthwise_conv_2d_hybrid(rune_depthwise_conv_2d_i8_shape shape, rune_hybrid_form form,
                                               rune_activation activation, const int8_t *restrict weights,
                                               rune_hybrid_channels channels, const float *restrict input,
                                               float *restrict output, int8_t *restrict image)
{
    const int32_t size = shape.input_height * shape.input_width * shape.channels;
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const rune_scaling scaling = rune_quantise_batch(form, input, size, image);
        shape.input_zero_point = scaling.zero_point;
        RUNE_DEPTHWISE_IMAGE(i8, RUNE_DEPTHWISE_BIAS, RUNE_DEPTHWISE_RESULT)
        input += size;
    }
}

#undef RUNE_DEPTHWISE_RESULT
#undef RUNE_DEPTHWISE_BIAS
#undef RUNE_DEPTHWISE_IMAGE

#endif
