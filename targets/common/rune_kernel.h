#ifndef RUNE_KERNEL_H
#define RUNE_KERNEL_H

/* What the kernels of compiled models share. A kernel is one function of a header in kernels/; the generated code
   calls it with a constant shape, and because it is inlined there, the compiler makes of it loops for exactly that
   shape. Rules: no double, no libm, comparisons written out so that NaN and -0 have one result everywhere. */

#include <stdint.h>

#define RUNE_KERNEL static inline __attribute__((always_inline))

/* Before a loop that clang shall not unroll, as gcc does not: of some it would make kilobytes. */
#if defined(__clang__)
#define RUNE_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define RUNE_ROLLED
#endif

/* The activation that an operator ends with. */
typedef enum rune_activation {
    RUNE_ACTIVATION_NONE,
    RUNE_ACTIVATION_RELU,
    RUNE_ACTIVATION_RELU_N1_TO_1,
    RUNE_ACTIVATION_RELU6
} rune_activation;

/* A NaN stays NaN, -0 stays -0. */
RUNE_KERNEL float rune_clamp_f32(float x, float low, float high)
{
    x = x < low ? low : x;
    return high < x ? high : x;
}

RUNE_KERNEL float rune_activate_f32(float x, rune_activation activation)
{
    switch (activation) {
    case RUNE_ACTIVATION_RELU:
        return x < 0.0f ? 0.0f : x;
    case RUNE_ACTIVATION_RELU_N1_TO_1:
        return rune_clamp_f32(x, -1.0f, 1.0f);
    case RUNE_ACTIVATION_RELU6:
        return rune_clamp_f32(x, 0.0f, 6.0f);
    case RUNE_ACTIVATION_NONE:
        break;
    }
    return x;
}

/* The part of a window that lies inside the image, along one axis: taps first to end - 1 (end is exclusive). Where none
   does, both are the same, 0 or the number of taps. */
typedef struct rune_taps {
    int32_t first;
    int32_t end;
} rune_taps;

/* `start` is where the window's tap 0 lies, `size` the image's extent, `dilation` the distance of two taps. */
RUNE_KERNEL rune_taps rune_clip_window(int32_t start, int32_t size, int32_t taps, int32_t dilation)
{
    rune_taps clipped = {0, taps};
    if (start < 0) {
        clipped.first = (dilation - 1 - start) / dilation;
        clipped.first = clipped.first < taps ? clipped.first : taps;
    }
    if (start + (taps - 1) * dilation >= size) {
        clipped.end = (size - start + dilation - 1) / dilation;
        clipped.end = clipped.end > clipped.first ? clipped.end : clipped.first;
    }
    return clipped;
}

#endif
