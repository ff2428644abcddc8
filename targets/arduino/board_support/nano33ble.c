/* The Arduino Nano 33 BLE: what the runtime asks of a board. RUNE_BOARD_ID, its name, comes from the build. */

#include <stddef.h>

#include "cortex_m4.h"
#include "nrf52840_clock.h"
#include "nrf52840_fault.h"
#include "nrf52840_registers.h"
#include "nrf52840_rng.h"
#include "nrf52840_uarte.h"
#include "nrf52840_watchdog.h"
#include "rune_board.h"

/* 32 times the port, and the pin. By default those that Arduino calls D1 and D0, from the board's schematic. */
#ifndef RUNE_PIN_TX
#define RUNE_PIN_TX NRF_PIN(1, 3)
#endif
#ifndef RUNE_PIN_RX
#define RUNE_PIN_RX NRF_PIN(1, 10)
#endif

#ifndef RUNE_SERIAL_BAUD
#define RUNE_SERIAL_BAUD 1000000 /* or 115200 */
#endif
#if RUNE_SERIAL_BAUD == 1000000
#define BAUDRATE NRF_UARTE_BAUDRATE_1000000
#elif RUNE_SERIAL_BAUD == 115200
#define BAUDRATE NRF_UARTE_BAUDRATE_115200
#else
#error "RUNE_SERIAL_BAUD: this board has 1000000 and 115200"
#endif

#ifndef RUNE_RECEIVE_GATHER_US
/* After a first byte, sleep on for so long: the bytes that follow closely (25 of them at 1,000,000 baud) then cost
   one wake-up together. */
#define RUNE_RECEIVE_GATHER_US 256u
#endif

#define MARK_PORT 1u

static const char *reset_name = "power-on";

static const char *read_reset_cause(void)
{
    nrf52840_fault fault;
    const bool faulted = nrf52840_fault_take(&fault);
    const uint32_t reasons = NRF_POWER_RESETREAS;

    NRF_POWER_RESETREAS = reasons; /* written ones clear; otherwise they add up over resets (PS, POWER, RESETREAS) */
    if (reasons & NRF_POWER_RESETREAS_RESETPIN) {
        return "pin"; /* first: anomaly 136 */
    }
    if (reasons & NRF_POWER_RESETREAS_DOG) {
        return "watchdog";
    }
    if (reasons & NRF_POWER_RESETREAS_LOCKUP) {
        return "lockup";
    }
    if (reasons & NRF_POWER_RESETREAS_SREQ) {
        return faulted ? "fault" : "software";
    }
    return reasons == 0 ? "power-on" : "wake-up";
}

static void start(void)
{
    reset_name = read_reset_cause();
    nrf52840_clock_start();
    nrf52840_uarte_start(RUNE_PIN_TX, RUNE_PIN_RX, BAUDRATE);
    nrf52840_rng_start();
}

static const char *reset_cause(void)
{
    return reset_name;
}

/* Sleeps once, unless the alarm has gone off or (if asked for) a byte has arrived. Both are tested with interrupts
   masked, so what happens after the test still ends the sleep. Returns whether a byte has arrived. */
static bool sleep_once(bool until_byte)
{
    const uint32_t primask = cortex_m4_mask_interrupts();
    bool arrived = false;

    if (until_byte) {
        nrf52840_uarte_arm_receive_interrupt();
        arrived = nrf52840_uarte_has_news();
    }
    if (!arrived && !nrf52840_clock_alarm_fired()) {
        cortex_m4_wait_for_interrupt();
        arrived = until_byte && nrf52840_uarte_has_news();
    }
    cortex_m4_restore_interrupts(primask);
    return arrived;
}

static void idle(uint64_t deadline)
{
    nrf52840_watchdog_feed();
    const uint64_t latest = nrf52840_clock_microseconds() + RUNE_LONGEST_SLEEP_US;
    if (!nrf52840_clock_arm_alarm(deadline < latest ? deadline : latest)) {
        return;
    }
    if (sleep_once(true)) {
        const uint64_t gathered = nrf52840_clock_microseconds() + RUNE_RECEIVE_GATHER_US;
        if (nrf52840_clock_arm_alarm(gathered < deadline ? gathered : deadline)) {
            while (!nrf52840_clock_alarm_fired()) {
                (void)sleep_once(false);
            }
        }
    }
    nrf52840_clock_disarm_alarm();
}

/* Waits where there is no room, hence the watchdog. */
static void serial_write(const uint8_t *data, uint32_t length)
{
    nrf52840_watchdog_feed();
    nrf52840_uarte_write(data, length);
}

static void mark(rune_mark value)
{
    CORTEX_M4_ITM_STIMULUS(MARK_PORT) = (uint32_t)value;
}

static const rune_driver drivers[] = {
    {.kind = RUNE_CAPABILITY_RAND, .configure = NULL, .read = nrf52840_rng_read, .reset = NULL},
};

const rune_board rune_board_self = {
    .id = RUNE_BOARD_ID,
    .start = start,
    .reset_cause = reset_cause,
    .microseconds = nrf52840_clock_microseconds,
    .serial_read = nrf52840_uarte_read,
    .serial_write = serial_write,
    .serial_flush = nrf52840_uarte_flush,
    .serial_receive_capacity = RUNE_UARTE_RECEIVE_SIZE,
    .idle = idle,
    .start_watchdog = nrf52840_watchdog_start,
    .feed_watchdog = nrf52840_watchdog_feed,
    .keep_running = NULL,
    .mark = mark,
    .drivers = drivers,
    .driver_count = sizeof drivers / sizeof drivers[0],
};
