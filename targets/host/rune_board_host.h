#ifndef RUNE_BOARD_HOST_H
#define RUNE_BOARD_HOST_H

/* This computer as a board: standard input and output are its serial port. */

#include <stdint.h>

#include "rune_board.h"

typedef struct rune_board_host_options {
    uint64_t seed;  /* of the random bytes */
    uint32_t calls; /* of the rune, after which the program ends; 0: never */
} rune_board_host_options;

/* Called once, before the board is started. */
void rune_board_host_configure(const rune_board_host_options *options);

#endif
