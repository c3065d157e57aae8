/* Pack rows of columns and counts (CSR) into the format of packed.h. */

#include "packed.h"

#include <string.h>

/* The window of a group grows while at least this many of the GROUP x STEP pixels of its next step
 * are not empty: a byte of the band takes about a quarter of the time of an entry of a list. */
#define DENSE (GROUP * STEP / 4)

#define INLINE static inline __attribute__((always_inline))

enum { UINT16, UINT32, FLOAT64 }; /* types of counts, numbered as in COUNT_TYPES of Python */

/* The entries of a slab. Functions that iterate over them receive the type of counts as a constant,
 * so that each is compiled once a type. */
typedef struct {
    const uint32_t *columns;
    const void *counts;
    int64_t lo;                   /* first bin of the part; columns count from the genome's first */
    const int64_t *starts, *ends; /* of each row of the slab: indices into columns and counts */
} Map;

INLINE double count_at(const Map *map, int64_t type, int64_t k)
{
    if (type == UINT16) return ((const uint16_t *)map->counts)[k];
    if (type == UINT32) return ((const uint32_t *)map->counts)[k];
    return ((const double *)map->counts)[k];
}

INLINE int kind_at(const Map *map, int64_t type, int64_t k)
{
    if (type == FLOAT64) {
        double count = count_at(map, type, k);
        int byte = count >= 0 && count <= 255 && count == (double)(uint8_t)count;
        return count == 1 ? ONES : byte ? BYTES : DOUBLES;
    }
    uint32_t count = type == UINT16 ? ((const uint16_t *)map->counts)[k]
                                    : ((const uint32_t *)map->counts)[k];
    return count == 1 ? ONES : count <= 255 ? BYTES : DOUBLES;
}

/* The first index in [a, b) whose column is not below ``column``; b if there is none. */
static int64_t first_at_or_beyond(const uint32_t *columns, int64_t a, int64_t b, int64_t column)
{
    while (a < b) {
        int64_t middle = (a + b) / 2;
        if (columns[middle] < column) a = middle + 1;
        else b = middle;
    }
    return a;
}

/* Find the selected entries beyond the diagonal in each of ``rows`` rows from bin ``first`` on, and
 * the counts on the diagonal.
 *
 * starts[i] and ends[i] delimit all entries of row i on entry, the selected ones on return. Columns
 * ascend within a row, so ignoring diagonals and selecting cis or trans contacts all mean a later
 * start or an earlier end. far[i] is the first column of row i beyond the ignored diagonals, border[i]
 * the end of its chromosome (genome: of the part). */
int64_t row_bounds(const uint32_t *columns, const void *counts, int64_t type, int64_t first,
                   int64_t rows, const int64_t *border, const int64_t *far, double diagonal,
                   int64_t trans, int64_t *starts, int64_t *ends, double *main)
{
    Map map = {columns, counts, 0, starts, ends};
    for (int64_t i = 0; i < rows; i++) {
        int64_t a = starts[i], b = ends[i], row = first + i;
        int64_t from = far[i] > row ? far[i] : row + 1;
        main[i] = 0;
        if (far[i] == row && !trans && a < b && columns[a] == row)
            main[i] = diagonal * count_at(&map, type, a);
        if (trans && border[i] > from) from = border[i];
        if (!trans && b > a && columns[b - 1] >= border[i])
            b = first_at_or_beyond(columns, a, b, border[i]);
        starts[i] = first_at_or_beyond(columns, a, b, from);
        ends[i] = b;
    }
    return 0;
}

/* The number of steps from its first row over which a group of rows is dense. Sets beyond[r] to the
 * first entry of the group's row r outside the band. */
INLINE int64_t width_of(const Map *map, int64_t type, const Slab *slab, int64_t n, int64_t row,
                        int64_t *beyond)
{
    int64_t steps = 0, next[GROUP];
    int64_t rows = slab->last - row < GROUP ? slab->last - row : GROUP;
    for (int64_t r = 0; r < rows; r++) beyond[r] = map->starts[row - slab->first + r];
    while (rows == GROUP && row + (steps + 1) * STEP <= n) {
        int64_t end = map->lo + row + (steps + 1) * STEP, filled = 0;
        for (int64_t r = 0; r < GROUP; r++) {
            int64_t k = beyond[r], last = map->ends[row - slab->first + r];
            for (; k < last && map->columns[k] < end; k++)
                filled += kind_at(map, type, k) != DOUBLES;
            next[r] = k;
        }
        if (filled < DENSE) break;
        memcpy(beyond, next, sizeof next);
        steps++;
    }
    return steps;
}

/* Reserve bytes of the slab, from a cache line on; returns their offset. */
static int64_t take(int64_t *used, int64_t bytes)
{
    int64_t at = *used;
    *used += (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    return at;
}

/* The end of the run of entries from k on that are in the same panel. */
INLINE int64_t run_end(const Map *map, int64_t k, int64_t last)
{
    int64_t border = (((map->columns[k] - map->lo) >> PANEL_BITS) + 1) * PANEL + map->lo;
    if (map->columns[last - 1] < border) return last;
    return first_at_or_beyond(map->columns, k, last, border);
}

/* Count the groups and cells of the band, and the segments and entries of each list. */
INLINE void measure(const Map *map, int64_t type, int64_t n, Slab *slab)
{
    for (int64_t row = slab->first; row < slab->last; row += GROUP) {
        int64_t beyond[GROUP], steps = width_of(map, type, slab, n, row, beyond);
        if (steps) slab->groups = (row - slab->first) / GROUP + 1;
        slab->cells += steps * GROUP * STEP;
        if (row + steps * STEP > slab->window) slab->window = row + steps * STEP;
        for (int64_t i = row; i < row + GROUP && i < slab->last; i++) {
            int64_t k = map->starts[i - slab->first], last = map->ends[i - slab->first];
            if (k == last) continue;
            int64_t reach = map->columns[last - 1] - map->lo + 1, outside = beyond[i - row];
            if (reach > slab->reach) slab->reach = reach;
            while (k < last) {
                int64_t end = run_end(map, k, last), tally[KINDS] = {0};
                List *lists = &slab->lists[((map->columns[k] - map->lo) >> PANEL_BITS) * KINDS];
                for (; k < end && k < outside; k++)
                    tally[DOUBLES] += kind_at(map, type, k) == DOUBLES;
                /* Of one panel, so that 32 bits hold them, which vectorises better. */
                int32_t n_ones = 0, n_doubles = 0;
                for (int64_t e = k; e < end; e++) {
                    int kind = kind_at(map, type, e);
                    n_ones += kind == ONES;
                    n_doubles += kind == DOUBLES;
                }
                tally[ONES] = n_ones;
                tally[BYTES] = end - k - n_ones - n_doubles;
                tally[DOUBLES] += n_doubles;
                k = end;
                for (int kind = 0; kind < KINDS; kind++) {
                    lists[kind].segments += tally[kind] > 0;
                    lists[kind].entries += tally[kind];
                }
            }
        }
    }
}

/* Measure the slab of rows [slab->first, slab->last): fill in its table, return its bytes. */
int64_t measure_slab(const uint32_t *columns, const void *counts, int64_t type, int64_t lo,
                     int64_t n, const int64_t *starts, const int64_t *ends, int64_t panels,
                     Slab *slab)
{
    static const int64_t width[KINDS] = {0, sizeof(uint8_t), sizeof(double)};
    Map map = {columns, counts, lo, starts, ends};
    slab->groups = slab->cells = 0;
    slab->reach = slab->window = slab->last;
    memset(slab->lists, 0, (size_t)(panels * KINDS) * sizeof(List));
    if (type == UINT16) measure(&map, UINT16, n, slab);
    else if (type == UINT32) measure(&map, UINT32, n, slab);
    else measure(&map, FLOAT64, n, slab);

    int64_t used = 0;
    slab->widths = take(&used, slab->groups * (int64_t)sizeof(int32_t));
    slab->band = take(&used, slab->cells);
    for (int64_t q = 0; q < panels * KINDS; q++) {
        List *list = &slab->lists[q];
        if (!list->entries) continue;
        /* Room for one more entry: fill writes an entry, then decides whether to keep it. */
        list->rows = take(&used, list->segments * (int64_t)sizeof(uint32_t));
        list->ends = take(&used, (list->segments + 1) * (int64_t)sizeof(uint32_t));
        list->columns = take(&used, (list->entries + 1) * (int64_t)sizeof(uint16_t));
        list->values = take(&used, (list->entries + 1) * width[q % KINDS]);
    }
    return used;
}

/* The numbers of segments and of entries written to a list so far. */
typedef struct {
    int64_t segments, entries;
} Cursor;

/* End the segment of a row in a list, unless the row has no entry in it. */
INLINE void close_segment(const List *list, Cursor *cursor, uint8_t *bytes, int64_t row,
                          int64_t entries)
{
    if (entries == cursor->entries) return;
    ((uint32_t *)(bytes + list->rows))[cursor->segments++] = (uint32_t)row;
    ((uint32_t *)(bytes + list->ends))[cursor->segments] = (uint32_t)entries;
    cursor->entries = entries;
}

/* Write the band and the lists of a slab. */
INLINE void fill(const Map *map, int64_t type, int64_t n, const Slab *slab, Cursor *cursors,
                 uint8_t *bytes)
{
    int32_t *widths = (int32_t *)(bytes + slab->widths);
    uint8_t *cells = bytes + slab->band;
    for (int64_t row = slab->first; row < slab->last; row += GROUP) {
        int64_t beyond[GROUP], steps = width_of(map, type, slab, n, row, beyond);
        if ((row - slab->first) / GROUP < slab->groups)
            widths[(row - slab->first) / GROUP] = (int32_t)steps;
        for (int64_t i = row; i < row + GROUP && i < slab->last; i++) {
            int64_t k = map->starts[i - slab->first], last = map->ends[i - slab->first];
            /* The cells of LANES columns are adjacent, row by row. */
            uint8_t *row_cells = cells + (i - row) * LANES;
            while (k < last) {
                int64_t end = run_end(map, k, last);
                int64_t panel = (map->columns[k] - map->lo) >> PANEL_BITS, outside = beyond[i - row];
                const List *lists = &slab->lists[panel * KINDS];
                Cursor *at = &cursors[panel * KINDS];
                int64_t n_ones = at[ONES].entries, n_bytes = at[BYTES].entries;
                int64_t n_doubles = at[DOUBLES].entries;
                uint16_t *wide = (uint16_t *)(bytes + lists[DOUBLES].columns);
                double *doubles = (double *)(bytes + lists[DOUBLES].values);
                for (; k < end && k < outside; k++) {
                    double count = count_at(map, type, k);
                    int64_t column = map->columns[k] - map->lo, j = column - row;
                    if (kind_at(map, type, k) == DOUBLES) {
                        wide[n_doubles] = (uint16_t)column;
                        doubles[n_doubles++] = count;
                    } else {
                        row_cells[j / LANES * GROUP * LANES + j % LANES] = (uint8_t)count;
                    }
                }
                /* Restrict pointers and a copy: else a byte that is written could alias the rest. */
                uint16_t *restrict one = (uint16_t *)(bytes + lists[ONES].columns);
                uint16_t *restrict byte = (uint16_t *)(bytes + lists[BYTES].columns);
                uint8_t *restrict values = bytes + lists[BYTES].values;
                const Map from = *map;
                int any_ones = lists[ONES].entries > 0, any_bytes = lists[BYTES].entries > 0;
                for (; k < end; k++) {
                    uint16_t column = (uint16_t)(from.columns[k] - from.lo);
                    int kind = kind_at(&from, type, k);
                    if (kind == DOUBLES) {
                        wide[n_doubles] = column;
                        doubles[n_doubles++] = count_at(&from, type, k);
                        continue;
                    }
                    /* Write both and advance one: a branch would often be mispredicted. */
                    if (any_ones) one[n_ones] = column;
                    if (any_bytes) {
                        byte[n_bytes] = column;
                        values[n_bytes] = (uint8_t)count_at(&from, type, k);
                    }
                    n_ones += kind == ONES;
                    n_bytes += kind == BYTES;
                }
                close_segment(&lists[ONES], &at[ONES], bytes, i - slab->first, n_ones);
                close_segment(&lists[BYTES], &at[BYTES], bytes, i - slab->first, n_bytes);
                close_segment(&lists[DOUBLES], &at[DOUBLES], bytes, i - slab->first, n_doubles);
            }
        }
        cells += steps * GROUP * STEP;
    }
}

/* Fill in the bytes of a slab by its table. bytes and cursors ([panels * KINDS]) must be zero. */
int64_t fill_slab(const uint32_t *columns, const void *counts, int64_t type, int64_t lo, int64_t n,
                  const int64_t *starts, const int64_t *ends, const Slab *slab, Cursor *cursors,
                  uint8_t *bytes)
{
    Map map = {columns, counts, lo, starts, ends};
    if (type == UINT16) fill(&map, UINT16, n, slab, cursors, bytes);
    else if (type == UINT32) fill(&map, UINT32, n, slab, cursors, bytes);
    else fill(&map, FLOAT64, n, slab, cursors, bytes);
    return 0;
}
