#ifndef FUZZ_BOARD_H
#define FUZZ_BOARD_H

/* What the fuzzers of the runtime share: numbers that a seed decides, and a board whose lines go to standard output. */

#include <stdint.h>

#include "rune_board.h"

void fuzz_seed(uint64_t seed);
uint32_t fuzz_random(void);
/* Below `limit`; 0 for no limit at all. */
uint32_t fuzz_below(uint32_t limit);

/* Its RAW and RAND fill with random bytes; the other kinds come from the stream. */
extern const rune_board fuzz_board;

/* What the board's stream receives next, by the fuzzer; NULL: nothing ever. */
extern uint32_t (*fuzz_receive)(uint8_t *buffer, uint32_t capacity);
/* Given all that is sent; NULL: standard output. */
extern void (*fuzz_sent)(const uint8_t *data, uint32_t length);

#endif
