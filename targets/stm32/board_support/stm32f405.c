/* A board with an STM32F405: what the runtime asks of it. RUNE_BOARD_ID, the board's name, comes from the build. */

#include <stddef.h>

#include "cortex_m4.h"
#include "rune_board.h"
#include "stm32f405_clock.h"
#include "stm32f405_fault.h"
#include "stm32f405_registers.h"
#include "stm32f405_rng.h"
#include "stm32f405_time.h"
#include "stm32f405_usart.h"
#include "stm32f405_watchdog.h"

#ifndef RUNE_SERIAL_BAUD
#define RUNE_SERIAL_BAUD 1000000 /* any up to RUNE_USART_MAX_BAUD */
#endif
_Static_assert(RUNE_SERIAL_BAUD >= 1200 && RUNE_SERIAL_BAUD <= RUNE_USART_MAX_BAUD,
               "what the baud rate register can hold");

#ifndef RUNE_RECEIVE_GATHER_US
/* After a first byte, sleep on for so long: the runtime then looks once at the bytes that follow closely (25 of them at
   1,000,000 baud). */
#define RUNE_RECEIVE_GATHER_US 256u
#endif

#define MARK_PORT 1u

static const char *reset_name = "power-on";

/* The flags add up until they are cleared, so the rarest comes first; every reset pulls the pin
   and sets PINRST too (RM, Reset and clock control, RCC clock control & status register). */
static const char *read_reset_cause(void)
{
    stm32f405_fault fault;
    const bool faulted = stm32f405_fault_take(&fault);
    const uint32_t flags = STM32_RCC_CSR;

    STM32_RCC_CSR = flags | STM32_RCC_CSR_RMVF;
    if (flags & (STM32_RCC_CSR_IWDGRST | STM32_RCC_CSR_WWDGRST)) {
        return "watchdog";
    }
    if (flags & STM32_RCC_CSR_SFTRST) {
        return faulted ? "fault" : "software";
    }
    if (flags & STM32_RCC_CSR_LPWRRST) {
        return "low-power";
    }
    if (flags & STM32_RCC_CSR_PORRST) {
        return "power-on";
    }
    if (flags & STM32_RCC_CSR_BORRST) {
        return "brown-out";
    }
    return flags & STM32_RCC_CSR_PINRST ? "pin" : "power-on";
}

static void start(void)
{
    reset_name = read_reset_cause();
    const stm32f405_clocks clocks = stm32f405_clock_start();
    stm32f405_time_start(&clocks);
    stm32f405_usart_start(&clocks, RUNE_SERIAL_BAUD);
    stm32f405_rng_start();
}

static const char *reset_cause(void)
{
    return reset_name;
}

/* Sleeps once, unless the alarm has gone off or (if asked for) a byte has arrived. Both are tested with interrupts
   masked, so what happens after the test still ends the sleep; its handler runs when they are unmasked. Returns whether
   a byte has arrived. */
static bool sleep_once(bool until_byte)
{
    const uint32_t primask = cortex_m4_mask_interrupts();
    bool arrived = until_byte && stm32f405_usart_has_news();

    if (!arrived && !stm32f405_time_alarm_fired()) {
        cortex_m4_wait_for_interrupt();
    }
    cortex_m4_restore_interrupts(primask);
    return arrived || (until_byte && stm32f405_usart_has_news());
}

static void idle(uint64_t deadline)
{
    stm32f405_watchdog_feed(); /* an option byte may have started it, too */
    const uint64_t latest = stm32f405_time_microseconds() + RUNE_LONGEST_SLEEP_US;
    if (!stm32f405_time_arm_alarm(deadline < latest ? deadline : latest)) {
        return;
    }
    if (sleep_once(true)) {
        const uint64_t gathered = stm32f405_time_microseconds() + RUNE_RECEIVE_GATHER_US;
        if (stm32f405_time_arm_alarm(gathered < deadline ? gathered : deadline)) {
            while (!stm32f405_time_alarm_fired()) {
                (void)sleep_once(false);
            }
        }
    }
    stm32f405_time_disarm_alarm();
}

/* Waits where there is no room, hence the watchdog. */
static void serial_write(const uint8_t *data, uint32_t length)
{
    stm32f405_watchdog_feed();
    stm32f405_usart_write(data, length);
}

static void mark(rune_mark value)
{
    CORTEX_M4_ITM_STIMULUS(MARK_PORT) = (uint32_t)value;
}

static const rune_driver drivers[] = {
    {.kind = RUNE_CAPABILITY_RAND, .configure = NULL, .read = stm32f405_rng_read, .reset = NULL},
};

const rune_board rune_board_self = {
    .id = RUNE_BOARD_ID,
    .start = start,
    .reset_cause = reset_cause,
    .microseconds = stm32f405_time_microseconds,
    .serial_read = stm32f405_usart_read,
    .serial_write = serial_write,
    .serial_flush = stm32f405_usart_flush,
    .serial_receive_capacity = RUNE_USART_RECEIVE_SIZE,
    .idle = idle,
    .start_watchdog = stm32f405_watchdog_start,
    .feed_watchdog = stm32f405_watchdog_feed,
    .keep_running = NULL,
    .mark = mark,
    .drivers = drivers,
    .driver_count = sizeof drivers / sizeof drivers[0],
};
