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
typedef struct go_eface go_eface;
typedef struct go_slice_string go_slice_string;
typedef struct main_Mixed main_Mixed;
typedef struct atomic_Int64 atomic_Int64;
typedef struct main_Counted main_Counted;
typedef struct go_ret_slice_string_bool go_ret_slice_string_bool;
typedef struct go_bytes24 go_bytes24;
typedef struct go_i8_i32_to12 go_i8_i32_to12;
#endif
#pragma pack(push, 4)
struct go_string {
  unsigned __int8 *str;
  __int32 len;
};
struct go_eface {
  void *type;
  void *data;
};
struct go_slice_string;
struct main_Mixed;
struct atomic_Int64;
struct main_Counted;
struct go_ret_slice_string_bool;
struct go_bytes24;
struct go_i8_i32_to12;
struct go_slice_string { /* []string */
  go_string *ptr;
  __int32 len;
  __int32 cap;
};
struct main_Mixed { /* main.Mixed */
  _BOOL1 b;
  __int64 n;
  double f;
};
struct atomic_Int64 { /* sync/atomic.Int64 */
  __int64 v;
};
struct main_Counted { /* main.Counted */
  __int32 n;
  unsigned __int8 pad_4[4];
  atomic_Int64 count;
  _BOOL1 on;
  unsigned __int8 pad_17[7];
};
struct go_ret_slice_string_bool { /* ([]string, bool) */
  go_slice_string r0;
  _BOOL1 r1;
};
struct go_bytes24 { /* [24]uint8 */
  unsigned __int8 a[24];
};
struct go_i8_i32_to12 { /* struct{int8; int32} */
  __int8 f0;
  __int32 f1;
  unsigned __int8 pad_8[4];
};
#pragma pack(pop)

/* Prototypes, with `f` for the name: */
/* 0x401000 main.f */
/*   go_ret_slice_string_bool __usercall __spoils<eax, ecx, edx> f@<^44.16>(__int64 n@<^0.8>, _BOOL1 b@<^8.1>, main_Mixed m@<^12.20>, main_Counted *c@<^32.4>, go_eface v@<^36.8>); */
/* 0x401080 main.g */
/*   __int32 __usercall __spoils<eax, ecx, edx> f@<^36.4>(go_bytes24 a1@<^0.24>, go_i8_i32_to12 a2@<^24.12>, void *ctx@<edx>); */
/* 0x4010c0  */
/*   __int32 __stdcall f(void *hModule); */
