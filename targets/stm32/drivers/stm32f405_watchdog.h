#ifndef STM32F405_WATCHDOG_H
#define STM32F405_WATCHDOG_H

/* IWDG (RM, Independent watchdog): counts an oscillator of its own down, and resets the chip at zero. */

#include <stdint.h>

/* The oscillator runs at 17 to 47 kHz (data sheet, low-speed internal RC oscillator): it never waits less than it is
   told, but up to 2.8 times as long. */
#define STM32F405_WATCHDOG_LONGEST_MS 22000u

/* Starts it, for at most STM32F405_WATCHDOG_LONGEST_MS; from then on nothing but a reset stops it. */
void stm32f405_watchdog_start(uint32_t milliseconds);

/* Lets it begin anew. Harmless where it does not run. */
void stm32f405_watchdog_feed(void);

#endif
