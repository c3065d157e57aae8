/* The packed format of a map, shared by packing.c, which writes it, and product.c, which reads it.
 *
 * The map (strictly upper triangle; the diagonal is stored separately) is cut into slabs of whole
 * rows. A slab is a run of bytes that holds
 *
 *   the band    near the diagonal, where few pixels are empty: groups of GROUP rows, each with a
 *               window of columns that begins at the group's first row. A count takes one byte,
 *               0 for an empty pixel; a column takes no space.
 *   the lists   all other pixels, in panels of PANEL columns, so that a column takes 16 bits. Each
 *               panel has a list of pixels with count 1 (no value is stored), one of other whole
 *               counts up to 255 (a byte) and one of all other counts (a double).
 *
 * A row without an entry in a list takes no space in it.
 */
#ifndef COUNTERPOISE_PACKED_H
#define COUNTERPOISE_PACKED_H

#include <stdint.h>

#define GROUP 4          /* rows of a group of the band */
#define STEP 64          /* columns by which the window of a group grows */
#define LANES 8          /* doubles that one instruction computes */
#define PANEL_BITS 16
#define PANEL ((int64_t)1 << PANEL_BITS)
#define CACHE_LINE 64

enum { ONES, BYTES, DOUBLES, KINDS }; /* kinds of lists, by the type of their counts */

/* One list. A segment is the run of entries of one row: uint32 rows[segments],
 * uint32 ends[segments + 1], uint16 columns[entries], and values[entries] of the kind's type. */
typedef struct {
    int64_t segments, entries;
    int64_t rows, ends, columns, values; /* offset in bytes of each array in the slab */
} List;

/* The table of a slab: its rows, its band and its lists, panel by panel. Every field is int64. */
typedef struct {
    int64_t first, last;   /* rows [first, last), counted from the part's first bin */
    int64_t reach, window; /* end of the columns that the pixels touch, and that the band touches */
    int64_t groups, cells; /* groups and bytes of the band */
    int64_t widths, band;  /* offsets of int32 widths[groups] (in steps) and of the band's bytes */
    List lists[];          /* [panels][KINDS] */
} Slab;

#endif
