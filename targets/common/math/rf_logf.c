/* logf of picolibc under our name: the same operations on every core, so the same bits. Error below 1 ulp. */
#include "rf_picolibc.h"

#define logf rf_logf
#include "sf_log.c"
