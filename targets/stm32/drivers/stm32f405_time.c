#include "stm32f405_time.h"

#include "cortex_m4.h"
#include "stm32f405_registers.h"

#define TIMER STM32_TIM2_BASE
#define LOOK_AT_START 1u /* compare registers */
#define LOOK_AT_HALF 2u
#define LOOKS (STM32_TIM_CHANNEL(LOOK_AT_START) | STM32_TIM_CHANNEL(LOOK_AT_HALF))
#define LONGEST_ALARM 0x00FFFFFFu /* SysTick's reload value */
#define SYSTICK_ON (CORTEX_M4_SYST_CSR_ENABLE | CORTEX_M4_SYST_CSR_TICKINT | CORTEX_M4_SYST_CSR_CORE_CLOCK)

static uint32_t last_count;
static uint32_t turns;
static uint32_t cycles_per_microsecond;
static volatile bool alarm_fired;

void TIM2_IRQHandler(void);
void SysTick_Handler(void);

void TIM2_IRQHandler(void)
{
    STM32_TIM_SR(TIMER) = ~(uint32_t)LOOKS; /* written zeros clear */
    (void)STM32_TIM_SR(TIMER);              /* the write has arrived before the handler returns */
    (void)stm32f405_time_microseconds();
}

void SysTick_Handler(void)
{
    CORTEX_M4_SYST_CSR = 0;
    alarm_fired = true;
}

void stm32f405_time_start(const stm32f405_clocks *clocks)
{
    cycles_per_microsecond = clocks->core / 1000000u;
    last_count = 0;
    turns = 0;
    stm32f405_time_disarm_alarm();
    STM32_RCC_APB1ENR |= STM32_RCC_APB1ENR_TIM2;
    (void)STM32_RCC_APB1ENR; /* errata sheet ES0182: the clock arrives two cycles after the write */
    STM32_TIM_CR1(TIMER) = 0;
    STM32_TIM_PSC(TIMER) = clocks->apb1_timers / 1000000u - 1u;
    STM32_TIM_ARR(TIMER) = 0xFFFFFFFFu;
    STM32_TIM_CCR(TIMER, LOOK_AT_START) = 0;
    STM32_TIM_CCR(TIMER, LOOK_AT_HALF) = 0x80000000u;
    STM32_TIM_EGR(TIMER) = STM32_TIM_EGR_UG; /* the prescaler is taken over, the count becomes 0 */
    STM32_TIM_CNT(TIMER) = 0;
    STM32_TIM_SR(TIMER) = 0;
    STM32_TIM_DIER(TIMER) = LOOKS;
    CORTEX_M4_SHPR_SYSTICK = 0x40;
    cortex_m4_enable_interrupt(STM32_TIM2_IRQ, 0x40);
    STM32_TIM_CR1(TIMER) = STM32_TIM_CR1_CEN;
}

uint64_t stm32f405_time_microseconds(void)
{
    const uint32_t primask = cortex_m4_mask_interrupts();
    const uint32_t count = STM32_TIM_CNT(TIMER);
    if (count < last_count) {
        turns++;
    }
    last_count = count;
    const uint64_t time = ((uint64_t)turns << 32) | count;
    cortex_m4_restore_interrupts(primask);
    return time;
}

bool stm32f405_time_arm_alarm(uint64_t time)
{
    stm32f405_time_disarm_alarm();
    const uint64_t now = stm32f405_time_microseconds();
    if (time <= now) {
        return false;
    }
    const uint64_t ahead = time - now;
    const uint32_t cycles =
        ahead > LONGEST_ALARM / cycles_per_microsecond ? LONGEST_ALARM : (uint32_t)ahead * cycles_per_microsecond;
    CORTEX_M4_SYST_RVR = cycles;
    CORTEX_M4_SYST_CVR = 0; /* any write: the count starts from the reload value */
    CORTEX_M4_SYST_CSR = SYSTICK_ON;
    return true;
}

bool stm32f405_time_alarm_fired(void)
{
    return alarm_fired || (CORTEX_M4_ICSR & CORTEX_M4_ICSR_PENDSTSET) != 0;
}

void stm32f405_time_disarm_alarm(void)
{
    CORTEX_M4_SYST_CSR = 0;
    CORTEX_M4_ICSR = CORTEX_M4_ICSR_PENDSTCLR;
    cortex_m4_barrier();
    alarm_fired = false;
}
