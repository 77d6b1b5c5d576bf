#pragma once
#include <errno.h>
#include <sys/syscall.h>

/// Ends the function with the result of `call` to the C library, or with -errno.
#define RESULT(call)                     \
  do {                                   \
    __typeof__(call) result = (call);    \
    return result < 0 ? -errno : result; \
  } while (0)

/// CALL(number, arguments...) calls the kernel with up to six arguments and gives what the kernel gives: the result, or -errno.
///
/// The C library's functions do more than is wanted here: each turns the result into errno, some make several calls for the sake of kernels before 4.14, those
/// that change a process's identity stop all of its threads, and those with variable arguments save all registers. For a program with one thread that is 8 KB.
#define CALL(...) COUNTED(__VA_ARGS__, call6, call5, call4, call3, call2, call1, call0)(__VA_ARGS__)
#define COUNTED(number, a, b, c, d, e, f, macro, ...) macro
#define call0(number) kernel_call1(number, 0)
#define call1(number, a) kernel_call1(number, (long)(a))
#define call2(number, a, b) kernel_call2(number, (long)(a), (long)(b))
#define call3(number, a, b, c) kernel_call3(number, (long)(a), (long)(b), (long)(c))
#define call4(number, a, b, c, d) kernel_call4(number, (long)(a), (long)(b), (long)(c), (long)(d))
#define call5(number, a, b, c, d, e) kernel_call5(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define call6(number, a, b, c, d, e, f) kernel_call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

_Static_assert(sizeof(long) == 8, "structures and offsets are those of 64-bit processors");

// Where the number of a call, its arguments and its result are: syscall(2), "Architecture calling conventions".
#if defined(__aarch64__)
static inline long kernel_call1(long number, long a) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory");
  return x0;
}
static inline long kernel_call2(long number, long a, long b) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
  return x0;
}
static inline long kernel_call3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
static inline long kernel_call4(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
static inline long kernel_call5(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
static inline long kernel_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#elif defined(__x86_64__)
static inline long kernel_call1(long number, long a) {
  __asm__ volatile("syscall" : "+a"(number) : "D"(a) : "rcx", "r11", "memory");
  return number;
}
static inline long kernel_call2(long number, long a, long b) {
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b) : "rcx", "r11", "memory");
  return number;
}
static inline long kernel_call3(long number, long a, long b, long c) {
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return number;
}
static inline long kernel_call4(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return number;
}
static inline long kernel_call5(long number, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return number;
}
static inline long kernel_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return number;
}
#else
#error "how this processor calls the kernel is not known"
#endif
