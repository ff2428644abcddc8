#ifndef RUNE_FLOAT_H
#define RUNE_FLOAT_H

#include <stdint.h>

#include "rune_decimal.h"

/* Writes the f32 with these bits as the shortest decimal that reads back to it, the closest of those; returns
   the length, at most RUNE_DECIMAL_TEXT, or 0 for NaN and infinity, which have no decimal. The form is the one
   of JSON writers for f32: plain from 1e-6 to below 1e13, else with an exponent. */
uint32_t rune_float_print(uint32_t bits, char *text);

#endif
