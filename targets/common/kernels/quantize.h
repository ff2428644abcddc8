#ifndef RUNE_QUANTIZE_H
#define RUNE_QUANTIZE_H

/* QUANTIZE and DEQUANTIZE: real = scale * (stored - zero point). */

#include "kernels/requantise.h"

/* Rounded half away from zero. A NaN, for which there is no right answer, gives the zero point. */
RUNE_KERNEL void rune_quantize_f32_i8(int32_t count, float scale, int32_t zero_point, const float *restrict input,
                                      int8_t *restrict output)
{
    const rune_limits_i8 limits = {-128, 127};
    for (int32_t i = 0; i < count; i++) {
        const float clamped = rune_clamp_f32(input[i] / scale, -65536.0f, 65536.0f);
        int32_t whole = 0;
        if (clamped == clamped) {
            whole = (int32_t)clamped;
            const float rest = clamped - (float)whole; /* exact */
            whole += (rest >= 0.5f) - (rest <= -0.5f);
        }
        output[i] = (int8_t)rune_clamp_i8(whole + zero_point, limits);
    }
}

RUNE_KERNEL void rune_dequantize_i8_f32(int32_t count, float scale, int32_t zero_point,
                                        const int8_t *restrict input, float *restrict output)
{
    for (int32_t i = 0; i < count; i++) {
        output[i] = scale * (float)(input[i] - zero_point);
    }
}

/* From one scale and zero point to another; inputs of any integer type. */
#define RUNE_REQUANTIZE_DEFINE(NAME, FROM, TO, LEAST, GREATEST)                                               \
    RUNE_KERNEL void NAME(int32_t count, int32_t input_zero_point, int32_t multiplier, int32_t shift,         \
                          int32_t output_zero_point, const FROM *restrict input, TO *restrict output)         \
    {                                                                                                         \
        for (int32_t i = 0; i < count; i++) {                                                                 \
            const int32_t x = rune_requantise(input[i] - input_zero_point, multiplier, shift);                \
            const int64_t moved = (int64_t)x + output_zero_point;                                             \
            output[i] = (TO)(moved < (LEAST) ? (LEAST) : moved > (GREATEST) ? (GREATEST) : moved);            \
        }                                                                                                     \
    }

RUNE_REQUANTIZE_DEFINE(rune_requantize_i8_i8, int8_t, int8_t, -128, 127)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i16_i8, int16_t, int8_t, -128, 127)

#undef RUNE_REQUANTIZE_DEFINE

#endif
