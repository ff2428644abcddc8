#ifndef RUNE_DEPTHWISE_PLANES_I8_H
#define RUNE_DEPTHWISE_PLANES_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8: one channel at a time is widened into a plane with a border of the input's zero
   point, whose share of the sum is in the bias. A plane serves a strip of the output's rows; the rows that the next
   strip needs too are kept. So with one output channel for each input channel the output may take the place of the
   input: a pixel is in the plane before it is overwritten. What is a row here may be a column of the file's image and
   filter. Two kernels make sums of what is in a plane: one of 3 by 3, and one of any filter. */

#include "kernels/requantise.h"

typedef struct rune_depthwise_planes_i8_shape {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width;
    int32_t multiplier; /* output channels of each input channel */
    int32_t input_row, input_column; /* bytes from one row of the image to the next, from one column to the next */
    int32_t output_row, output_column;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t strip; /* output rows that a plane serves */
    int32_t plane_width; /* even, and reaches beyond what is read of the last window */
    int32_t row_words; /* of a plane, that a filter row takes of two windows side by side */
    int32_t weight_offset; /* to be added to every weight; only of uint8, and where the kernel stores them as int8 */
    int32_t input_zero_point;
    int32_t is_unsigned; /* whether inputs and outputs are uint8 */
    rune_limits_i8 limits;
} rune_depthwise_planes_i8_shape;

/* Rows that a window spans. */
RUNE_KERNEL int32_t rune_depthwise_window_height(rune_depthwise_planes_i8_shape shape)
{
    return (shape.filter_height - 1) * shape.dilation_height + 1;
}

/* Values of a plane. */
RUNE_KERNEL int32_t rune_depthwise_plane_size(rune_depthwise_planes_i8_shape shape)
{
    return ((shape.strip - 1) * shape.stride_height + rune_depthwise_window_height(shape)) * shape.plane_width;
}

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
    static __attribute__((noinline, unused)) void rune_depthwise_planes_widen_##TYPE(                            \
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

RUNE_KERNEL void rune_depthwise_planes_fill(rune_depthwise_planes_i8_shape shape, int16_t *plane, int32_t first,
                                            int32_t end)
{
    for (int32_t i = first * shape.plane_width; i < end * shape.plane_width; i++) {
        plane[i] = (int16_t)shape.input_zero_point;
    }
}

/* Rows `first` to end - 1 of a plane whose row 0 is row `y` of the image, which may lie above it. */
RUNE_KERNEL void rune_depthwise_planes_load(rune_depthwise_planes_i8_shape shape, const int8_t *image, int32_t y,
                                            int32_t first, int32_t end, int16_t *plane)
{
    const int32_t room = shape.plane_width - shape.padding_left;
    const int32_t width = shape.input_width < room ? shape.input_width : room;
    const int32_t inside = y + first < 0 ? -y : first;
    const int32_t below = y + end > shape.input_height ? shape.input_height - y : end;
    if (shape.strip < shape.output_height) {
        /* Otherwise nothing has overwritten the border that all channels share. */
        rune_depthwise_planes_fill(shape, plane, first, inside);
        rune_depthwise_planes_fill(shape, plane, below, end);
    }
    const int8_t *const from = image + (y + inside) * shape.input_row;
    int16_t *const to = plane + inside * shape.plane_width + shape.padding_left;
    if (shape.is_unsigned) {
        rune_depthwise_planes_widen_u8(from, shape.input_column, shape.input_row, width, below - inside, to,
                                       shape.plane_width);
    } else {
        rune_depthwise_planes_widen_i8(from, shape.input_column, shape.input_row, width, below - inside, to,
                                       shape.plane_width);
    }
}

/* `plane` has room for the rows of a strip: (strip - 1) * stride + window height. With one batch and one output channel
   for each of the input, the output may begin where the input does, if what is left to be read after a strip lies
   behind what the strip has written: a strip is read before it is written, and no other channel's values are written
   then. CHANNEL(shape, constants, number, words, height, to) makes `height` output rows of an output channel. */
#define RUNE_DEPTHWISE_PLANES_DEFINE(NAME, CONSTANTS, CHANNEL)                                                \
    RUNE_KERNEL void NAME(rune_depthwise_planes_i8_shape shape, CONSTANTS constants, const int8_t *input,     \
                          int8_t *output, int16_t *plane)                                                     \
    {                                                                                                         \
        const int32_t window_height = rune_depthwise_window_height(shape);                                    \
        const int32_t common = window_height - shape.stride_height;                                           \
        const int32_t kept = common > 0 ? common : 0; /* rows that two strips share */                        \
        rune_depthwise_planes_fill(shape, plane, 0, (shape.strip - 1) * shape.stride_height + window_height); \
        for (int32_t batch = 0; batch < shape.batches; batch++) {                                             \
            for (int32_t number = 0; number < shape.input_channels; number++) {                               \
                int32_t there = 0; /* rows of the plane that hold what they should */                         \
                for (int32_t row = 0; row < shape.output_height; row += shape.strip) {                        \
                    const int32_t left = shape.output_height - row;                                           \
                    const int32_t height = left < shape.strip ? left : shape.strip;                           \
                    rune_depthwise_planes_load(shape, input + number,                                         \
                                               row * shape.stride_height - shape.padding_top, there,          \
                                               (height - 1) * shape.stride_height + window_height, plane);    \
                    const int32_t first = number * shape.multiplier;                                          \
                    for (int32_t i = 0; i < shape.multiplier; i++) {                                          \
                        CHANNEL(shape, constants, first + i, (const int32_t *)(const void *)plane, height,    \
                                output + row * shape.output_row + first + i);                                 \
                    }                                                                                         \
                    if (height < left) {                                                                      \
                        there = kept;                                                                         \
                        for (int32_t i = 0; i < kept * shape.plane_width; i++) {                              \
                            plane[i] = plane[height * shape.stride_height * shape.plane_width + i];           \
                        }                                                                                     \
                    }                                                                                         \
                }                                                                                             \
            }                                                                                                 \
            input += shape.input_height * shape.input_width * shape.input_channels;                           \
            output += shape.output_height * shape.output_width * shape.input_channels * shape.multiplier;     \
        }                                                                                                     \
    }

#endif
