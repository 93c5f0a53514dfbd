/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: why a title was opened or refused (/sys/kernel/tracing/events/mclicfs). */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mclicfs

#if !defined(MCLICFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MCLICFS_TRACE_H

#include <linux/tracepoint.h>

#include "mclicfs.h"

/* A slot was judged. Those that are free are left out. */
TRACE_EVENT(mclicfs_slot,
	    TP_PROTO(const struct super_block *sb, u32 slot, enum mclic_why why),
	    TP_ARGS(sb, slot, why),
	    TP_STRUCT__entry(__field(dev_t, dev)
			     __field(u32, slot)
			     __array(char, why, MCLICFS_WHY_SIZE)),
	    TP_fast_assign(__entry->dev = sb->s_dev;
			   __entry->slot = slot;
			   strscpy(__entry->why, mclic_why_name(why), MCLICFS_WHY_SIZE);),
	    TP_printk("dev=%u:%u slot=%u why=%s", MAJOR(__entry->dev), MINOR(__entry->dev),
		      __entry->slot, __entry->why)
);

/*
 * The verdict on a title at an open. @slot is the one in force, or the one that came
 * furthest, or -1; @err is what the open gets if it is not 0, also where @why has no word for
 * it: -EIO, -ENOMEM.
 */
TRACE_EVENT(mclicfs_verdict,
	    TP_PROTO(const struct super_block *sb, const struct mclic_title *title, int slot,
		     enum mclic_why why, int err, bool cached),
	    TP_ARGS(sb, title, slot, why, err, cached),
	    TP_STRUCT__entry(__field(dev_t, dev)
			     __array(u8, did, MCLIC_ID_SIZE)
			     __field(u32, version)
			     __field(int, slot)
			     __array(char, why, MCLICFS_WHY_SIZE)
			     __field(int, err)
			     __field(bool, cached)),
	    TP_fast_assign(__entry->dev = sb->s_dev;
			   memcpy(__entry->did, title->did, MCLIC_ID_SIZE);
			   __entry->version = title->content_version;
			   __entry->slot = slot;
			   strscpy(__entry->why, mclic_why_name(why), MCLICFS_WHY_SIZE);
			   __entry->err = err;
			   __entry->cached = cached;),
	    TP_printk("dev=%u:%u did=%s version=%u slot=%d why=%s err=%d cached=%d",
		      MAJOR(__entry->dev), MINOR(__entry->dev),
		      __print_hex_str(__entry->did, MCLIC_ID_SIZE), __entry->version,
		      __entry->slot, __entry->why, __entry->err, __entry->cached)
);

#endif /* MCLICFS_TRACE_H */

/* Kbuild has the top of the tree among the folders of headers. */
#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH kmod
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
