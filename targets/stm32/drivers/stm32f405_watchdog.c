#include "stm32f405_watchdog.h"

#include "stm32f405_registers.h"

#define FASTEST_TICKS_PER_MS 47u
#define RELOAD_LARGEST 4095u
#define PRESCALER_LARGEST 6u /* of 4 << 6 ticks */
#define UPDATE_TRIES 1000000u /* its registers take some ticks of its own clock to change: at most 5 of 17 kHz */

void stm32f405_watchdog_start(uint32_t milliseconds)
{
    const uint32_t longest = milliseconds < STM32F405_WATCHDOG_LONGEST_MS ? milliseconds : STM32F405_WATCHDOG_LONGEST_MS;
    const uint32_t ticks = longest * FASTEST_TICKS_PER_MS;
    uint32_t prescaler = 0;
    while (prescaler < PRESCALER_LARGEST && (ticks >> (prescaler + 2u)) >= RELOAD_LARGEST) {
        prescaler++;
    }
    const uint32_t reload = (ticks >> (prescaler + 2u)) + 1u;

    STM32_IWDG_KR = STM32_IWDG_KR_START; /* starts its oscillator too; it cannot be set before */
    STM32_IWDG_KR = STM32_IWDG_KR_UNLOCK;
    STM32_IWDG_PR = prescaler;
    STM32_IWDG_RLR = reload < RELOAD_LARGEST ? reload : RELOAD_LARGEST;
    for (uint32_t i = 0; i < UPDATE_TRIES && STM32_IWDG_SR != 0; i++) {
    }
    stm32f405_watchdog_feed();
}

void stm32f405_watchdog_feed(void)
{
    STM32_IWDG_KR = STM32_IWDG_KR_RELOAD;
}
