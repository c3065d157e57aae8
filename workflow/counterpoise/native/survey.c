/* The map drawn small, for its plots.
 *
 * The function takes consecutive rows of the upper triangle: row ``first + i`` holds the entries
 * ``indptr[i] - indptr[0]`` to ``indptr[i + 1] - indptr[0]``. Of row ``first + i``, the pixels with
 * ``from[i] <= column < to[i]`` count. */

#include <stdint.h>

/* Add pixels, times the ``scale`` of both bins, to a picture with ``block`` bins a cell.
 *
 * The picture holds the upper triangle [cells, cells] and pixels on the main diagonal by half, so
 * that adding its transpose completes it. */
int64_t add_to_picture(const int64_t *indptr, const uint32_t *columns, const double *counts,
                       int64_t first, int64_t rows, const int64_t *from, const int64_t *to,
                       const double *scale, int64_t block, int64_t cells, double *picture)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t row = first + i, begin = from[i], stop = to[i], cell = 0, end = 0;
        if (scale[row] == 0) continue;
        double *line = picture + row / block * cells, sum = 0;
        for (int64_t k = indptr[i] - indptr[0]; k < indptr[i + 1] - indptr[0]; k++) {
            int64_t j = columns[k];
            if (j < begin || j >= stop) continue;
            if (j >= end) { /* columns ascend, so the cell is complete */
                line[cell] += sum * scale[row];
                sum = 0;
                cell = columns[k] / (uint32_t)block;
                end = (cell + 1) * block;
            }
            sum += counts[k] * scale[j] * (j == row ? 0.5 : 1);
        }
        line[cell] += sum * scale[row];
    }
    return 0;
}
