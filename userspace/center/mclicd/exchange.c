// SPDX-License-Identifier: GPL-2.0-or-later
/* A request, from its request line to its last byte, and its answer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "server.h"

/* ---- answering ---- */

/* What the client is told where our own sentence is for the operator. */
static const char *problem_detail(const struct exchange *x, enum problem p)
{
	switch (p) {
	case PROBLEM_BUSY:
		return "Nothing can be recorded at the moment; try again";
	case PROBLEM_INTERNAL:
		return "The operator's log has more";
	case PROBLEM_NOT_FOUND:
		return "Documentation/protocol.rst lists the addresses";
	case PROBLEM_METHOD_NOT_ALLOWED:
		return "The header Allow lists the methods of this address";
	case PROBLEM_UNSUPPORTED_TYPE:
		problem_refuse(p, "This address takes a body of type %s", x->route->type);
		return mclic_message();
	case PROBLEM_BAD_HTTP:
		return "A request has a line, a Host, and a length in digits or in chunks, as RFC "
		       "9112 says; mend the client";
	case PROBLEM_HTTP_VERSION:
		return "This is a server for HTTP/1.1 and 1.0";
	case PROBLEM_URI_TOO_LONG:
	case PROBLEM_HEAD_TOO_LARGE:
		return "The head of a request, its first line included, has to fit into 32 KiB";
	case PROBLEM_TOO_SLOW:
		problem_refuse(p, "A request has to be whole within %u seconds, without a pause of "
			       "%u; make it again", REQUEST_SECONDS, IDLE_SECONDS);
		return mclic_message();
	case PROBLEM_TOO_LARGE:
		problem_refuse(p, "A body has at most %u bytes", BODY_MAX);
		return mclic_message();
	default:
		return mclic_message();
	}
}

static struct MHD_Response *problem_response(struct exchange *x, enum problem p)
{
	MCLIC_AUTO_JSON json_t *j = problem_json(p, problem_detail(x, p));
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct MHD_Response *r;

	if (!text)
		return NULL;
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!r) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, TYPE_PROBLEM);
	if (p == PROBLEM_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, route_allow(x));
	if (p == PROBLEM_BAD_TOKEN)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (p == PROBLEM_BUSY)
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return r;
}

static enum problem exchange_run(struct exchange *x, struct MHD_Response **response)
{
	enum problem p = x->problem;
	struct db *db;

	if (p)
		return p;
	if (x->length > BODY_MAX)
		return PROBLEM_TOO_LARGE;
	p = problem_of(server_db(x->link->server, &db));
	return p ? p : x->route->run(x, db, response);
}

static enum MHD_Result exchange_answer(struct exchange *x)
{
	struct MHD_Response *r = NULL;
	enum MHD_Result queued;

	if (!watch_reply(x->link->watch, 0) || server_is_over(x->link->server))
		return MHD_NO;
	x->answer = exchange_run(x, &r);
	if (x->answer == PROBLEM_BUSY)
		metrics_busy();
	if (x->answer == PROBLEM_BUSY || x->answer == PROBLEM_INTERNAL)
		log_line("error", problem_name(x->answer), json_pack("{s:s}", "message",
								    mclic_message()));
	if (x->answer) {
		r = problem_response(x, x->answer);
		x->status = problem_status(x->answer);
	} else if (!x->status) {
		x->status = MHD_HTTP_OK;
	}
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	watch_reply(x->link->watch, x->reply_len);
	queued = hook_queue(x->link->connection, x->status, r);
	MHD_destroy_response(r);
	return queued;
}

/* ---- a request, from its head to its end ---- */

static void exchange_free(struct exchange *x)
{
	if (x->body)
		mclic_wipe(x->body, x->len);
	free(x->body);
	free(x->method);
	free(x->path);
	free(x);
}

struct exchange *exchange_new(struct link *l)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->link = l;
	l->exchange = x;
	x->started = clock_monotonic();
	server_enter(l->server);
	return x;
}

void *on_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct link *l = link_of(connection);

	(void)cls;
	(void)uri;
	return l ? exchange_new(l) : NULL;
}

/* The library has judged Content-Length's form already. */
static bool exchange_is_huge(const struct exchange *x)
{
	const char *v = MHD_lookup_connection_value(x->link->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_CONTENT_LENGTH);

	return v && strtoull(v, NULL, 10) > SWALLOW_MAX;
}

/*
 * What is too much is read and dropped, so that the client gets to read why: the library
 * takes no answer in the middle of a body. The deadline ends one without end.
 */
static bool exchange_store(struct exchange *x, const char *data, size_t len)
{
	x->length += len;
	if (x->problem || x->length > BODY_MAX || !x->route->type)
		return true;
	if (!x->body)
		x->body = malloc(BODY_MAX);	/* grown, it would be copied for every chunk */
	if (!x->body)
		return false;
	memcpy(x->body + x->len, data, len);
	x->len += len;
	return true;
}

/* The head is there. */
static enum MHD_Result exchange_begin(struct exchange *x, const char *method, const char *path)
{
	x->method = strdup(method);
	x->path = strdup(path);
	if (!x->method || !x->path)
		return MHD_NO;
	route_find(x);
	if (!framing_is_plain(x->link->connection))
		x->problem = PROBLEM_BAD_HTTP;
	else if (exchange_is_huge(x))
		x->problem = PROBLEM_TOO_LARGE;
	else
		return MHD_YES;
	linger_add(x->link->fd);
	return exchange_answer(x);
}

enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	struct link *l = link_of(connection);
	struct exchange *x = l ? l->exchange : NULL;

	(void)cls;
	(void)version;
	(void)state;
	if (!x || watch_is_late(l->watch))
		return MHD_NO;
	if (!x->method)
		return exchange_begin(x, method, url);
	if (!*data_len)
		return exchange_answer(x);
	if (!exchange_store(x, data, *data_len))
		return MHD_NO;
	*data_len = 0;
	return MHD_YES;
}

static json_t *remote_address(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN] = "";

	if (a && a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof(text));
	else if (a && a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
			  sizeof(text));
	return json_string(text);
}

static void exchange_log(const struct exchange *x, __u64 microseconds)
{
	char hash[2 * MCLIC_HASH_SIZE + 1], id[2 * MCLIC_ID_SIZE + 1];
	json_t *line = json_object();

	json_object_set_new(line, "method", log_text(x->method ? x->method : ""));
	json_object_set_new(line, "path", log_text(x->path ? x->path : ""));
	json_object_set_new(line, "status", json_integer(x->status));
	json_object_set_new(line, "ms", json_real((double)microseconds / 1000));
	json_object_set_new(line, "remote", remote_address(x->link->connection));
	if (x->answer)
		json_object_set_new(line, "problem", json_string(problem_name(x->answer)));
	if (x->note.operation) {
		mclic_hex(x->note.request_hash, MCLIC_HASH_SIZE, hash);
		json_object_set_new(line, "request", json_stringn(hash, 16));
	}
	if (!mclic_is_zero(x->note.licence_id, MCLIC_ID_SIZE)) {
		mclic_hex(x->note.licence_id, MCLIC_ID_SIZE, id);
		json_object_set_new(line, "licence", json_string(id));
		json_object_set_new(line, "repeated", json_boolean(x->note.repeated));
	}
	log_line("info", "request", line);
}

void exchange_refuse(struct exchange *x, enum problem p)
{
	if (!refusal_send(x->link, p, problem_detail(x, p)))
		return;
	x->answer = p;
	x->status = problem_status(p);
}

void exchange_over(struct exchange *x)
{
	struct server *s = x->link->server;
	struct timespec now = clock_monotonic();
	__u64 spent;

	spent = (__u64)(now.tv_sec - x->started.tv_sec) * 1000000 +
		(__u64)((now.tv_nsec - x->started.tv_nsec) / 1000);
	metrics_request(x->route ? x->route->endpoint : ENDPOINT_OTHER, x->status, spent);
	exchange_log(x, spent);
	x->link->exchange = NULL;
	exchange_free(x);
	server_leave(s);
}

/*
 * Without an answer the client was silent, or late (one that still sent is refused by
 * on_request()), or it went away.
 */
void on_completed(void *cls, struct MHD_Connection *connection, void **state,
		  enum MHD_RequestTerminationCode how)
{
	struct link *l = link_of(connection);
	struct exchange *x = l ? l->exchange : NULL;

	(void)cls;
	(void)state;
	if (!x)
		return;
	if (!x->status &&
	    (how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED || watch_is_late(l->watch)))
		exchange_refuse(x, PROBLEM_TOO_SLOW);
	if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		l->closing = true;
	exchange_over(x);
	link_heard(l);
	watch_request(l->watch);
}
