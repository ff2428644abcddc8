#ifndef RUNE_STREAM_H
#define RUNE_STREAM_H

/* Capabilities whose data the host sends (docs/wire.md, "A request"). */

#include "rune_board.h"

#ifndef RUNE_STREAM_REMIND_US
#define RUNE_STREAM_REMIND_US 5000000u /* without progress, after which the device repeats what it waits for \
                                        */
#endif

#define RUNE_STREAM_DRIVER_COUNT 4

/* SOUND, ACCEL, IMAGE and RAW. */
extern const rune_driver rune_stream_drivers[RUNE_STREAM_DRIVER_COUNT];

/* Must be called before the drivers are used. */
void rune_stream_start(const rune_board *board);

#endif
