/* Called by the emulator before every instruction: counts, ends a run before an exact instruction, and catches what
   the emulator is too lenient about. Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), A5 and A7. */

#include <stdint.h>

typedef struct uc_struct uc_engine;

/* Mirrored by Stop in hook.py. */
enum stop {
    STOP_NONE,
    STOP_LIMIT,
    STOP_WAIT_FOR_INTERRUPT,
    STOP_WAIT_FOR_EVENT,
    STOP_SEND_EVENT,
    STOP_UNALIGNED,
    STOP_FPU_OFF,
    STOP_UNSUPPORTED
};

/* Mirrored by HookState in hook.py. */
typedef struct hook_state {
    uint64_t executed;  /* instructions that have begun */
    uint64_t limit;     /* end before an instruction when so many have been executed */
    uint32_t address;   /* of the instruction that began last, or that was stopped before */
    uint32_t size;      /* of the instruction that was stopped before */
    uint32_t stop;      /* enum stop */
    uint32_t it_end;    /* the address behind the IT block that is being executed, or 0 */
    uint32_t it_next;   /* the address in it that has not been looked at yet */
    uint32_t it_sizes;  /* bit n: the instruction that is n behind it_next has 32 bits */
    uint32_t attention; /* an exception is pending: look again after an instruction that changes the masks */
    uint32_t fpu_on;
    uint32_t fp_used;   /* CONTROL.FPCA: an FPU instruction was executed in this context */
    uint32_t code_base;
    uint32_t code_size;
    uint32_t base;      /* of an unaligned access: the base register's value */
    uint32_t profile;   /* not 0: `counts` is there */
    int32_t register_ids[16];
    uint16_t *kinds;   /* one per halfword of code, 0 until decoded */
    uint64_t *counts;  /* one per halfword of code, with `profile` */
    int (*emu_stop)(uc_engine *);
    int (*reg_read)(uc_engine *, int, void *);
    int (*mem_read)(uc_engine *, uint64_t, void *, uint64_t);
} hook_state;

/* An instruction's kind is the upper byte; the lower one is its operand: a register, or what an IT block holds (bits
   0 and 1: its instructions less 1, bits 4 to 7: which of them have 32 bits). */
enum kind {
    KIND_UNKNOWN = 0x000,
    KIND_PLAIN = 0x100,
    KIND_WFI = 0x200,
    KIND_WFE = 0x300,
    KIND_SEV = 0x400,
    KIND_MASK = 0x500, /* may unmask an exception */
    KIND_FPU = 0x600,
    KIND_UNSUPPORTED = 0x700,
    KIND_IT = 0x800,
    KIND_WORD = 0x900,     /* the base register must be a multiple of 4 */
    KIND_FPU_WORD = 0xA00, /* likewise */
    KIND_HALFWORD = 0xB00, /* the base register must be a multiple of 2 */
    KIND_CONTROL = 0xC00   /* the register goes to CONTROL */
};
#define KIND_BITS 0xFF00u
#define OPERAND_BITS 0xFFu

static int is_32_bit(uint32_t first)
{
    return (first & 0xF800u) >= 0xE800u;
}

static uint16_t decode_16(uint32_t first)
{
    if ((first & 0xF000u) == 0xC000u) { /* LDM, STM */
        return (uint16_t)(KIND_WORD | ((first >> 8) & 7u));
    }
    if ((first & 0xFFE8u) == 0xB660u) { /* CPS */
        return KIND_MASK;
    }
    if ((first & 0xFF00u) == 0xBF00u) {
        if ((first & 0xFu) != 0) {
            return KIND_IT;
        }
        switch ((first >> 4) & 0xFu) {
        case 2:
            return KIND_WFE;
        case 3:
            return KIND_WFI;
        case 4:
            return KIND_SEV;
        default:
            return KIND_PLAIN;
        }
    }
    return KIND_PLAIN;
}

static uint16_t word_access(uint32_t base_register, uint16_t kind, uint16_t literal)
{
    /* SP is a multiple of 4 by construction; a literal's base is Align(PC, 4). */
    return base_register == 13u || base_register == 15u ? literal : (uint16_t)(kind | base_register);
}

static uint16_t decode_32(uint32_t first, uint32_t second)
{
    const uint32_t base_register = first & 0xFu;

    if ((first & 0xFE40u) == 0xE800u) { /* LDM, STM, PUSH, POP */
        return word_access(base_register, KIND_WORD, KIND_PLAIN);
    }
    if ((first & 0xFFE0u) == 0xE8C0u) { /* TBB, TBH, LDREXB, LDREXH, STREXB, STREXH */
        const uint32_t operation = (second >> 4) & 0xFu;
        return operation == 5u && base_register != 13u ? (uint16_t)(KIND_HALFWORD | base_register) : KIND_PLAIN;
    }
    if ((first & 0xFE40u) == 0xE840u) { /* LDRD, STRD, LDREX, STREX */
        return word_access(base_register, KIND_WORD, KIND_PLAIN);
    }
    if ((first & 0xEC00u) == 0xEC00u) { /* coprocessors */
        const uint32_t coprocessor = (second >> 8) & 0xFu;
        if (coprocessor != 10u && coprocessor != 11u) {
            return KIND_UNSUPPORTED;
        }
        /* VLDR, VSTR, VLDM, VSTM; but a 64-bit move has no base register */
        if ((first & 0xFE00u) == 0xEC00u && (first & 0xFFE0u) != 0xEC40u) {
            return word_access(base_register, KIND_FPU_WORD, KIND_FPU);
        }
        return KIND_FPU;
    }
    if ((first & 0xFFF0u) == 0xF380u && (second & 0xD000u) == 0x8000u) { /* MSR */
        switch (second & 0xFFu) {
        case 16: /* PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK */
        case 17:
        case 18:
        case 19:
            return KIND_MASK;
        case 9: /* PSP: one stack is modelled */
            return KIND_UNSUPPORTED;
        case 20:
            return (uint16_t)(KIND_CONTROL | base_register);
        default:
            return KIND_PLAIN;
        }
    }
    if (first == 0xF3EFu && (second & 0xD000u) == 0x8000u) { /* MRS of PSP or CONTROL */
        const uint32_t special = second & 0xFFu;
        return special == 9u || special == 20u ? KIND_UNSUPPORTED : KIND_PLAIN;
    }
    if (first == 0xF3AFu && (second & 0xD700u) == 0x8000u) { /* hints */
        switch (second & 0xFFu) {
        case 2:
            return KIND_WFE;
        case 3:
            return KIND_WFI;
        case 4:
            return KIND_SEV;
        default:
            return KIND_PLAIN;
        }
    }
    return KIND_PLAIN;
}

static uint16_t decode_it(uc_engine *engine, const hook_state *state, uint32_t address, uint32_t mask)
{
    /* A7.3: the lowest set bit of the mask ends the block. */
    const uint32_t last = mask & 1u ? 3u : mask & 2u ? 2u : mask & 4u ? 1u : 0u;
    uint32_t sizes = 0;

    address += 2u;
    for (uint32_t i = 0; i <= last; i++) {
        uint16_t first = 0;
        state->mem_read(engine, address, &first, 2);
        sizes |= (uint32_t)is_32_bit(first) << i;
        address += is_32_bit(first) ? 4u : 2u;
    }
    return (uint16_t)(KIND_IT | sizes << 4 | last);
}

static uint16_t decode(uc_engine *engine, const hook_state *state, uint32_t address)
{
    uint16_t halves[2] = {0, 0};
    state->mem_read(engine, address, &halves[0], 2);
    if (!is_32_bit(halves[0])) {
        const uint16_t kind = decode_16(halves[0]);
        return kind == KIND_IT ? decode_it(engine, state, address, halves[0] & 0xFu) : kind;
    }
    state->mem_read(engine, address + 2u, &halves[1], 2);
    return decode_32(halves[0], halves[1]);
}

static uint32_t read_register(uc_engine *engine, const hook_state *state, uint32_t number)
{
    uint32_t value = 0;
    state->reg_read(engine, state->register_ids[number], &value);
    return value;
}

static void end(uc_engine *engine, hook_state *state, uint32_t address, uint32_t size, uint32_t stop)
{
    if (state->stop == STOP_NONE) {
        state->address = address;
        state->size = size;
        state->stop = stop;
    }
    state->emu_stop(engine);
}

static void count(hook_state *state, uint32_t address)
{
    const uint32_t offset = address - state->code_base;
    state->executed++;
    if (state->profile && offset < state->code_size) {
        state->counts[offset >> 1]++;
    }
}

static void begin_it(hook_state *state, uint32_t address, uint32_t operand)
{
    state->it_next = address + 2u;
    state->it_sizes = operand >> 4;
    state->it_end = state->it_next;
    for (uint32_t i = 0; i <= (operand & 3u); i++) {
        state->it_end += state->it_sizes >> i & 1u ? 4u : 2u;
    }
}

/* The emulator passes over the instructions of an IT block whose condition does not hold without calling the hook. On
   the chip each takes a cycle like any other, so they are counted, when it is known that they were passed over. */
static void advance_it(hook_state *state, uint32_t address)
{
    if (address < state->it_next || address > state->it_end) { /* the block's last instruction was a branch */
        state->it_end = 0;
        return;
    }
    while (state->it_next < address) {
        count(state, state->it_next);
        state->it_next += state->it_sizes & 1u ? 4u : 2u;
        state->it_sizes >>= 1;
    }
    if (address == state->it_end) {
        state->it_end = 0;
    } else {
        state->it_next += state->it_sizes & 1u ? 4u : 2u;
        state->it_sizes >>= 1;
    }
}

/* Looks at an instruction that is not plain. Returns the reason to stop before it, or STOP_NONE. */
static uint32_t examine(uc_engine *engine, hook_state *state, uint32_t kind)
{
    const uint32_t operand = kind & OPERAND_BITS;
    uint32_t alignment = 3;

    switch (kind & KIND_BITS) {
    case KIND_WFI:
        return STOP_WAIT_FOR_INTERRUPT;
    case KIND_WFE:
        return STOP_WAIT_FOR_EVENT;
    case KIND_SEV:
        return STOP_SEND_EVENT;
    case KIND_MASK:
        if (state->attention) {
            state->limit = state->executed + 1u;
        }
        return STOP_NONE;
    case KIND_CONTROL:
        return read_register(engine, state, operand) == 0 ? STOP_NONE : STOP_UNSUPPORTED;
    case KIND_FPU:
        if (!state->fpu_on) {
            return STOP_FPU_OFF;
        }
        state->fp_used = 1;
        return STOP_NONE;
    case KIND_FPU_WORD:
        if (!state->fpu_on) {
            return STOP_FPU_OFF;
        }
        state->fp_used = 1;
        break;
    case KIND_WORD:
        break;
    case KIND_HALFWORD:
        alignment = 1;
        break;
    default:
        return STOP_UNSUPPORTED;
    }
    state->base = read_register(engine, state, operand);
    return (state->base & alignment) != 0 ? STOP_UNALIGNED : STOP_NONE;
}

void instruction_hook(uc_engine *engine, uint64_t address64, uint32_t size, void *context)
{
    hook_state *state = context;
    const uint32_t address = (uint32_t)address64;
    const uint32_t offset = address - state->code_base;
    uint32_t kind;

    /* Nearly every instruction ends here; the rest of the function is right for all of them. */
    if (offset < state->code_size && state->kinds[offset >> 1] == KIND_PLAIN &&
        (state->it_end | state->profile | state->stop) == 0 && state->executed < state->limit) {
        state->executed++;
        state->address = address;
        return;
    }
    if (state->it_end != 0) {
        advance_it(state, address);
    }
    /* The emulator cannot be stopped within an IT block. */
    const int in_it = state->it_end != 0;
    if (state->executed >= state->limit && !in_it) {
        end(engine, state, address, size, STOP_LIMIT);
        return;
    }
    if (offset < state->code_size) {
        kind = state->kinds[offset >> 1];
        if (kind == KIND_UNKNOWN) {
            kind = decode(engine, state, address);
            state->kinds[offset >> 1] = (uint16_t)kind;
        }
    } else {
        kind = decode(engine, state, address);
    }
    if ((kind & KIND_BITS) == KIND_IT) {
        begin_it(state, address, kind & OPERAND_BITS);
    } else if (kind != KIND_PLAIN) {
        uint32_t stop = examine(engine, state, kind);
        if (stop != STOP_NONE) {
            if (in_it) { /* it is reported when the block has ended; a wait would be passed over */
                stop = stop < STOP_UNALIGNED ? STOP_UNSUPPORTED : stop;
                state->limit = 0;
            }
            end(engine, state, address, size, stop);
            if (stop < STOP_UNALIGNED) { /* Python executes it */
                count(state, address);
            }
            return;
        }
    }
    if (state->stop == STOP_NONE) {
        state->address = address;
    }
    count(state, address);
}
