// SPDX-License-Identifier: GPL-2.0-or-later
/* What the addresses do (Documentation/protocol.rst, "Endpoints"). */
#include <stdlib.h>

#include "server.h"

#define TYPE_JSON	"application/json"
#define TYPE_REQUEST	"application/vnd.mclic.request"
#define TYPE_RESPONSE	"application/vnd.mclic.response"
#define TYPE_REVOCATION	"application/vnd.mclic.revocation"

/* ---- answers ---- */

static enum problem reply_typed(struct MHD_Response *r, const char *type,
				struct MHD_Response **response)
{
	if (!r)
		return problem_of(mclic_fail(ENOMEM, "not enough memory for an answer"));
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	*response = r;
	return PROBLEM_NONE;
}

/* Takes @text. */
static enum problem reply_text(char *text, const char *type, struct MHD_Response **response)
{
	struct MHD_Response *r = NULL;

	if (text)
		r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!r)
		free(text);
	return reply_typed(r, type, response);
}

/* Takes @j. */
static enum problem reply_json(json_t *j, struct MHD_Response **response)
{
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	return reply_text(text, TYPE_JSON, response);
}

/* ---- the addresses ---- */

static enum problem run_status(struct exchange *x, struct db *db, struct MHD_Response **response)
{
	struct center *c = server_center(x->link->server);
	char id[2 * MCLIC_ID_SIZE + 1];

	(void)db;
	return reply_json(json_pack("{s:s, s:s, s:s, s:I, s:s}",
				    "center", mclic_hex(c->id, MCLIC_ID_SIZE, id),
				    "name", c->name, "version", MCLIC_RELEASE,
				    "time", (json_int_t)clock_now(),
				    "certificate", c->certificate), response);
}

static enum problem run_enrol(struct exchange *x, struct db *db, struct MHD_Response **response)
{
	MCLIC_AUTO_JSON json_t *answer = NULL;
	enum problem p = center_enrol(server_center(x->link->server), db, clock_now(), x->body,
				      x->len, &answer);

	return p ? p : reply_json(json_incref(answer), response);
}

static const char *bearer(struct exchange *x)
{
	const char *v = MHD_lookup_connection_value(x->link->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_AUTHORIZATION);

	return v && !strncasecmp(v, "Bearer ", 7) ? v + 7 + strspn(v + 7, " ") : NULL;
}

static enum problem run_register(struct exchange *x, struct db *db,
				 struct MHD_Response **response)
{
	MCLIC_AUTO_JSON json_t *answer = NULL;
	enum problem p = center_register(server_center(x->link->server), db, clock_now(), bearer(x),
					 x->body, x->len, &answer);

	return p ? p : reply_json(json_incref(answer), response);
}

static enum problem run_licences(struct exchange *x, struct db *db,
				 struct MHD_Response **response)
{
	struct mclic_response r;
	enum problem p;

	p = center_issue(server_center(x->link->server), db, clock_now(), x->body, x->len, &r,
			 &x->note);
	metrics_licence(&x->note, p);
	if (p)
		return p;
	return reply_typed(MHD_create_response_from_buffer(sizeof(r), &r, MHD_RESPMEM_MUST_COPY),
			   TYPE_RESPONSE, response);
}

static enum problem run_products(struct exchange *x, struct db *db,
				 struct MHD_Response **response)
{
	json_t *list = NULL;
	int ret = catalogue_list(db, false, &list);

	(void)x;
	return ret ? problem_of(ret) : reply_json(json_pack("{s:o}", "products", list), response);
}

static enum problem run_product(struct exchange *x, struct db *db, struct MHD_Response **response)
{
	__u8 did[MCLIC_ID_SIZE];
	json_t *product = NULL;
	int ret = -ENOENT;

	if (!mclic_unhex(x->argument, did, sizeof(did)))
		ret = catalogue_product(db, did, &product);
	if (ret == -ENOENT)
		return problem_refuse(PROBLEM_UNKNOWN_TITLE, "No title with this DID is registered "
				      "here");
	return ret ? problem_of(ret) : reply_json(product, response);
}

/** struct lent_list - a list that an answer is being sent from */
struct lent_list {
	struct center *center;
	struct center_list *list;
};

static void lent_list_free(void *cls)
{
	struct lent_list *lent = cls;

	revocation_put(lent->center, lent->list);
	free(lent);
}

static struct MHD_Response *lend_list(struct center *c, struct center_list *list, bool empty)
{
	struct lent_list *lent = malloc(sizeof(*lent));
	struct MHD_Response *r = NULL;

	if (lent) {
		*lent = (struct lent_list){ c, list };
		r = MHD_create_response_from_buffer_with_free_callback_cls(empty ? 0 : list->len,
				list->bytes, lent_list_free, lent);
	}
	if (!r) {
		free(lent);
		revocation_put(c, list);
	}
	return r;
}

static bool etag_matches(struct exchange *x, const char *etag)
{
	const char *v = MHD_lookup_connection_value(x->link->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_IF_NONE_MATCH);

	return v && (strstr(v, etag) || !strcmp(v, "*"));
}

static enum problem run_revocations(struct exchange *x, struct db *db,
				    struct MHD_Response **response)
{
	struct center *c = server_center(x->link->server);
	struct center_list *list = NULL;
	__u8 id[MCLIC_ID_SIZE];
	enum problem p;
	char etag[32];
	int ret;

	if (mclic_unhex(x->argument, id, sizeof(id)) || !mclic_equal(id, c->id, sizeof(id)))
		return problem_refuse(PROBLEM_UNKNOWN_CENTER, "This is not the center meant; "
				      "GET /v1/status tells which it is");
	ret = revocation_get(c, db, clock_now(), &list);
	if (ret)
		return problem_of(ret);
	snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)list->number);
	if (etag_matches(x, etag))
		x->status = MHD_HTTP_NOT_MODIFIED;
	x->reply_len = x->status ? 0 : list->len;
	p = reply_typed(lend_list(c, list, x->status), TYPE_REVOCATION, response);
	if (!p)
		MHD_add_response_header(*response, MHD_HTTP_HEADER_ETAG, etag);
	return p;
}

static enum problem run_health(struct exchange *x, struct db *db, struct MHD_Response **response)
{
	__u32 generation;
	int ret = keystore_current(db, &generation);

	(void)x;
	if (ret)
		return PROBLEM_BUSY;
	return reply_typed(MHD_create_response_from_buffer(3, (void *)"ok\n",
							   MHD_RESPMEM_PERSISTENT),
			   "text/plain; charset=utf-8", response);
}

static enum problem run_metrics(struct exchange *x, struct db *db, struct MHD_Response **response)
{
	(void)x;
	(void)db;
	return reply_text(metrics_text(), "text/plain; version=0.0.4; charset=utf-8", response);
}

static const struct route routes[] = {
	{ "/v1/status", "GET", NULL, ENDPOINT_STATUS, run_status },
	{ "/v1/enrol", "POST", TYPE_JSON, ENDPOINT_ENROL, run_enrol },
	{ "/v1/licences", "POST", TYPE_REQUEST, ENDPOINT_LICENCES, run_licences },
	{ "/v1/products", "GET", NULL, ENDPOINT_PRODUCTS, run_products },
	{ "/v1/products", "POST", TYPE_JSON, ENDPOINT_REGISTER, run_register },
	{ "/v1/products/", "GET", NULL, ENDPOINT_PRODUCT, run_product },
	{ "/v1/revocations/", "GET", NULL, ENDPOINT_REVOCATIONS, run_revocations },
	{ "/healthz", "GET", NULL, ENDPOINT_HEALTH, run_health },
	{ "/metrics", "GET", NULL, ENDPOINT_METRICS, run_metrics },
};

#define ROUTES	(sizeof(routes) / sizeof(routes[0]))

/* ---- finding them ---- */

static bool path_matches(const struct route *r, const char *path)
{
	size_t len = strlen(r->path);

	if (r->path[len - 1] != '/')
		return !strcmp(r->path, path);
	return !strncmp(r->path, path, len) && path[len] && !strchr(path + len, '/');
}

static bool method_matches(const struct route *r, const char *method)
{
	return !strcmp(r->method, method) ||
	       (!strcmp(method, "HEAD") && !strcmp(r->method, "GET"));
}

/* A content type is compared without its parameters. */
static bool type_matches(const struct exchange *x)
{
	const char *v = MHD_lookup_connection_value(x->link->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t len = v ? strcspn(v, "; \t") : 0;

	return !x->route->type ||
	       (len == strlen(x->route->type) && !strncasecmp(v, x->route->type, len));
}

const char *route_allow(const struct exchange *x)
{
	bool get = false, post = false;
	size_t i;

	for (i = 0; i < ROUTES; i++)
		if (path_matches(&routes[i], x->path)) {
			get |= !strcmp(routes[i].method, "GET");
			post |= !strcmp(routes[i].method, "POST");
		}
	if (get && post)
		return "GET, HEAD, POST";
	return post ? "POST" : "GET, HEAD";
}

void route_find(struct exchange *x)
{
	size_t i;

	x->problem = PROBLEM_NOT_FOUND;
	for (i = 0; i < ROUTES; i++) {
		if (!path_matches(&routes[i], x->path))
			continue;
		x->problem = PROBLEM_METHOD_NOT_ALLOWED;
		if (!method_matches(&routes[i], x->method))
			continue;
		x->route = &routes[i];
		x->argument = x->path + strlen(routes[i].path);
		x->problem = type_matches(x) ? PROBLEM_NONE : PROBLEM_UNSUPPORTED_TYPE;
		return;
	}
}
