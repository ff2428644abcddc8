/* expf of picolibc under our name: the same operations on every core, so the same bits. Error below 1 ulp. */
#include "rf_picolibc.h"

#define expf rf_expf
#include "sf_exp.c"
