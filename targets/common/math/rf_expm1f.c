/* expm1f of picolibc under our name: the same operations on every core, so the same bits. Error below 1 ulp. */
#include "rf_picolibc.h"

#define expm1f rf_expm1f
#include "sf_expm1.c"
