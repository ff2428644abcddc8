#ifndef RUNE_DEPTHWISE_3X3_I8_H
#define RUNE_DEPTHWISE_3X3_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8 with a filter of 3 by 3, with a stride of 1 or 2 both ways. */

#include "kernels/depthwise_planes_i8.h"

/* One channel: of each filter row the weights 0 and 1, then 1 and 2, doubled, as the lower and upper half of a word. */
typedef struct rune_depthwise_3x3_channel {
    int32_t weights[6];
    int32_t bias; /* doubled */
    int32_t multiplier, shift, offset; /* as in rune_channel_i8, the quick form */
} rune_depthwise_3x3_channel;

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

RUNE_KERNEL void rune_depthwise_3x3_channel_i8(rune_depthwise_planes_i8_shape shape,
                                               const rune_depthwise_3x3_channel *channels, int32_t number,
                                               const int32_t *words, int32_t height, int8_t *to)
{
    const rune_depthwise_3x3_channel *const channel = channels + number;
    const int32_t line = shape.plane_width / 2, width = shape.output_width, step = shape.output_column;
    const rune_limits_i8 limits = shape.limits; /* its own: nothing points into the shape, which is then no memory */
    if (!shape.is_unsigned && rune_has_own_limits_i8(shape.limits)) {
        if (shape.stride_width == 1) {
            rune_depthwise_3x3_saturated_1(words, line, channel, height, width, step, 0, to);
        } else {
            rune_depthwise_3x3_saturated_2(words, line, channel, height, width, step, 0, to);
        }
    } else if (shape.is_unsigned && rune_has_own_limits_u8(shape.limits)) {
        if (shape.stride_width == 1) {
            rune_depthwise_3x3_saturated_u8_1(words, line, channel, height, width, step, 0, to);
        } else {
            rune_depthwise_3x3_saturated_u8_2(words, line, channel, height, width, step, 0, to);
        }
    } else if (shape.stride_width == 1) {
        rune_depthwise_3x3_clamped_1(words, line, channel, height, width, step, &limits, to);
    } else {
        rune_depthwise_3x3_clamped_2(words, line, channel, height, width, step, &limits, to);
    }
}

RUNE_DEPTHWISE_PLANES_DEFINE(rune_depthwise_3x3_planes, const rune_depthwise_3x3_channel *,
                             rune_depthwise_3x3_channel_i8)

RUNE_KERNEL void rune_depthwise_3x3_i8(rune_depthwise_planes_i8_shape shape, const int32_t *channel_values,
                                       const int8_t *input, int8_t *output, int16_t *plane)
{
    const rune_depthwise_3x3_channel *const channels = (const rune_depthwise_3x3_channel *)channel_values;
    rune_depthwise_3x3_planes(shape, channels, input, output, plane);
}

#endif
