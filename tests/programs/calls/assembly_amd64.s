#include "textflag.h"

// func inAssembly(a, b int) (sum int)
TEXT ·inAssembly(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), AX
	ADDQ b+8(FP), AX
	MOVQ AX, sum+16(FP)
	RET
