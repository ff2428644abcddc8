/* A firmware that does what a letter on the serial port tells it: each test sends one and looks at what happens. */

#include <stddef.h>

#include "cortex_m4.h"
#include "nrf52840_clock.h"
#include "nrf52840_registers.h"
#include "nrf52840_uarte.h"
#include "rune_board.h"

#define LOW_IRQ 20u  /* EGU0, pended by software */
#define HIGH_IRQ 21u /* EGU1 */
#define NO_HANDLER_IRQ 22u

static const rune_board *const board = &rune_board_self;
static const uint8_t in_flash[8] __attribute__((aligned(4))) = {1, 2, 3, 4, 5, 6, 7, 8};
static uint32_t words[8];
static volatile uint32_t sink;

void EGU0_IRQHandler(void);
void EGU1_IRQHandler(void);
void SVC_Handler(void);
void SysTick_Handler(void);

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

/* The order in which handlers began and ended. */
static char order[16];
static volatile uint32_t order_length;

static void note(char what)
{
    if (order_length < sizeof order - 1u) {
        order[order_length] = what;
        order_length = order_length + 1u;
        order[order_length] = 0;
    }
}

void EGU0_IRQHandler(void)
{
    note('l');
    pend(HIGH_IRQ);
    cortex_m4_barrier();
    note('L');
}

/* Uses every caller-saved FPU register and leaves the exception flags set. */
void EGU1_IRQHandler(void)
{
    note('h');
    __asm volatile("vmov.f32 s0, #1.0\n\tvmov.f32 s15, #2.0\n\tvdiv.f32 s7, s0, s1\n\t"
                   "vsub.f32 s1, s1, s1\n\tvdiv.f32 s3, s0, s1"
                   :
                   :
                   : "s0", "s1", "s3", "s7", "s15");
    note('H');
}

void SVC_Handler(void)
{
    note('s');
}

static volatile uint32_t ticks;

void SysTick_Handler(void)
{
    ticks = ticks + 1u;
}

static void tick(void)
{
    const uint32_t port = 0xE0000000u + 4u;
    CORTEX_M4_REGISTER(0xE000E014u) = 9999; /* RVR: 10,000 cycles */
    CORTEX_M4_REGISTER(0xE000E018u) = 0;
    board->mark(RUNE_MARK_CALL_BEGIN);
    CORTEX_M4_SYST_CSR = 7;
    while (ticks < 5u) {
        __asm volatile("wfi");
    }
    CORTEX_M4_SYST_CSR = 0;
    CORTEX_M4_REGISTER(port) = 7;
    say("ticked\n");
}

static void events(void)
{
    __asm volatile("sev\n\twfe"); /* the event is there already */
    CORTEX_M4_REGISTER(0xE000ED10u) = 1u << 4; /* SCR.SEVONPEND: a disabled interrupt that becomes pending is one */
    __asm volatile("sev\n\twfe");
    pend(NO_HANDLER_IRQ);
    __asm volatile("wfe");
    CORTEX_M4_REGISTER(0xE000ED10u) = 0;
    say("awake\n");
}

static void enable_software_interrupts(void)
{
    cortex_m4_enable_interrupt(LOW_IRQ, 0xC0);
    cortex_m4_enable_interrupt(HIGH_IRQ, 0x80);
}

static void interrupts(void)
{
    enable_software_interrupts();
    pend(LOW_IRQ); /* the high one comes within it */
    cortex_m4_barrier();
    note('|');
    __asm volatile("msr basepri, %0" : : "r"(0x80)); /* holds both off */
    pend(LOW_IRQ);
    pend(HIGH_IRQ);
    cortex_m4_barrier();
    note('-');
    __asm volatile("msr basepri, %0\n\tisb" : : "r"(0)); /* the high one first; the low one pends it again */
    note('|');
    __asm volatile("svc 0");
    say(order);
    say("\n");
}

/* Every FPU register holds its own value while interrupts that use the FPU come in. */
static void floats(void)
{
    float values[32];
    uint32_t before, after;

    enable_software_interrupts();
    for (uint32_t i = 0; i < 32u; i++) {
        values[i] = (float)i + 0.5f;
    }
    cortex_m4_barrier();
    __asm volatile("vldmia %[values], {s0-s31}\n\t"
                   "vmrs %[before], fpscr\n\t"
                   "str %[bit], [%[set]]\n\t"
                   "dsb\n\tisb\n\t"
                   "vmrs %[after], fpscr\n\t"
                   "vstmia %[values], {s0-s31}"
                   : [before] "=&r"(before), [after] "=&r"(after)
                   : [values] "r"(values), [set] "r"(0xE000E200u), [bit] "r"(1u << HIGH_IRQ)
                   : "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
                     "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27",
                     "s28", "s29", "s30", "s31");
    uint32_t wrong = before != after;
    for (uint32_t i = 0; i < 32u; i++) {
        wrong += values[i] != (float)i + 0.5f;
    }
    say(order);
    say(wrong ? " wrong\n" : " kept\n");
}

static void count(void)
{
    const uint32_t port = 0xE0000000u + 4u;
    board->mark(RUNE_MARK_CALL_BEGIN);
    /* Between the two stores: 1 + 1 + 1000 * 2 instructions, then 4 in and around an IT block, of which one is not
       executed but takes its cycle. */
    __asm volatile("str %[mark], [%[port]]\n\t"
                   "movw r2, #1000\n"
                   "1:\n\t"
                   "subs r2, r2, #1\n\t"
                   "bne 1b\n\t"
                   "cmp r2, #0\n\t"
                   "ite eq\n\t"
                   "moveq r2, #1\n\t"
                   "movne r2, #2\n\t"
                   "str %[mark], [%[port]]"
                   :
                   : [mark] "r"(7), [port] "r"(port)
                   : "r2", "cc", "memory");
    say("counted\n");
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
    switch (how) {
    case 'a': /* DMA out of flash */
        NRF_UARTE_TXD_PTR(NRF_UARTE0_BASE) = (uint32_t)(uintptr_t)in_flash;
        NRF_UARTE_TXD_MAXCNT(NRF_UARTE0_BASE) = sizeof in_flash;
        NRF_UARTE_STARTTX(NRF_UARTE0_BASE) = 1;
        break;
    case 'b':
        *(volatile uint32_t *)(uintptr_t)in_flash = 0;
        break;
    case 'c':
        sink = *(volatile uint32_t *)0x30000000u;
        break;
    case 'd':
        *(volatile uint32_t *)0x20040000u = 1; /* just behind the RAM */
        break;
    case 'e': /* a disabled peripheral */
        NRF_UARTE_STARTTX(NRF_UARTE1_BASE) = 1;
        break;
    case 'f': /* a register that is not modelled, and one that no chip has */
        NRF_REGISTER(NRF_UARTE0_BASE, 0x700u) = 1;
        break;
    case 'g':
        sink = NRF_REGISTER(0x40003000u, 0x500u); /* a peripheral that is not modelled */
        break;
    case 'h':
        __asm volatile("ldrd r2, r3, [%0]" : : "r"((uintptr_t)words + 2u) : "r2", "r3");
        break;
    case 'i':
        __asm volatile("ldmia %0, {r2, r3}" : : "r"((uintptr_t)words + 1u) : "r2", "r3");
        break;
    case 'j':
        __asm volatile("vldr s0, [%0]" : : "r"((uintptr_t)words + 2u) : "s0");
        break;
    case 'k':
        __asm volatile("strd r2, r3, [%0]" : : "r"((uintptr_t)words + 2u) : "memory");
        break;
    case 'l': /* these are allowed */
        __asm volatile("ldr r2, [%0]\n\tstrh r2, [%0, #2]" : : "r"((uintptr_t)words + 1u) : "r2", "memory");
        __asm volatile("cmp %0, %0\n\tit ne\n\tldrdne r2, r3, [%0]" : : "r"((uintptr_t)words + 1u) : "r2", "r3", "cc");
        say("fine\n");
        break;
    case 'm':
        __asm volatile("udf #0");
        break;
    case 'n':
        CORTEX_M4_CPACR = 0;
        cortex_m4_barrier();
        __asm volatile("vmov.f32 s0, #1.0" : : : "s0");
        break;
    case 'o':
        sink = overflow(1000);
        break;
    case 'p': /* a byte access to a peripheral's register */
        sink = *(volatile uint8_t *)(uintptr_t)NRF_RNG_BASE;
        break;
    case 'q': /* the buffer changes while it is being sent */
        board->serial_flush();
        NRF_INTENCLR(NRF_UARTE0_BASE) = 0xFFFFFFFFu;
        NRF_UARTE_TXD_PTR(NRF_UARTE0_BASE) = (uint32_t)(uintptr_t)words;
        NRF_UARTE_TXD_MAXCNT(NRF_UARTE0_BASE) = sizeof words;
        NRF_UARTE_STARTTX(NRF_UARTE0_BASE) = 1;
        words[7]++;
        for (uint32_t i = 0; i < 100000u; i++) {
            sink = i;
        }
        break;
    case 'r':
        CORTEX_M4_DEMCR = 0;
        board->mark(RUNE_MARK_CALL_BEGIN);
        break;
    case 's':
        ((void (*)(void))0x10000001u)(); /* data, not code: the stack pointer's value is executed */
        break;
    case 't':
        __asm volatile("bx %0" : : "r"(0xFFFFFFF9u)); /* an exception return outside of any */
        break;
    case 'u':
        NRF_UARTE_BAUDRATE(NRF_UARTE0_BASE) = 0x12345678u;
        break;
    case 'v':
        CORTEX_M4_VTOR = 0x20000010u;
        break;
    case 'w':
        __asm volatile("wfi"); /* with nothing that could wake it */
        break;
    default:
        break;
    }
    board->serial_flush();
}

int main(void)
{
    board->start();
    say("boot ");
    say(board->reset_cause());
    say("\n");
    for (;;) {
        switch (next()) {
        case 'C':
            count();
            break;
        case 'E':
            echo();
            break;
        case 'F':
            floats();
            break;
        case 'I':
            interrupts();
            break;
        case 'M':
            misbehave(next());
            break;
        case 'N': /* no handler */
            cortex_m4_enable_interrupt(NO_HANDLER_IRQ, 0);
            pend(NO_HANDLER_IRQ);
            break;
        case 'Q': /* sleep for ever */
            NRF_TIMER_STOP(NRF_TIMER3_BASE) = 1;
            for (;;) {
                __asm volatile("wfe");
            }
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
        case 'P':
            starve();
            break;
        case 'V':
            events();
            break;
        case 'Y':
            tick();
            break;
        case 'W': /* across the wrap of the 32-bit timer */
            sleep_until((1ull << 32) + 5u);
            say_hex(board->microseconds(), 12);
            say("\n");
            break;
        case 'X': { /* how much serial input was lost */
            say_hex(nrf52840_uarte_lost_bytes(), 8);
            say("\n");
            break;
        }
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
