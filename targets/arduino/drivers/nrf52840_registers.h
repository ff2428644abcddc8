#ifndef RUNE_NRF52840_REGISTERS_H
#define RUNE_NRF52840_REGISTERS_H

/* The nRF52840's registers that start-up and drivers use, from its Product Specification (PS) v1.7; the section of
   each block is named. Peripheral number n lies at 0x40000000 + n * 0x1000 and has interrupt n (PS 4.2.4). */

#include <stdint.h>

#define NRF_REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

/* Every peripheral (PS, peripheral interface): tasks from 0x000, events from 0x100, then: */
#define NRF_SHORTS(base) NRF_REGISTER(base, 0x200u)
#define NRF_INTENSET(base) NRF_REGISTER(base, 0x304u)
#define NRF_INTENCLR(base) NRF_REGISTER(base, 0x308u)
/* The bit of an event in INTEN, INTENSET and INTENCLR. */
#define NRF_EVENT_BIT(event) (1u << (((event) - 0x100u) / 4u))

/* CLOCK and POWER (PS, CLOCK, POWER) share a base. */
#define NRF_CLOCK_BASE 0x40000000u
#define NRF_CLOCK_HFCLKSTART NRF_REGISTER(NRF_CLOCK_BASE, 0x000u)
#define NRF_CLOCK_HFCLKSTARTED NRF_REGISTER(NRF_CLOCK_BASE, 0x100u)
#define NRF_CLOCK_HFCLKSTAT NRF_REGISTER(NRF_CLOCK_BASE, 0x40Cu)
#define NRF_CLOCK_HFCLKSTAT_CRYSTAL ((1u << 16) | 1u) /* running, from the crystal */
#define NRF_POWER_RESETREAS NRF_REGISTER(NRF_CLOCK_BASE, 0x400u)
#define NRF_POWER_RESETREAS_RESETPIN (1u << 0)
#define NRF_POWER_RESETREAS_DOG (1u << 1)
#define NRF_POWER_RESETREAS_SREQ (1u << 2)
#define NRF_POWER_RESETREAS_LOCKUP (1u << 3)

/* GPIO (PS, GPIO) */
#define NRF_P0_BASE 0x50000000u
#define NRF_P1_BASE 0x50000300u
#define NRF_GPIO_OUTSET(base) NRF_REGISTER(base, 0x508u)
#define NRF_GPIO_PIN_CNF(base, pin) NRF_REGISTER(base, 0x700u + 4u * (pin))
#define NRF_GPIO_PIN_CNF_OUTPUT ((1u << 0) | (1u << 1)) /* output, input buffer disconnected */
#define NRF_GPIO_PIN_CNF_INPUT_PULLUP (3u << 2)
#define NRF_PIN(port, pin) ((uint32_t)(port) * 32u + (uint32_t)(pin)) /* as PSEL registers number pins */
#define NRF_PIN_DISCONNECTED 0xFFFFFFFFu

/* UARTE (PS, UARTE) */
#define NRF_UARTE0_BASE 0x40002000u
#define NRF_UARTE0_IRQ 2u
#define NRF_UARTE1_BASE 0x40028000u
#define NRF_UARTE_STARTRX(base) NRF_REGISTER(base, 0x000u)
#define NRF_UARTE_STOPRX(base) NRF_REGISTER(base, 0x004u)
#define NRF_UARTE_STARTTX(base) NRF_REGISTER(base, 0x008u)
#define NRF_UARTE_STOPTX(base) NRF_REGISTER(base, 0x00Cu)
#define NRF_UARTE_RXDRDY 0x108u
#define NRF_UARTE_ENDTX 0x120u
#define NRF_UARTE_ERROR 0x124u
#define NRF_UARTE_RXTO 0x144u
#define NRF_UARTE_RXSTARTED 0x14Cu
#define NRF_UARTE_TXSTOPPED 0x158u
#define NRF_UARTE_SHORT_ENDRX_STARTRX (1u << 5)
#define NRF_UARTE_ERRORSRC(base) NRF_REGISTER(base, 0x480u)
#define NRF_UARTE_ENABLE(base) NRF_REGISTER(base, 0x500u)
#define NRF_UARTE_ENABLE_ON 8u
#define NRF_UARTE_PSEL_RTS(base) NRF_REGISTER(base, 0x508u)
#define NRF_UARTE_PSEL_TXD(base) NRF_REGISTER(base, 0x50Cu)
#define NRF_UARTE_PSEL_CTS(base) NRF_REGISTER(base, 0x510u)
#define NRF_UARTE_PSEL_RXD(base) NRF_REGISTER(base, 0x514u)
#define NRF_UARTE_BAUDRATE(base) NRF_REGISTER(base, 0x524u)
#define NRF_UARTE_BAUDRATE_115200 0x01D60000u
#define NRF_UARTE_BAUDRATE_1000000 0x10000000u
#define NRF_UARTE_RXD_PTR(base) NRF_REGISTER(base, 0x534u)
#define NRF_UARTE_RXD_MAXCNT(base) NRF_REGISTER(base, 0x538u)
#define NRF_UARTE_TXD_PTR(base) NRF_REGISTER(base, 0x544u)
#define NRF_UARTE_TXD_MAXCNT(base) NRF_REGISTER(base, 0x548u)
#define NRF_UARTE_CONFIG(base) NRF_REGISTER(base, 0x56Cu)

/* TIMER (PS, TIMER); TIMER3 and TIMER4 have 6 compare registers, the others 4 */
#define NRF_TIMER0_BASE 0x40008000u
#define NRF_TIMER1_BASE 0x40009000u
#define NRF_TIMER2_BASE 0x4000A000u
#define NRF_TIMER3_BASE 0x4001A000u
#define NRF_TIMER3_IRQ 26u
#define NRF_TIMER4_BASE 0x4001B000u
#define NRF_TIMER_START(base) NRF_REGISTER(base, 0x000u)
#define NRF_TIMER_STOP(base) NRF_REGISTER(base, 0x004u)
#define NRF_TIMER_COUNT_OFFSET 0x008u
#define NRF_TIMER_CLEAR(base) NRF_REGISTER(base, 0x00Cu)
#define NRF_TIMER_SHUTDOWN(base) NRF_REGISTER(base, 0x010u)
#define NRF_TIMER_CAPTURE(base, n) NRF_REGISTER(base, 0x040u + 4u * (n))
#define NRF_TIMER_COMPARE(n) (0x140u + 4u * (n))
#define NRF_TIMER_MODE(base) NRF_REGISTER(base, 0x504u)
#define NRF_TIMER_MODE_TIMER 0u
#define NRF_TIMER_MODE_LOW_POWER_COUNTER 2u
#define NRF_TIMER_BITMODE(base) NRF_REGISTER(base, 0x508u)
#define NRF_TIMER_BITMODE_32 3u
#define NRF_TIMER_PRESCALER(base) NRF_REGISTER(base, 0x510u)
#define NRF_TIMER_CC(base, n) NRF_REGISTER(base, 0x540u + 4u * (n))

/* RTC (PS, RTC) */
#define NRF_RTC0_BASE 0x4000B000u
#define NRF_RTC1_BASE 0x40011000u
#define NRF_RTC2_BASE 0x40024000u
#define NRF_RTC_STOP(base) NRF_REGISTER(base, 0x004u)

/* RNG (PS, RNG) */
#define NRF_RNG_BASE 0x4000D000u
#define NRF_RNG_IRQ 13u
#define NRF_RNG_START NRF_REGISTER(NRF_RNG_BASE, 0x000u)
#define NRF_RNG_STOP NRF_REGISTER(NRF_RNG_BASE, 0x004u)
#define NRF_RNG_VALRDY 0x100u
#define NRF_RNG_CONFIG NRF_REGISTER(NRF_RNG_BASE, 0x504u)
#define NRF_RNG_CONFIG_BIAS_CORRECTION 1u
#define NRF_RNG_VALUE NRF_REGISTER(NRF_RNG_BASE, 0x508u)

/* WDT (PS, WDT) */
#define NRF_WDT_BASE 0x40010000u
#define NRF_WDT_START NRF_REGISTER(NRF_WDT_BASE, 0x000u)
#define NRF_WDT_RUNSTATUS NRF_REGISTER(NRF_WDT_BASE, 0x400u)
#define NRF_WDT_CRV NRF_REGISTER(NRF_WDT_BASE, 0x504u)
#define NRF_WDT_CONFIG NRF_REGISTER(NRF_WDT_BASE, 0x50Cu)
#define NRF_WDT_CONFIG_SLEEP_RUN 1u /* on while the core sleeps, off while a debugger halts it */
#define NRF_WDT_RREN NRF_REGISTER(NRF_WDT_BASE, 0x508u)
#define NRF_WDT_RR(n) NRF_REGISTER(NRF_WDT_BASE, 0x600u + 4u * (n))
#define NRF_WDT_RELOAD 0x6E524635u

/* NVMC (PS 4.3) */
#define NRF_NVMC_BASE 0x4001E000u
#define NRF_NVMC_ICACHECNF NRF_REGISTER(NRF_NVMC_BASE, 0x540u)
#define NRF_NVMC_ICACHECNF_ENABLE 1u

/* PPI (PS, PPI) */
#define NRF_PPI_BASE 0x4001F000u
#define NRF_PPI_CHENSET NRF_REGISTER(NRF_PPI_BASE, 0x504u)
#define NRF_PPI_CHENCLR NRF_REGISTER(NRF_PPI_BASE, 0x508u)
#define NRF_PPI_EVENT(n) NRF_REGISTER(NRF_PPI_BASE, 0x510u + 8u * (n))
#define NRF_PPI_TASK(n) NRF_REGISTER(NRF_PPI_BASE, 0x514u + 8u * (n))

/* USBD (PS, USBD) */
#define NRF_USBD_BASE 0x40027000u
#define NRF_USBD_ENABLE NRF_REGISTER(NRF_USBD_BASE, 0x500u)
#define NRF_USBD_USBPULLUP NRF_REGISTER(NRF_USBD_BASE, 0x504u)

/* Clears an event. The read back makes sure that the write has arrived before an interrupt handler returns, or the
   interrupt would be taken a second time (PS 6.1.6). */
static inline void nrf52840_clear_event(uint32_t base, uint32_t event)
{
    NRF_REGISTER(base, event) = 0;
    (void)NRF_REGISTER(base, event);
}

static inline uint32_t nrf52840_event(uint32_t base, uint32_t event)
{
    return NRF_REGISTER(base, event);
}

#endif
