/* Steps of reading and filtering a map for which numpy would need many passes. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Raised when the arguments of a function or a structure change; native/__init__.py compares it. */
int64_t interface(void) { return 4; }

/* The stream of zlib-ng (zlib-ng.h, 2.x). */
typedef struct {
    const uint8_t *next_in;
    uint32_t avail_in;
    size_t total_in;
    uint8_t *next_out;
    uint32_t avail_out;
    size_t total_out;
    const char *msg;
    void *state, *zalloc, *zfree, *opaque;
    int data_type;
    uint32_t adler;
    unsigned long reserved;
} Stream;

/* The functions of zlib-ng that are used; Python passes their addresses. */
typedef struct {
    int32_t (*init)(Stream *, int32_t window_bits);
    int32_t (*reset)(Stream *);
    int32_t (*inflate)(Stream *, int32_t flush);
    int32_t (*end)(Stream *);
} Inflate;

enum { WINDOW_BITS = 15, FINISH = 4, STREAM_END = 1 };

enum { GOOD = 0, DAMAGED = 1, TOO_WIDE = 2 }; /* what read_chunks returns */

/* Undo HDF5's shuffle (all first bytes, then all second bytes, ..., little-endian) for ``length``
 * values of ``size`` bytes, keeping the low ``keep`` bytes of each. Returns 1 if a discarded byte is
 * not zero. */
static int unshuffle(const uint8_t *from, int64_t length, int64_t size, int64_t keep, uint8_t *to)
{
    if (keep == 4) {
        const uint8_t *b0 = from, *b1 = b0 + length, *b2 = b1 + length, *b3 = b2 + length;
        for (int64_t i = 0; i < length; i++) {
            uint32_t value = (uint32_t)b0[i] | (uint32_t)b1[i] << 8 | (uint32_t)b2[i] << 16 |
                             (uint32_t)b3[i] << 24;
            memcpy(to + 4 * i, &value, 4);
        }
    } else {
        for (int64_t b = 0; b < keep; b++)
            for (int64_t i = 0; i < length; i++) to[i * keep + b] = from[b * length + i];
    }
    uint8_t lost = 0;
    for (int64_t i = keep * length; i < size * length; i++) lost |= from[i];
    return lost != 0;
}

/* Read ``length`` bytes at an offset of a file; returns 0 on failure. */
static int read_all(int file, uint8_t *to, int64_t length, int64_t place)
{
    while (length > 0) {
        ssize_t got = pread(file, to, (size_t)length, place);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        to += got, place += got, length -= got;
    }
    return 1;
}

/* Read chunks of ``length`` values of ``size`` bytes, deflated and perhaps shuffled, at offsets
 * ``places`` of a file, and write the low ``keep`` bytes of each value to out. */
int64_t read_chunks(const Inflate *zlib, int64_t file, int64_t chunks, const int64_t *places,
                    const int64_t *lengths, int64_t length, int64_t size, int64_t keep,
                    int64_t shuffled, uint8_t *out)
{
    int64_t longest = 0, outcome = GOOD;
    for (int64_t c = 0; c < chunks; c++)
        if (lengths[c] > longest) longest = lengths[c];
    uint8_t *packed = malloc((size_t)longest), *raw = malloc((size_t)(length * size));
    Stream stream = {0};
    int ready = packed && raw && zlib->init(&stream, WINDOW_BITS) == 0;
    if (!ready) outcome = DAMAGED;
    for (int64_t c = 0; c < chunks && outcome == GOOD; c++) {
        uint8_t *to = out + c * length * keep;
        stream.next_in = packed;
        stream.avail_in = (uint32_t)lengths[c];
        stream.next_out = raw;
        stream.avail_out = (uint32_t)(length * size);
        if (!read_all((int)file, packed, lengths[c], places[c]) || zlib->reset(&stream) != 0 ||
            zlib->inflate(&stream, FINISH) != STREAM_END || stream.avail_out != 0)
            outcome = DAMAGED;
        else if (!shuffled) /* keep equals size */
            memcpy(to, raw, (size_t)(length * size));
        else if (unshuffle(raw, length, size, keep, to))
            outcome = TOO_WIDE;
    }
    if (ready) zlib->end(&stream);
    free(packed);
    free(raw);
    return outcome;
}

/* Faults that check_pixels reports, as bits; 0 if there is none. */
enum { OUT_OF_RANGE = 1, BELOW_DIAGONAL = 2, DISORDER = 4, BAD_COUNT = 8, ZERO_COUNT = 16 };

/* Check n pixels: bins in [0, bins), bin1 <= bin2, sorted by (bin1, bin2) without duplicates, counts
 * above zero and finite. type: 0 for int32 counts, 1 for float64. Sets total to the sum of int32
 * counts. */
int64_t check_pixels(const int32_t *bin1, const int32_t *bin2, const void *count, int64_t type,
                     int64_t n, int64_t bins, int64_t *total)
{
    /* As wide as the data, so that the compiler vectorises the loops. */
    int32_t out = 0, below = 0, disorder = 0, bad = 0, zero = 0;
    uint32_t limit = (uint32_t)bins;
    *total = 0;
    for (int64_t i = 0; i < n; i++) {
        out |= ((uint32_t)bin1[i] >= limit) | ((uint32_t)bin2[i] >= limit);
        below |= bin1[i] > bin2[i];
    }
    for (int64_t i = 1; i < n; i++)
        disorder |= (bin1[i] < bin1[i - 1]) | ((bin1[i] == bin1[i - 1]) & (bin2[i] <= bin2[i - 1]));
    if (type == 0) {
        const int32_t *values = count;
        int64_t sum = 0;
        for (int64_t i = 0; i < n; i++) {
            bad |= values[i] < 0;
            zero |= values[i] == 0;
            sum += values[i];
        }
        *total = sum;
    } else {
        const double *values = count;
        for (int64_t i = 0; i < n; i++) {
            bad |= !(values[i] >= 0 && values[i] < __builtin_inf());
            zero |= values[i] == 0;
        }
    }
    return out * OUT_OF_RANGE | below * BELOW_DIAGONAL | disorder * DISORDER | bad * BAD_COUNT |
           zero * ZERO_COUNT;
}

/* Add the marginals of ``rows`` rows from bin ``first`` on: for every bin, its contacts and the
 * number of bins in contact with it (``partners``).
 *
 * Pixels with column < far (the row's first column beyond the ignored diagonals) or column >= border
 * (the end of the row's chromosome, or of the map) do not count. type: 0 uint16, 1 uint32,
 * 2 float64. */
int64_t add_marginals(const int64_t *indptr, const uint32_t *columns, const void *counts,
                      int64_t type, int64_t first, int64_t rows, const int64_t *far,
                      const int64_t *border, int64_t *partners, double *contacts)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t row = first + i, from = far[i], to = border[i];
        double total = 0;
        int64_t in_row = 0;
        for (int64_t k = indptr[i] - indptr[0]; k < indptr[i + 1] - indptr[0]; k++) {
            int64_t j = columns[k];
            if (j < from || j >= to) continue;
            double count = type == 0   ? ((const uint16_t *)counts)[k]
                           : type == 1 ? ((const uint32_t *)counts)[k]
                                       : ((const double *)counts)[k];
            total += count;
            in_row++;
            if (j != row) {
                contacts[j] += count;
                partners[j]++;
            }
        }
        contacts[row] += total;
        partners[row] += in_row;
    }
    return 0;
}

/* Types of the counts of add_statistics. */
enum { COUNT_INT32 = 0, COUNT_INT64 = 1, COUNT_FLOAT64 = 2 };

/* Add n pixels, whose equal ``bin1`` lie next to each other, to two sums of contacts: of every bin
 * (``per_bin``; a contact within the bin counts once), and by distance within chromosomes.
 * ``ends`` gives the end of each bin's chromosome, ``class_of`` the place of each distance in
 * ``by_distance``; contacts between chromosomes go to place ``classes``. */
int64_t add_statistics(const int32_t *bin1, const int32_t *bin2, const void *count, int64_t type,
                       int64_t n, const int64_t *ends, const int32_t *class_of, int64_t classes,
                       double *per_bin, double *by_distance)
{
    for (int64_t k = 0; k < n;) {
        int64_t row = bin1[k], end = ends[row];
        double in_row = 0;
        for (; k < n && bin1[k] == row; k++) {
            int64_t j = bin2[k];
            double value = type == COUNT_INT32   ? ((const int32_t *)count)[k]
                           : type == COUNT_INT64 ? (double)((const int64_t *)count)[k]
                                                 : ((const double *)count)[k];
            by_distance[j < end ? class_of[j - row] : classes] += value;
            in_row += value;
            if (j != row) per_bin[j] += value;
        }
        per_bin[row] += in_row;
    }
    return 0;
}
