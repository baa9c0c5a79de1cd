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
typedef struct main_A main_A;
typedef struct main_B main_B;
typedef struct main_Over main_Over;
typedef struct go_struct go_struct;
typedef struct main_Unaligned main_Unaligned;
typedef struct go_array_2_main_Gappy go_array_2_main_Gappy;
typedef struct main_Gappy main_Gappy;
typedef struct main_Wrap main_Wrap;
typedef struct go_i64x2 go_i64x2;
#endif
#pragma pack(push, 8)
struct main_A;
struct main_B;
struct main_Over;
struct go_struct;
struct main_Unaligned;
struct go_array_2_main_Gappy;
struct main_Gappy;
struct main_Wrap;
struct go_i64x2;
struct main_B { /* main.B */
  unsigned __int8 a[16];
};
struct main_A { /* main.A */
  main_B b;
};
struct main_Over { /* main.Over */
  unsigned __int8 bytes[16];
};
struct go_struct { /* struct */
  float a_b;
  float a_b_2;
};
struct main_Unaligned { /* main.Unaligned */
  unsigned __int8 c;
  unsigned __int8 n[8];
};
struct main_Gappy { /* main.Gappy */
  unsigned __int8 c;
  __int64 n;
};
struct go_array_2_main_Gappy { /* [2]main.Gappy */
  main_Gappy a[2];
};
struct main_Wrap { /* main.Wrap */
  main_Gappy g[1];
};
struct go_i64x2 { /* struct{int64; int64} */
  __int64 f0;
  __int64 f1;
};
#pragma pack(pop)

/* Prototypes, with `f` for the name: */
/* 0x1000 a\\u{0}b\\u{a}c */
/*   main_Unaligned __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<^0.9>(main_A a@<0:rax, 8:rbx>, main_Over a_2@<0:rcx, 8:rdi>, void *n1m@<rsi>, go_struct f@<0:xmm0.4, 4:xmm1.4>, main_Wrap ctx@<0:r8.1, 8:r9>, void *ctx_2@<rdx>); */
/* 0x5000 backwards */
/*   void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f(go_i64x2 a1@<0:rax, 8:rbx>, go_array_2_main_Gappy a2@<^0.32>); */
