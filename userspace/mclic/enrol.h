/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MCLIC_ENROL_H
#define MCLIC_ENROL_H

#include "mclic.h"

/**
 * enrol_exchange() - POST /v1/enrol, and keep what comes back
 * @a: center_id, url and cacert are set; gets user_id, user_name and ku_generation
 * @token: enrolment token, or NULL when the device is known
 *
 * The certificate must be @a->center_id's, and the reply signed by it. Certificate and
 * user keys are stored; the account is not.
 */
int enrol_exchange(struct mclic_account *a, const char *token);

#endif /* MCLIC_ENROL_H */
