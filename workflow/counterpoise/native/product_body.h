/* The product with one slab, compiled once for each processor level (see product.c).
 *
 * Needs TARGET (an attribute), NAME(function), REGISTER (a vector of WIDTH doubles), LOOSE (the same
 * at any address) and WIDEN(pointer): WIDTH bytes as doubles. Every version adds in the same order,
 * so all give the same bits.
 *
 * ``at`` holds x_j and the partial sum of y_j for each column j, counted from the first column of
 * the panel; ``rows`` the same, counted from the first row of the slab.
 */

#define PARTS (LANES / WIDTH)

/* The sum of LANES doubles. */
TARGET static double NAME(total)(const REGISTER *parts)
{
    double t[LANES];
    for (int k = 0; k < LANES; k++) t[k] = parts[k / WIDTH][k % WIDTH];
    return ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7]));
}

/* Add the product with the band to y, both of its triangles. */
TARGET static void NAME(band)(const Slab *slab, const uint8_t *bytes, const double *x, double *y)
{
    const int32_t *widths = (const int32_t *)(bytes + slab->widths);
    const uint8_t *cell = bytes + slab->band;
    for (int64_t g = 0; g < slab->groups; g++) {
        const double *xj = x + g * GROUP;
        double *yj = y + g * GROUP;
        double a = xj[0], b = xj[1], c = xj[2], d = xj[3];
        REGISTER ta[PARTS] = {0}, tb[PARTS] = {0}, tc[PARTS] = {0}, td[PARTS] = {0};
        for (int64_t k = 0; k < widths[g] * (STEP / LANES); k++) {
#pragma GCC unroll 4
            for (int part = 0; part < PARTS; part++) {
                REGISTER xs = *(const LOOSE *)xj;
                REGISTER ca = WIDEN(cell), cb = WIDEN(cell + LANES);
                REGISTER cc = WIDEN(cell + 2 * LANES), cd = WIDEN(cell + 3 * LANES);
                ta[part] += ca * xs;
                tb[part] += cb * xs;
                tc[part] += cc * xs;
                td[part] += cd * xs;
                *(LOOSE *)yj += (ca * a + cb * b) + (cc * c + cd * d);
                xj += WIDTH;
                yj += WIDTH;
                cell += WIDTH;
            }
            cell += (GROUP - 1) * LANES;
        }
        y[g * GROUP] += NAME(total)(ta);
        y[g * GROUP + 1] += NAME(total)(tb);
        y[g * GROUP + 2] += NAME(total)(tc);
        y[g * GROUP + 3] += NAME(total)(td);
    }
}

/* Add the product with a list, both triangles. Four sums, since each addition of a single sum would
 * have to wait for the last. */
#define LIST(function, VALUES, TIMES)                                                            \
    TARGET static void NAME(function)(const List *list, const uint8_t *bytes, Pair *rows,        \
                                      Pair *at)                                                  \
    {                                                                                            \
        const uint32_t *row = (const uint32_t *)(bytes + list->rows);                            \
        const uint32_t *ends = (const uint32_t *)(bytes + list->ends);                           \
        const uint16_t *column = (const uint16_t *)(bytes + list->columns);                      \
        VALUES;                                                                                  \
        for (int64_t s = 0; s < list->segments; s++) {                                           \
            double xi = rows[row[s]].x, t0 = 0, t1 = 0, t2 = 0, t3 = 0;                          \
            size_t k = ends[s], end = ends[s + 1];                                               \
            for (; k + 4 <= end; k += 4) {                                                       \
                Pair *p0 = at + column[k], *p1 = at + column[k + 1];                             \
                Pair *p2 = at + column[k + 2], *p3 = at + column[k + 3];                         \
                t0 += TIMES(k, p0->x);                                                           \
                t1 += TIMES(k + 1, p1->x);                                                       \
                t2 += TIMES(k + 2, p2->x);                                                       \
                t3 += TIMES(k + 3, p3->x);                                                       \
                p0->y += TIMES(k, xi);                                                           \
                p1->y += TIMES(k + 1, xi);                                                       \
                p2->y += TIMES(k + 2, xi);                                                       \
                p3->y += TIMES(k + 3, xi);                                                       \
            }                                                                                    \
            for (; k < end; k++) {                                                               \
                Pair *p = at + column[k];                                                        \
                t0 += TIMES(k, p->x);                                                            \
                p->y += TIMES(k, xi);                                                            \
            }                                                                                    \
            rows[row[s]].y += (t0 + t1) + (t2 + t3);                                             \
        }                                                                                        \
    }

#define ONCE(k, value) (value)
#define OFTEN(k, value) (values[k] * (value))
LIST(ones, , ONCE)
LIST(bytes, const uint8_t *values = bytes + list->values, OFTEN)
LIST(doubles, const double *values = (const double *)(bytes + list->values), OFTEN)
#undef LIST
#undef ONCE
#undef OFTEN

/* Add the product with a slab. */
TARGET static void NAME(slab)(const Slab *slab, const uint8_t *bytes, int64_t panels,
                              int64_t first, const double *x, Pair *pairs, double *y)
{
    NAME(band)(slab, bytes, x + slab->first, y + (slab->first - first));
    Pair *rows = pairs + (slab->first - first);
    for (int64_t panel = 0; panel < panels; panel++) {
        const List *list = &slab->lists[panel * KINDS];
        /* Points before the array if the panel begins before the block; its entries never do. */
        Pair *at = (Pair *)((intptr_t)pairs +
                            (intptr_t)sizeof(Pair) * (intptr_t)(panel * PANEL - first));
        NAME(ones)(&list[ONES], bytes, rows, at);
        NAME(bytes)(&list[BYTES], bytes, rows, at);
        NAME(doubles)(&list[DOUBLES], bytes, rows, at);
    }
}

#undef TARGET
#undef NAME
#undef WIDEN
#undef WIDTH
#undef REGISTER
#undef LOOSE
#undef PARTS
