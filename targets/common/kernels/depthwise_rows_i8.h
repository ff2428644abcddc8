#ifndef RUNE_DEPTHWISE_ROWS_I8_H
#define RUNE_DEPTHWISE_ROWS_I8_H

/* DEPTHWISE_CONV_2D of int8 or uint8 with any filter, stride and dilation. Two windows side by side are summed at once,
   over the words of a plane in which they both lie: each word is multiplied by two words of weights, one of each
   window. So the weights of a filter row are needed twice, the second time moved by the stride, filled up with zeros.
   In flash they are bytes: those of a channel are unpacked into a table before its rows are made. */

#include <stddef.h>

#include "kernels/depthwise_planes_i8.h"

/* A table has the bias, doubled; row by row of the filter and word by word a word of weights of the first window and
   one of the second, doubled; multiplier, shift and offset as rune_requantise_doubled takes them. */

/* What the code below needs besides its registers; in this order. */
typedef struct rune_depthwise_rows_job {
    const int32_t *table;
    int32_t step; /* bytes from one output to the next; 0 where only the first window of a pair counts */
    int32_t pair_bytes; /* from a pair of windows to the next */
    const int32_t *end; /* where the pair behind the last of the first row begins */
    int32_t row_bytes; /* of a filter row */
    rune_limits_i8 limits;
    int32_t bias, multiplier, shift, offset; /* of the channel */
    int32_t words_skip, output_skip; /* bytes from behind the last pair of a row to the first of the next */
    int32_t line_bytes; /* from a row of windows to the next */
    const int32_t *last; /* `end` of the row behind the last */
    const int32_t *scaling; /* in the table, behind the weights */
    int32_t filter_skip; /* bytes from the end of a filter row to the next */
} rune_depthwise_rows_job;

#if defined(__ARM_FEATURE_DSP)

#define RUNE_DEPTHWISE_WORD                                                                                   \
    "ldr %[x0], [%[p]], #4\n"                                                                                 \
    "ldrd %[w0], %[w1], [%[w]], #8\n"                                                                         \
    "smlad %[a], %[x0], %[w0], %[a]\n"                                                                        \
    "smlad %[b], %[x0], %[w1], %[b]\n"
#define RUNE_DEPTHWISE_WORDS_2                                                                                \
    "ldrd %[x0], %[x1], [%[p]], #8\n"                                                                         \
    "ldrd %[w0], %[w1], [%[w]], #8\n"                                                                         \
    "smlad %[a], %[x0], %[w0], %[a]\n"                                                                        \
    "smlad %[b], %[x0], %[w1], %[b]\n"                                                                        \
    "ldrd %[w0], %[w1], [%[w]], #8\n"                                                                         \
    "smlad %[a], %[x1], %[w0], %[a]\n"                                                                        \
    "smlad %[b], %[x1], %[w1], %[b]\n"
#define RUNE_DEPTHWISE_WORDS_3 RUNE_DEPTHWISE_WORDS_2 RUNE_DEPTHWISE_WORD
#define RUNE_DEPTHWISE_WORDS_4 RUNE_DEPTHWISE_WORDS_2 RUNE_DEPTHWISE_WORDS_2
#define RUNE_DEPTHWISE_WORDS_EVEN                                                                             \
    "ldr %[row_end], [%[job], #16]\n"                                                                         \
    "add %[row_end], %[row_end], %[p]\n"                                                                      \
    "3:\n" RUNE_DEPTHWISE_WORDS_2                                                                             \
    "cmp %[p], %[row_end]\n"                                                                                  \
    "bne 3b\n"
#define RUNE_DEPTHWISE_SATURATE                                                                               \
    "ssat %[a], #8, %[a]\n"                                                                                   \
    "ssat %[b], #8, %[b]\n"
#define RUNE_DEPTHWISE_SATURATE_U8                                                                            \
    "usat %[a], #8, %[a]\n"                                                                                   \
    "usat %[b], #8, %[b]\n"
#define RUNE_DEPTHWISE_CLAMP                                                                                  \
    "ldrd %[x0], %[x1], [%[job], #20]\n"                                                                      \
    "cmp %[a], %[x0]\nit lt\nmovlt %[a], %[x0]\n"                                                             \
    "cmp %[a], %[x1]\nit gt\nmovgt %[a], %[x1]\n"                                                             \
    "cmp %[b], %[x0]\nit lt\nmovlt %[b], %[x0]\n"                                                             \
    "cmp %[b], %[x1]\nit gt\nmovgt %[b], %[x1]\n"
/* Of the sums a and b, the multiplier x0, the shift x1 and the offset y. */
#define RUNE_DEPTHWISE_SCALE(Y)                                                                               \
    "smmulr %[a], %[a], %[x0]\n"                                                                              \
    "smmulr %[b], %[b], %[x0]\n"                                                                              \
    "add %[x0], %[a], %[" Y "]\n"                                                                             \
    "add %[a], %[x0], %[a], asr #31\n"                                                                        \
    "add %[x0], %[b], %[" Y "]\n"                                                                             \
    "add %[b], %[x0], %[b], asr #31\n"                                                                        \
    "asr %[a], %[a], %[x1]\n"                                                                                 \
    "asr %[b], %[b], %[x1]\n"
/* To the next row, with x0 and x1 for what is needed meanwhile. */
#define RUNE_DEPTHWISE_NEXT(END)                                                                              \
    "ldrd %[x0], %[x1], [%[job], #44]\n"                                                                      \
    "add %[words], %[words], %[x0]\n"                                                                         \
    "add %[to], %[to], %[x1]\n"                                                                               \
    "ldrd %[x0], %[x1], [%[job], #52]\n"                                                                      \
    "add %[" END "], %[" END "], %[x0]\n"                                                                     \
    "cmp %[" END "], %[x1]\n"

/* The second result is written first: with a step of 0 the first replaces it. */
#define RUNE_DEPTHWISE_PAIRS(WORDS, LIMIT)                                                                    \
    do {                                                                                                      \
        const int32_t *w, *p, *row_end;                                                                       \
        int32_t a, b, x0, x1, w0, w1;                                                                         \
        __asm__ volatile("1: ldr %[w], [%[job]]\n"                                                            \
                         "mov %[p], %[words]\n"                                                               \
                         "ldr %[a], [%[w]], #4\n"                                                             \
                         "mov %[b], %[a]\n"                                                                   \
                         "2:\n" RUNE_DEPTHWISE_WORDS_##WORDS                                                  \
                         "cmp %[w], %[scaling]\n"                                                             \
                         "add %[p], %[p], %[skip]\n"                                                          \
                         "bne 2b\n"                                                                           \
                         "ldrd %[x0], %[x1], [%[w]]\n"                                                        \
                         "ldr %[w0], [%[w], #8]\n"                                                            \
                         RUNE_DEPTHWISE_SCALE("w0") LIMIT                                                     \
                         "ldrd %[x0], %[x1], [%[job], #4]\n"                                                  \
                         "strb %[b], [%[to], %[x0]]\n"                                                        \
                         "strb %[a], [%[to]]\n"                                                               \
                         "add %[to], %[to], %[x0], lsl #1\n"                                                  \
                         "ldr %[w0], [%[job], #12]\n"                                                         \
                         "add %[words], %[words], %[x1]\n"                                                    \
                         "cmp %[words], %[w0]\n"                                                              \
                         "bne 1b\n"                                                                           \
                         RUNE_DEPTHWISE_NEXT("w0")                                                            \
                         "str %[w0], [%[job], #12]\n"                                                         \
                         "bne 1b\n"                                                                           \
                         : [words] "+&r"(words), [to] "+&r"(to), [w] "=&r"(w), [p] "=&r"(p),                  \
                           [row_end] "=&r"(row_end), [a] "=&r"(a), [b] "=&r"(b), [x0] "=&r"(x0),              \
                           [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)                                     \
                         : [job] "r"(job), [scaling] "r"(job->scaling), [skip] "r"(job->filter_skip)          \
                         : "cc", "memory");                                                                   \
    } while (0)

/* The same for a filter of a single row of two words, with a stride of 1: its weights stay in registers. */
#define RUNE_DEPTHWISE_SINGLE_PAIRS(LIMIT)                                                                    \
    do {                                                                                                      \
        const int32_t *const w = job->table + 1, *end = job->end;                                           \
        int32_t a, b, x0, x1, y;                                                                              \
        __asm__ volatile("1: ldr %[a], [%[job], #28]\n"                                                       \
                         "ldrd %[x0], %[x1], [%[words]], #4\n"                                                \
                         "smlad %[b], %[x0], %[w1], %[a]\n"                                                   \
                         "smlad %[a], %[x0], %[w0], %[a]\n"                                                   \
                         "smlad %[b], %[x1], %[w3], %[b]\n"                                                   \
                         "smlad %[a], %[x1], %[w2], %[a]\n"                                                   \
                         "ldrd %[x0], %[x1], [%[job], #32]\n"                                                 \
                         "ldr %[y], [%[job], #40]\n"                                                          \
                         RUNE_DEPTHWISE_SCALE("y") LIMIT                                                      \
                         "strb %[b], [%[to], %[step]]\n"                                                      \
                         "strb %[a], [%[to]]\n"                                                               \
                         "add %[to], %[to], %[step], lsl #1\n"                                                \
                         "cmp %[words], %[end]\n"                                                             \
                         "bne 1b\n"                                                                           \
                         RUNE_DEPTHWISE_NEXT("end")                                                           \
                         "bne 1b\n"                                                                           \
                         : [words] "+&r"(words), [to] "+&r"(to), [end] "+&r"(end), [a] "=&r"(a),              \
                           [b] "=&r"(b), [x0] "=&r"(x0), [x1] "=&r"(x1), [y] "=&r"(y)                         \
                         : [job] "r"(job), [step] "r"(job->step), [w0] "r"(w[0]), [w1] "r"(w[1]),             \
                           [w2] "r"(w[2]), [w3] "r"(w[3])                                                     \
                         : "cc", "memory");                                                                   \
    } while (0)

_Static_assert(offsetof(rune_depthwise_rows_job, step) == 4 && offsetof(rune_depthwise_rows_job, end) == 12 &&
                   offsetof(rune_depthwise_rows_job, row_bytes) == 16,
               "as used above");
_Static_assert(offsetof(rune_depthwise_rows_job, limits) == 20 && offsetof(rune_depthwise_rows_job, bias) == 28 &&
                   offsetof(rune_depthwise_rows_job, offset) == 40,
               "as used above");
_Static_assert(offsetof(rune_depthwise_rows_job, words_skip) == 44 &&
                   offsetof(rune_depthwise_rows_job, line_bytes) == 52 &&
                   offsetof(rune_depthwise_rows_job, last) == 56,
               "as used above");

#else

#define RUNE_DEPTHWISE_SATURATE(x) rune_saturate_i8(x)
#define RUNE_DEPTHWISE_SATURATE_U8(x) rune_saturate_u8(x)
#define RUNE_DEPTHWISE_CLAMP(x) rune_clamp_i8((x), job->limits)
#define RUNE_DEPTHWISE_PAIRS(WORDS, LIMIT)                                                                    \
    for (; job->end != job->last; job->end += job->line_bytes / 4) {                                          \
        for (; words != job->end; words += job->pair_bytes / 4, to += 2 * job->step) {                        \
            const int32_t *w = job->table, *p = words;                                                      \
            int32_t a = *w++, b = a;                                                                          \
            while (w != job->scaling) {                                                                       \
                for (int32_t i = job->row_bytes / 4; i > 0; i--, p++, w += 2) {                               \
                    a = RUNE_ADD_BOTH(*p, w[0], a);                                                           \
                    b = RUNE_ADD_BOTH(*p, w[1], b);                                                           \
                }                                                                                             \
                p += job->filter_skip / 4;                                                                    \
            }                                                                                                 \
            to[job->step] = (int8_t)LIMIT(rune_requantise_doubled(b, w[0], w[1], w[2]));                      \
            to[0] = (int8_t)LIMIT(rune_requantise_doubled(a, w[0], w[1], w[2]));                              \
        }                                                                                                     \
        words += job->words_skip / 4, to += job->output_skip;                                                 \
    }
#define RUNE_DEPTHWISE_SINGLE_PAIRS(LIMIT) RUNE_DEPTHWISE_PAIRS(2, LIMIT)

#endif

/* Pairs of windows in at least one row. Shared by all layers. */
#define RUNE_DEPTHWISE_DEFINE(NAME, PAIRS)                                                                    \
    static __attribute__((noinline, unused)) void rune_depthwise_rows_##NAME(                                 \
        rune_depthwise_rows_job *job, const int32_t *words, int8_t *to)                                       \
    {                                                                                                         \
        PAIRS;                                                                                                \
    }
/* By how many words a filter row takes, and the choice between them: the shape is a constant. */
#define RUNE_DEPTHWISE_DEFINE_ROWS(FORM, LIMIT)                                                               \
    RUNE_DEPTHWISE_DEFINE(FORM##_single, RUNE_DEPTHWISE_SINGLE_PAIRS(LIMIT))                                  \
    RUNE_DEPTHWISE_DEFINE(FORM##_2, RUNE_DEPTHWISE_PAIRS(2, LIMIT))                                           \
    RUNE_DEPTHWISE_DEFINE(FORM##_3, RUNE_DEPTHWISE_PAIRS(3, LIMIT))                                           \
    RUNE_DEPTHWISE_DEFINE(FORM##_4, RUNE_DEPTHWISE_PAIRS(4, LIMIT))                                           \
    RUNE_DEPTHWISE_DEFINE(FORM##_even, RUNE_DEPTHWISE_PAIRS(EVEN, LIMIT))                                     \
    RUNE_KERNEL void rune_depthwise_rows_##FORM(rune_depthwise_planes_i8_shape shape,                         \
                                                rune_depthwise_rows_job *job, const int32_t *words,           \
                                                int8_t *to)                                                   \
    {                                                                                                         \
        if (shape.row_words == 2 && shape.filter_height == 1 && shape.stride_width == 1) {                    \
            rune_depthwise_rows_##FORM##_single(job, words, to);                                              \
        } else if (shape.row_words == 2) {                                                                    \
            rune_depthwise_rows_##FORM##_2(job, words, to);                                                   \
        } else if (shape.row_words == 3) {                                                                    \
            rune_depthwise_rows_##FORM##_3(job, words, to);                                                   \
        } else if (shape.row_words == 4) {                                                                    \
            rune_depthwise_rows_##FORM##_4(job, words, to);                                                   \
        } else {                                                                                              \
            rune_depthwise_rows_##FORM##_even(job, words, to);                                                \
        }                                                                                                     \
    }

RUNE_DEPTHWISE_DEFINE_ROWS(saturated, RUNE_DEPTHWISE_SATURATE)
RUNE_DEPTHWISE_DEFINE_ROWS(saturated_u8, RUNE_DEPTHWISE_SATURATE_U8)
RUNE_DEPTHWISE_DEFINE_ROWS(clamped, RUNE_DEPTHWISE_CLAMP)

#undef RUNE_DEPTHWISE_DEFINE_ROWS
#undef RUNE_DEPTHWISE_DEFINE
#undef RUNE_DEPTHWISE_SINGLE_PAIRS
#undef RUNE_DEPTHWISE_PAIRS
#undef RUNE_DEPTHWISE_CLAMP
#undef RUNE_DEPTHWISE_SATURATE_U8
#undef RUNE_DEPTHWISE_SATURATE
#if defined(__ARM_FEATURE_DSP)
#undef RUNE_DEPTHWISE_NEXT
#undef RUNE_DEPTHWISE_SCALE
#undef RUNE_DEPTHWISE_WORDS_EVEN
#undef RUNE_DEPTHWISE_WORDS_4
#undef RUNE_DEPTHWISE_WORDS_3
#undef RUNE_DEPTHWISE_WORDS_2
#undef RUNE_DEPTHWISE_WORD
#endif

/* `pairs` pairs of windows in each of `height` rows, the outputs of a pair `step` bytes apart. */
RUNE_KERNEL void rune_depthwise_rows_pairs(rune_depthwise_planes_i8_shape shape, rune_depthwise_rows_job *job,
                                           const int32_t *words, int32_t pairs, int32_t height, int32_t step,
                                           int8_t *to)
{
    const int32_t line_bytes = 2 * shape.plane_width * shape.stride_height;
    job->step = step;
    job->end = words + pairs * shape.stride_width;
    job->words_skip = line_bytes - pairs * job->pair_bytes;
    job->output_skip = shape.output_row - 2 * pairs * step;
    job->last = job->end + height * (line_bytes / 4);
    if (!shape.is_unsigned && rune_has_own_limits_i8(shape.limits)) {
        rune_depthwise_rows_saturated(shape, job, words, to);
    } else if (shape.is_unsigned && rune_has_own_limits_u8(shape.limits)) {
        rune_depthwise_rows_saturated_u8(shape, job, words, to);
    } else {
        rune_depthwise_rows_clamped(shape, job, words, to);
    }
}

RUNE_KERNEL int32_t *rune_depthwise_rows_scaling(rune_depthwise_planes_i8_shape shape, int32_t *table)
{
    return table + 1 + 2 * shape.filter_height * shape.row_words;
}

/* Of the weights' halves those that are zero for all channels are left as they are. */
RUNE_KERNEL void rune_depthwise_rows_unpack(rune_depthwise_planes_i8_shape shape, const int8_t *weights,
                                            const rune_channel_i8 *channel, int32_t *table)
{
    int32_t *const scaling = rune_depthwise_rows_scaling(shape, table);
    int16_t *halves = (int16_t *)(void *)(table + 1);
    table[0] = 2 * channel->bias;
    for (int32_t row = 0; row < shape.filter_height; row++) {
        int32_t first = 0, second = shape.stride_width;
        for (int32_t column = 0; column < shape.filter_width; column++) {
            const int16_t weight = (int16_t)(2 * (*weights++ + shape.weight_offset));
            halves[(first >> 1) * 4 + (first & 1)] = weight;
            halves[(second >> 1) * 4 + 2 + (second & 1)] = weight;
            first += shape.dilation_width, second += shape.dilation_width;
        }
        halves += 4 * shape.row_words;
    }
    scaling[0] = (int32_t)((uint32_t)channel->multiplier >> 1);
    scaling[1] = channel->shift;
    scaling[2] = channel->offset;
}

/* What there is of all channels: weights by channel, row and column of the filter. */
typedef struct rune_depthwise_rows_constants {
    const int8_t *weights;
    const rune_channel_i8 *channels;
    int32_t *table;
} rune_depthwise_rows_constants;

/* `height` output rows of one channel: pairs of windows, and where their number is odd, the last of each row. */
RUNE_KERNEL void rune_depthwise_rows_channel_i8(rune_depthwise_planes_i8_shape shape,
                                                rune_depthwise_rows_constants constants, int32_t number,
                                                const int32_t *words, int32_t height, int8_t *to)
{
    int32_t *const table = constants.table;
    const int32_t *const scaling = rune_depthwise_rows_scaling(shape, table);
    const int32_t pairs = shape.output_width / 2;
    rune_depthwise_rows_unpack(shape, constants.weights + number * shape.filter_height * shape.filter_width,
                               constants.channels + number, table);
    rune_depthwise_rows_job job = {
        .table = table,
        .pair_bytes = 4 * shape.stride_width,
        .row_bytes = 4 * shape.row_words,
        .limits = shape.limits,
        .bias = table[0],
        .multiplier = scaling[0],
        .shift = scaling[1],
        .offset = scaling[2],
        .line_bytes = 2 * shape.plane_width * shape.stride_height,
        .scaling = scaling,
        .filter_skip = 2 * shape.plane_width * shape.dilation_height - 4 * shape.row_words,
    };
    if (pairs > 0) {
        rune_depthwise_rows_pairs(shape, &job, words, pairs, height, shape.output_column, to);
    }
    if (shape.output_width & 1) {
        rune_depthwise_rows_pairs(shape, &job, words + pairs * shape.stride_width, 1, height, 0,
                                  to + 2 * pairs * shape.output_column);
    }
}

RUNE_DEPTHWISE_PLANES_DEFINE(rune_depthwise_rows_planes, rune_depthwise_rows_constants,
                             rune_depthwise_rows_channel_i8)

/* Behind the plane is room for a table. */
RUNE_KERNEL void rune_depthwise_rows_i8(rune_depthwise_planes_i8_shape shape, const int8_t *weights,
                                        const int32_t *channel_values, const int8_t *input, int8_t *output,
                                        int16_t *plane)
{
    const rune_depthwise_rows_constants constants = {
        .weights = weights,
        .channels = (const rune_channel_i8 *)channel_values,
        .table = (int32_t *)(void *)(plane + rune_depthwise_plane_size(shape)),
    };
    for (int32_t *word = constants.table; word < rune_depthwise_rows_scaling(shape, constants.table); word++) {
        *word = 0;
    }
    rune_depthwise_rows_planes(shape, constants, input, output, plane);
}

#endif
