/* Start-up of an application on the nRF52840 that a bootloader jumps to: the vector table, the state after reset
   that the bootloader may have changed, memory, faults. PS is the nRF52840 Product Specification v1.7.

   Anomalies (nRF52840 errata): 136 (RESETREAS has further bits set after a pin reset) is met by testing RESETPIN
   first, in the board file. 36, 66, 98, 103, 115 and 120 concern CLOCK calibration, TEMP, NFCT, CCM, RAM in
   engineering samples, and QSPI: none is used here. */

#include <stddef.h>
#include <stdint.h>

#include "cortex_m4.h"
#include "nrf52840_fault.h"
#include "nrf52840_registers.h"

#define EXCEPTION_COUNT 16u
#define INTERRUPT_COUNT 48u
#define FAULT_MAGIC 0x52464C54u

typedef void (*vector)(void);

extern uint32_t __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);
_Noreturn void nrf52840_fault_record(void);
_Noreturn void nrf52840_start(void);

/* Not in .bss: it must outlive the reset. */
__attribute__((section(".noinit"), used)) static volatile nrf52840_fault fault_record;

static uint32_t fault_check(uint32_t exception, uint32_t cfsr)
{
    return FAULT_MAGIC ^ (exception * 2654435761u) ^ ~cfsr;
}

/* The stack may be what failed, so it is set anew before any C runs. */
__attribute__((naked, noreturn, used)) void Fault_Handler(void)
{
    __asm volatile("cpsid i\n\t"
                   "ldr r0, =__stack_top\n\t"
                   "mov sp, r0\n\t"
                   "b nrf52840_fault_record\n\t"
                   ".ltorg");
}

_Noreturn __attribute__((used)) void nrf52840_fault_record(void)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    fault_record.exception = exception;
    fault_record.cfsr = CORTEX_M4_CFSR;
    fault_record.check = fault_check(exception, fault_record.cfsr);
    fault_record.magic = FAULT_MAGIC;
    cortex_m4_reset();
}

bool nrf52840_fault_take(nrf52840_fault *fault)
{
    const bool valid = fault_record.magic == FAULT_MAGIC &&
                       fault_record.check == fault_check(fault_record.exception, fault_record.cfsr);
    if (valid) {
        fault->magic = fault_record.magic;
        fault->exception = fault_record.exception;
        fault->cfsr = fault_record.cfsr;
        fault->check = fault_record.check;
    }
    fault_record.magic = 0;
    return valid;
}

#define FAULT_ALIAS __attribute__((weak, noreturn, alias("Fault_Handler")))
void NMI_Handler(void) FAULT_ALIAS;
void HardFault_Handler(void) FAULT_ALIAS;
void MemManage_Handler(void) FAULT_ALIAS;
void BusFault_Handler(void) FAULT_ALIAS;
void UsageFault_Handler(void) FAULT_ALIAS;
void SVC_Handler(void) FAULT_ALIAS;
void DebugMon_Handler(void) FAULT_ALIAS;
void PendSV_Handler(void) FAULT_ALIAS;
void SysTick_Handler(void) FAULT_ALIAS;
void POWER_CLOCK_IRQHandler(void) FAULT_ALIAS;
void RADIO_IRQHandler(void) FAULT_ALIAS;
void UARTE0_IRQHandler(void) FAULT_ALIAS;
void SPI0_TWI0_IRQHandler(void) FAULT_ALIAS;
void SPI1_TWI1_IRQHandler(void) FAULT_ALIAS;
void NFCT_IRQHandler(void) FAULT_ALIAS;
void GPIOTE_IRQHandler(void) FAULT_ALIAS;
void SAADC_IRQHandler(void) FAULT_ALIAS;
void TIMER0_IRQHandler(void) FAULT_ALIAS;
void TIMER1_IRQHandler(void) FAULT_ALIAS;
void TIMER2_IRQHandler(void) FAULT_ALIAS;
void RTC0_IRQHandler(void) FAULT_ALIAS;
void TEMP_IRQHandler(void) FAULT_ALIAS;
void RNG_IRQHandler(void) FAULT_ALIAS;
void ECB_IRQHandler(void) FAULT_ALIAS;
void CCM_AAR_IRQHandler(void) FAULT_ALIAS;
void WDT_IRQHandler(void) FAULT_ALIAS;
void RTC1_IRQHandler(void) FAULT_ALIAS;
void QDEC_IRQHandler(void) FAULT_ALIAS;
void COMP_LPCOMP_IRQHandler(void) FAULT_ALIAS;
void EGU0_IRQHandler(void) FAULT_ALIAS;
void EGU1_IRQHandler(void) FAULT_ALIAS;
void EGU2_IRQHandler(void) FAULT_ALIAS;
void EGU3_IRQHandler(void) FAULT_ALIAS;
void EGU4_IRQHandler(void) FAULT_ALIAS;
void EGU5_IRQHandler(void) FAULT_ALIAS;
void TIMER3_IRQHandler(void) FAULT_ALIAS;
void TIMER4_IRQHandler(void) FAULT_ALIAS;
void PWM0_IRQHandler(void) FAULT_ALIAS;
void PDM_IRQHandler(void) FAULT_ALIAS;
void MWU_IRQHandler(void) FAULT_ALIAS;
void PWM1_IRQHandler(void) FAULT_ALIAS;
void PWM2_IRQHandler(void) FAULT_ALIAS;
void SPI2_IRQHandler(void) FAULT_ALIAS;
void RTC2_IRQHandler(void) FAULT_ALIAS;
void I2S_IRQHandler(void) FAULT_ALIAS;
void FPU_IRQHandler(void) FAULT_ALIAS;
void USBD_IRQHandler(void) FAULT_ALIAS;
void UARTE1_IRQHandler(void) FAULT_ALIAS;
void QSPI_IRQHandler(void) FAULT_ALIAS;
void CRYPTOCELL_IRQHandler(void) FAULT_ALIAS;
void PWM3_IRQHandler(void) FAULT_ALIAS;
void SPIM3_IRQHandler(void) FAULT_ALIAS;

/* PS 4.2.4: interrupt n is peripheral n. The first word is the stack pointer, hence the union. */
typedef union vector_entry {
    const void *stack;
    vector handler;
} vector_entry;

__attribute__((section(".vectors"), used)) const vector_entry rune_vectors[EXCEPTION_COUNT + INTERRUPT_COUNT] = {
    {.stack = __stack_top},
    {.handler = Reset_Handler},
    {.handler = NMI_Handler},
    {.handler = HardFault_Handler},
    {.handler = MemManage_Handler},
    {.handler = BusFault_Handler},
    {.handler = UsageFault_Handler},
    {.handler = NULL},
    {.handler = NULL},
    {.handler = NULL},
    {.handler = NULL},
    {.handler = SVC_Handler},
    {.handler = DebugMon_Handler},
    {.handler = NULL},
    {.handler = PendSV_Handler},
    {.handler = SysTick_Handler},
    {.handler = POWER_CLOCK_IRQHandler}, /* 0 */
    {.handler = RADIO_IRQHandler},
    {.handler = UARTE0_IRQHandler},
    {.handler = SPI0_TWI0_IRQHandler},
    {.handler = SPI1_TWI1_IRQHandler},
    {.handler = NFCT_IRQHandler},
    {.handler = GPIOTE_IRQHandler},
    {.handler = SAADC_IRQHandler},
    {.handler = TIMER0_IRQHandler}, /* 8 */
    {.handler = TIMER1_IRQHandler},
    {.handler = TIMER2_IRQHandler},
    {.handler = RTC0_IRQHandler},
    {.handler = TEMP_IRQHandler},
    {.handler = RNG_IRQHandler},
    {.handler = ECB_IRQHandler},
    {.handler = CCM_AAR_IRQHandler},
    {.handler = WDT_IRQHandler}, /* 16 */
    {.handler = RTC1_IRQHandler},
    {.handler = QDEC_IRQHandler},
    {.handler = COMP_LPCOMP_IRQHandler},
    {.handler = EGU0_IRQHandler},
    {.handler = EGU1_IRQHandler},
    {.handler = EGU2_IRQHandler},
    {.handler = EGU3_IRQHandler},
    {.handler = EGU4_IRQHandler}, /* 24 */
    {.handler = EGU5_IRQHandler},
    {.handler = TIMER3_IRQHandler},
    {.handler = TIMER4_IRQHandler},
    {.handler = PWM0_IRQHandler},
    {.handler = PDM_IRQHandler},
    {.handler = NULL}, /* 30: the NVMC has no interrupt */
    {.handler = NULL}, /* 31: the PPI neither */
    {.handler = MWU_IRQHandler}, /* 32 */
    {.handler = PWM1_IRQHandler},
    {.handler = PWM2_IRQHandler},
    {.handler = SPI2_IRQHandler},
    {.handler = RTC2_IRQHandler},
    {.handler = I2S_IRQHandler},
    {.handler = FPU_IRQHandler},
    {.handler = USBD_IRQHandler},
    {.handler = UARTE1_IRQHandler}, /* 40 */
    {.handler = QSPI_IRQHandler},
    {.handler = CRYPTOCELL_IRQHandler},
    {.handler = NULL},
    {.handler = NULL},
    {.handler = PWM3_IRQHandler},
    {.handler = NULL},
    {.handler = SPIM3_IRQHandler}, /* 47 */
};

/* Timers, serial ports and USB go on through the bootloader's jump. Whatever has DMA is stopped first, because it
   writes to memory that is ours now. A watchdog cannot be stopped (PS, WDT); the board feeds it. */
static void stop_peripherals(void)
{
    static const uint32_t timers[] = {NRF_TIMER0_BASE, NRF_TIMER1_BASE, NRF_TIMER2_BASE, NRF_TIMER3_BASE,
                                      NRF_TIMER4_BASE};
    static const uint32_t real_time_counters[] = {NRF_RTC0_BASE, NRF_RTC1_BASE, NRF_RTC2_BASE};
    static const uint32_t serial_ports[] = {NRF_UARTE0_BASE, NRF_UARTE1_BASE};

    for (size_t i = 0; i < sizeof serial_ports / sizeof serial_ports[0]; i++) {
        NRF_INTENCLR(serial_ports[i]) = 0xFFFFFFFFu;
        NRF_SHORTS(serial_ports[i]) = 0;
        if (NRF_UARTE_ENABLE(serial_ports[i]) == NRF_UARTE_ENABLE_ON) {
            /* A transfer under way ends with RXTO and TXSTOPPED (PS, UARTE, low power); both take less than 5
               characters, but a port that was never started answers neither, so the wait is bounded. */
            NRF_UARTE_STOPRX(serial_ports[i]) = 1;
            NRF_UARTE_STOPTX(serial_ports[i]) = 1;
            for (uint32_t wait = 0; wait < 20000u && !(nrf52840_event(serial_ports[i], NRF_UARTE_RXTO) &&
                                                       nrf52840_event(serial_ports[i], NRF_UARTE_TXSTOPPED));
                 wait++) {
            }
        }
        NRF_UARTE_ENABLE(serial_ports[i]) = 0;
    }
    NRF_INTENCLR(NRF_USBD_BASE) = 0xFFFFFFFFu;
    NRF_USBD_USBPULLUP = 0; /* the computer sees the bootloader's port go away */
    NRF_USBD_ENABLE = 0;
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        NRF_TIMER_STOP(timers[i]) = 1;
        NRF_TIMER_SHUTDOWN(timers[i]) = 1; /* anomaly 78: STOP alone keeps drawing current */
        NRF_INTENCLR(timers[i]) = 0xFFFFFFFFu;
        NRF_SHORTS(timers[i]) = 0;
    }
    for (size_t i = 0; i < sizeof real_time_counters / sizeof real_time_counters[0]; i++) {
        NRF_RTC_STOP(real_time_counters[i]) = 1;
        NRF_INTENCLR(real_time_counters[i]) = 0xFFFFFFFFu;
    }
    NRF_INTENCLR(NRF_CLOCK_BASE) = 0xFFFFFFFFu;
    NRF_INTENCLR(NRF_RNG_BASE) = 0xFFFFFFFFu;
    NRF_PPI_CHENCLR = 0xFFFFFFFFu;
}

static void reset_core(void)
{
    CORTEX_M4_SYST_CSR = 0;
    for (uint32_t i = 0; i < (INTERRUPT_COUNT + 31u) / 32u; i++) {
        CORTEX_M4_NVIC_ICER(i) = 0xFFFFFFFFu;
    }
    cortex_m4_barrier();
    CORTEX_M4_VTOR = (uint32_t)(uintptr_t)rune_vectors;
    CORTEX_M4_CPACR |= CORTEX_M4_CPACR_FPU;
    /* Trace on: a write to an ITM stimulus port is then harmless with or without a debugger. */
    CORTEX_M4_DEMCR |= CORTEX_M4_DEMCR_TRCENA;
    cortex_m4_barrier();
}

/* Last, when nothing can pend any more. */
static void clear_pending(void)
{
    CORTEX_M4_ICSR = CORTEX_M4_ICSR_PENDSTCLR | CORTEX_M4_ICSR_PENDSVCLR;
    for (uint32_t i = 0; i < (INTERRUPT_COUNT + 31u) / 32u; i++) {
        CORTEX_M4_NVIC_ICPR(i) = 0xFFFFFFFFu;
    }
}

_Noreturn __attribute__((used)) void nrf52840_start(void)
{
    reset_core();
    stop_peripherals();
    clear_pending();

    const volatile uint32_t *source = __data_load;
    for (volatile uint32_t *word = __data_start; word < __data_end; word++) {
        *word = *source++;
    }
    for (volatile uint32_t *word = __bss_start; word < __bss_end; word++) {
        *word = 0;
    }
    NRF_NVMC_ICACHECNF = NRF_NVMC_ICACHECNF_ENABLE; /* PS 4.3.2: off after reset; wait states on every fetch */

    /* B1.4.3: PRIMASK was set at the very start. Lazy stacking of the FPU is on after reset (FPCCR). */
    __asm volatile("cpsie i\n\tisb" : : : "memory");
    (void)main();
    cortex_m4_reset();
}

/* A bootloader may jump here with interrupts on, with its own masks, on its own stack (and the process stack). */
__attribute__((naked, noreturn, used)) void Reset_Handler(void)
{
    __asm volatile("cpsid i\n\t"
                   "movs r0, #0\n\t"
                   "msr basepri, r0\n\t"
                   "msr faultmask, r0\n\t"
                   "msr control, r0\n\t"
                   "isb\n\t"
                   "ldr r0, =__stack_top\n\t"
                   "mov sp, r0\n\t"
                   "b nrf52840_start\n\t"
                   ".ltorg");
}
