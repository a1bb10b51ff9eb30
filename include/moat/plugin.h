/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a kernel of your own is verified and timed by `moat run --plugin libmine.so`, beside Moat's
 * and the vendor's. Self-contained C99 and C++. examples/plugins/ has plug-ins to begin with.
 *
 * A plug-in is a shared library that exports one function, `moat_plugin`, which returns a table:
 * what the library is called, what it solves, and the function that solves it.
 *
 * Versions. The host refuses a plug-in whose `major` is not its own. Within a major version fields
 * are only appended: each struct begins with its size, as the side that filled it in knew it, and
 * neither side reads beyond. A plug-in sets `.size = sizeof(MoatPlugin)`, and so on.
 *
 * Pointers. All operands lie in memory of the device: on the backend "cpu" the process's own, on
 * a GPU memory that only the device may touch. They are aligned to 256 bytes, do not overlap, and
 * change from call to call; so do the values behind them. Inputs must not be written, and of an
 * output nothing beside its elements. A plug-in keeps no pointer that it was given, nor a result,
 * beyond the call.
 *
 * Completion. On "cpu" `solve` returns with the result, and nothing of the plug-in works on after
 * that. On a GPU it enqueues its work on `device->stream`, with the device current to the calling
 * thread, and returns; it need not wait, and all that it enqueues elsewhere must be ordered before
 * what the stream runs next.
 *
 * Threads. All functions are called by one thread, one at a time. On "cpu" a plug-in may use
 * `device->threads` threads, the calling one among them: Moat's kernels have as many. They are
 * placed on cores by OMP_PLACES and OMP_PROC_BIND in the environment. Threads that wait for the
 * next call may spin for a moment and must then sleep.
 *
 * Errors. Functions that return an int return 0, or else anything: what `error` says is then told,
 * and the case is an error. C++ exceptions must not leave a function. A crash, an exit, or a call
 * that takes longer than --plugin-timeout costs the plug-in that case.
 *
 * What is verified: every output against float64, by the bounds of problems/reference/bound.hpp
 * that libraries are held to. In short: accumulate in f32 at least, round once.
 */
#ifndef MOAT_PLUGIN_H
#define MOAT_PLUGIN_H

#include <stdint.h>

#define MOAT_PLUGIN_MAJOR 1
#define MOAT_PLUGIN_MINOR 0

#if defined(_WIN32)
#define MOAT_PLUGIN_EXPORT __declspec(dllexport)
#else
#define MOAT_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Types of elements, "f32", "f16" and "bf16" by name. bf16 is the upper half of an f32. */
#define MOAT_F32 0
#define MOAT_F16 1
#define MOAT_BF16 2

/* Codes of weights and of block-scaled operands, by the same names in lower case. */
#define MOAT_INT8 0   /* two's complement, one a byte */
#define MOAT_INT4 1   /* two's complement of 4 bits, two a byte, the first in the low half */
#define MOAT_MXFP4 2  /* e2m1, two a byte, the first in the low half; scales are e8m0: 2^(byte-127) */
#define MOAT_E4M3 3   /* OCP 8-bit float */
#define MOAT_E4M3FNUZ 4

/* Kinds of problems, and the names by which a plug-in declares them, which are those of moat list:
 * gemm, weightonly, scaledgemm, attention, sum, max, argmax, softmax, rmsnorm, addrmsnorm, swiglu. */
#define MOAT_GEMM 0
#define MOAT_WEIGHT_GEMM 1
#define MOAT_SCALED_GEMM 2
#define MOAT_ATTENTION 3
#define MOAT_SUM 4
#define MOAT_MAX 5
#define MOAT_ARGMAX 6
#define MOAT_SOFTMAX 7
#define MOAT_RMS_NORM 8
#define MOAT_ADD_RMS_NORM 9
#define MOAT_SWIGLU 10

/* C = A·B. A is m × k, B k × n, or stored n × k if b_transposed; C is m × n. All of `type`, row by
 * row; a row begins lda, ldb or ldc elements behind the one before, which is at least its length:
 * the gap is not to be written. Any m, n, k >= 1. */
typedef struct MoatGemm {
  uint32_t size;
  int32_t type;
  int32_t m, n, k;
  int32_t b_transposed; /* 0 or 1 */
  int64_t lda, ldb, ldc;
  const void *a, *b;
  void* c;
} MoatGemm;

/* C = A·Wᵀ. A is m × k and C m × n, dense, of `type`, which has 16 bits; W is n × k, dense, in
 * `code`: MOAT_INT8, MOAT_INT4 or MOAT_MXFP4. Element (j, s) of W is its code · scales[j][s ÷ group];
 * k is a multiple of group. Scales are of `type`, those of MOAT_MXFP4 bytes of e8m0. W may be
 * rounded to `type` before it is multiplied. */
typedef struct MoatWeightGemm {
  uint32_t size;
  int32_t type;
  int32_t code;
  int32_t m, n, k;
  int32_t group;
  const void *a, *w, *scales;
  void* c;
} MoatWeightGemm;

/* C = A·Bᵀ of 8-bit floats in `code`, MOAT_E4M3 or MOAT_E4M3FNUZ: A is m × k with a scale for each
 * 128 numbers of a row (m × ⌈k ÷ 128⌉), B is n × k with one for each 128 × 128
 * (⌈n ÷ 128⌉ × ⌈k ÷ 128⌉), all dense; C is m × n, dense, of `type`. Scales are floats, or bytes of
 * e8m0 if ue8m0. Each 128 steps of k add scale of A · scale of B · product of codes, in f32. */
typedef struct MoatScaledGemm {
  uint32_t size;
  int32_t type; /* of C */
  int32_t code;
  int32_t m, n, k;
  int32_t ue8m0; /* 0 or 1 */
  const void *a, *a_scales, *b, *b_scales;
  void* c;
} MoatScaledGemm;

/* O = softmax(scale · Q·Kᵀ)·V. Q and O are [batch][q_len][q_heads][head_dim], K and V
 * [batch][kv_len][kv_heads][head_dim], dense, of `type`. q_heads is a multiple of kv_heads: query
 * head h uses head h ÷ (q_heads ÷ kv_heads) of K and V. head_dim is 64 or 128. The last query sees
 * the last key: if causal, query i sees the keys j <= i + kv_len − q_len, and one that sees none
 * gives zeros. */
typedef struct MoatAttention {
  uint32_t size;
  int32_t type;
  int32_t batch;
  int32_t q_heads, kv_heads;
  int32_t q_len, kv_len;
  int32_t head_dim;
  int32_t causal; /* 0 or 1 */
  float scale;
  const void *q, *k, *v;
  void* o;
} MoatAttention;

/* x holds n >= 1 elements of `type`. MOAT_SUM and MOAT_MAX leave a float in `result`, MOAT_ARGMAX
 * an int64_t, the first position of the maximum. */
typedef struct MoatReduction {
  uint32_t size;
  int32_t type;
  int64_t n;
  const void* x;
  void* result;
} MoatReduction;

/* x and y are dense, rows × cols, of `type`.
 * MOAT_SOFTMAX: y = exp(x − max) ÷ Σ exp(x − max) of each row; weight is null.
 * MOAT_RMS_NORM: y = x ÷ sqrt(mean(x²) + epsilon) · weight, of cols elements of `type`. */
typedef struct MoatRows {
  uint32_t size;
  int32_t type;
  int32_t rows, cols;
  float epsilon;
  const void *x, *weight;
  void* y;
} MoatRows;

/* sum = x + residual, rounded to `type`; y = RMSNorm of the rounded sum, as MOAT_RMS_NORM has it.
 * All dense, rows × cols, of `type`; weight has cols elements. */
typedef struct MoatAddRmsNorm {
  uint32_t size;
  int32_t type;
  int32_t rows, cols;
  float epsilon;
  const void *x, *residual, *weight;
  void *sum, *y;
} MoatAddRmsNorm;

/* x is dense, rows × 2·cols: gates g in columns 0 … cols, values u in the others; y is rows × cols.
 * limit 0: y = g·σ(g)·u, σ(t) = 1 ÷ (1 + exp(−t)). limit L > 0: g' = min(g, L),
 * u' = min(max(u, −L), L), y = g'·σ(1.702·g')·(u' + 1). */
typedef struct MoatSwiglu {
  uint32_t size;
  int32_t type;
  int32_t rows, cols;
  float limit;
  const void* x;
  void* y;
} MoatSwiglu;

/* A problem. `kind` says which pointer holds. */
typedef struct MoatProblem {
  uint32_t size;
  int32_t kind;
  union {
    const MoatGemm* gemm;
    const MoatWeightGemm* weight_gemm;
    const MoatScaledGemm* scaled_gemm;
    const MoatAttention* attention;
    const MoatReduction* reduction; /* MOAT_SUM, MOAT_MAX, MOAT_ARGMAX */
    const MoatRows* rows;           /* MOAT_SOFTMAX, MOAT_RMS_NORM */
    const MoatAddRmsNorm* add_rms_norm;
    const MoatSwiglu* swiglu;
  } as;
} MoatProblem;

/* Where a problem is solved. */
typedef struct MoatDevice {
  uint32_t size;
  int32_t index;            /* among the devices of its backend */
  const char* backend;      /* "cpu", "cuda", "hip": as moat list names them */
  const char* architecture; /* as the vendor's compiler names it: sm_90, gfx942 */
  void* stream;             /* a GPU's queue, a cudaStream_t or hipStream_t; null on "cpu" */
  int32_t threads;          /* of the host that a plug-in may use */
  int32_t compute_units;    /* cores or multiprocessors */
} MoatDevice;

/* What a plug-in solves: a kind of problem in some types. */
typedef struct MoatSolves {
  uint32_t size;
  const char* problem; /* "gemm" */
  const char* types;   /* "f32 bf16"; of weightonly and scaledgemm with the code: "bf16xint4" */
  const char* limits;  /* what else must hold, for a person: "k a multiple of 16"; may be null */
} MoatSolves;

/* The table. Whatever it points to lives as long as the library. What may be null says so. */
typedef struct MoatPlugin {
  uint32_t size;
  uint32_t major, minor;      /* MOAT_PLUGIN_MAJOR, MOAT_PLUGIN_MINOR */
  const char* name;           /* lower case, digits, - and _: the last part of a case's name */
  const char* version;
  const char* backend;        /* of the devices that it solves problems on */
  const char* const* sources; /* files, URLs or commits it was built from, then null; may be null */
  const MoatSolves* const* solves; /* then null */

  /* Why this problem is not solved on this device; null if it is. Its pointers are null. May be
   * null: all that `solves` names is solved. Called where no device may be open, with `stream`
   * null. */
  const char* (*unsupported)(const MoatDevice* device, const MoatProblem* problem);

  /* Before the first call for a problem: what takes long, such as compiling or allocating a
   * workspace. Its pointers are null. `state` is what is given to the others, and may be left
   * null. Not timed. May be null. */
  int (*prepare)(const MoatDevice* device, const MoatProblem* problem, void** state);

  /* Solves a problem of the shape that was prepared. */
  int (*solve)(const MoatDevice* device, const MoatProblem* problem, void* state);

  /* Releases what `prepare` made. May be null. */
  void (*release)(void* state);

  /* What went wrong in the last call that failed. May be null. */
  const char* (*error)(void);
} MoatPlugin;

/* What a plug-in exports. It is told which version it meets, and may return null if it knows that
 * it does not fit. */
MOAT_PLUGIN_EXPORT const MoatPlugin* moat_plugin(uint32_t major, uint32_t minor);

#ifdef __cplusplus
}
#endif

#endif
