#include "stm32f405_rng.h"

#include "stm32f405_registers.h"

static bool first_is_due;

/* RM, Random number generator, operation: the first word after enabling must not be used. */
static void enable(void)
{
    STM32_RNG_CR = STM32_RNG_CR_RNGEN;
    first_is_due = true;
}

void stm32f405_rng_start(void)
{
    STM32_RCC_AHB2ENR |= STM32_RCC_AHB2ENR_RNG;
    (void)STM32_RCC_AHB2ENR;
    STM32_RNG_CR = 0;
    enable();
}

static bool next_word(uint32_t *word)
{
    for (uint32_t tries = 0; tries < RUNE_RNG_TRIES; tries++) {
        const uint32_t status = STM32_RNG_SR;
        if (status & (STM32_RNG_SR_CEIS | STM32_RNG_SR_SEIS)) {
            /* RM, Random number generator, error management: a seed error needs a new start; what it gave until then is
               not to be used. A clock error ends by itself. */
            STM32_RNG_SR = 0; /* written zeros clear both */
            STM32_RNG_CR = 0;
            enable();
        } else if (status & STM32_RNG_SR_DRDY) {
            *word = STM32_RNG_DR;
            if (!first_is_due) {
                return true;
            }
            first_is_due = false;
        }
    }
    return false;
}

rune_status stm32f405_rng_read(const rune_capability *capability, uint8_t *buffer, uint32_t length)
{
    uint32_t word = 0;

    (void)capability;
    for (uint32_t position = 0; position < length; position++) {
        if (position % 4u == 0 && !next_word(&word)) {
            return RUNE_ERROR_DRIVER;
        }
        buffer[position] = (uint8_t)(word >> (8u * (position % 4u)));
    }
    return RUNE_OK;
}
