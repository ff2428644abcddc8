#ifndef RUNE_RUNTIME_H
#define RUNE_RUNTIME_H

#include "rune_board.h"
#include "rune_image.h"

#ifndef RUNE_RESTART_DELAY_US
#define RUNE_RESTART_DELAY_US 1000000u /* so that a rune that always fails does not flood the serial port */
#endif

/* Boots the board, prints the boot line, loads the rune and calls it for ever (or until keep_running says no).
   A rune that fails is reported as an error line and restarted from a full reset after RUNE_RESTART_DELAY_US.
   Returns, when keep_running ended it, RUNE_OK or the status of the first failure. keep_running is asked after
   a failure too, with the calls finished so far: a number that has not grown since it was asked last (0 before
   the first time) says that the rune has failed. */
rune_status rune_runtime_run(const rune_board *board, const rune_image *image);

#endif
