#ifndef RUNE_CORTEX_M4_H
#define RUNE_CORTEX_M4_H

/* The Cortex-M4's own registers and instructions, as far as start-up and drivers need them.
   Section numbers: ARMv7-M Architecture Reference Manual (DDI 0403E). */

#include <stdint.h>

#define CORTEX_M4_REGISTER(address) (*(volatile uint32_t *)(address))

/* B3.2.2: system control block */
#define CORTEX_M4_VTOR CORTEX_M4_REGISTER(0xE000ED08u)
#define CORTEX_M4_AIRCR CORTEX_M4_REGISTER(0xE000ED0Cu)
#define CORTEX_M4_AIRCR_RESET 0x05FA0004u /* the key and SYSRESETREQ */
#define CORTEX_M4_CFSR CORTEX_M4_REGISTER(0xE000ED28u)
#define CORTEX_M4_CPACR CORTEX_M4_REGISTER(0xE000ED88u)
#define CORTEX_M4_CPACR_FPU (0xFu << 20) /* full access to CP10 and CP11 */

/* B3.3.3: SysTick */
#define CORTEX_M4_SYST_CSR CORTEX_M4_REGISTER(0xE000E010u)
#define CORTEX_M4_SYST_CSR_ENABLE (1u << 0)
#define CORTEX_M4_SYST_CSR_TICKINT (1u << 1)
#define CORTEX_M4_SYST_CSR_CORE_CLOCK (1u << 2)
#define CORTEX_M4_SYST_RVR CORTEX_M4_REGISTER(0xE000E014u)
#define CORTEX_M4_SYST_CVR CORTEX_M4_REGISTER(0xE000E018u)

/* B3.4.4: NVIC */
#define CORTEX_M4_NVIC_ISER(n) CORTEX_M4_REGISTER(0xE000E100u + 4u * (n))
#define CORTEX_M4_NVIC_ICER(n) CORTEX_M4_REGISTER(0xE000E180u + 4u * (n))
#define CORTEX_M4_NVIC_ICPR(n) CORTEX_M4_REGISTER(0xE000E280u + 4u * (n))
#define CORTEX_M4_NVIC_IPR(irq) (*(volatile uint8_t *)(0xE000E400u + (irq)))

/* B3.2.2: pending bits of the system exceptions */
#define CORTEX_M4_ICSR CORTEX_M4_REGISTER(0xE000ED04u)
#define CORTEX_M4_ICSR_PENDSVCLR (1u << 27)
#define CORTEX_M4_ICSR_PENDSTSET (1u << 26)
#define CORTEX_M4_ICSR_PENDSTCLR (1u << 25)
/* B3.2.12: SysTick's priority */
#define CORTEX_M4_SHPR_SYSTICK (*(volatile uint8_t *)0xE000ED23u)

/* C1.6.5 and C1.7.3: debug, and the instrumentation trace macrocell's stimulus ports */
#define CORTEX_M4_DEMCR CORTEX_M4_REGISTER(0xE000EDFCu)
#define CORTEX_M4_DEMCR_TRCENA (1u << 24)
#define CORTEX_M4_ITM_STIMULUS(port) CORTEX_M4_REGISTER(0xE0000000u + 4u * (port))

/* Masks all interrupts and returns what cortex_m4_restore_interrupts needs to undo it; calls may nest. */
static inline uint32_t cortex_m4_mask_interrupts(void)
{
    uint32_t primask;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) : : "memory");
    return primask;
}

static inline void cortex_m4_restore_interrupts(uint32_t primask)
{
    __asm volatile("msr primask, %0\n\tisb" : : "r"(primask) : "memory");
}

/* Sleeps until an enabled interrupt is pending. With interrupts masked it still wakes, and the handler runs only
   when they are unmasked: so a condition can be tested and slept on without losing a wake-up between the two. */
static inline void cortex_m4_wait_for_interrupt(void)
{
    __asm volatile("dsb\n\twfi" : : : "memory");
}

static inline void cortex_m4_barrier(void)
{
    __asm volatile("dsb\n\tisb" : : : "memory");
}

/* Gives an interrupt its priority (0 is the most urgent; a chip keeps the upper bits: the nRF52840 3 of the 8, the STM32F405 4), clears what
   is pending and enables it. */
static inline void cortex_m4_enable_interrupt(uint32_t irq, uint8_t priority)
{
    CORTEX_M4_NVIC_IPR(irq) = priority;
    CORTEX_M4_NVIC_ICPR(irq >> 5) = 1u << (irq & 31u);
    CORTEX_M4_NVIC_ISER(irq >> 5) = 1u << (irq & 31u);
}

_Noreturn static inline void cortex_m4_reset(void)
{
    cortex_m4_barrier();
    CORTEX_M4_AIRCR = CORTEX_M4_AIRCR_RESET;
    cortex_m4_barrier();
    for (;;) {
    }
}

#endif
