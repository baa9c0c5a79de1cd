/* goabi 0.0.0: 00 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__IDA__) && !defined(__int64)
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#endif
#if defined(__GNUC__) || defined(__clang__) || defined(_MSC_VER)
#ifndef _BOOL1
#define _BOOL1 unsigned char
#endif
typedef struct image_Point image_Point;
typedef struct main_Vec main_Vec;
typedef struct go_ret_main_Vec_bool go_ret_main_Vec_bool;
typedef struct go_i64x2 go_i64x2;
#endif
#pragma pack(push, 8)
struct image_Point;
struct main_Vec;
struct go_ret_main_Vec_bool;
struct go_i64x2;
struct image_Point { /* image.Point */
  __int64 X;
  __int64 Y;
};
struct main_Vec { /* main.Vec */
  float x;
  float y;
  _BOOL1 on;
};
struct go_ret_main_Vec_bool { /* (main.Vec, bool) */
  main_Vec r0;
  _BOOL1 r1;
};
struct go_i64x2 { /* struct{int64; int64} */
  __int64 f0;
  __int64 f1;
};
#pragma pack(pop)

/* Prototypes, with `f` for the name: */
/* 0x100001000 main.Vec.Scale */
/*   go_ret_main_Vec_bool __usercall __spoils<X0, X1, X26, Q0, Q31> f@<0:S0, 4:S1, 8:X0.1, 12:X1.1>(main_Vec v@<0:S0, 4:S1, 8:X0.1>, float by@<S2>, image_Point p@<0:X1, 8:X2>, unsigned __int16 x3_@<W3>); */
/* 0x100001100 main.main.func1 */
/*   double __usercall f@<D0>(go_i64x2 a1@<0:X0, 8:X1>, void *ctx@<X26>); */
/* 0x100001200 main.old */
/*   __int64 __usercall f@<^8.8>(_BOOL1 b@<^0.1>); */
