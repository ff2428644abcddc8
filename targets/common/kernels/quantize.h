#ifndef RUNE_QUANTIZE_H
#define RUNE_QUANTIZE_H

/* QUANTIZE and DEQUANTIZE: real = scale * (stored - zero point). */

#include "kernels/requantise.h"

/* Rounded half away from zero, from the whole number of halves, which is exact. A NaN, for which there is no right
   answer, gives the zero point. */
#define RUNE_QUANTIZE_DEFINE(NAME, TO, LEAST, GREATEST)                                                       \
    RUNE_KERNEL void NAME(int32_t count, float scale, int32_t zero_point, const float *restrict input,        \
                          TO *restrict output)                                                                \
    {                                                                                                         \
        RUNE_ROLLED                                                                                           \
        for (int32_t i = 0; i < count; i++) {                                                                 \
            const float clamped = rune_clamp_f32(input[i] / scale, -65536.0f, 65536.0f);                      \
            const int32_t halves = clamped == clamped ? (int32_t)(clamped + clamped) : 0;                     \
            const int32_t x = ((halves + 1 + (halves >> 31)) >> 1) + zero_point;                              \
            output[i] = (TO)(x < (LEAST) ? (LEAST) : x > (GREATEST) ? (GREATEST) : x);                        \
        }                                                                                                     \
    }

RUNE_QUANTIZE_DEFINE(rune_quantize_f32_i8, int8_t, -128, 127)
RUNE_QUANTIZE_DEFINE(rune_quantize_f32_u8, uint8_t, 0, 255)
RUNE_QUANTIZE_DEFINE(rune_quantize_f32_i16, int16_t, -32768, 32767)

#undef RUNE_QUANTIZE_DEFINE

#define RUNE_DEQUANTIZE_DEFINE(NAME, FROM)                                                                    \
    RUNE_KERNEL void NAME(int32_t count, float scale, int32_t zero_point, const FROM *restrict input,         \
                          float *restrict output)                                                             \
    {                                                                                                         \
        RUNE_ROLLED                                                                                           \
        for (int32_t i = 0; i < count; i++) {                                                                 \
            output[i] = scale * (float)(input[i] - zero_point);                                               \
        }                                                                                                     \
    }

RUNE_DEQUANTIZE_DEFINE(rune_dequantize_i8_f32, int8_t)
RUNE_DEQUANTIZE_DEFINE(rune_dequantize_u8_f32, uint8_t)
RUNE_DEQUANTIZE_DEFINE(rune_dequantize_i16_f32, int16_t)

#undef RUNE_DEQUANTIZE_DEFINE

/* From one scale and zero point to another; inputs of any integer type. */
#define RUNE_REQUANTIZE_DEFINE(NAME, FROM, TO, LEAST, GREATEST)                                               \
    RUNE_KERNEL void NAME(int32_t count, int32_t input_zero_point, int32_t multiplier, int32_t shift,         \
                          int32_t output_zero_point, const FROM *restrict input, TO *restrict output)         \
    {                                                                                                         \
        RUNE_ROLLED                                                                                           \
        for (int32_t i = 0; i < count; i++) {                                                                 \
            const int32_t x = rune_requantise(input[i] - input_zero_point, multiplier, shift);                \
            const int64_t moved = (int64_t)x + output_zero_point;                                             \
            output[i] = (TO)(moved < (LEAST) ? (LEAST) : moved > (GREATEST) ? (GREATEST) : moved);            \
        }                                                                                                     \
    }

RUNE_REQUANTIZE_DEFINE(rune_requantize_i8_i16, int8_t, int16_t, -32768, 32767)
RUNE_REQUANTIZE_DEFINE(rune_requantize_u8_i16, uint8_t, int16_t, -32768, 32767)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i16_i8, int16_t, int8_t, -128, 127)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i16_i16, int16_t, int16_t, -32768, 32767)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i32_i8, int32_t, int8_t, -128, 127)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i32_i16, int32_t, int16_t, -32768, 32767)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i8_i32, int8_t, int32_t, INT32_MIN, INT32_MAX)
RUNE_REQUANTIZE_DEFINE(rune_requantize_i16_i32, int16_t, int32_t, INT32_MIN, INT32_MAX)

#undef RUNE_REQUANTIZE_DEFINE

#endif
