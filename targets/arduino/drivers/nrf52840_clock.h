#ifndef RUNE_NRF52840_CLOCK_H
#define RUNE_NRF52840_CLOCK_H

/* The high-frequency crystal, and time in microseconds from TIMER3: 32 bits at 1 MHz, extended to 64 by counting its
   wraps (every 71.6 minutes). */

#include <stdbool.h>
#include <stdint.h>

/* Starts the crystal oscillator (the serial port's baud rate needs its accuracy) and the time, from 0. */
void nrf52840_clock_start(void);

uint64_t nrf52840_clock_microseconds(void);

/* Asks for an interrupt at a time. Returns false, with nothing armed, when the time has come already. A time more than
   35 minutes ahead interrupts early. */
bool nrf52840_clock_arm_alarm(uint64_t time);
/* Whether the alarm's time has come since it was armed. */
bool nrf52840_clock_alarm_fired(void);
void nrf52840_clock_disarm_alarm(void);

#endif
