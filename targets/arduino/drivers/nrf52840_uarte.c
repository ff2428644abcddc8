#include "nrf52840_uarte.h"

#include "cortex_m4.h"
#include "nrf52840_registers.h"

#define UARTE NRF_UARTE0_BASE
#define COUNTER NRF_TIMER4_BASE
#define COUNTER_CHANNEL 0u /* PPI */
#define RECEIVE_MASK (RUNE_UARTE_RECEIVE_SIZE - 1u)
#define SEND_MASK (RUNE_UARTE_SEND_SIZE - 1u)

_Static_assert((RUNE_UARTE_RECEIVE_SIZE & RECEIVE_MASK) == 0, "a power of 2");
_Static_assert((RUNE_UARTE_SEND_SIZE & SEND_MASK) == 0, "a power of 2");
_Static_assert(RUNE_UARTE_RECEIVE_SIZE % RUNE_UARTE_RECEIVE_BLOCK == 0, "whole blocks");
_Static_assert(RUNE_UARTE_RECEIVE_SIZE >= 2u * RUNE_UARTE_RECEIVE_BLOCK, "one block is filled while one is read");
_Static_assert(RUNE_UARTE_RECEIVE_BLOCK <= 0xFFFFu && RUNE_UARTE_SEND_SIZE <= 0xFFFFu, "MAXCNT has 16 bits");

static uint8_t receive_ring[RUNE_UARTE_RECEIVE_SIZE];
static uint32_t receive_next_block; /* the offset of the block that RXD.PTR gets next; only the interrupt's */
static uint32_t receive_taken;      /* bytes taken since the start, modulo 2^32, as all of these counts are */
static uint32_t receive_seen;       /* what nrf52840_uarte_has_news has told of */
static volatile uint32_t lost_bytes;
static volatile uint32_t line_errors;

static uint8_t send_ring[RUNE_UARTE_SEND_SIZE];
static volatile uint32_t send_written;
static volatile uint32_t send_done;
static volatile uint32_t send_under_way; /* bytes of the transfer that the DMA is doing; 0 is none */

void UARTE0_IRQHandler(void);

static void give_next_block(void)
{
    NRF_UARTE_RXD_PTR(UARTE) = (uint32_t)(uintptr_t)&receive_ring[receive_next_block];
    receive_next_block = (receive_next_block + RUNE_UARTE_RECEIVE_BLOCK) & RECEIVE_MASK;
}

/* Called with the interrupt masked, or from it, when no transfer is under way. */
static void start_sending(void)
{
    const uint32_t waiting = send_written - send_done;
    const uint32_t start = send_done & SEND_MASK;
    const uint32_t to_end = RUNE_UARTE_SEND_SIZE - start;
    const uint32_t length = waiting < to_end ? waiting : to_end;

    send_under_way = length;
    if (length == 0) {
        return;
    }
    NRF_UARTE_TXD_PTR(UARTE) = (uint32_t)(uintptr_t)&send_ring[start];
    NRF_UARTE_TXD_MAXCNT(UARTE) = length;
    cortex_m4_barrier(); /* the bytes are in RAM before the DMA reads them */
    NRF_UARTE_STARTTX(UARTE) = 1;
}

void UARTE0_IRQHandler(void)
{
    if (nrf52840_event(UARTE, NRF_UARTE_RXSTARTED)) {
        nrf52840_clear_event(UARTE, NRF_UARTE_RXSTARTED);
        give_next_block();
    }
    if (nrf52840_event(UARTE, NRF_UARTE_ENDTX)) {
        nrf52840_clear_event(UARTE, NRF_UARTE_ENDTX);
        send_done += send_under_way;
        start_sending();
    }
    if (nrf52840_event(UARTE, NRF_UARTE_ERROR)) {
        nrf52840_clear_event(UARTE, NRF_UARTE_ERROR);
        NRF_UARTE_ERRORSRC(UARTE) = NRF_UARTE_ERRORSRC(UARTE); /* written ones clear */
        line_errors++;
    }
    /* Wakes the core and nothing else: once. */
    NRF_INTENCLR(UARTE) = NRF_EVENT_BIT(NRF_UARTE_RXDRDY);
}

static void configure_pins(uint32_t txd_pin, uint32_t rxd_pin)
{
    const uint32_t txd_port = txd_pin < 32u ? NRF_P0_BASE : NRF_P1_BASE;
    const uint32_t rxd_port = rxd_pin < 32u ? NRF_P0_BASE : NRF_P1_BASE;

    /* PS, UARTE, registers: the GPIO's own configuration must fit before the port is enabled; an idle line is high. */
    NRF_GPIO_OUTSET(txd_port) = 1u << (txd_pin & 31u);
    NRF_GPIO_PIN_CNF(txd_port, txd_pin & 31u) = NRF_GPIO_PIN_CNF_OUTPUT;
    NRF_GPIO_PIN_CNF(rxd_port, rxd_pin & 31u) = NRF_GPIO_PIN_CNF_INPUT_PULLUP; /* quiet when nothing is connected */
    NRF_UARTE_PSEL_TXD(UARTE) = txd_pin;
    NRF_UARTE_PSEL_RXD(UARTE) = rxd_pin;
    NRF_UARTE_PSEL_RTS(UARTE) = NRF_PIN_DISCONNECTED;
    NRF_UARTE_PSEL_CTS(UARTE) = NRF_PIN_DISCONNECTED;
}

static void start_counter(void)
{
    NRF_TIMER_STOP(COUNTER) = 1;
    NRF_TIMER_MODE(COUNTER) = NRF_TIMER_MODE_LOW_POWER_COUNTER;
    NRF_TIMER_BITMODE(COUNTER) = NRF_TIMER_BITMODE_32;
    NRF_TIMER_CLEAR(COUNTER) = 1;
    NRF_TIMER_START(COUNTER) = 1;
    NRF_PPI_EVENT(COUNTER_CHANNEL) = UARTE + NRF_UARTE_RXDRDY;
    NRF_PPI_TASK(COUNTER_CHANNEL) = COUNTER + NRF_TIMER_COUNT_OFFSET;
    NRF_PPI_CHENSET = 1u << COUNTER_CHANNEL;
}

void nrf52840_uarte_start(uint32_t txd_pin, uint32_t rxd_pin, uint32_t baud_rate)
{
    receive_next_block = 0;
    receive_taken = 0;
    receive_seen = 0;
    lost_bytes = 0;
    line_errors = 0;
    send_written = 0;
    send_done = 0;
    send_under_way = 0;

    configure_pins(txd_pin, rxd_pin);
    start_counter();
    NRF_UARTE_CONFIG(UARTE) = 0; /* no parity, one stop bit, no flow control */
    NRF_UARTE_BAUDRATE(UARTE) = baud_rate;
    NRF_UARTE_ENABLE(UARTE) = NRF_UARTE_ENABLE_ON;
    nrf52840_clear_event(UARTE, NRF_UARTE_RXSTARTED);
    nrf52840_clear_event(UARTE, NRF_UARTE_ENDTX);
    nrf52840_clear_event(UARTE, NRF_UARTE_ERROR);
    NRF_INTENSET(UARTE) = NRF_EVENT_BIT(NRF_UARTE_RXSTARTED) | NRF_EVENT_BIT(NRF_UARTE_ENDTX) |
                          NRF_EVENT_BIT(NRF_UARTE_ERROR);
    cortex_m4_enable_interrupt(NRF_UARTE0_IRQ, 0x20);

    NRF_SHORTS(UARTE) = NRF_UARTE_SHORT_ENDRX_STARTRX;
    give_next_block();
    NRF_UARTE_RXD_MAXCNT(UARTE) = RUNE_UARTE_RECEIVE_BLOCK;
    NRF_UARTE_STARTRX(UARTE) = 1;
}

static uint32_t received(void)
{
    NRF_TIMER_CAPTURE(COUNTER, 0) = 1;
    return NRF_TIMER_CC(COUNTER, 0);
}

uint32_t nrf52840_uarte_read(uint8_t *buffer, uint32_t capacity)
{
    const uint32_t total = received();
    uint32_t waiting = total - receive_taken;

    receive_seen = total;
    if (waiting == 0) {
        return 0;
    }
    if (waiting > RUNE_UARTE_RECEIVE_SIZE) {
        /* The host sent more than was announced to it. What is left is the newest ring less the block that is being
           filled again. */
        const uint32_t kept = RUNE_UARTE_RECEIVE_SIZE - RUNE_UARTE_RECEIVE_BLOCK;
        lost_bytes += waiting - kept;
        receive_taken = total - kept;
        waiting = kept;
    }
    for (uint32_t turn = 0; turn < RUNE_UARTE_SETTLE; turn++) {
        __asm volatile("nop");
    }
    const uint32_t count = waiting < capacity ? waiting : capacity;
    for (uint32_t i = 0; i < count; i++) {
        buffer[i] = ((const volatile uint8_t *)receive_ring)[(receive_taken + i) & RECEIVE_MASK];
    }
    receive_taken += count;
    if (count < waiting) {
        receive_seen = receive_taken; /* what is left is news still */
    }
    return count;
}

bool nrf52840_uarte_has_news(void)
{
    const uint32_t total = received();
    const bool news = total != receive_seen;
    receive_seen = total;
    return news;
}

void nrf52840_uarte_arm_receive_interrupt(void)
{
    nrf52840_clear_event(UARTE, NRF_UARTE_RXDRDY);
    NRF_INTENSET(UARTE) = NRF_EVENT_BIT(NRF_UARTE_RXDRDY);
}

void nrf52840_uarte_write(const uint8_t *data, uint32_t length)
{
    while (length > 0) {
        const uint32_t room = RUNE_UARTE_SEND_SIZE - (send_written - send_done);
        const uint32_t count = length < room ? length : room;
        const uint32_t start = send_written;

        for (uint32_t i = 0; i < count; i++) {
            send_ring[(start + i) & SEND_MASK] = data[i];
        }
        data += count;
        length -= count;

        const uint32_t primask = cortex_m4_mask_interrupts();
        send_written = start + count;
        if (send_under_way == 0) {
            start_sending();
        }
        if (count == 0 && send_written - send_done == RUNE_UARTE_SEND_SIZE) {
            cortex_m4_wait_for_interrupt();
        }
        cortex_m4_restore_interrupts(primask);
    }
}

void nrf52840_uarte_flush(void)
{
    for (;;) {
        const uint32_t primask = cortex_m4_mask_interrupts();
        const bool finished = send_written == send_done;
        if (!finished) {
            cortex_m4_wait_for_interrupt();
        }
        cortex_m4_restore_interrupts(primask);
        if (finished) {
            break;
        }
    }
    /* ENDTX has come for the last transfer; TXSTOPPED says that the transmitter is at rest too. */
    nrf52840_clear_event(UARTE, NRF_UARTE_TXSTOPPED);
    NRF_UARTE_STOPTX(UARTE) = 1;
    while (!nrf52840_event(UARTE, NRF_UARTE_TXSTOPPED)) {
    }
}

uint32_t nrf52840_uarte_lost_bytes(void)
{
    return lost_bytes;
}

uint32_t nrf52840_uarte_line_errors(void)
{
    return line_errors;
}
