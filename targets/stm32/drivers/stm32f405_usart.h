#ifndef RUNE_STM32F405_USART_H
#define RUNE_STM32F405_USART_H

/* The board's serial port, by default USART6 (PC6 sends, PC7 receives), 8 data bits, no parity, 1 stop bit, by
   interrupts in both directions.

   The receiver holds one byte while the next comes in, so the interrupt has 10 us per byte at 1,000,000 baud (1680
   cycles at 168 MHz): its priority is the highest, and nobody masks interrupts for longer than a few microseconds. (DMA
   would lift this deadline; emulators of this chip have none, and the image is one for all.) */

#include <stdbool.h>
#include <stdint.h>

#include "stm32f405_clock.h"

#ifndef RUNE_USART
#define RUNE_USART 6 /* 1, 2, 3 or 6 */
#endif
/* The pins, both of one port: its letter, and their numbers (data sheet, alternate function mapping). */
#ifndef RUNE_USART_PORT
#define RUNE_USART_PORT C
#endif
#ifndef RUNE_USART_PIN_TX
#define RUNE_USART_PIN_TX 6
#endif
#ifndef RUNE_USART_PIN_RX
#define RUNE_USART_PIN_RX 7
#endif
/* A sixteenth of the clock of the port's bus, at full speed. */
#define RUNE_USART_MAX_BAUD (RUNE_USART == 2 || RUNE_USART == 3 ? 2625000 : 5250000)

#ifndef RUNE_USART_RECEIVE_SIZE
#define RUNE_USART_RECEIVE_SIZE 2048u /* bytes of RAM; a power of 2 */
#endif
#ifndef RUNE_USART_SEND_SIZE
#define RUNE_USART_SEND_SIZE 1024u /* bytes of RAM; a power of 2 */
#endif

void stm32f405_usart_start(const stm32f405_clocks *clocks, uint32_t baud_rate);

/* Takes up to `capacity` received bytes without waiting, and returns how many. */
uint32_t stm32f405_usart_read(uint8_t *buffer, uint32_t capacity);

/* Sends `length` bytes from anywhere; waits while the send buffer is full. */
void stm32f405_usart_write(const uint8_t *data, uint32_t length);

/* Waits until the last bit of all that was written is on the line. */
void stm32f405_usart_flush(void);

/* Whether a byte has arrived since stm32f405_usart_read or stm32f405_usart_has_news was called last. */
bool stm32f405_usart_has_news(void);

/* Bytes for which the buffer had no room, and errors on the line (framing, noise, overrun). */
uint32_t stm32f405_usart_lost_bytes(void);
uint32_t stm32f405_usart_line_errors(void);

#endif
