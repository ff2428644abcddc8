/* Start-up of an application on the STM32F405: the vector table, the state after reset that a bootloader in ROM may
   have changed, memory, faults. RM is the STM32F405 reference manual RM0090, whose chapters are named by title. */

#include <stddef.h>
#include <stdint.h>

#include "cortex_m4.h"
#include "stm32f405_fault.h"
#include "stm32f405_registers.h"

#define EXCEPTION_COUNT 16u
#define INTERRUPT_COUNT 82u
#define FAULT_MAGIC 0x52464C54u

typedef void (*vector)(void);

extern uint32_t __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);
_Noreturn void stm32f405_fault_record(void);
_Noreturn void stm32f405_start(void);

/* Not in .bss: it must outlive the reset. */
__attribute__((section(".noinit"), used)) static volatile stm32f405_fault fault_record;

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
                   "b stm32f405_fault_record\n\t"
                   ".ltorg");
}

_Noreturn __attribute__((used)) void stm32f405_fault_record(void)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    fault_record.exception = exception;
    fault_record.cfsr = CORTEX_M4_CFSR;
    fault_record.check = fault_check(exception, fault_record.cfsr);
    fault_record.magic = FAULT_MAGIC;
    cortex_m4_reset();
}

bool stm32f405_fault_take(stm32f405_fault *fault)
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
void WWDG_IRQHandler(void) FAULT_ALIAS;
void PVD_IRQHandler(void) FAULT_ALIAS;
void TAMP_STAMP_IRQHandler(void) FAULT_ALIAS;
void RTC_WKUP_IRQHandler(void) FAULT_ALIAS;
void FLASH_IRQHandler(void) FAULT_ALIAS;
void RCC_IRQHandler(void) FAULT_ALIAS;
void EXTI0_IRQHandler(void) FAULT_ALIAS;
void EXTI1_IRQHandler(void) FAULT_ALIAS;
void EXTI2_IRQHandler(void) FAULT_ALIAS;
void EXTI3_IRQHandler(void) FAULT_ALIAS;
void EXTI4_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream0_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream1_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream2_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream3_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream4_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream5_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream6_IRQHandler(void) FAULT_ALIAS;
void ADC_IRQHandler(void) FAULT_ALIAS;
void CAN1_TX_IRQHandler(void) FAULT_ALIAS;
void CAN1_RX0_IRQHandler(void) FAULT_ALIAS;
void CAN1_RX1_IRQHandler(void) FAULT_ALIAS;
void CAN1_SCE_IRQHandler(void) FAULT_ALIAS;
void EXTI9_5_IRQHandler(void) FAULT_ALIAS;
void TIM1_BRK_TIM9_IRQHandler(void) FAULT_ALIAS;
void TIM1_UP_TIM10_IRQHandler(void) FAULT_ALIAS;
void TIM1_TRG_COM_TIM11_IRQHandler(void) FAULT_ALIAS;
void TIM1_CC_IRQHandler(void) FAULT_ALIAS;
void TIM2_IRQHandler(void) FAULT_ALIAS;
void TIM3_IRQHandler(void) FAULT_ALIAS;
void TIM4_IRQHandler(void) FAULT_ALIAS;
void I2C1_EV_IRQHandler(void) FAULT_ALIAS;
void I2C1_ER_IRQHandler(void) FAULT_ALIAS;
void I2C2_EV_IRQHandler(void) FAULT_ALIAS;
void I2C2_ER_IRQHandler(void) FAULT_ALIAS;
void SPI1_IRQHandler(void) FAULT_ALIAS;
void SPI2_IRQHandler(void) FAULT_ALIAS;
void USART1_IRQHandler(void) FAULT_ALIAS;
void USART2_IRQHandler(void) FAULT_ALIAS;
void USART3_IRQHandler(void) FAULT_ALIAS;
void EXTI15_10_IRQHandler(void) FAULT_ALIAS;
void RTC_Alarm_IRQHandler(void) FAULT_ALIAS;
void OTG_FS_WKUP_IRQHandler(void) FAULT_ALIAS;
void TIM8_BRK_TIM12_IRQHandler(void) FAULT_ALIAS;
void TIM8_UP_TIM13_IRQHandler(void) FAULT_ALIAS;
void TIM8_TRG_COM_TIM14_IRQHandler(void) FAULT_ALIAS;
void TIM8_CC_IRQHandler(void) FAULT_ALIAS;
void DMA1_Stream7_IRQHandler(void) FAULT_ALIAS;
void FSMC_IRQHandler(void) FAULT_ALIAS;
void SDIO_IRQHandler(void) FAULT_ALIAS;
void TIM5_IRQHandler(void) FAULT_ALIAS;
void SPI3_IRQHandler(void) FAULT_ALIAS;
void UART4_IRQHandler(void) FAULT_ALIAS;
void UART5_IRQHandler(void) FAULT_ALIAS;
void TIM6_DAC_IRQHandler(void) FAULT_ALIAS;
void TIM7_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream0_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream1_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream2_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream3_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream4_IRQHandler(void) FAULT_ALIAS;
void CAN2_TX_IRQHandler(void) FAULT_ALIAS;
void CAN2_RX0_IRQHandler(void) FAULT_ALIAS;
void CAN2_RX1_IRQHandler(void) FAULT_ALIAS;
void CAN2_SCE_IRQHandler(void) FAULT_ALIAS;
void OTG_FS_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream5_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream6_IRQHandler(void) FAULT_ALIAS;
void DMA2_Stream7_IRQHandler(void) FAULT_ALIAS;
void USART6_IRQHandler(void) FAULT_ALIAS;
void I2C3_EV_IRQHandler(void) FAULT_ALIAS;
void I2C3_ER_IRQHandler(void) FAULT_ALIAS;
void OTG_HS_EP1_OUT_IRQHandler(void) FAULT_ALIAS;
void OTG_HS_EP1_IN_IRQHandler(void) FAULT_ALIAS;
void OTG_HS_WKUP_IRQHandler(void) FAULT_ALIAS;
void OTG_HS_IRQHandler(void) FAULT_ALIAS;
void HASH_RNG_IRQHandler(void) FAULT_ALIAS;
void FPU_IRQHandler(void) FAULT_ALIAS;

/* RM, Interrupts and events, vector table of the STM32F405xx. The first word is the stack pointer, hence the union. */
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
    {.handler = WWDG_IRQHandler}, /* 0 */
    {.handler = PVD_IRQHandler},
    {.handler = TAMP_STAMP_IRQHandler},
    {.handler = RTC_WKUP_IRQHandler},
    {.handler = FLASH_IRQHandler},
    {.handler = RCC_IRQHandler},
    {.handler = EXTI0_IRQHandler},
    {.handler = EXTI1_IRQHandler},
    {.handler = EXTI2_IRQHandler}, /* 8 */
    {.handler = EXTI3_IRQHandler},
    {.handler = EXTI4_IRQHandler},
    {.handler = DMA1_Stream0_IRQHandler},
    {.handler = DMA1_Stream1_IRQHandler},
    {.handler = DMA1_Stream2_IRQHandler},
    {.handler = DMA1_Stream3_IRQHandler},
    {.handler = DMA1_Stream4_IRQHandler},
    {.handler = DMA1_Stream5_IRQHandler}, /* 16 */
    {.handler = DMA1_Stream6_IRQHandler},
    {.handler = ADC_IRQHandler},
    {.handler = CAN1_TX_IRQHandler},
    {.handler = CAN1_RX0_IRQHandler},
    {.handler = CAN1_RX1_IRQHandler},
    {.handler = CAN1_SCE_IRQHandler},
    {.handler = EXTI9_5_IRQHandler},
    {.handler = TIM1_BRK_TIM9_IRQHandler}, /* 24 */
    {.handler = TIM1_UP_TIM10_IRQHandler},
    {.handler = TIM1_TRG_COM_TIM11_IRQHandler},
    {.handler = TIM1_CC_IRQHandler},
    {.handler = TIM2_IRQHandler},
    {.handler = TIM3_IRQHandler},
    {.handler = TIM4_IRQHandler},
    {.handler = I2C1_EV_IRQHandler},
    {.handler = I2C1_ER_IRQHandler}, /* 32 */
    {.handler = I2C2_EV_IRQHandler},
    {.handler = I2C2_ER_IRQHandler},
    {.handler = SPI1_IRQHandler},
    {.handler = SPI2_IRQHandler},
    {.handler = USART1_IRQHandler},
    {.handler = USART2_IRQHandler},
    {.handler = USART3_IRQHandler},
    {.handler = EXTI15_10_IRQHandler}, /* 40 */
    {.handler = RTC_Alarm_IRQHandler},
    {.handler = OTG_FS_WKUP_IRQHandler},
    {.handler = TIM8_BRK_TIM12_IRQHandler},
    {.handler = TIM8_UP_TIM13_IRQHandler},
    {.handler = TIM8_TRG_COM_TIM14_IRQHandler},
    {.handler = TIM8_CC_IRQHandler},
    {.handler = DMA1_Stream7_IRQHandler},
    {.handler = FSMC_IRQHandler}, /* 48 */
    {.handler = SDIO_IRQHandler},
    {.handler = TIM5_IRQHandler},
    {.handler = SPI3_IRQHandler},
    {.handler = UART4_IRQHandler},
    {.handler = UART5_IRQHandler},
    {.handler = TIM6_DAC_IRQHandler},
    {.handler = TIM7_IRQHandler},
    {.handler = DMA2_Stream0_IRQHandler}, /* 56 */
    {.handler = DMA2_Stream1_IRQHandler},
    {.handler = DMA2_Stream2_IRQHandler},
    {.handler = DMA2_Stream3_IRQHandler},
    {.handler = DMA2_Stream4_IRQHandler},
    {.handler = NULL}, /* 61: Ethernet, which this chip has not */
    {.handler = NULL}, /* 62: likewise */
    {.handler = CAN2_TX_IRQHandler},
    {.handler = CAN2_RX0_IRQHandler}, /* 64 */
    {.handler = CAN2_RX1_IRQHandler},
    {.handler = CAN2_SCE_IRQHandler},
    {.handler = OTG_FS_IRQHandler},
    {.handler = DMA2_Stream5_IRQHandler},
    {.handler = DMA2_Stream6_IRQHandler},
    {.handler = DMA2_Stream7_IRQHandler},
    {.handler = USART6_IRQHandler},
    {.handler = I2C3_EV_IRQHandler}, /* 72 */
    {.handler = I2C3_ER_IRQHandler},
    {.handler = OTG_HS_EP1_OUT_IRQHandler},
    {.handler = OTG_HS_EP1_IN_IRQHandler},
    {.handler = OTG_HS_WKUP_IRQHandler},
    {.handler = OTG_HS_IRQHandler},
    {.handler = NULL}, /* 78: the camera interface, which this chip has not */
    {.handler = NULL}, /* 79: the crypto processor, likewise */
    {.handler = HASH_RNG_IRQHandler}, /* 80 */
    {.handler = FPU_IRQHandler}, /* 81 */
};

/* A bootloader in ROM (or an application that a debugger restarts) may leave timers, serial ports, USB and DMA running.
   The reset lines of the buses stop all of them at once (RM, Reset and clock control, RCC ... peripheral reset
   registers). */
static void reset_peripherals(void)
{
    STM32_RCC_AHB1RSTR = STM32_RCC_AHB1_ALL;
    STM32_RCC_AHB2RSTR = STM32_RCC_AHB2_ALL;
    STM32_RCC_APB1RSTR = STM32_RCC_APB1_ALL;
    STM32_RCC_APB2RSTR = STM32_RCC_APB2_ALL;
    cortex_m4_barrier();
    STM32_RCC_AHB1RSTR = 0;
    STM32_RCC_AHB2RSTR = 0;
    STM32_RCC_APB1RSTR = 0;
    STM32_RCC_APB2RSTR = 0;
    cortex_m4_barrier();
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

_Noreturn __attribute__((used)) void stm32f405_start(void)
{
    reset_core();
    reset_peripherals();
    clear_pending();

    const volatile uint32_t *source = __data_load;
    for (volatile uint32_t *word = __data_start; word < __data_end; word++) {
        *word = *source++;
    }
    for (volatile uint32_t *word = __bss_start; word < __bss_end; word++) {
        *word = 0;
    }

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
                   "b stm32f405_start\n\t"
                   ".ltorg");
}
