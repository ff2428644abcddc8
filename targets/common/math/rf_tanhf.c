/* tanhf of picolibc under our name: the same operations on every core, so the same bits. Error below 3 ulp. */
#include "rf_picolibc.h"

#define fabsf __builtin_fabsf
#define expm1f rf_expm1f
#define tanhf rf_tanhf
#include "sf_tanh.c"
