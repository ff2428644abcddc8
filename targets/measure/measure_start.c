/* Start-up of a program that runeflash.virtual.measure runs: the FPU, two marks around main, and the end. Memory is
   the emulator's to fill. */

#include <stdint.h>

extern uint32_t __stack_top[];
int main(void);
void Reset_Handler(void);

__attribute__((section(".vectors"), used)) const void *const rune_vectors[16] = {
    __stack_top,
    (const void *)Reset_Handler,
};

/* The writes to ITM stimulus port 0 are what the instructions of main are counted between: one store and one branch
   with link are not main's. */
__attribute__((naked, noreturn, used)) void Reset_Handler(void)
{
    __asm volatile("ldr r0, =0xE000ED88\n\t" /* CPACR: the FPU on */
                   "ldr r1, =0x00F00000\n\t"
                   "str r1, [r0]\n\t"
                   "ldr r0, =0xE000EDFC\n\t" /* DEMCR.TRCENA: trace on */
                   "ldr r1, =0x01000000\n\t"
                   "str r1, [r0]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "ldr r4, =0xE0000000\n\t" /* ITM stimulus port 0 */
                   "movs r5, #1\n\t"
                   "str r5, [r4]\n\t"
                   "bl main\n\t"
                   "str r5, [r4]\n\t"
                   "bkpt 0\n\t"
                   ".ltorg");
}
