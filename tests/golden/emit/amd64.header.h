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
typedef struct go_string go_string;
typedef struct go_iface go_iface;
typedef struct go_complex128 go_complex128;
typedef struct server_Server server_Server;
typedef struct server_Pair server_Pair;
typedef struct go_map_string_ptr_server_Server go_map_string_ptr_server_Server;
typedef struct go_array_4_uint8 go_array_4_uint8;
typedef struct go_slice_uint8 go_slice_uint8;
typedef struct atomic_Uint32 atomic_Uint32;
typedef struct sync_atomic_Uint32 sync_atomic_Uint32;
typedef struct go_ret_int_error go_ret_int_error;
typedef struct go_p_i64 go_p_i64;
typedef struct go_ret_int64_int64 go_ret_int64_int64;
typedef struct go_ret_int32_error go_ret_int32_error;
typedef struct go_ret_float64_array_4_uint8_server_Pair go_ret_float64_array_4_uint8_server_Pair;
#endif
#pragma pack(push, 8)
struct go_string {
  unsigned __int8 *str;
  __int64 len;
};
struct go_iface {
  void *tab;
  void *data;
};
struct go_complex128 {
  double re;
  double im;
};
typedef go_iface go_error; /* error */
typedef go_iface io_Writer; /* io.Writer */
struct server_Server;
struct server_Pair;
struct go_map_string_ptr_server_Server;
struct go_array_4_uint8;
struct go_slice_uint8;
struct atomic_Uint32;
struct sync_atomic_Uint32;
struct go_ret_int_error;
struct go_p_i64;
struct go_ret_int64_int64;
struct go_ret_int32_error;
struct go_ret_float64_array_4_uint8_server_Pair;
struct server_Server { /* example.com/server.Server */
  go_string name;
  server_Server *next;
  __int8 int_;
  _BOOL1 field_25;
  go_map_string_ptr_server_Server *conns;
  unsigned __int8 addr[4];
};
struct server_Pair { /* example.com/server.Pair */
  _BOOL1 ok;
  __int64 n;
};
struct go_array_4_uint8 { /* [4]uint8 */
  unsigned __int8 a[4];
};
struct go_slice_uint8 { /* []uint8 */
  unsigned __int8 *ptr;
  __int64 len;
  __int64 cap;
};
struct atomic_Uint32 { /* internal/runtime/atomic.Uint32 */
  unsigned __int32 value;
};
struct sync_atomic_Uint32 { /* sync/atomic.Uint32 */
  unsigned __int32 v;
};
struct go_ret_int_error { /* (int, error) */
  __int64 r0;
  go_error r1;
};
struct go_p_i64 { /* struct{unsafe.Pointer; int64} */
  void *f0;
  __int64 f1;
};
struct go_ret_int64_int64 { /* (int64, int64) */
  __int64 r0;
  __int64 r1;
};
struct go_ret_int32_error { /* (int32, error) */
  __int32 r0;
  go_error r1;
};
struct go_ret_float64_array_4_uint8_server_Pair { /* (float64, [4]uint8, example.com/server.Pair) */
  double r0;
  unsigned __int8 r1[4];
  server_Pair r2;
};
#pragma pack(pop)

/* Prototypes, with `f` for the name: */
/* 0x401000 example.com/server.(*Server).handle */
/*   go_ret_int_error __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:rax, 8:rbx, 16:rcx>(server_Server *s@<rax>, io_Writer w@<0:rbx, 8:rcx>, go_string name@<0:rdi, 8:rsi>, __int8 n@<r8b>); */
/* 0x401100 example.com/server.main.func1 */
/*   go_ret_int64_int64 __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:rax, 8:rbx>(__int64 a1@<rax>, go_p_i64 a2@<0:rbx, 8:rcx>, double a3@<xmm0>, __int8 a4@<dil>, void *ctx@<rdx>); */
/* 0x401300 runtime.asmcgocall.abi0 */
/*   go_ret_int32_error __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<^48.24>(void *fn@<^0.8>, server_Pair p@<^8.16>, go_slice_uint8 b@<^24.24>); */
/* 0x401400 example.com/server.mixed */
/*   go_ret_float64_array_4_uint8_server_Pair __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:xmm0.8, 8:^0.4, 16:^8.1, 24:^16.8>(go_complex128 c@<0:xmm0.8, 8:xmm1.8>); */
/* 0x401600 runtime.duffzero */
/*   void *__usercall __spoils<rdi> f@<rdi>(void *ptr@<rdi>); */
/* 0x401700 x_cgo_thread_start */
/*   void __fastcall f(void *ts); */
/* 0x401800 main.main */
/*   void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f(void); */
/* 0x401880 type:.eq.internal/runtime/atomic.Uint32 */
/*   _BOOL1 __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<al>(void *a1@<rax>, void *a2@<rbx>); */
/* 0x4018c0 main.add */
/*   void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f(atomic_Uint32 a1@<eax>, sync_atomic_Uint32 a2@<ebx>); */
