#ifndef RUNE_DECIMAL_H
#define RUNE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#define RUNE_DECIMAL_TEXT 28 /* bytes that are enough for any number printed here, sign included */

/* Where the plain form ends and the one with an exponent begins: a number in [10^(n-1), 10^n) is printed plain
   for smallest < n <= largest. */
typedef struct rune_decimal_range {
    int32_t smallest;
    int32_t largest;
} rune_decimal_range;

/* Writes ±digits × 10^exponent: `12.5`, `100.0`, `0.001`, `1e20`, `1.5e-7`. Returns the
   length. */
uint32_t rune_decimal_print(bool negative, uint64_t digits, int32_t exponent, rune_decimal_range plain,
                            char *text);

/* Writes an integer's digits; returns the length. */
uint32_t rune_unsigned_print(uint64_t value, char *text);

#endif
