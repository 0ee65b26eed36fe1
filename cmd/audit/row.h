/*
 * row - one record on one line, for people.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which members of a record one looks at first.
 * Does not: trust a byte of it.
 * Promises: what is printed is ASCII without controls: whatever a client put
 *           into a name cannot move a cursor or turn text round.
 */
#ifndef KT_ROW_H
#define KT_ROW_H
#include "base/base.h"

/* One character as it goes out; how many columns it takes. */
int kt_row_escape(struct kt_span *value, char out[static 16]);
/* As spelt in the record, other characters as \uXXXX. */
void kt_row_put(struct kt_span value);
/* The same within `width` columns, cut or filled. */
void kt_row_column(struct kt_span value, int width);
void kt_row_head(void);
void kt_row(struct kt_span line);

#endif
