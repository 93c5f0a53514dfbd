/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls' numbers and structures: never to change, and the same for 32-bit callers. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "uapi/mclicfs.h"

#define AT(type, member, offset)	\
	_Static_assert(__builtin_offsetof(struct type, member) == (offset), #type "." #member)
#define IS(cmd, number)			_Static_assert((cmd) == (number), #cmd)

IS(MCLICFS_IOC_GET_MEDIUM, 0xc150c501);
IS(MCLICFS_IOC_LIST_LICENCES, 0xc038c502);
IS(MCLICFS_IOC_PUT_LICENCE, 0xc3b0c503);
IS(MCLICFS_IOC_REMOVE_LICENCE, 0x4038c504);
IS(MCLICFS_IOC_ADD_KEY, 0x4030c505);
IS(MCLICFS_IOC_REMOVE_KEY, 0xc030c506);
IS(MCLICFS_IOC_SET_REVOCATIONS, 0x4030c507);
IS(MCLICFS_IOC_GET_STATS, 0xc080c508);
_Static_assert(sizeof(struct mclicfs_ioc_licence) == 320, "licence");

AT(mclicfs_ioc_medium, slots, 8);
AT(mclicfs_ioc_medium, raw_len, 12);
AT(mclicfs_ioc_medium, mid, 16);
AT(mclicfs_ioc_medium, area_id, 32);
AT(mclicfs_ioc_medium, raw, 48);
AT(mclicfs_ioc_medium, reserved, 304);
AT(mclicfs_ioc_licence, why, 16);
AT(mclicfs_ioc_licence, reserved, 40);
AT(mclicfs_ioc_licence, terms, 64);
AT(mclicfs_ioc_list, licences, 16);
AT(mclicfs_ioc_list, reserved, 24);
AT(mclicfs_ioc_put, licence, 8);
AT(mclicfs_ioc_put, reserved, 912);
AT(mclicfs_ioc_remove, licence_id, 8);
AT(mclicfs_ioc_remove, reserved, 24);
AT(mclicfs_ioc_key, busy, 8);
AT(mclicfs_ioc_key, reserved, 16);
AT(mclicfs_ioc_revocations, list, 8);
AT(mclicfs_ioc_revocations, reserved, 16);
AT(mclicfs_ioc_stats, verdicts, 16);
AT(mclicfs_ioc_stats, reserved, 64);

#endif /* LAYOUT_H */
