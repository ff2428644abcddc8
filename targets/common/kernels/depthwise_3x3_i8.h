#ifndef RUNE_DEPTHWISE_3X3_I8_H
#define RUNE_DEPTHWISE_3X3_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8 with a filter of 3 by 3: one channel at a time is widened into a plane with a border of
   the input's zero point, whose share of the sum is in the bias. A plane serves a strip of the output's rows; the rows
   that the next strip needs too are kept. So with one output channel for each input channel and a stride of 1 the
   output may take the place of the input: a pixel is in the plane before it is overwritten. */

#include "kernels/requantise.h"

typedef struct rune_depthwise_3x3_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width;
    int32_t multiplier; /* output channels of each input channel */
    int32_t stride; /* 1 or 2, both ways */
    int32_t padding_top, padding_left;
    int32_t strip; /* output rows that a plane serves */
    int32_t plane_width; /* even, and reaches one value beyond the last window */
    int32_t input_zero_point;
    int32_t is_unsigned; /* whether inputs and outputs are uint8 */
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

/* The window at `words`. */
RUNE_KERNEL int32_t rune_depthwise_3x3_sum(const int32_t *words, int32_t line, const rune_depthwise_3x3_channel *channel)
{
    const int32_t *const second = words + line, *const third = second + line;
    int32_t sum = RUNE_ADD_BOTH(words[0], channel->weights[0], channel->bias);
    sum = RUNE_ADD_LOW_HIGH(words[1], channel->weights[1], sum);
    sum = RUNE_ADD_BOTH(second[0], channel->weights[2], sum);
    sum = RUNE_ADD_LOW_HIGH(second[1], channel->weights[3], sum);
    sum = RUNE_ADD_BOTH(third[0], channel->weights[4], sum);
    return RUNE_ADD_LOW_HIGH(third[1], channel->weights[5], sum);
}

RUNE_KERNEL int32_t rune_depthwise_scaled(int32_t sum, const rune_depthwise_3x3_channel *channel)
{
    return rune_requantise_doubled(sum, channel->multiplier, channel->shift, channel->offset);
}

#if defined(__ARM_FEATURE_DSP)

/* Two windows side by side, written by hand: a compiler has not enough registers for three rows and reloads. A row of
   a pair is four values with a stride of 1, five with a stride of 2. */
#define RUNE_DEPTHWISE_ROW_1(POINTER, WEIGHTS, FIRST)                                                         \
    "ldrd %[x0], %[x1], [%[" POINTER "]], #4\n"                                                               \
    "ldrd %[w0], %[w1], [%[channel], #" WEIGHTS "]\n"                                                         \
    "smlatb %[b], %[x0], %[w0], %[" FIRST "]\n"                                                               \
    "smlad %[a], %[x0], %[w0], %[a]\n"                                                                        \
    "smlad %[b], %[x1], %[w1], %[b]\n"                                                                        \
    "smlabt %[a], %[x1], %[w1], %[a]\n"
#define RUNE_DEPTHWISE_ROW_2(POINTER, WEIGHTS, FIRST)                                                         \
    "ldrd %[x0], %[x1], [%[" POINTER "]], #8\n"                                                               \
    "ldrd %[w0], %[w1], [%[channel], #" WEIGHTS "]\n"                                                         \
    "smlad %[b], %[x1], %[w0], %[" FIRST "]\n"                                                                \
    "smlad %[a], %[x0], %[w0], %[a]\n"                                                                        \
    "ldr %[x0], [%[" POINTER "]]\n"                                                                           \
    "smlabt %[a], %[x1], %[w1], %[a]\n"                                                                       \
    "smlabt %[b], %[x0], %[w1], %[b]\n"
#define RUNE_DEPTHWISE_SATURATE                                                                               \
    "ssat %[a], #8, %[a]\n"                                                                                   \
    "ssat %[b], #8, %[b]\n"
#define RUNE_DEPTHWISE_SATURATE_U8                                                                            \
    "usat %[a], #8, %[a]\n"                                                                                   \
    "usat %[b], #8, %[b]\n"
#define RUNE_DEPTHWISE_CLAMP                                                                                  \
    "ldrd %[x0], %[x1], [%[limits]]\n"                                                                        \
    "cmp %[a], %[x0]\nit lt\nmovlt %[a], %[x0]\n"                                                             \
    "cmp %[a], %[x1]\nit gt\nmovgt %[a], %[x1]\n"                                                             \
    "cmp %[b], %[x0]\nit lt\nmovlt %[b], %[x0]\n"                                                             \
    "cmp %[b], %[x1]\nit gt\nmovgt %[b], %[x1]\n"
#define RUNE_DEPTHWISE_PAIRS(STRIDE, LIMIT)                                                                   \
    do {                                                                                                      \
        const int32_t *p0 = words, *p1 = words + line, *p2 = words + 2 * line;                                \
        int32_t a, b, x0, x1, w0, w1;                                                                         \
        __asm__ volatile("1: ldr %[a], [%[channel], #24]\n"                                                   \
                         RUNE_DEPTHWISE_ROW_##STRIDE("p0", "0", "a")                                          \
                         RUNE_DEPTHWISE_ROW_##STRIDE("p1", "8", "b")                                          \
                         RUNE_DEPTHWISE_ROW_##STRIDE("p2", "16", "b")                                         \
                         "ldrd %[x0], %[x1], [%[channel], #28]\n"                                             \
                         "ldr %[w0], [%[channel], #36]\n"                                                     \
                         "smmulr %[a], %[a], %[x0]\n"                                                         \
                         "smmulr %[b], %[b], %[x0]\n"                                                         \
                         "add %[w1], %[a], %[w0]\n"                                                           \
                         "add %[a], %[w1], %[a], asr #31\n"                                                   \
                         "add %[w1], %[b], %[w0]\n"                                                           \
                         "add %[b], %[w1], %[b], asr #31\n"                                                   \
                         "asr %[a], %[a], %[x1]\n"                                                            \
                         "asr %[b], %[b], %[x1]\n"                                                            \
                         LIMIT                                                                                \
                         "strb %[a], [%[to]]\n"                                                               \
                         "strb %[b], [%[to], %[step]]\n"                                                      \
                         "add %[to], %[to], %[step], lsl #1\n"                                                \
                         "cmp %[p0], %[end]\n"                                                                \
                         "bne 1b\n"                                                                           \
                         : [p0] "+&r"(p0), [p1] "+&r"(p1), [p2] "+&r"(p2), [to] "+&r"(to), [a] "=&r"(a),      \
                           [b] "=&r"(b), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)       \
                         : [channel] "r"(channel), [step] "r"(step), [end] "r"(words + (STRIDE) * pairs),     \
                           [limits] "r"(limits)                                                               \
                         : "cc", "memory");                                                                   \
    } while (0)

#else

/* The window beside it, with a stride of 1 or 2. */
RUNE_KERNEL int32_t rune_depthwise_3x3_second_1(const int32_t *words, int32_t line,
                                                const rune_depthwise_3x3_channel *channel)
{
    int32_t sum = channel->bias;
    for (int32_t row = 0; row < 3; row++) {
        sum = RUNE_ADD_HIGH_LOW(words[row * line], channel->weights[2 * row], sum);
        sum = RUNE_ADD_BOTH(words[row * line + 1], channel->weights[2 * row + 1], sum);
    }
    return sum;
}

RUNE_KERNEL int32_t rune_depthwise_3x3_second_2(const int32_t *words, int32_t line,
                                                const rune_depthwise_3x3_channel *channel)
{
    return rune_depthwise_3x3_sum(words + 1, line, channel);
}

#define RUNE_DEPTHWISE_SATURATE rune_saturate_i8
#define RUNE_DEPTHWISE_SATURATE_U8 rune_saturate_u8
#define RUNE_DEPTHWISE_CLAMP(x) rune_clamp_i8((x), *limits)
#define RUNE_DEPTHWISE_PAIRS(STRIDE, LIMIT)                                                                   \
    for (int32_t pair = 0; pair < pairs; pair++) {                                                            \
        const int32_t *const at = words + (STRIDE) * pair;                                                    \
        to[0] = (int8_t)LIMIT(rune_depthwise_scaled(rune_depthwise_3x3_sum(at, line, channel), channel));     \
        to[step] =                                                                                            \
            (int8_t)LIMIT(rune_depthwise_scaled(rune_depthwise_3x3_second_##STRIDE(at, line, channel), channel)); \
        to += 2 * step;                                                                                       \
    }

#endif

/* One channel of `height` output rows. Shared by all layers of a stride. */
#define RUNE_DEPTHWISE_DEFINE_CHANNEL(STRIDE, FORM, LIMIT_PAIR, LIMIT)                                        \
    static __attribute__((noinline, unused)) void rune_depthwise_3x3_##FORM##_##STRIDE(                       \
        const int32_t *words, int32_t line, const rune_depthwise_3x3_channel *channel, int32_t height,        \
        int32_t width, int32_t step, const rune_limits_i8 *limits, int8_t *to)                                \
    {                                                                                                         \
        const int32_t pairs = width >> 1;                                                                     \
        for (int32_t y = 0; y < height; y++) {                                                                \
            if (pairs > 0) {                                                                                  \
                RUNE_DEPTHWISE_PAIRS(STRIDE, LIMIT_PAIR);                                                     \
            }                                                                                                 \
            if (width & 1) {                                                                                  \
                const int32_t sum = rune_depthwise_3x3_sum(words + (STRIDE) * pairs, line, channel);          \
                *to = (int8_t)LIMIT(rune_depthwise_scaled(sum, channel), limits);                            \
                to += step;                                                                                   \
            }                                                                                                 \
            words += (STRIDE) * line;                                                                         \
        }                                                                                                     \
    }

/* The limits are only looked at where they are not the type's own. */
#define RUNE_SATURATE(x, limits) ((void)(limits), rune_saturate_i8(x))
#define RUNE_SATURATE_U8(x, limits) ((void)(limits), rune_saturate_u8(x))
#define RUNE_CLAMP(x, limits) rune_clamp_i8((x), *(limits))
RUNE_DEPTHWISE_DEFINE_CHANNEL(1, saturated, RUNE_DEPTHWISE_SATURATE, RUNE_SATURATE)
RUNE_DEPTHWISE_DEFINE_CHANNEL(2, saturated, RUNE_DEPTHWISE_SATURATE, RUNE_SATURATE)
RUNE_DEPTHWISE_DEFINE_CHANNEL(1, saturated_u8, RUNE_DEPTHWISE_SATURATE_U8, RUNE_SATURATE_U8)
RUNE_DEPTHWISE_DEFINE_CHANNEL(2, saturated_u8, RUNE_DEPTHWISE_SATURATE_U8, RUNE_SATURATE_U8)
RUNE_DEPTHWISE_DEFINE_CHANNEL(1, clamped, RUNE_DEPTHWISE_CLAMP, RUNE_CLAMP)
RUNE_DEPTHWISE_DEFINE_CHANNEL(2, clamped, RUNE_DEPTHWISE_CLAMP, RUNE_CLAMP)

#undef RUNE_CLAMP
#undef RUNE_SATURATE_U8
#undef RUNE_SATURATE
#undef RUNE_DEPTHWISE_DEFINE_CHANNEL
#undef RUNE_DEPTHWISE_PAIRS
#undef RUNE_DEPTHWISE_CLAMP
#undef RUNE_DEPTHWISE_SATURATE_U8
#undef RUNE_DEPTHWISE_SATURATE
#if defined(__ARM_FEATURE_DSP)
#undef RUNE_DEPTHWISE_ROW_1
#undef RUNE_DEPTHWISE_ROW_2
#endif

RUNE_KERNEL void rune_depthwise_3x3_channel_i8(rune_depthwise_3x3_i8_shape shape, const int32_t *words,
                                               const rune_depthwise_3x3_channel *channel, int32_t height, int8_t *to)
{
    const int32_t line = shape.plane_width / 2;
    const int32_t width = shape.output_width, step = shape.input_channels * shape.multiplier;
    if (!shape.is_unsigned && rune_has_own_limits_i8(shape.limits)) {
        if (shape.stride == 1) {
            rune_depthwise_3x3_saturated_1(words, line, channel, height, width, step, 0, to);
        } else {
            rune_depthwise_3x3_saturated_2(words, line, channel, height, width, step, 0, to);
        }
    } else if (shape.is_unsigned && rune_has_own_limits_u8(shape.limits)) {
        if (shape.stride == 1) {
            rune_depthwise_3x3_saturated_u8_1(words, line, channel, height, width, step, 0, to);
        } else {
            rune_depthwise_3x3_saturated_u8_2(words, line, channel, height, width, step, 0, to);
        }
    } else if (shape.stride == 1) {
        rune_depthwise_3x3_clamped_1(words, line, channel, height, width, step, &shape.limits, to);
    } else {
        rune_depthwise_3x3_clamped_2(words, line, channel, height, width, step, &shape.limits, to);
    }
}

/* Four values, `step` bytes apart, to two words; on to the next four. */
#if defined(__ARM_FEATURE_DSP)
#define RUNE_DEPTHWISE_WIDEN_4(LOAD)                                                                          \
    do {                                                                                                      \
        int32_t x0, x1, x2, x3;                                                                               \
        __asm__ volatile(LOAD " %[x0], [%[from]]\n" LOAD " %[x1], [%[from], %[step]]\n" LOAD                  \
                         " %[x2], [%[from], %[step], lsl #1]\n" LOAD " %[x3], [%[from], %[step3]]\n"          \
                         "add %[from], %[from], %[step], lsl #2\n"                                            \
                         "pkhbt %[x0], %[x0], %[x1], lsl #16\n"                                               \
                         "pkhbt %[x2], %[x2], %[x3], lsl #16\n"                                               \
                         "strd %[x0], %[x2], [%[to]], #8\n"                                                   \
                         : [from] "+&r"(from), [to] "+&r"(to), [x0] "=&r"(x0), [x1] "=&r"(x1),                \
                           [x2] "=&r"(x2), [x3] "=&r"(x3)                                                     \
                         : [step] "r"(step), [step3] "r"(3 * step)                                            \
                         : "memory");                                                                         \
    } while (0)
#else
#define RUNE_DEPTHWISE_WIDEN_4(LOAD)                                                                          \
    do {                                                                                                      \
        for (int32_t i = 0; i < 4; i++) {                                                                     \
            to[i] = (int16_t)rune_byte_value(from[i * step], is_unsigned);                                    \
        }                                                                                                     \
        from += 4 * step, to += 4;                                                                            \
    } while (0)
#endif

/* One channel of `height` rows of an image, `step` bytes from one pixel to the next, into a plane; a row of the image
   has `row_bytes` bytes, one of the plane `plane_width` values. Whole words are stored, so a row that begins with half
   a word begins with a single value. */
#define RUNE_DEPTHWISE_DEFINE_WIDEN(TYPE, IS_UNSIGNED, LOAD)                                                  \
    static __attribute__((noinline, unused)) void rune_depthwise_3x3_widen_##TYPE(                            \
        const int8_t *image, int32_t step, int32_t row_bytes, int32_t width, int32_t height, int16_t *plane,  \
        int32_t plane_width)                                                                                  \
    {                                                                                                         \
        const int32_t head = ((uintptr_t)plane & 2) != 0, is_unsigned = (IS_UNSIGNED);                        \
        for (; height > 0; height--) {                                                                        \
            const int8_t *from = image;                                                                       \
            int16_t *to = plane;                                                                              \
            int32_t left = width;                                                                             \
            if (head) {                                                                                       \
                *to++ = (int16_t)rune_byte_value(*from, is_unsigned);                                         \
                from += step;                                                                                 \
                left--;                                                                                       \
            }                                                                                                 \
            for (left -= 8; left >= 0; left -= 8) {                                                           \
                RUNE_DEPTHWISE_WIDEN_4(LOAD);                                                                 \
                RUNE_DEPTHWISE_WIDEN_4(LOAD);                                                                 \
            }                                                                                                 \
            if (left & 4) {                                                                                   \
                RUNE_DEPTHWISE_WIDEN_4(LOAD);                                                                 \
            }                                                                                                 \
            for (left &= 3; left > 0; left--) {                                                               \
                *to++ = (int16_t)rune_byte_value(*from, is_unsigned);                                         \
                from += step;                                                                                 \
            }                                                                                                 \
            image += row_bytes;                                                                               \
            plane += plane_width;                                                                             \
        }                                                                                                     \
    }

RUNE_DEPTHWISE_DEFINE_WIDEN(i8, 0, "ldrsb")
RUNE_DEPTHWISE_DEFINE_WIDEN(u8, 1, "ldrb")

#undef RUNE_DEPTHWISE_DEFINE_WIDEN
#undef RUNE_DEPTHWISE_WIDEN_4

RUNE_KERNEL void rune_depthwise_3x3_fill(rune_depthwise_3x3_i8_shape shape, int16_t *plane, int32_t first, int32_t end)
{
    for (int32_t i = first * shape.plane_width; i < end * shape.plane_width; i++) {
        plane[i] = (int16_t)shape.input_zero_point;
    }
}

/* Rows `first` to end - 1 of a plane whose row 0 is row `y` of the image, which may lie above it. */
RUNE_KERNEL void rune_depthwise_3x3_load(rune_depthwise_3x3_i8_shape shape, const int8_t *image, int32_t y,
                                         int32_t first, int32_t end, int16_t *plane)
{
    const int32_t room = shape.plane_width - shape.padding_left;
    const int32_t width = shape.input_width < room ? shape.input_width : room;
    const int32_t row_bytes = shape.input_width * shape.input_channels;
    const int32_t inside = y + first < 0 ? -y : first;
    const int32_t below = y + end > shape.input_height ? shape.input_height - y : end;
    if (shape.strip < shape.output_height) {
        /* Otherwise nothing has overwritten the border that all channels share. */
        rune_depthwise_3x3_fill(shape, plane, first, inside);
        rune_depthwise_3x3_fill(shape, plane, below, end);
    }
    const int8_t *const from = image + (y + inside) * row_bytes;
    int16_t *const to = plane + inside * shape.plane_width + shape.padding_left;
    if (shape.is_unsigned) {
        rune_depthwise_3x3_widen_u8(from, shape.input_channels, row_bytes, width, below - inside, to,
                                    shape.plane_width);
    } else {
        rune_depthwise_3x3_widen_i8(from, shape.input_channels, row_bytes, width, below - inside, to,
                                    shape.plane_width);
    }
}

/* `plane` has room for the rows of a strip: (strip - 1) * stride + 3. With one batch and one output channel for each of
   the input, the output may begin where the input does, if what is left to be read after a strip lies behind what the
   strip has written: a strip is read before it is written, and no other channel's values are written then. */
RUNE_KERNEL void rune_depthwise_3x3_i8(rune_depthwise_3x3_i8_shape shape, const int32_t *channel_values,
                                       const int8_t *input, int8_t *output, int16_t *plane)
{
    const int32_t output_channels = shape.input_channels * shape.multiplier;
    const int32_t kept = 3 - shape.stride; /* rows that two strips share */
    rune_depthwise_3x3_fill(shape, plane, 0, (shape.strip - 1) * shape.stride + 3);
    for (int32_t batch = 0; batch < shape.batches; batch++) {
        const rune_depthwise_3x3_channel *channel = (const rune_depthwise_3x3_channel *)channel_values;
        for (int32_t number = 0; number < shape.input_channels; number++) {
            int32_t there = 0; /* rows of the plane that hold what they should */
            for (int32_t row = 0; row < shape.output_height; row += shape.strip) {
                const int32_t left = shape.output_height - row;
                const int32_t height = left < shape.strip ? left : shape.strip;
                rune_depthwise_3x3_load(shape, input + number, row * shape.stride - shape.padding_top, there,
                                        (height - 1) * shape.stride + 3, plane);
                int8_t *to = output + row * shape.output_width * output_channels + number * shape.multiplier;
                for (int32_t i = 0; i < shape.multiplier; i++) {
                    rune_depthwise_3x3_channel_i8(shape, (const int32_t *)(const void *)plane, channel + i, height,
                                                  to + i);
                }
                if (height < left) {
                    there = kept;
                    for (int32_t i = 0; i < kept * shape.plane_width; i++) {
                        plane[i] = plane[height * shape.stride * shape.plane_width + i];
                    }
                }
            }
            channel += shape.multiplier;
        }
        input += shape.input_height * shape.input_width * shape.input_channels;
        output += shape.output_height * shape.output_width * output_channels;
    }
}

#endif
