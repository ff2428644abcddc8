#ifndef RUNE_STM32F405_CLOCK_H
#define RUNE_STM32F405_CLOCK_H

/* The clock tree (RM, Reset and clock control): the crystal through the PLL to 168 MHz. */

#include <stdbool.h>
#include <stdint.h>

#ifndef RUNE_HSE_MHZ
#define RUNE_HSE_MHZ 25u /* the board's crystal */
#endif
#ifndef RUNE_CLOCK_TRIES
/* Looks at a ready bit, 25 us apart at the 16 MHz that the core starts with: 100 ms, where crystals need 2. */
#define RUNE_CLOCK_TRIES 4096u
#endif

typedef enum stm32f405_clock_source {
    STM32F405_CLOCK_CRYSTAL,  /* 168 MHz from the crystal */
    STM32F405_CLOCK_INTERNAL, /* the crystal does not start: 168 MHz from the internal oscillator, 1 % accurate */
    STM32F405_CLOCK_SLOW,     /* the PLL does not lock either: the internal oscillator's 16 MHz */
    STM32F405_CLOCK_ABSENT    /* there is no RCC: an emulator whose clocks are always as they should become */
} stm32f405_clock_source;

/* What the buses run at, in Hz. */
typedef struct stm32f405_clocks {
    stm32f405_clock_source source;
    uint32_t core;
    uint32_t apb1;        /* USART2, USART3 */
    uint32_t apb2;        /* USART1, USART6 */
    uint32_t apb1_timers; /* TIM2 to TIM5 */
} stm32f405_clocks;

/* Starts the clocks. Never waits for ever: a ready bit that does not come means the next best source. */
stm32f405_clocks stm32f405_clock_start(void);

#endif
