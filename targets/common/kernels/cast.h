#ifndef RUNE_CAST_H
#define RUNE_CAST_H

/* From float32 to integers: the fraction is cut off. C leaves open what becomes of a number that does not fit;
   here it becomes the nearest that does, and a NaN becomes 0. */

#include "rune_kernel.h"

#define RUNE_WHOLE_F32_DEFINE(NAME, TYPE)                                                                     \
    RUNE_KERNEL TYPE NAME(float x, TYPE least, TYPE greatest)                                                 \
    {                                                                                                         \
        if (!(x >= (float)least)) {                                                                           \
            return x != x ? 0 : least;                                                                        \
        }                                                                                                     \
        return x >= (float)greatest ? greatest : (TYPE)x;                                                     \
    }

RUNE_WHOLE_F32_DEFINE(rune_whole_f32_i32, int32_t)
RUNE_WHOLE_F32_DEFINE(rune_whole_f32_i64, int64_t)

#undef RUNE_WHOLE_F32_DEFINE

#endif
