/* The product y = A x with a packed map; any number of threads gives the same bits.
 *
 * The slabs are divided among blocks, whose number depends on the map alone. Each block adds into
 * its own array; when all blocks are done, the arrays are summed in a fixed order. Threads take the
 * next block, and then the next piece of the sum, from a shared counter.
 */

#include "packed.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* One register, of which LANES doubles take PARTS: gcc 12 keeps longer vectors in memory. */
typedef double two __attribute__((vector_size(16)));
typedef double four __attribute__((vector_size(32)));
typedef double eight __attribute__((vector_size(64)));
typedef double loose_two __attribute__((vector_size(16), aligned(8), may_alias));
typedef double loose_four __attribute__((vector_size(32), aligned(8), may_alias));
typedef double loose_eight __attribute__((vector_size(64), aligned(8), may_alias));

/* x_j and the partial sum of y_j, which one cache line holds. */
typedef struct {
    double x, y;
} Pair;

#define TARGET
#define NAME(function) function##_plain
#define WIDTH 2
#define REGISTER two
#define LOOSE loose_two
#define WIDEN(p) ((two){(p)[0], (p)[1]})
#include "product_body.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

typedef int loose_int __attribute__((aligned(1), may_alias));
#define TARGET __attribute__((target("avx2")))
#define NAME(function) function##_avx2
#define WIDTH 4
#define REGISTER four
#define LOOSE loose_four
#define WIDEN(p) \
    ((four)_mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(*(const loose_int *)(p)))))
#include "product_body.h"

#define TARGET __attribute__((target("avx2,avx512f,avx512vl,avx512bw,avx512dq")))
#define NAME(function) function##_avx512
#define WIDTH 8
#define REGISTER eight
#define LOOSE loose_eight
#define WIDEN(p) \
    ((eight)_mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p)))))
#include "product_body.h"
#endif

/* A packed map and the arrays of its product: _Plan of Python. */
typedef struct {
    const Slab *const *tables;    /* [slabs] */
    const uint8_t *const *bytes;  /* [slabs], NULL for slabs in the file */
    const int64_t *places;        /* [slabs + 1], offset of each slab in the file */
    int64_t file, panels, blocks;
    const int64_t *slabs;         /* [blocks + 1], first slab of each block, and the end */
    const int64_t *first, *reach; /* [blocks], columns [first, reach) that a block touches */
    const int64_t *band;          /* [blocks], end of the columns that its band touches */
    Pair *const *pairs;           /* [blocks], [reach - first]: x_j and y_j of a block */
    double *const *near;          /* [blocks], [band - first]: y_j of a block's band */
    const double *main;           /* [n], the diagonal */
    int64_t n, longest;           /* bins, and bytes of the largest slab */
} Plan;

/* Shared by the threads of one product: numbers of blocks taken and done and of pieces taken, and
 * whether reading failed. */
typedef struct {
    int64_t block, done, piece, failed;
} Counters;

/* Read a slab from the file; returns 0 on failure. */
static int read_slab(const Plan *plan, int64_t s, uint8_t *into)
{
    int64_t at = plan->places[s], end = plan->places[s + 1];
    while (at < end) {
        ssize_t got = pread((int)plan->file, into, (size_t)(end - at), at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        at += got;
        into += got;
    }
    return 1;
}

/* The fastest version that this processor runs: 0 plain, 1 AVX2, 2 AVX-512.
 *
 * Asks the processor itself: __builtin_cpu_supports denies everything in a library that zig
 * compiled. */
int64_t processor_level(void)
{
#if defined(__x86_64__)
    const unsigned ymm = 0x6, zmm = 0xe6; /* registers that the system saves, as XGETBV tells */
    const unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    unsigned eax, features, ecx, edx, saved;
    if (!__get_cpuid(1, &eax, &features, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
    __asm__("xgetbv" : "=a"(saved), "=d"(edx) : "c"(0));
    if (!__get_cpuid_count(7, 0, &eax, &features, &ecx, &edx)) return 0;
    if ((saved & zmm) == zmm && (features & avx512) == avx512) return 2;
    if ((saved & ymm) == ymm && (features & bit_AVX2)) return 1;
#endif
    return 0;
}

/* Add the product of slab s of block b, by the version of a processor level. */
static void one_slab(const Plan *plan, int64_t level, int64_t s, int64_t b, const uint8_t *bytes,
                     const double *x)
{
    const Slab *slab = plan->tables[s];
#define RUN(version)                                                                               \
    slab_##version(slab, bytes, plan->panels, plan->first[b], x, plan->pairs[b], plan->near[b])
#if defined(__x86_64__)
    if (level == 2) RUN(avx512);
    else if (level == 1) RUN(avx2);
    else
#endif
        RUN(plain);
}

/* Compute y = A x; every thread calls this with the same arguments. Returns 0 if the file could not
 * be read.
 *
 * x, y: [n]. */
int64_t product(const Plan *plan, Counters *shared, int64_t level, const double *x, double *y)
{
    uint8_t *buffer = plan->file >= 0 ? malloc((size_t)plan->longest) : NULL;
    if (plan->file >= 0 && !buffer) __atomic_store_n(&shared->failed, 1, __ATOMIC_SEQ_CST);
    int64_t b;
    while ((b = __atomic_fetch_add(&shared->block, 1, __ATOMIC_SEQ_CST)) < plan->blocks) {
        int64_t first = plan->first[b], width = plan->reach[b] - first;
        for (int64_t j = 0; j < width; j++) plan->pairs[b][j] = (Pair){x[first + j], 0};
        for (int64_t j = 0; j < plan->band[b] - first; j++) plan->near[b][j] = 0;
        for (int64_t s = plan->slabs[b]; s < plan->slabs[b + 1]; s++) {
            const uint8_t *bytes = plan->bytes[s];
            if (!bytes) {
                if (__atomic_load_n(&shared->failed, __ATOMIC_SEQ_CST)) break;
                if (!read_slab(plan, s, buffer)) {
                    __atomic_store_n(&shared->failed, 1, __ATOMIC_SEQ_CST);
                    break;
                }
                bytes = buffer;
            }
            one_slab(plan, level, s, b, bytes, x);
        }
        __atomic_fetch_add(&shared->done, 1, __ATOMIC_SEQ_CST);
    }
    free(buffer);
    /* Ends, since every block not done was taken by a running thread. */
    while (__atomic_load_n(&shared->done, __ATOMIC_SEQ_CST) < plan->blocks) sched_yield();
    int64_t pieces = plan->n / 4096 + 1, piece;
    while ((piece = __atomic_fetch_add(&shared->piece, 1, __ATOMIC_SEQ_CST)) < pieces) {
        int64_t from = piece * plan->n / pieces, to = (piece + 1) * plan->n / pieces;
        for (int64_t i = from; i < to; i++) y[i] = plan->main[i] * x[i];
        for (b = 0; b < plan->blocks; b++) {
            int64_t first = plan->first[b];
            int64_t low = from > first ? from : first;
            int64_t high = to < plan->reach[b] ? to : plan->reach[b];
            for (int64_t i = low; i < high; i++) y[i] += plan->pairs[b][i - first].y;
            high = to < plan->band[b] ? to : plan->band[b];
            for (int64_t i = low; i < high; i++) y[i] += plan->near[b][i - first];
        }
    }
    return !__atomic_load_n(&shared->failed, __ATOMIC_SEQ_CST);
}
