#ifndef RUNE_MATH_H
#define RUNE_MATH_H

/* Math functions with the same bits on every target: picolibc's sources, compiled by us under other names (math/),
   so that no compiler folds a call and no other libm is linked. */

float rf_expf(float x);
float rf_expm1f(float x);
float rf_fmodf(float x, float y);
float rf_logf(float x);
float rf_tanhf(float x);

/* IEEE 754 rounds square roots correctly, and every target has the instruction. */
static inline float rf_sqrtf(float x) {
    return __builtin_sqrtf(x);
}

#endif
