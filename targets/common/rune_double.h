#ifndef RUNE_DOUBLE_H
#define RUNE_DOUBLE_H

#include <stdint.h>

#include "rune_decimal.h"

/* As rune_float_print, for the f64 with these bits; plain from 1e-5 to below 1e16. The generated image refers
   to it only where an output is f64, so that other firmware does not have it. */
uint32_t rune_double_print(uint64_t bits, char *text);

#endif
