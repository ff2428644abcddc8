#include "nrf52840_clock.h"

#include "cortex_m4.h"
#include "nrf52840_registers.h"

#define TIMER NRF_TIMER3_BASE
#define PRESCALER_1_MHZ 4u /* 16 MHz / 2^4 (PS, TIMER) */
/* Uses of the compare registers. */
#define CC_NOW 0u
#define CC_ALARM 1u
#define CC_WRAP 2u
#define ALARM_EVENT NRF_TIMER_COMPARE(CC_ALARM)
#define WRAP_EVENT NRF_TIMER_COMPARE(CC_WRAP)
#define LONGEST_ALARM 0x80000000u /* of the 32 bits: half, so that a compare value is never in the past */
/* A compare value that the counter reaches while it is being written would be met only after a wrap. */
#define SHORTEST_ALARM 3u

static volatile uint32_t wraps;
static volatile bool alarm_fired;

void TIMER3_IRQHandler(void);

void TIMER3_IRQHandler(void)
{
    if (nrf52840_event(TIMER, WRAP_EVENT)) {
        nrf52840_clear_event(TIMER, WRAP_EVENT);
        wraps++;
    }
    if (nrf52840_event(TIMER, ALARM_EVENT)) {
        NRF_INTENCLR(TIMER) = NRF_EVENT_BIT(ALARM_EVENT);
        nrf52840_clear_event(TIMER, ALARM_EVENT);
        alarm_fired = true;
    }
}

void nrf52840_clock_start(void)
{
    NRF_CLOCK_HFCLKSTARTED = 0;
    NRF_CLOCK_HFCLKSTART = 1;
    while ((NRF_CLOCK_HFCLKSTAT & NRF_CLOCK_HFCLKSTAT_CRYSTAL) != NRF_CLOCK_HFCLKSTAT_CRYSTAL) {
    }

    wraps = 0;
    NRF_TIMER_STOP(TIMER) = 1;
    NRF_TIMER_MODE(TIMER) = NRF_TIMER_MODE_TIMER;
    NRF_TIMER_BITMODE(TIMER) = NRF_TIMER_BITMODE_32;
    NRF_TIMER_PRESCALER(TIMER) = PRESCALER_1_MHZ;
    NRF_TIMER_CC(TIMER, CC_WRAP) = 0;
    NRF_TIMER_CLEAR(TIMER) = 1;
    NRF_TIMER_START(TIMER) = 1;
    nrf52840_clear_event(TIMER, WRAP_EVENT);
    NRF_INTENSET(TIMER) = NRF_EVENT_BIT(WRAP_EVENT);
    cortex_m4_enable_interrupt(NRF_TIMER3_IRQ, 0x40);
}

uint64_t nrf52840_clock_microseconds(void)
{
    const uint32_t primask = cortex_m4_mask_interrupts();
    NRF_TIMER_CAPTURE(TIMER, CC_NOW) = 1;
    const uint32_t low = NRF_TIMER_CC(TIMER, CC_NOW);
    uint32_t high = wraps;
    /* The timer has wrapped and its interrupt has not run yet. The upper half tells a capture before the wrap from
       one after it. */
    if (nrf52840_event(TIMER, WRAP_EVENT) && low < LONGEST_ALARM) {
        high++;
    }
    cortex_m4_restore_interrupts(primask);
    return ((uint64_t)high << 32) | low;
}

bool nrf52840_clock_arm_alarm(uint64_t time)
{
    const uint64_t now = nrf52840_clock_microseconds();
    if (time < now + SHORTEST_ALARM) {
        return false;
    }
    const uint32_t ahead = time - now > LONGEST_ALARM ? LONGEST_ALARM : (uint32_t)(time - now);
    nrf52840_clock_disarm_alarm();
    NRF_TIMER_CC(TIMER, CC_ALARM) = (uint32_t)now + ahead;
    NRF_INTENSET(TIMER) = NRF_EVENT_BIT(ALARM_EVENT);
    /* An interrupt between reading the time and writing the compare value may have taken longer than `ahead`. */
    if (nrf52840_clock_microseconds() >= time) {
        nrf52840_clock_disarm_alarm();
        return false;
    }
    return true;
}

bool nrf52840_clock_alarm_fired(void)
{
    return alarm_fired || nrf52840_event(TIMER, ALARM_EVENT);
}

void nrf52840_clock_disarm_alarm(void)
{
    NRF_INTENCLR(TIMER) = NRF_EVENT_BIT(ALARM_EVENT);
    nrf52840_clear_event(TIMER, ALARM_EVENT);
    alarm_fired = false;
}
