#ifndef RUNE_STM32F405_RNG_H
#define RUNE_STM32F405_RNG_H

/* The capability RAND on the chip's random number generator (RM, Random number generator): a word of 32 bits about
   every microsecond. */

#include "rune_board.h"

#ifndef RUNE_RNG_TRIES
#define RUNE_RNG_TRIES 10000u /* looks for one word, which takes about 150 cycles: more means that it is broken */
#endif

void stm32f405_rng_start(void);

/* Fills `buffer` with fresh bytes. As everywhere, random bytes are drawn 4 at a time: a length that is not a multiple
   of 4 discards the rest of the last 4. RUNE_ERROR_DRIVER when the generator gives none, as on an emulator that has
   none. */
rune_status stm32f405_rng_read(const rune_capability *capability, uint8_t *buffer, uint32_t length);

#endif
