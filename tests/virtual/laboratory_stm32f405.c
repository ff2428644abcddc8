/* A firmware for the STM32F405 that does what a letter on the serial port tells it, as laboratory.c does. */

#include <stddef.h>

#include "cortex_m4.h"
#include "rune_board.h"
#include "stm32f405_registers.h"
#include "stm32f405_time.h"
#include "stm32f405_usart.h"

#define NO_HANDLER_IRQ 6u /* EXTI0, pended by software */

static const rune_board *const board = &rune_board_self;
static volatile uint32_t sink;

static void say(const char *text)
{
    uint32_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    board->serial_write((const uint8_t *)text, length);
}

static void say_hex(uint64_t value, uint32_t digits)
{
    for (uint32_t i = digits; i-- > 0;) {
        const char digit = "0123456789abcdef"[(value >> (4u * i)) & 15u];
        board->serial_write((const uint8_t *)&digit, 1);
    }
}

static char next(void)
{
    uint8_t byte;
    while (board->serial_read(&byte, 1) == 0) {
        board->idle(board->microseconds() + 1000000u);
    }
    return (char)byte;
}

static void pend(uint32_t irq)
{
    CORTEX_M4_REGISTER(0xE000E200u + 4u * (irq >> 5)) = 1u << (irq & 31u);
}

static void echo(void)
{
    static uint8_t buffer[300];
    uint32_t work = 0;
    for (;;) {
        const uint32_t length = board->serial_read(buffer, sizeof buffer);
        if (length > 0) {
            board->serial_write(buffer, length);
        } else if (++work % 2u) {
            board->idle(board->microseconds() + 1000000u);
        } else {
            for (uint32_t i = 0; i < 300u; i++) { /* busy now and then, rather than always asleep when a byte comes */
                sink = i;
            }
        }
    }
}

static void draw(uint32_t length)
{
    uint8_t bytes[12];
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0xEE;
    }
    const rune_status status = board->drivers[0].read(NULL, bytes, length);
    say_hex((uint64_t)status, 1);
    say(" ");
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        say_hex(bytes[i], 2);
    }
    say("\n");
}

static void sleep_until(uint64_t time)
{
    while (board->microseconds() < time) {
        board->idle(time);
    }
}

/* Longer than the watchdog waits, asleep, and with bytes to send: both feed it. Then nobody does. */
static void starve(void)
{
    board->start_watchdog(1500u);
    sleep_until(board->microseconds() + 4000000u);
    say("fed\n");
    board->serial_flush();
    (void)cortex_m4_mask_interrupts();
    for (;;) {
        cortex_m4_wait_for_interrupt();
    }
}

static uint32_t overflow(uint32_t depth)
{
    volatile uint32_t room[64];
    room[depth & 63u] = depth;
    return depth == 0 ? 0 : overflow(depth - 1u) + room[(depth + 1u) & 63u];
}

/* What the chip faults on, or silently does wrong. */
static void misbehave(char how)
{
    const uint32_t usart = STM32_USART6_BASE;

    board->serial_flush();
    switch (how) {
    case 'a': /* a peripheral whose clock is off */
        sink = STM32_REGISTER(0x40020000u, 0x10u); /* GPIOA */
        break;
    case 'b': /* ... and one whose clock is switched off under way */
        STM32_RCC_APB2ENR = 0;
        board->serial_write((const uint8_t *)"x", 1);
        break;
    case 'c': /* core-coupled memory */
        *(volatile uint32_t *)0x10000000u = 1;
        break;
    case 'd':
        *(volatile uint32_t *)0x20020000u = 1; /* just behind the RAM */
        break;
    case 'e': /* a byte that is not sent yet is overwritten */
        for (uint32_t i = 0; i < 3u; i++) {
            STM32_USART_DR(usart) = i;
        }
        break;
    case 'f': /* a register that is not modelled */
        STM32_REGISTER(usart, 0x18u) = 1;
        break;
    case 'g': /* a peripheral that is not modelled */
        sink = STM32_REGISTER(0x40026000u, 0u);
        break;
    case 'h': /* the baud rate changes while the port is on */
        STM32_USART_BRR(usart) = 729;
        break;
    case 'i': /* the pin is taken from the port */
        STM32_GPIO_MODER(STM32_GPIO_BASE(STM32_GPIO_INDEX_C)) = 0;
        board->serial_write((const uint8_t *)"x", 1);
        break;
    case 'j': /* the oscillator that everything runs from */
        STM32_RCC_CR &= ~STM32_RCC_CR_PLLON;
        break;
    case 'k': /* a PLL that is on cannot be set */
        STM32_RCC_PLLCFGR = STM32_RCC_PLLCFGR_VALUE(16u, 336u, 7u);
        break;
    case 'l': /* too few wait states: noticed when the core is made fast */
        STM32_RCC_CFGR = STM32_RCC_CFGR_APB1_DIV4 | STM32_RCC_CFGR_APB2_DIV2;
        STM32_FLASH_ACR = 4;
        STM32_RCC_CFGR = STM32_RCC_CFGR_APB1_DIV4 | STM32_RCC_CFGR_APB2_DIV2 | STM32_RCC_CFGR_SW_PLL;
        break;
    case 'm': /* a bus that is too fast */
        STM32_RCC_CFGR = STM32_RCC_CFGR_APB1_DIV4 | STM32_RCC_CFGR_SW_PLL;
        break;
    case 'n': /* an Ethernet controller, which this chip of the family has not */
        STM32_RCC_AHB1ENR |= 1u << 25;
        break;
    case 'o':
        sink = overflow(1000);
        break;
    case 'p': /* a byte access to a peripheral's register */
        sink = *(volatile uint8_t *)(uintptr_t)usart;
        break;
    case 'q': /* a word that is not ready */
        STM32_RNG_CR = 0;
        sink = STM32_RNG_DR;
        break;
    case 'r': /* 64 bytes more than the table is aligned to */
        CORTEX_M4_VTOR = 0x08000040u;
        break;
    case 's': /* a register that is locked */
        STM32_IWDG_KR = STM32_IWDG_KR_START;
        STM32_IWDG_RLR = 100u;
        break;
    default:
        break;
    }
    board->serial_flush();
}

/* Interrupts are off for as long as 100 bytes need. */
static void deaf(void)
{
    const uint32_t primask = cortex_m4_mask_interrupts();
    const uint32_t start = STM32_TIM_CNT(STM32_TIM2_BASE);
    while (STM32_TIM_CNT(STM32_TIM2_BASE) - start < 1000u) {
    }
    cortex_m4_restore_interrupts(primask);
    say("deaf\n");
}

int main(void)
{
    board->start();
    say("boot ");
    say(board->reset_cause());
    say("\n");
    for (;;) {
        switch (next()) {
        case 'D':
            deaf();
            break;
        case 'E':
            echo();
            break;
        case 'M':
            misbehave(next());
            break;
        case 'N': /* no handler */
            cortex_m4_enable_interrupt(NO_HANDLER_IRQ, 0);
            pend(NO_HANDLER_IRQ);
            break;
        case 'P':
            starve();
            break;
        case 'R':
            draw((uint32_t)(next() - '0'));
            break;
        case 'S':
            board->serial_flush();
            cortex_m4_reset();
        case 'T':
            sleep_until(board->microseconds() + 100000u);
            say("slept\n");
            break;
        case 'V': /* nobody looks at the time around a turn of the 32-bit timer, and then it is later in the turn */
            STM32_TIM_CNT(STM32_TIM2_BASE) = 0xFFFFFF00u;
            do {
                for (uint32_t i = 0; i < 1000u; i++) {
                    sink = i;
                }
            } while (STM32_TIM_CNT(STM32_TIM2_BASE) >= 0xFFFFFF00u || STM32_TIM_CNT(STM32_TIM2_BASE) < 10000u);
            say_hex(board->microseconds(), 12);
            say("\n");
            break;
        case 'W': /* asleep across the turn */
            STM32_TIM_CNT(STM32_TIM2_BASE) = 0xFFFE0000u;
            sleep_until((1ull << 32) + 5u);
            say_hex(board->microseconds(), 12);
            say("\n");
            break;
        case 'X': /* how much serial input was lost, and how often the line erred */
            say_hex(stm32f405_usart_lost_bytes(), 8);
            say(" ");
            say_hex(stm32f405_usart_line_errors(), 8);
            say("\n");
            break;
        case 'Z': { /* busy for 50 ms, without reading */
            const uint64_t end = board->microseconds() + 50000u;
            while (board->microseconds() < end) {
                for (uint32_t i = 0; i < 1000u; i++) {
                    sink = i;
                }
            }
            say("busy\n");
            break;
        }
        default:
            break;
        }
    }
}
