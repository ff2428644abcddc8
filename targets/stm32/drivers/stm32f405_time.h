#ifndef RUNE_STM32F405_TIME_H
#define RUNE_STM32F405_TIME_H

/* Time in microseconds from TIM2: 32 bits at 1 MHz, extended to 64 by looking at it at least twice in every turn
   (71.6 minutes), for which two compare interrupts see.

   The alarm is SysTick's: it works the same on the chip and on emulators (QEMU's timers have no compare interrupt), and
   wakes the core from sleep. Its 24 bits last 99.8 ms at 168 MHz; a later alarm comes early, which idle() may. */

#include <stdbool.h>
#include <stdint.h>

#include "stm32f405_clock.h"

/* Starts the time, from 0. */
void stm32f405_time_start(const stm32f405_clocks *clocks);

uint64_t stm32f405_time_microseconds(void);

/* Asks for an interrupt at a time. Returns false, with nothing armed, when the time has come already. */
bool stm32f405_time_arm_alarm(uint64_t time);
/* Whether the alarm has gone off since it was armed. */
bool stm32f405_time_alarm_fired(void);
void stm32f405_time_disarm_alarm(void);

#endif
