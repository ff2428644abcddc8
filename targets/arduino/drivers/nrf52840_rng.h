#ifndef RUNE_NRF52840_RNG_H
#define RUNE_NRF52840_RNG_H

/* The capability RAND on the chip's random number generator (PS, RNG), with bias correction: about 120 us per byte. */

#include "rune_board.h"

void nrf52840_rng_start(void);

/* Fills `buffer` with fresh bytes. As everywhere, random bytes are drawn 4 at a time: a length that is not a multiple
   of 4 discards the rest of the last 4. */
rune_status nrf52840_rng_read(const rune_capability *capability, uint8_t *buffer, uint32_t length);

#endif
