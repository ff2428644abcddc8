#ifndef NRF52840_WATCHDOG_H
#define NRF52840_WATCHDOG_H

/* WDT (PS, WDT): counts the 32,768 Hz clock down, also while the core sleeps, and resets the chip at zero. */

#include <stdint.h>

/* Starts it; from then on nothing but a reset stops it. One that the bootloader has started keeps its own time. */
void nrf52840_watchdog_start(uint32_t milliseconds);

/* Lets it begin anew. Harmless where it does not run. */
void nrf52840_watchdog_feed(void);

#endif
