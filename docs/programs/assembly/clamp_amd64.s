#include "textflag.h"
#include "funcdata.h"

// func clamp(value, limit int64) int64
// 24 bytes of arguments and result, 16 of locals: $16-24.
TEXT ·clamp(SB), NOSPLIT, $16-24
	MOVQ value+0(FP), AX     // FP: the caller's arguments
	MOVQ AX, kept-8(SP)      // with a name: the pseudo register, top of the locals
	MOVQ limit+8(FP), CX
	CMPQ AX, CX
	JLE  done
	MOVQ CX, 8(SP)           // without a name: the machine's SP; the same place, 16-8 above it
done:
	MOVQ kept-8(SP), AX
	MOVQ AX, ret+16(FP)
	RET

// func each(list []int64, f func(int64) int64) int64
// It calls a Go func value: that is ABI0 to ABIInternal by hand.
TEXT ·each(SB), 0, $24-40
	NO_LOCAL_POINTERS        // the locals hold no pointers while f runs
	MOVQ $0, sum-8(SP)
	MOVQ $0, index-16(SP)
loop:
	MOVQ index-16(SP), CX
	CMPQ CX, list_len+8(FP)
	JGE  end
	MOVQ list_base+0(FP), BX
	MOVQ (BX)(CX*8), AX      // first integer argument
	MOVQ (TLS), R14          // g, and zero: what compiled code expects, and assembly need not keep
	XORPS X15, X15
	MOVQ f+24(FP), DX        // closure context
	MOVQ (DX), R12           // its code
	CALL R12
	ADDQ AX, sum-8(SP)       // first integer result
	INCQ index-16(SP)
	JMP  loop
end:
	MOVQ sum-8(SP), AX
	MOVQ AX, ret+32(FP)
	RET
