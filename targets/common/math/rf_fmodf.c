/* fmodf of picolibc under our name: integers alone, so exact. */
#include "rf_picolibc.h"

#define fmodf rf_fmodf
#include "sf_fmod.c"
