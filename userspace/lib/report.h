/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cleaning text that somebody else chose; and what report.c and progress.c share. */
#ifndef MCLIC_REPORT_H
#define MCLIC_REPORT_H

#include <stdatomic.h>

#include "libmclic.h"

/* A progress bar is on the screen: a message must first clear its line. */
extern atomic_bool mclic_bar_shown;

/** mclic_clean_text() - replace in place what is not clean, printable UTF-8 */
void mclic_clean_text(char *text);

#endif /* MCLIC_REPORT_H */
