/* The compact layout of a map, shared by the code that makes it and the code that reads it.
 *
 * A map (strictly upper triangle; the diagonal is kept elsewhere) is cut into slabs of whole rows.
 * A slab is one run of bytes that holds
 *
 *   the band    near the diagonal, where most pixels are there: groups of GROUP rows, each with
 *               a window of columns that begins at its first row; a count is one byte and
 *               a column costs nothing. An empty pixel is a zero.
 *   the lists   everything else, by panels of PANEL columns so that a column takes 16 bits; in each
 *               panel the pixels of count one (no value is stored), those of other counts up to
 *               255 (a byte) and the rest (a double).
 *
 * Rows without an entry in a list take no space in it.
 */
#ifndef COUNTERPOISE_LAYOUT_H
#define COUNTERPOISE_LAYOUT_H

#include <stdint.h>

#define GROUP 4          /* rows of a group of the band */
#define STEP 64          /* columns by which its window grows */
#define LANES 8          /* columns that are computed side by side */
#define PANEL_BITS 16
#define PANEL ((int64_t)1 << PANEL_BITS)
#define CACHE_LINE 64

enum { ONES, BYTES, DOUBLES, KINDS };

/* One list: rows[segments], ends[segments + 1], columns[entries] and values. */
typedef struct {
    int64_t segments, entries;
    int64_t rows, ends, columns, values; /* where each array begins in the slab */
} List;

/* A slab's table: its rows, its band and, panel by panel, its lists. All of int64. */
typedef struct {
    int64_t first, last;   /* rows, relative to the part */
    int64_t reach, window; /* ends of the columns that its pixels and that its band touch */
    int64_t groups, cells; /* of the band; cells in bytes */
    int64_t widths, band;  /* where int32 widths[groups] (in steps) and the cells begin */
    List lists[];          /* [panels][KINDS] */
} Slab;

#endif
