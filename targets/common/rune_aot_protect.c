#include "rune_aot_protect.h"

#if defined(__arm__)

/* The registers that a function must keep (Procedure Call Standard for the Arm Architecture, section 6.1: r4-r11, and
   of the floating-point unit s16-s31) lie on the stack at rune_aot_protected_stack; r3 among them keeps the stack
   aligned to 8. Both functions end with the same instructions. */
#if defined(__ARM_FP)
#define SAVE_FLOATS "vpush {d8-d15}\n\t"
#define RESTORE_FLOATS "vpop {d8-d15}\n\t"
#else
#define SAVE_FLOATS ""
#define RESTORE_FLOATS ""
#endif

extern void *rune_aot_protected_stack;
void *rune_aot_protected_stack; /* not static: the instructions below know it by its name */

__attribute__((naked, noinline)) bool rune_aot_protect(void (*function)(void) __attribute__((unused))) {
    __asm volatile("push {r3-r11, lr}\n\t" SAVE_FLOATS "ldr r1, =rune_aot_protected_stack\n\t"
                   "mov r2, sp\n\t"
                   "str r2, [r1]\n\t"
                   "blx r0\n\t"
                   "movs r0, #1\n\t" RESTORE_FLOATS "pop {r3-r11, pc}\n\t"
                   ".ltorg");
}

__attribute__((naked, noinline)) _Noreturn void rune_aot_leave(void) {
    __asm volatile("ldr r1, =rune_aot_protected_stack\n\t"
                   "ldr r2, [r1]\n\t"
                   "mov sp, r2\n\t"
                   "movs r0, #0\n\t" RESTORE_FLOATS "pop {r3-r11, pc}\n\t"
                   ".ltorg");
}

#else /* this computer has a C library */

#include <setjmp.h>

static jmp_buf protected_state;

bool rune_aot_protect(void (*function)(void)) {
    if (setjmp(protected_state) != 0) {
        return false;
    }
    function();
    return true;
}

_Noreturn void rune_aot_leave(void) {
    longjmp(protected_state, 1);
}

#endif
