// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dribble - send standard input to a TCP port, as slowly and as often as one likes
 *
 *	dribble [-n CONNECTIONS] [-b BYTES] [-t MILLISECONDS] [-m SECONDS] [-s ADDRESS] PORT
 *
 * Each connection (one) sends BYTES (all) every MILLISECONDS (100), from source ADDRESS
 * (127.0.0.1) to 127.0.0.1, and waits for the peer to close. What the first one gets goes
 * to standard output. On standard error: "closed N of M, last after S s".
 *
 * Exit status: 0 the peer closed all within SECONDS (60); 1 it did not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX	2000
#define INPUT_MAX	(8u << 20)

static char input[INPUT_MAX];
static size_t input_len;
static struct {
	int fd;
	size_t sent;
} links[CONNECTIONS_MAX];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(const char *source, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, source, &a.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	a.sin_port = htons((unsigned short)port);
	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What came; false when the peer has closed. */
static bool listen_to(unsigned int i)
{
	char buf[65536];
	ssize_t got;

	while ((got = recv(links[i].fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		if (!i && fwrite(buf, (size_t)got, 1, stdout) != 1)
			exit(2);
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void talk(unsigned int i, size_t bytes)
{
	size_t left = input_len - links[i].sent;
	ssize_t put;

	if (!left)
		return;
	put = send(links[i].fd, input + links[i].sent, left < bytes ? left : bytes,
		   MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put > 0)
		links[i].sent += (size_t)put;
}

int main(int argc, char **argv)
{
	unsigned int count = 1, open, i;
	size_t bytes = INPUT_MAX;
	const char *source = "127.0.0.1";
	int opt, tick = 100;
	double start, limit = 60;

	while ((opt = getopt(argc, argv, "n:b:t:m:s:")) != -1) {
		switch (opt) {
		case 'n':
			count = (unsigned int)atoi(optarg);
			break;
		case 'b':
			bytes = (size_t)atol(optarg);
			break;
		case 't':
			tick = atoi(optarg);
			break;
		case 'm':
			limit = atof(optarg);
			break;
		case 's':
			source = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc || count > CONNECTIONS_MAX)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	input_len = fread(input, 1, sizeof(input), stdin);
	for (i = 0; i < count; i++)
		links[i].fd = dial(source, atoi(argv[optind]));
	start = now();
	do {
		for (open = 0, i = 0; i < count; i++) {
			if (links[i].fd < 0)
				continue;
			talk(i, bytes);
			if (listen_to(i)) {
				open++;
				continue;
			}
			close(links[i].fd);
			links[i].fd = -1;
		}
		poll(NULL, 0, open ? tick : 0);
	} while (open && now() - start < limit);
	fprintf(stderr, "closed %u of %u, last after %.0f s\n", count - open, count, now() - start);
	return open != 0;
}
