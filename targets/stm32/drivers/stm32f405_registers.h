#ifndef RUNE_STM32F405_REGISTERS_H
#define RUNE_STM32F405_REGISTERS_H

/* The STM32F405's registers that start-up and drivers use, from its reference manual RM0090 (RM); the chapter of each
   block is named. */

#include <stdint.h>

#define STM32_REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

/* RM, Reset and clock control (RCC) */
#define STM32_RCC_BASE 0x40023800u
#define STM32_RCC_CR STM32_REGISTER(STM32_RCC_BASE, 0x00u)
#define STM32_RCC_CR_HSION (1u << 0)
#define STM32_RCC_CR_HSIRDY (1u << 1)
#define STM32_RCC_CR_HSEON (1u << 16)
#define STM32_RCC_CR_HSERDY (1u << 17)
#define STM32_RCC_CR_PLLON (1u << 24)
#define STM32_RCC_CR_PLLRDY (1u << 25)
#define STM32_RCC_PLLCFGR STM32_REGISTER(STM32_RCC_BASE, 0x04u)
/* Divider M and multiplier N of the input, output divided by 2 (P), and by Q for the 48 MHz that the RNG needs. */
#define STM32_RCC_PLLCFGR_VALUE(m, n, q) ((m) | ((n) << 6) | ((q) << 24))
#define STM32_RCC_PLLCFGR_HSE (1u << 22)
#define STM32_RCC_CFGR STM32_REGISTER(STM32_RCC_BASE, 0x08u)
#define STM32_RCC_CFGR_SW_PLL 2u
#define STM32_RCC_CFGR_SWS_MASK (3u << 2)
#define STM32_RCC_CFGR_SWS_PLL (2u << 2)
#define STM32_RCC_CFGR_APB1_DIV4 (5u << 10)
#define STM32_RCC_CFGR_APB2_DIV2 (4u << 13)
/* What there is to reset, on this chip of the family. */
#define STM32_RCC_AHB1RSTR STM32_REGISTER(STM32_RCC_BASE, 0x10u)
#define STM32_RCC_AHB1_ALL 0x206011FFu
#define STM32_RCC_AHB2RSTR STM32_REGISTER(STM32_RCC_BASE, 0x14u)
#define STM32_RCC_AHB2_ALL 0x000000C0u
#define STM32_RCC_APB1RSTR STM32_REGISTER(STM32_RCC_BASE, 0x20u)
#define STM32_RCC_APB1_ALL 0x36FEC9FFu
#define STM32_RCC_APB2RSTR STM32_REGISTER(STM32_RCC_BASE, 0x24u)
#define STM32_RCC_APB2_ALL 0x00075933u
#define STM32_RCC_AHB1ENR STM32_REGISTER(STM32_RCC_BASE, 0x30u)
#define STM32_RCC_AHB1ENR_GPIO(index) (1u << (index))
#define STM32_RCC_AHB2ENR STM32_REGISTER(STM32_RCC_BASE, 0x34u)
#define STM32_RCC_AHB2ENR_RNG (1u << 6)
#define STM32_RCC_APB1ENR STM32_REGISTER(STM32_RCC_BASE, 0x40u)
#define STM32_RCC_APB1ENR_TIM2 (1u << 0)
#define STM32_RCC_APB1ENR_USART2 (1u << 17)
#define STM32_RCC_APB1ENR_USART3 (1u << 18)
#define STM32_RCC_APB1ENR_PWR (1u << 28)
#define STM32_RCC_APB2ENR STM32_REGISTER(STM32_RCC_BASE, 0x44u)
#define STM32_RCC_APB2ENR_USART1 (1u << 4)
#define STM32_RCC_APB2ENR_USART6 (1u << 5)
#define STM32_RCC_CSR STM32_REGISTER(STM32_RCC_BASE, 0x74u)
#define STM32_RCC_CSR_RMVF (1u << 24)
#define STM32_RCC_CSR_BORRST (1u << 25)
#define STM32_RCC_CSR_PINRST (1u << 26)
#define STM32_RCC_CSR_PORRST (1u << 27)
#define STM32_RCC_CSR_SFTRST (1u << 28)
#define STM32_RCC_CSR_IWDGRST (1u << 29)
#define STM32_RCC_CSR_WWDGRST (1u << 30)
#define STM32_RCC_CSR_LPWRRST (1u << 31)

/* RM, Embedded Flash memory interface */
#define STM32_FLASH_ACR STM32_REGISTER(0x40023C00u, 0x00u)
#define STM32_FLASH_ACR_LATENCY_MASK 7u
#define STM32_FLASH_ACR_LATENCY_5 5u /* wait states: 150 to 168 MHz at 2.7 to 3.6 V */
#define STM32_FLASH_ACR_PREFETCH (1u << 8)
#define STM32_FLASH_ACR_CACHES (3u << 9) /* instructions and data */

/* RM, Power controller (PWR) */
#define STM32_PWR_CR STM32_REGISTER(0x40007000u, 0x00u)
#define STM32_PWR_CR_VOS (1u << 14) /* scale 1: more than 144 MHz */

/* RM, General-purpose I/Os (GPIO) */
#define STM32_GPIO_INDEX_A 0u
#define STM32_GPIO_INDEX_B 1u
#define STM32_GPIO_INDEX_C 2u
#define STM32_GPIO_INDEX_D 3u
#define STM32_GPIO_BASE(index) (0x40020000u + 0x400u * (index))
#define STM32_GPIO_MODER(base) STM32_REGISTER(base, 0x00u)
#define STM32_GPIO_MODE_ALTERNATE 2u
#define STM32_GPIO_OSPEEDR(base) STM32_REGISTER(base, 0x08u)
#define STM32_GPIO_SPEED_MEDIUM 1u
#define STM32_GPIO_PUPDR(base) STM32_REGISTER(base, 0x0Cu)
#define STM32_GPIO_PULL_UP 1u
#define STM32_GPIO_AFR(base, pin) STM32_REGISTER(base, (pin) < 8u ? 0x20u : 0x24u) /* AFRL, AFRH */

/* RM, Universal synchronous asynchronous receiver transmitter (USART) */
#define STM32_USART1_BASE 0x40011000u
#define STM32_USART2_BASE 0x40004400u
#define STM32_USART3_BASE 0x40004800u
#define STM32_USART6_BASE 0x40011400u
#define STM32_USART1_IRQ 37u
#define STM32_USART2_IRQ 38u
#define STM32_USART3_IRQ 39u
#define STM32_USART6_IRQ 71u
/* The functions' numbers in AFRL and AFRH (data sheet, alternate function mapping). */
#define STM32_USART1_TO_3_ALTERNATE 7u
#define STM32_USART6_ALTERNATE 8u
#define STM32_USART_SR(base) STM32_REGISTER(base, 0x00u)
#define STM32_USART_SR_PE (1u << 0)
#define STM32_USART_SR_FE (1u << 1)
#define STM32_USART_SR_NE (1u << 2)
#define STM32_USART_SR_ORE (1u << 3)
#define STM32_USART_SR_RXNE (1u << 5)
#define STM32_USART_SR_TC (1u << 6)
#define STM32_USART_SR_TXE (1u << 7)
#define STM32_USART_DR(base) STM32_REGISTER(base, 0x04u)
#define STM32_USART_BRR(base) STM32_REGISTER(base, 0x08u)
#define STM32_USART_CR1(base) STM32_REGISTER(base, 0x0Cu)
#define STM32_USART_CR1_RE (1u << 2)
#define STM32_USART_CR1_TE (1u << 3)
#define STM32_USART_CR1_RXNEIE (1u << 5)
#define STM32_USART_CR1_TXEIE (1u << 7)
#define STM32_USART_CR1_UE (1u << 13)
#define STM32_USART_CR2(base) STM32_REGISTER(base, 0x10u)
#define STM32_USART_CR3(base) STM32_REGISTER(base, 0x14u)

/* RM, General-purpose timers (TIM2 to TIM5) */
#define STM32_TIM2_BASE 0x40000000u
#define STM32_TIM2_IRQ 28u
#define STM32_TIM_CR1(base) STM32_REGISTER(base, 0x00u)
#define STM32_TIM_CR1_CEN (1u << 0)
#define STM32_TIM_DIER(base) STM32_REGISTER(base, 0x0Cu)
#define STM32_TIM_SR(base) STM32_REGISTER(base, 0x10u)
#define STM32_TIM_CHANNEL(n) (1u << (n)) /* of DIER and SR: compare register n, 1 to 4 */
#define STM32_TIM_EGR(base) STM32_REGISTER(base, 0x14u)
#define STM32_TIM_EGR_UG (1u << 0)
#define STM32_TIM_CNT(base) STM32_REGISTER(base, 0x24u)
#define STM32_TIM_PSC(base) STM32_REGISTER(base, 0x28u)
#define STM32_TIM_ARR(base) STM32_REGISTER(base, 0x2Cu)
#define STM32_TIM_CCR(base, n) STM32_REGISTER(base, 0x30u + 4u * (n)) /* n from 1 */

/* RM, Random number generator (RNG) */
#define STM32_RNG_BASE 0x50060800u
#define STM32_RNG_CR STM32_REGISTER(STM32_RNG_BASE, 0x00u)
#define STM32_RNG_CR_RNGEN (1u << 2)
#define STM32_RNG_SR STM32_REGISTER(STM32_RNG_BASE, 0x04u)
#define STM32_RNG_SR_DRDY (1u << 0)
#define STM32_RNG_SR_CEIS (1u << 5) /* a clock error has been ... */
#define STM32_RNG_SR_SEIS (1u << 6) /* a seed error has been */
#define STM32_RNG_DR STM32_REGISTER(STM32_RNG_BASE, 0x08u)

/* RM, Independent watchdog (IWDG) */
#define STM32_IWDG_KR STM32_REGISTER(0x40003000u, 0x00u)
#define STM32_IWDG_KR_RELOAD 0xAAAAu
#define STM32_IWDG_KR_UNLOCK 0x5555u
#define STM32_IWDG_KR_START 0xCCCCu
#define STM32_IWDG_PR STM32_REGISTER(0x40003000u, 0x04u)
#define STM32_IWDG_RLR STM32_REGISTER(0x40003000u, 0x08u)
#define STM32_IWDG_SR STM32_REGISTER(0x40003000u, 0x0Cu)

#endif
