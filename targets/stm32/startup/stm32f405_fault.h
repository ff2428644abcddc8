#ifndef RUNE_STM32F405_FAULT_H
#define RUNE_STM32F405_FAULT_H

/* What a processor fault leaves behind: kept over the reset that follows it, in RAM that start-up does not clear. */

#include <stdbool.h>
#include <stdint.h>

typedef struct stm32f405_fault {
    uint32_t magic;
    uint32_t exception; /* the exception number that was taken: 3 is HardFault, 16 + n an interrupt without handler */
    uint32_t cfsr;      /* the configurable fault status register */
    uint32_t check;     /* over the three before it: RAM is random after power-on */
} stm32f405_fault;

/* Returns whether the reset was the consequence of a fault, and forgets it; `*fault` is written only then. */
bool stm32f405_fault_take(stm32f405_fault *fault);

#endif
