#include "nrf52840_watchdog.h"

#include "nrf52840_registers.h"

#define TICKS_PER_SECOND 32768u

void nrf52840_watchdog_start(uint32_t milliseconds)
{
    if (NRF_WDT_RUNSTATUS != 0) {
        nrf52840_watchdog_feed();
        return;
    }
    /* Its registers cannot be written once it runs (PS, WDT, watchdog reset). It starts its clock itself. */
    NRF_WDT_CONFIG = NRF_WDT_CONFIG_SLEEP_RUN;
    NRF_WDT_CRV = milliseconds / 1000u * TICKS_PER_SECOND + milliseconds % 1000u * TICKS_PER_SECOND / 1000u;
    NRF_WDT_RREN = 1u;
    NRF_WDT_START = 1u;
}

/* Every reload register that is enabled must be written: a bootloader may have enabled others. */
void nrf52840_watchdog_feed(void)
{
    if (NRF_WDT_RUNSTATUS == 0) {
        return;
    }
    const uint32_t enabled = NRF_WDT_RREN;
    for (uint32_t i = 0; i < 8u; i++) {
        if (enabled & (1u << i)) {
            NRF_WDT_RR(i) = NRF_WDT_RELOAD;
        }
    }
}
