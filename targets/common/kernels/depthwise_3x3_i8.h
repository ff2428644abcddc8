#ifndef RUNE_DEPTHWISE_3X3_I8_H
#define RUNE_DEPTHWISE_3X3_I8_H

/* DEPTHWISE_CONV_2D of int8 with a filter of 3 by 3 and one output channel for each input channel: one channel at a
   time is widened into a plane with a border of the input's zero point, whose share of the sum is in the bias. */

#include "kernels/requantise.h"

typedef struct rune_depthwise_3x3_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t stride; /* 1 or 2, both ways */
    int32_t padding_top, padding_left;
    int32_t plane_height, plane_width; /* the width is even, and reaches one value beyond the last window */
    int32_t input_zero_point;
    rune_limits_i8 limits;
} rune_depthwise_3x3_i8_shape;

/* One channel: of each filter row the weights 0 and 1, then 1 and 2, doubled, as the lower and upper half of a word. */
typedef struct rune_depthwise_3x3_channel {
    int32_t weights[6];
    int32_t bias; /* doubled */
    int32_t multiplier, shift, offset; /* as in rune_channel_i8, the quick form */
} rune_depthwise_3x3_channel;

/* sum + the products of both halves; of two given halves. */
#if defined(__ARM_FEATURE_DSP)
#define RUNE_ADD_BOTH(x, w, sum) __smlad((x), (w), (sum))
#define RUNE_ADD_LOW_HIGH(x, w, sum) __smlabt((x), (w), (sum))
#define RUNE_ADD_HIGH_LOW(x, w, sum) __smlatb((x), (w), (sum))
#else
#define RUNE_LOW(word) ((int16_t)(word))
#define RUNE_HIGH(word) ((int16_t)((word) >> 16))
#define RUNE_ADD_BOTH(x, w, sum) ((sum) + RUNE_LOW(x) * RUNE_LOW(w) + RUNE_HIGH(x) * RUNE_HIGH(w))
#define RUNE_ADD_LOW_HIGH(x, w, sum) ((sum) + RUNE_LOW(x) * RUNE_HIGH(w))
#define RUNE_ADD_HIGH_LOW(x, w, sum) ((sum) + RUNE_HIGH(x) * RUNE_LOW(w))
#endif

/* Two windows side by side need four values of a row with a stride of 1, five with a stride of 2. */
#define RUNE_DEPTHWISE_STRIDE_1(ROW, A, B)                                                                    \
    do {                                                                                                      \
        const int32_t low = words[(ROW) * line], high = words[(ROW) * line + 1];                              \
        a = RUNE_ADD_BOTH(low, A, a);                                                                         \
        b = RUNE_ADD_HIGH_LOW(low, A, b);                                                                     \
        a = RUNE_ADD_LOW_HIGH(high, B, a);                                                                    \
        b = RUNE_ADD_BOTH(high, B, b);                                                                        \
    } while (0)
#define RUNE_DEPTHWISE_STRIDE_2(ROW, A, B)                                                                    \
    do {                                                                                                      \
        const int32_t low = words[(ROW) * line], middle = words[(ROW) * line + 1];                            \
        const int32_t high = words[(ROW) * line + 2];                                                         \
        a = RUNE_ADD_BOTH(low, A, a);                                                                         \
        b = RUNE_ADD_BOTH(middle, A, b);                                                                      \
        a = RUNE_ADD_LOW_HIGH(middle, B, a);                                                                  \
        b = RUNE_ADD_LOW_HIGH(high, B, b);                                                                    \
    } while (0)

/* One channel of all output pixels. Shared by all layers of a stride. */
#define RUNE_DEPTHWISE_DEFINE_CHANNEL(STRIDE, FORM, LIMIT)                                                    \
    static __attribute__((noinline, unused)) void rune_depthwise_3x3_##FORM##_##STRIDE(                       \
        const int32_t *words, int32_t line, const rune_depthwise_3x3_channel *channel, int32_t height,        \
        int32_t width, int32_t stride, rune_limits_i8 limits, int8_t *output)                                 \
    {                                                                                                         \
        (void)limits;                                                                                         \
        const int32_t w0 = channel->weights[0], w1 = channel->weights[1], w2 = channel->weights[2];           \
        const int32_t w3 = channel->weights[3], w4 = channel->weights[4], w5 = channel->weights[5];           \
        const int32_t skip = (STRIDE) * line - ((width + 1) >> 1) * (STRIDE);                                 \
        for (int32_t y = 0; y < height; y++) {                                                                \
            for (int32_t x = width; x > 0; x -= 2) {                                                          \
                int32_t a = channel->bias, b = a;                                                             \
                RUNE_DEPTHWISE_STRIDE_##STRIDE(0, w0, w1);                                                    \
                RUNE_DEPTHWISE_STRIDE_##STRIDE(1, w2, w3);                                                    \
                RUNE_DEPTHWISE_STRIDE_##STRIDE(2, w4, w5);                                                    \
                words += (STRIDE);                                                                            \
                *output = (int8_t)LIMIT(rune_depthwise_scaled(a, channel));                                   \
                output += stride;                                                                             \
                if (x > 1) {                                                                                  \
                    *output = (int8_t)LIMIT(rune_depthwise_scaled(b, channel));                               \
                    output += stride;                                                                         \
                }                                                                                             \
            }                                                                                                 \
            words += skip;                                                                                    \
        }                                                                                                     \
    }

RUNE_KERNEL int32_t rune_depthwise_scaled(int32_t sum, const rune_depthwise_3x3_channel *channel)
{
    return rune_requantise_doubled(sum, channel->multiplier, channel->shift, channel->offset);
}

#define RUNE_CLAMP(x) rune_clamp_i8(x, limits)
RUNE_DEPTHWISE_DEFINE_CHANNEL(1, saturated, rune_saturate_i8)
RUNE_DEPTHWISE_DEFINE_CHANNEL(2, saturated, rune_saturate_i8)
RUNE_DEPTHWISE_DEFINE_CHANNEL(1, clamped, RUNE_CLAMP)
RUNE_DEPTHWISE_DEFINE_CHANNEL(2, clamped, RUNE_CLAMP)
#undef RUNE_CLAMP

#undef RUNE_DEPTHWISE_DEFINE_CHANNEL
#undef RUNE_DEPTHWISE_STRIDE_1
#undef RUNE_DEPTHWISE_STRIDE_2

RUNE_KERNEL void rune_depthwise_3x3_channel_i8(rune_depthwise_3x3_i8_shape shape, const int32_t *words,
                                               const rune_depthwise_3x3_channel *channel, int8_t *output)
{
    const int32_t line = shape.plane_width / 2;
    const int32_t height = shape.output_height, width = shape.output_width, stride = shape.channels;
    if (rune_has_own_limits_i8(shape.limits)) {
        if (shape.stride == 1) {
            rune_depthwise_3x3_saturated_1(words, line, channel, height, width, stride, shape.limits, output);
        } else {
            rune_depthwise_3x3_saturated_2(words, line, channel, height, width, stride, shape.limits, output);
        }
    } else if (shape.stride == 1) {
        rune_depthwise_3x3_clamped_1(words, line, channel, height, width, stride, shape.limits, output);
    } else {
        rune_depthwise_3x3_clamped_2(words, line, channel, height, width, stride, shape.limits, output);
    }
}

/* `plane` has room for plane_height * plane_width values. With one batch the output may begin where the input does: a
   channel is read before it is written, and no other channel's values are written then. */
RUNE_KERNEL void rune_depthwise_3x3_i8(rune_depthwise_3x3_i8_shape shape, const int32_t *restrict channel_values,
                                       const int8_t *input, int8_t *output, int16_t *restrict plane)
{
    const rune_depthwise_3x3_channel *const channels = (const rune_depthwise_3x3_channel *)channel_values;
    const int32_t room_down = shape.plane_height - shape.padding_top;
    const int32_t room_across = shape.plane_width - shape.padding_left;
    const int32_t height = shape.input_height < room_down ? shape.input_height : room_down;
    const int32_t width = shape.input_width < room_across ? shape.input_width : room_across;
    const int32_t step = shape.channels;
    for (int32_t i = 0; i < shape.plane_height * shape.plane_width; i++) {
        plane[i] = (int16_t)shape.input_zero_point; /* the border, once for all channels */
    }
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        for (int32_t channel = 0; channel < shape.channels; channel++) {
            for (int32_t y = 0; y < height; y++) {
                const int8_t *from = input + y * shape.input_width * step + channel;
                int16_t *to = plane + (y + shape.padding_top) * shape.plane_width + shape.padding_left;
                int32_t x = width;
                for (; x >= 4; x -= 4) {
                    to[0] = from[0];
                    to[1] = from[step];
                    to[2] = from[2 * step];
                    to[3] = from[3 * step];
                    to += 4;
                    from += 4 * step;
                }
                for (; x > 0; x--) {
                    *to++ = *from;
                    from += step;
                }
            }
            rune_depthwise_3x3_channel_i8(shape, (const int32_t *)plane, channels + channel, output + channel);
        }
        input += shape.input_height * shape.input_width * step;
        output += shape.output_height * shape.output_width * step;
    }
}

#endif
