#ifndef RUNE_BINARY_H
#define RUNE_BINARY_H

/* ADD, SUB and MUL with broadcasting, of types without scales. */

#include "rune_kernel.h"

#define RUNE_BINARY_LOOPS 6

/* Along each dimension, outermost first: its size, and the distance in elements from one index to the next in each
   operand, 0 where it is repeated. The compiler joins dimensions that lie side by side in both. */
typedef struct rune_broadcast {
    int32_t sizes[RUNE_BINARY_LOOPS];
    int32_t first[RUNE_BINARY_LOOPS];
    int32_t second[RUNE_BINARY_LOOPS];
} rune_broadcast;

#define RUNE_BINARY_FOR(INDEX, LOOP)                                                                          \
    for (int32_t INDEX = 0; INDEX < loops.sizes[LOOP]; INDEX++)

#define RUNE_BINARY_ROW(S) (i * S[0] + j * S[1] + k * S[2] + l * S[3] + m * S[4])

/* RESULT is computed from `a` and `b`, in order; the output may be an operand that is not repeated. */
#define RUNE_BINARY_ALL(TYPE, RESULT)                                                                         \
    RUNE_BINARY_FOR(i, 0)                                                                                     \
    RUNE_BINARY_FOR(j, 1)                                                                                     \
    RUNE_BINARY_FOR(k, 2)                                                                                     \
    RUNE_BINARY_FOR(l, 3)                                                                                     \
    RUNE_BINARY_FOR(m, 4)                                                                                     \
    {                                                                                                         \
        const TYPE *x = first + RUNE_BINARY_ROW(loops.first);                                                 \
        const TYPE *y = second + RUNE_BINARY_ROW(loops.second);                                               \
        RUNE_BINARY_FOR(n, 5)                                                                                 \
        {                                                                                                     \
            const TYPE a = x[n * loops.first[5]];                                                             \
            const TYPE b = y[n * loops.second[5]];                                                            \
            *output++ = (TYPE)(RESULT);                                                                       \
        }                                                                                                     \
    }

#define RUNE_BINARY_F32_DEFINE(NAME, OPERATION)                                                               \
    RUNE_KERNEL void NAME(rune_broadcast loops, rune_activation activation, const float *first,               \
                          const float *second, float *output)                                                 \
    {                                                                                                         \
        RUNE_BINARY_ALL(float, rune_activate_f32(a OPERATION b, activation))                                  \
    }

RUNE_BINARY_F32_DEFINE(rune_add_f32, +)
RUNE_BINARY_F32_DEFINE(rune_sub_f32, -)
RUNE_BINARY_F32_DEFINE(rune_mul_f32, *)

#undef RUNE_BINARY_F32_DEFINE

/* Integers wrap around. */
#define RUNE_BINARY_INTEGER_DEFINE(NAME, TYPE, UNSIGNED, OPERATION)                                           \
    RUNE_KERNEL void NAME(rune_broadcast loops, const TYPE *first, const TYPE *second, TYPE *output)          \
    {                                                                                                         \
        RUNE_BINARY_ALL(TYPE, (UNSIGNED)a OPERATION(UNSIGNED) b)                                              \
    }

RUNE_BINARY_INTEGER_DEFINE(rune_add_i32, int32_t, uint32_t, +)
RUNE_BINARY_INTEGER_DEFINE(rune_sub_i32, int32_t, uint32_t, -)
RUNE_BINARY_INTEGER_DEFINE(rune_mul_i32, int32_t, uint32_t, *)
RUNE_BINARY_INTEGER_DEFINE(rune_add_i64, int64_t, uint64_t, +)
RUNE_BINARY_INTEGER_DEFINE(rune_sub_i64, int64_t, uint64_t, -)
RUNE_BINARY_INTEGER_DEFINE(rune_mul_i64, int64_t, uint64_t, *)

#undef RUNE_BINARY_INTEGER_DEFINE

#endif
