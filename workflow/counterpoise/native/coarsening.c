/* Summing the pixels of a map into larger bins. */

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

/* A row of coarse pixels that may receive further counts. Two levels of bits mark its columns, so
 * that a row of few pixels in many bins is passed on quickly. */
typedef struct {
    int64_t row;     /* -1 if there is none */
    int64_t pixels;  /* number of marked columns */
    uint64_t *words; /* bit j of word w marks column 64 w + j */
    uint64_t *marks; /* bit w of mark m marks word 64 m + w */
    void *sums;      /* by column; zero where there is no mark */
} Row;

/* Where finished pixels go. */
typedef struct {
    int32_t *bin1, *bin2;
    void *count;
} Pixels;

enum { INT64 = 0, FLOAT64 = 1 };

INLINE void add(Row *row, int64_t column, const void *count, int64_t from, int64_t to, int type)
{
    if (type == INT64) {
        int64_t sum = 0;
        for (int64_t k = from; k < to; k++) sum += ((const int64_t *)count)[k];
        ((int64_t *)row->sums)[column] += sum;
    } else {
        double sum = ((double *)row->sums)[column];
        for (int64_t k = from; k < to; k++) sum += ((const double *)count)[k];
        ((double *)row->sums)[column] = sum;
    }
    uint64_t *word = row->words + (column >> 6), bit = (uint64_t)1 << (column & 63);
    row->pixels += !(*word & bit);
    *word |= bit;
    row->marks[column >> 12] |= (uint64_t)1 << (column >> 6 & 63);
}

/* Write a row in order of its columns from place ``at`` on, and empty it. Returns the place after it.
 */
INLINE int64_t finish(Row *row, Pixels out, int64_t at, int type)
{
    int64_t end = at + row->pixels;
    for (int64_t m = row->row >> 12; at < end; m++)
        for (; row->marks[m]; row->marks[m] &= row->marks[m] - 1) {
            int64_t w = m << 6 | __builtin_ctzll(row->marks[m]);
            for (; row->words[w]; row->words[w] &= row->words[w] - 1, at++) {
                int64_t column = w << 6 | __builtin_ctzll(row->words[w]);
                out.bin1[at] = (int32_t)row->row;
                out.bin2[at] = (int32_t)column;
                if (type == INT64) {
                    ((int64_t *)out.count)[at] = ((int64_t *)row->sums)[column];
                    ((int64_t *)row->sums)[column] = 0;
                } else {
                    ((double *)out.count)[at] = ((double *)row->sums)[column];
                    ((double *)row->sums)[column] = 0;
                }
            }
        }
    row->pixels = 0;
    return end;
}

INLINE int64_t sum_pixels(const int32_t *bin1, const int32_t *bin2, const void *count, int64_t n,
                          const int32_t *coarse, Row *row, Pixels out, int type)
{
    int64_t written = 0;
    for (int64_t k = 0; k < n;) {
        if (coarse[bin1[k]] != row->row) {
            written = finish(row, out, written, type);
            row->row = coarse[bin1[k]];
        }
        int32_t column = coarse[bin2[k]];
        int64_t from = k++;
        while (k < n && bin1[k] == bin1[from] && coarse[bin2[k]] == column) k++;
        add(row, column, count, from, k, type);
    }
    return written;
}

/* Sum n pixels in order of rows into larger bins; ``coarse`` gives the larger bin of each bin. type:
 * 0 for int64 counts, 1 for float64. Writes the rows that are finished and returns the number of
 * their pixels. The last row stays in ``row`` unless ``last``. */
int64_t coarsen_pixels(const int32_t *bin1, const int32_t *bin2, const void *count, int64_t type,
                       int64_t n, const int32_t *coarse, Row *row, int64_t last, int32_t *out1,
                       int32_t *out2, void *sums)
{
    Pixels out = {out1, out2, sums};
    if (type == INT64) {
        int64_t end = sum_pixels(bin1, bin2, count, n, coarse, row, out, INT64);
        return last ? finish(row, out, end, INT64) : end;
    }
    int64_t end = sum_pixels(bin1, bin2, count, n, coarse, row, out, FLOAT64);
    return last ? finish(row, out, end, FLOAT64) : end;
}
