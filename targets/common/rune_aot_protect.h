#ifndef RUNE_AOT_PROTECT_H
#define RUNE_AOT_PROTECT_H

/* A call that can be left from any depth: setjmp and longjmp, but the caller sees one function that returns once, so
   no compiler has to be told of a second return. One such call at a time. */

#include <stdbool.h>

/* Calls the function; returns whether it has returned, false when rune_aot_leave has ended it. */
bool rune_aot_protect(void (*function)(void));

/* Ends the call that is under way. */
_Noreturn void rune_aot_leave(void);

#endif
