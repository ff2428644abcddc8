#include "stm32f405_clock.h"

#include "cortex_m4.h"
#include "stm32f405_registers.h"

#define HSI_HZ 16000000u
#define PLL_HZ 168000000u
#define PLL_N 336u
#define PLL_Q 7u
/* QEMU's STM32F405 has no RCC (it reads as 0 and ignores writes), a core at 168 MHz and timers that count at 1 GHz. */
#define TIMERS_WITHOUT_RCC_HZ 1000000000u
#define PAUSE 100u /* turns of an empty loop between two looks */

static bool comes_true(const volatile uint32_t *where, uint32_t mask, uint32_t value)
{
    for (uint32_t tries = 0; tries < RUNE_CLOCK_TRIES; tries++) {
        if ((*where & mask) == value) {
            return true;
        }
        for (uint32_t turn = 0; turn < PAUSE; turn++) {
            __asm volatile("nop");
        }
    }
    return false;
}

/* To the state after reset, as far as it matters here: a bootloader in ROM may have used the PLL, and its factors can
   only be written while it is off. */
static void back_to_internal(void)
{
    STM32_RCC_CR |= STM32_RCC_CR_HSION;
    (void)comes_true(&STM32_RCC_CR, STM32_RCC_CR_HSIRDY, STM32_RCC_CR_HSIRDY);
    STM32_RCC_CFGR = 0;
    (void)comes_true(&STM32_RCC_CFGR, STM32_RCC_CFGR_SWS_MASK, 0);
    STM32_RCC_CR &= ~STM32_RCC_CR_PLLON;
    (void)comes_true(&STM32_RCC_CR, STM32_RCC_CR_PLLRDY, 0);
}

static bool start_pll(void)
{
    const uint32_t latency = STM32_FLASH_ACR_LATENCY_5;

    STM32_RCC_CR |= STM32_RCC_CR_PLLON;
    if (!comes_true(&STM32_RCC_CR, STM32_RCC_CR_PLLRDY, STM32_RCC_CR_PLLRDY)) {
        return false;
    }
    /* Slower flash before a faster core, and seen to be so (RM, Embedded Flash memory interface, increasing the CPU
       frequency). */
    STM32_FLASH_ACR = latency | STM32_FLASH_ACR_PREFETCH | STM32_FLASH_ACR_CACHES;
    if (!comes_true(&STM32_FLASH_ACR, STM32_FLASH_ACR_LATENCY_MASK, latency)) {
        return false;
    }
    /* The buses' limits: 42 and 84 MHz. Dividers before the switch. */
    STM32_RCC_CFGR = STM32_RCC_CFGR_APB1_DIV4 | STM32_RCC_CFGR_APB2_DIV2;
    STM32_RCC_CFGR = STM32_RCC_CFGR_APB1_DIV4 | STM32_RCC_CFGR_APB2_DIV2 | STM32_RCC_CFGR_SW_PLL;
    if (comes_true(&STM32_RCC_CFGR, STM32_RCC_CFGR_SWS_MASK, STM32_RCC_CFGR_SWS_PLL)) {
        return true;
    }
    STM32_RCC_CFGR = 0;
    return false;
}

stm32f405_clocks stm32f405_clock_start(void)
{
    /* Timers run at twice their bus's clock where that is divided. */
    stm32f405_clocks clocks = {STM32F405_CLOCK_CRYSTAL, PLL_HZ, PLL_HZ / 4u, PLL_HZ / 2u, PLL_HZ / 2u};

    /* On the chip neither is ever 0: some oscillator runs, and PLLCFGR is 0x24003010 after reset. */
    if (STM32_RCC_CR == 0 && STM32_RCC_PLLCFGR == 0) {
        clocks.source = STM32F405_CLOCK_ABSENT;
        clocks.apb1_timers = TIMERS_WITHOUT_RCC_HZ;
        return clocks;
    }
    back_to_internal();
    STM32_RCC_APB1ENR |= STM32_RCC_APB1ENR_PWR;
    (void)STM32_RCC_APB1ENR;
    STM32_PWR_CR |= STM32_PWR_CR_VOS;

    STM32_RCC_CR |= STM32_RCC_CR_HSEON;
    if (comes_true(&STM32_RCC_CR, STM32_RCC_CR_HSERDY, STM32_RCC_CR_HSERDY)) {
        STM32_RCC_PLLCFGR = STM32_RCC_PLLCFGR_VALUE(RUNE_HSE_MHZ, PLL_N, PLL_Q) | STM32_RCC_PLLCFGR_HSE;
    } else {
        STM32_RCC_CR &= ~STM32_RCC_CR_HSEON;
        STM32_RCC_PLLCFGR = STM32_RCC_PLLCFGR_VALUE(HSI_HZ / 1000000u, PLL_N, PLL_Q);
        clocks.source = STM32F405_CLOCK_INTERNAL;
    }
    if (!start_pll()) {
        clocks = (stm32f405_clocks){STM32F405_CLOCK_SLOW, HSI_HZ, HSI_HZ, HSI_HZ, HSI_HZ};
    }
    return clocks;
}
