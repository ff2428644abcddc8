/* Bytes to one text. It is copied, as the input's memory is used again before the text is printed. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    static char text[RUNE_INPUT0_COUNT];
    const uint8_t *bytes = in[0].data;
    rune_string *string = out[0].data;
    uint32_t length = 0;
    while (length < RUNE_INPUT0_COUNT && bytes[length] != 0) {
        text[length] = (char)bytes[length];
        length++;
    }
    string->data = text;
    string->length = length;
}
