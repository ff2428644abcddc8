#ifndef RUNE_NRF52840_UARTE_H
#define RUNE_NRF52840_UARTE_H

/* A serial port on UARTE0, 8 data bits, no parity, 1 stop bit, by EasyDMA in both directions.

   Receiving never stops: the DMA fills a ring of blocks, one after the other. The next block's address is given while
   one is being filled (RXD.PTR is double-buffered, PS, UARTE, reception) and the short from ENDRX to STARTRX goes on in hardware,
   so the only deadline is one interrupt per block. How far the ring is filled within a block only the hardware knows:
   TIMER4 counts the RXDRDY events through PPI channel 0. (One-byte blocks would tell it too, at the price of one
   interrupt with a deadline of 10 us per byte at 1,000,000 baud.) */

#include <stdbool.h>
#include <stdint.h>

#ifndef RUNE_UARTE_RECEIVE_SIZE
#define RUNE_UARTE_RECEIVE_SIZE 2048u /* bytes of RAM; a power of 2 and at least 2 blocks */
#endif
#ifndef RUNE_UARTE_RECEIVE_BLOCK
#define RUNE_UARTE_RECEIVE_BLOCK 256u /* bytes; 2.56 ms at 1,000,000 baud for the interrupt to give the next block */
#endif
#ifndef RUNE_UARTE_SEND_SIZE
#define RUNE_UARTE_SEND_SIZE 1024u /* bytes of RAM; a power of 2 */
#endif
#ifndef RUNE_UARTE_SETTLE
/* Turns of an empty loop (about 4 cycles each) between counting a byte and reading it: RXDRDY "is likely to occur
   before the corresponding data has been transferred to Data RAM" (PS, UARTE, reception). */
#define RUNE_UARTE_SETTLE 16u
#endif

/* Pins are numbered as in the PSEL registers. `baud_rate` is a value of the BAUDRATE register. */
void nrf52840_uarte_start(uint32_t txd_pin, uint32_t rxd_pin, uint32_t baud_rate);

/* Takes up to `capacity` received bytes without waiting, and returns how many. */
uint32_t nrf52840_uarte_read(uint8_t *buffer, uint32_t capacity);

/* Sends `length` bytes from anywhere; waits while the send buffer is full. */
void nrf52840_uarte_write(const uint8_t *data, uint32_t length);

/* Waits until the last bit of all that was written is on the line. */
void nrf52840_uarte_flush(void);

/* Whether a byte has arrived since nrf52840_uarte_read or nrf52840_uarte_has_news was called last. */
bool nrf52840_uarte_has_news(void);

/* Asks for an interrupt on the next byte that arrives (once). */
void nrf52840_uarte_arm_receive_interrupt(void);

/* Bytes that were overwritten before they were read, and errors on the line (framing, overrun, break). */
uint32_t nrf52840_uarte_lost_bytes(void);
uint32_t nrf52840_uarte_line_errors(void);

#endif
