#ifndef RF_PICOLIBC_H
#define RF_PICOLIBC_H

/* Included before a source of picolibc that is compiled under another name: makes the source compile the same way
   beside any C library's headers (this computer's are not picolibc's), and needs no other file of picolibc. */

#include <math_config.h>

#include <machine/ieeefp.h>
#include <stdint.h>
#include <sys/types.h>

#include "rune_math.h"

#undef HUGE /* a constant of other C libraries, which picolibc's header defines anew */

/* The types that picolibc's own <sys/types.h> would bring. */
#define __int32_t int32_t
#define __uint32_t uint32_t

/* Without a call of a classifying function. */
#undef isnan
#undef isinf
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)

/* picolibc's helpers for exceptional results may exist in the target's C library too, and set errno. Here they are
   private to each file and give the plain IEEE 754 result. */
static inline float rf_overflow(uint32_t sign)
{
    return sign ? -__builtin_inff() : __builtin_inff();
}

static inline float rf_underflow(uint32_t sign)
{
    return sign ? -0.0f : 0.0f;
}

/* Always the same quiet NaN: which one an operation yields differs between cores. */
static inline float rf_invalid(float x)
{
    (void)x;
    return __builtin_nanf("");
}

static inline float rf_divide_by_zero(uint32_t sign)
{
    return sign ? -__builtin_inff() : __builtin_inff();
}

#define __math_divzerof(sign) rf_divide_by_zero(sign)
#define __math_oflowf(sign) rf_overflow(sign)
#define __math_uflowf(sign) rf_underflow(sign)
#define __math_invalidf(x) rf_invalid(x)

#endif
