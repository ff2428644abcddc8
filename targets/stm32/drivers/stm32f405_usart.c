#include "stm32f405_usart.h"

#include "cortex_m4.h"
#include "stm32f405_registers.h"

#define USART STM32_USART6_BASE
#define PORT STM32_GPIOC_BASE
#define PIN_TX 6u
#define PIN_RX 7u
#define RECEIVE_MASK (RUNE_USART_RECEIVE_SIZE - 1u)
#define SEND_MASK (RUNE_USART_SEND_SIZE - 1u)
#define ENABLED (STM32_USART_CR1_UE | STM32_USART_CR1_TE | STM32_USART_CR1_RE | STM32_USART_CR1_RXNEIE)

_Static_assert((RUNE_USART_RECEIVE_SIZE & RECEIVE_MASK) == 0, "a power of 2");
_Static_assert((RUNE_USART_SEND_SIZE & SEND_MASK) == 0, "a power of 2");

/* Counts are modulo 2^32. */
static volatile uint8_t receive_ring[RUNE_USART_RECEIVE_SIZE];
static volatile uint32_t received;
static volatile uint32_t receive_taken;
static uint32_t receive_seen; /* what stm32f405_usart_has_news has told of */
static volatile uint32_t lost_bytes;
static volatile uint32_t line_errors;

static volatile uint8_t send_ring[RUNE_USART_SEND_SIZE];
static volatile uint32_t send_written;
static volatile uint32_t send_done;

void USART6_IRQHandler(void);

/* Called with the interrupt masked, or from it. Gives the port all that it takes at once (on an emulator that is
   everything, and it need not have the interrupt), and leaves the rest to the interrupt. */
static void send_more(void)
{
    while (send_done != send_written && (STM32_USART_SR(USART) & STM32_USART_SR_TXE)) {
        STM32_USART_DR(USART) = send_ring[send_done & SEND_MASK];
        send_done = send_done + 1u;
    }
    STM32_USART_CR1(USART) = send_done != send_written ? ENABLED | STM32_USART_CR1_TXEIE : ENABLED;
}

void USART6_IRQHandler(void)
{
    const uint32_t status = STM32_USART_SR(USART);

    /* Reading SR, then DR clears RXNE and the errors. After an overrun the byte in DR is good; the one that came behind
       it is lost (RM, USART, character reception). */
    if (status & (STM32_USART_SR_RXNE | STM32_USART_SR_ORE)) {
        const uint8_t byte = (uint8_t)STM32_USART_DR(USART);
        if (status & (STM32_USART_SR_ORE | STM32_USART_SR_NE | STM32_USART_SR_FE | STM32_USART_SR_PE)) {
            line_errors = line_errors + 1u;
        }
        if (status & STM32_USART_SR_ORE) {
            lost_bytes = lost_bytes + 1u;
        }
        if (status & STM32_USART_SR_RXNE) {
            if (received - receive_taken < RUNE_USART_RECEIVE_SIZE) {
                receive_ring[received & RECEIVE_MASK] = byte;
                received = received + 1u;
            } else {
                lost_bytes = lost_bytes + 1u; /* the host sent more than was announced to it */
            }
        }
    }
    if (STM32_USART_CR1(USART) & STM32_USART_CR1_TXEIE) {
        send_more();
    }
}

static void configure_pins(void)
{
    const uint32_t pins = (3u << (2u * PIN_TX)) | (3u << (2u * PIN_RX));

    STM32_RCC_AHB1ENR |= STM32_RCC_AHB1ENR_GPIOC;
    (void)STM32_RCC_AHB1ENR;
    STM32_GPIO_AFRL(PORT) = (STM32_GPIO_AFRL(PORT) & ~((15u << (4u * PIN_TX)) | (15u << (4u * PIN_RX)))) |
                            (STM32_USART6_ALTERNATE << (4u * PIN_TX)) | (STM32_USART6_ALTERNATE << (4u * PIN_RX));
    STM32_GPIO_OSPEEDR(PORT) = (STM32_GPIO_OSPEEDR(PORT) & ~pins) | (STM32_GPIO_SPEED_MEDIUM << (2u * PIN_TX));
    /* The receiver is quiet when nothing is connected. */
    STM32_GPIO_PUPDR(PORT) = (STM32_GPIO_PUPDR(PORT) & ~pins) | (STM32_GPIO_PULL_UP << (2u * PIN_RX));
    STM32_GPIO_MODER(PORT) = (STM32_GPIO_MODER(PORT) & ~pins) | (STM32_GPIO_MODE_ALTERNATE << (2u * PIN_TX)) |
                             (STM32_GPIO_MODE_ALTERNATE << (2u * PIN_RX));
}

void stm32f405_usart_start(uint32_t bus_hz, uint32_t baud_rate)
{
    received = 0;
    receive_taken = 0;
    receive_seen = 0;
    lost_bytes = 0;
    line_errors = 0;
    send_written = 0;
    send_done = 0;

    STM32_RCC_APB2ENR |= STM32_RCC_APB2ENR_USART6;
    (void)STM32_RCC_APB2ENR; /* errata sheet ES0182: the clock arrives two cycles after the write */
    /* The port drives its idle line before the pin becomes its own. */
    STM32_USART_CR1(USART) = 0;
    STM32_USART_CR2(USART) = 0; /* one stop bit */
    STM32_USART_CR3(USART) = 0; /* no flow control, no DMA */
    /* Sixteenths of 16 samples per bit: the bus clocks per bit (RM, USART, fractional baud rate generation). */
    STM32_USART_BRR(USART) = (bus_hz + baud_rate / 2u) / baud_rate;
    STM32_USART_CR1(USART) = STM32_USART_CR1_UE | STM32_USART_CR1_TE;
    configure_pins();
    cortex_m4_enable_interrupt(STM32_USART6_IRQ, 0x10);
    STM32_USART_CR1(USART) = ENABLED;
}

uint32_t stm32f405_usart_read(uint8_t *buffer, uint32_t capacity)
{
    const uint32_t total = received;
    const uint32_t waiting = total - receive_taken;
    const uint32_t count = waiting < capacity ? waiting : capacity;

    for (uint32_t i = 0; i < count; i++) {
        buffer[i] = receive_ring[(receive_taken + i) & RECEIVE_MASK];
    }
    receive_taken = receive_taken + count;
    receive_seen = count < waiting ? receive_taken : total; /* what is left is news still */
    return count;
}

bool stm32f405_usart_has_news(void)
{
    const uint32_t total = received;
    const bool news = total != receive_seen;
    receive_seen = total;
    return news;
}

void stm32f405_usart_write(const uint8_t *data, uint32_t length)
{
    while (length > 0) {
        const uint32_t room = RUNE_USART_SEND_SIZE - (send_written - send_done);
        const uint32_t count = length < room ? length : room;
        const uint32_t start = send_written;

        for (uint32_t i = 0; i < count; i++) {
            send_ring[(start + i) & SEND_MASK] = data[i];
        }
        data += count;
        length -= count;

        const uint32_t primask = cortex_m4_mask_interrupts();
        send_written = start + count;
        send_more();
        if (send_written - send_done == RUNE_USART_SEND_SIZE) {
            cortex_m4_wait_for_interrupt();
        }
        cortex_m4_restore_interrupts(primask);
    }
}

void stm32f405_usart_flush(void)
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
    /* At most two characters: the one in the data register, and the one on the line. */
    while (!(STM32_USART_SR(USART) & STM32_USART_SR_TC)) {
    }
}

uint32_t stm32f405_usart_lost_bytes(void)
{
    return lost_bytes;
}

uint32_t stm32f405_usart_line_errors(void)
{
    return line_errors;
}
