#ifndef RUNE_RANDOM_H
#define RUNE_RANDOM_H

/* The random bytes of `--random SEED`. The same generator stands in runeflash/device/random.py, for virtual
   boards: a seed gives the same bytes everywhere.

   xoshiro128++ 1.0 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021). Its state
   s[0..3] is filled by two outputs of splitmix64 that starts from the seed: s[0] and s[1] are the low and the
   high half of the first, s[2] and s[3] those of the second. Each output gives four bytes, least significant
   first; a request whose length is no multiple of 4 throws the rest of its last output away. */

#include <stdint.h>

typedef struct rune_random {
    uint32_t s[4];
} rune_random;

void rune_random_seed(rune_random *random, uint64_t seed);
void rune_random_fill(rune_random *random, uint8_t *buffer, uint32_t length);

#endif
