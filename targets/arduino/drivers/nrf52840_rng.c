#include "nrf52840_rng.h"

#include "cortex_m4.h"
#include "nrf52840_registers.h"
#include "nrf52840_watchdog.h"

#define DRAW 4u
#define FED_EVERY 1024u /* bytes: 0.12 s (PS, RNG) */

static uint8_t *destination;
static volatile uint32_t stored_limit; /* bytes that go to the destination ... */
static volatile uint32_t wanted;       /* ... of those that are drawn */
static volatile uint32_t drawn;

void RNG_IRQHandler(void);

void RNG_IRQHandler(void)
{
    const uint32_t position = drawn;

    /* The event is cleared before VALUE is read: a byte that becomes ready between the two sets it again. */
    nrf52840_clear_event(NRF_RNG_BASE, NRF_RNG_VALRDY);
    if (position >= wanted) {
        return;
    }
    const uint8_t value = (uint8_t)NRF_RNG_VALUE;
    if (position < stored_limit) {
        destination[position] = value;
    }
    drawn = position + 1u;
    if (drawn == wanted) {
        NRF_RNG_STOP = 1;
        NRF_INTENCLR(NRF_RNG_BASE) = NRF_EVENT_BIT(NRF_RNG_VALRDY);
    }
}

void nrf52840_rng_start(void)
{
    NRF_RNG_STOP = 1;
    NRF_RNG_CONFIG = NRF_RNG_CONFIG_BIAS_CORRECTION;
    cortex_m4_enable_interrupt(NRF_RNG_IRQ, 0x60);
}

rune_status nrf52840_rng_read(const rune_capability *capability, uint8_t *buffer, uint32_t length)
{
    (void)capability;
    if (length == 0) {
        return RUNE_OK;
    }
    destination = buffer;
    stored_limit = length;
    drawn = 0;
    wanted = length / DRAW * DRAW + (length % DRAW != 0 ? DRAW : 0u);
    nrf52840_clear_event(NRF_RNG_BASE, NRF_RNG_VALRDY);
    NRF_INTENSET(NRF_RNG_BASE) = NRF_EVENT_BIT(NRF_RNG_VALRDY);
    NRF_RNG_START = 1;
    for (uint32_t fed_at = 0;;) {
        const uint32_t primask = cortex_m4_mask_interrupts();
        const bool finished = drawn == wanted;
        if (!finished) {
            cortex_m4_wait_for_interrupt();
        }
        cortex_m4_restore_interrupts(primask);
        if (drawn - fed_at >= FED_EVERY) { /* only where there is progress */
            nrf52840_watchdog_feed();
            fed_at = drawn;
        }
        if (finished) {
            return RUNE_OK;
        }
    }
}
