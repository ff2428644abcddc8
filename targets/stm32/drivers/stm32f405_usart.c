#include "stm32f405_usart.h"

#include "cortex_m4.h"
#include "stm32f405_registers.h"

#if RUNE_USART == 1
#define USART STM32_USART1_BASE
#define INTERRUPT STM32_USART1_IRQ
#define HANDLER USART1_IRQHandler
#define ALTERNATE STM32_USART1_TO_3_ALTERNATE
#define BUS_ENABLE STM32_RCC_APB2ENR
#define BUS_ENABLE_BIT STM32_RCC_APB2ENR_USART1
#define BUS_HZ(clocks) ((clocks)->apb2)
#elif RUNE_USART == 2
#define USART STM32_USART2_BASE
#define INTERRUPT STM32_USART2_IRQ
#define HANDLER USART2_IRQHandler
#define ALTERNATE STM32_USART1_TO_3_ALTERNATE
#define BUS_ENABLE STM32_RCC_APB1ENR
#define BUS_ENABLE_BIT STM32_RCC_APB1ENR_USART2
#define BUS_HZ(clocks) ((clocks)->apb1)
#elif RUNE_USART == 3
#define USART STM32_USART3_BASE
#define INTERRUPT STM32_USART3_IRQ
#define HANDLER USART3_IRQHandler
#define ALTERNATE STM32_USART1_TO_3_ALTERNATE
#define BUS_ENABLE STM32_RCC_APB1ENR
#define BUS_ENABLE_BIT STM32_RCC_APB1ENR_USART3
#define BUS_HZ(clocks) ((clocks)->apb1)
#elif RUNE_USART == 6
#define USART STM32_USART6_BASE
#define INTERRUPT STM32_USART6_IRQ
#define HANDLER USART6_IRQHandler
#define ALTERNATE STM32_USART6_ALTERNATE
#define BUS_ENABLE STM32_RCC_APB2ENR
#define BUS_ENABLE_BIT STM32_RCC_APB2ENR_USART6
#define BUS_HZ(clocks) ((clocks)->apb2)
#else
#error "RUNE_USART is 1, 2, 3 or 6"
#endif

#define JOIN_EXPANDED(left, right) left##right
#define JOIN(left, right) JOIN_EXPANDED(left, right)
#define PORT_INDEX JOIN(STM32_GPIO_INDEX_, RUNE_USART_PORT)
#define PORT STM32_GPIO_BASE(PORT_INDEX)
#define PIN_TX (RUNE_USART_PIN_TX + 0u)
#define PIN_RX (RUNE_USART_PIN_RX + 0u)
#define RECEIVE_MASK (RUNE_USART_RECEIVE_SIZE - 1u)
#define SEND_MASK (RUNE_USART_SEND_SIZE - 1u)
#define ENABLED (STM32_USART_CR1_UE | STM32_USART_CR1_TE | STM32_USART_CR1_RE | STM32_USART_CR1_RXNEIE)

_Static_assert((RUNE_USART_RECEIVE_SIZE & RECEIVE_MASK) == 0, "a power of 2");
_Static_assert((RUNE_USART_SEND_SIZE & SEND_MASK) == 0, "a power of 2");
_Static_assert(PIN_TX < 16u && PIN_RX < 16u && PIN_TX != PIN_RX, "two pins of one port");

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

void HANDLER(void);

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

void HANDLER(void)
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

static void choose_function(uint32_t pin)
{
    const uint32_t shift = 4u * (pin % 8u);
    STM32_GPIO_AFR(PORT, pin) = (STM32_GPIO_AFR(PORT, pin) & ~(15u << shift)) | (ALTERNATE << shift);
}

static void configure_pins(void)
{
    const uint32_t pins = (3u << (2u * PIN_TX)) | (3u << (2u * PIN_RX));

    STM32_RCC_AHB1ENR |= STM32_RCC_AHB1ENR_GPIO(PORT_INDEX);
    (void)STM32_RCC_AHB1ENR;
    choose_function(PIN_TX);
    choose_function(PIN_RX);
    STM32_GPIO_OSPEEDR(PORT) = (STM32_GPIO_OSPEEDR(PORT) & ~pins) | (STM32_GPIO_SPEED_MEDIUM << (2u * PIN_TX));
    /* The receiver is quiet when nothing is connected. */
    STM32_GPIO_PUPDR(PORT) = (STM32_GPIO_PUPDR(PORT) & ~pins) | (STM32_GPIO_PULL_UP << (2u * PIN_RX));
    STM32_GPIO_MODER(PORT) = (STM32_GPIO_MODER(PORT) & ~pins) | (STM32_GPIO_MODE_ALTERNATE << (2u * PIN_TX)) |
                             (STM32_GPIO_MODE_ALTERNATE << (2u * PIN_RX));
}

void stm32f405_usart_start(const stm32f405_clocks *clocks, uint32_t baud_rate)
{
    received = 0;
    receive_taken = 0;
    receive_seen = 0;
    lost_bytes = 0;
    line_errors = 0;
    send_written = 0;
    send_done = 0;

    BUS_ENABLE |= BUS_ENABLE_BIT;
    (void)BUS_ENABLE; /* errata sheet ES0182: the clock arrives two cycles after the write */
    /* The port drives its idle line before the pin becomes its own. */
    STM32_USART_CR1(USART) = 0;
    STM32_USART_CR2(USART) = 0; /* one stop bit */
    STM32_USART_CR3(USART) = 0; /* no flow control, no DMA */
    /* Sixteenths of 16 samples per bit: the bus clocks per bit (RM, USART, fractional baud rate generation). */
    STM32_USART_BRR(USART) = (BUS_HZ(clocks) + baud_rate / 2u) / baud_rate;
    STM32_USART_CR1(USART) = STM32_USART_CR1_UE | STM32_USART_CR1_TE;
    configure_pins();
    cortex_m4_enable_interrupt(INTERRUPT, 0x10);
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
