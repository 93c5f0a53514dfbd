// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel holds open. It says when that ends, but not of what is closed while the
 * file system is unmounted: then nobody asks any more.
 */
#include "mclicfs.h"

static struct {
	pthread_mutex_t lock;
	struct handle *first;
} handles = { .lock = PTHREAD_MUTEX_INITIALIZER };

void handle_add(struct handle *h, void (*end)(struct handle *h))
{
	h->end = end;
	h->prev = NULL;
	pthread_mutex_lock(&handles.lock);
	h->next = handles.first;
	if (h->next)
		h->next->prev = h;
	handles.first = h;
	pthread_mutex_unlock(&handles.lock);
}

void handle_end(struct handle *h)
{
	pthread_mutex_lock(&handles.lock);
	if (h->next)
		h->next->prev = h->prev;
	if (h->prev)
		h->prev->next = h->next;
	else
		handles.first = h->next;
	pthread_mutex_unlock(&handles.lock);
	h->end(h);
}

void handle_end_all(void)
{
	while (handles.first)
		handle_end(handles.first);
}
