#ifndef RUNE_ARG_MAX_H
#define RUNE_ARG_MAX_H

/* ARG_MAX of [outer, depth, inner] along depth. A NaN is never greater, nor is anything greater than one in front. */

#include "rune_kernel.h"

#define RUNE_ARG_MAX_DEFINE(NAME, FROM, TO)                                                                   \
    RUNE_KERNEL void NAME(int32_t outer, int32_t depth, int32_t inner, const FROM *restrict input,            \
                          TO *restrict output)                                                                \
    {                                                                                                         \
        RUNE_ROLLED                                                                                           \
        for (int32_t i = 0; i < outer; i++) {                                                                 \
            RUNE_ROLLED                                                                                       \
            for (int32_t j = 0; j < inner; j++) {                                                             \
                FROM greatest = input[j];                                                                     \
                int32_t position = 0;                                                                         \
                RUNE_ROLLED                                                                                   \
                for (int32_t k = 1; k < depth; k++) {                                                         \
                    const FROM x = input[k * inner + j];                                                      \
                    if (x > greatest) {                                                                       \
                        greatest = x;                                                                         \
                        position = k;                                                                         \
                    }                                                                                         \
                }                                                                                             \
                *output++ = position;                                                                         \
            }                                                                                                 \
            input += depth * inner;                                                                           \
        }                                                                                                     \
    }

RUNE_ARG_MAX_DEFINE(rune_arg_max_f32_i32, float, int32_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_f32_i64, float, int64_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_i8_i32, int8_t, int32_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_i8_i64, int8_t, int64_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_u8_i32, uint8_t, int32_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_u8_i64, uint8_t, int64_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_i32_i32, int32_t, int32_t)
RUNE_ARG_MAX_DEFINE(rune_arg_max_i32_i64, int32_t, int64_t)

#undef RUNE_ARG_MAX_DEFINE

#endif
