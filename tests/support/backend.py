# Copyright (C) 2026 paylock contributors
#
# An HTTP server behind nginx that records the requests it gets.

import http.server
import threading


class Recorded:
    """A request as it reached the backend."""

    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"<{self.method} {self.path}>"


class Backend:
    """An HTTP/1.1 server that records each request before it answers."""

    def __init__(self):
        self.requests = []
        self.answers = {}
        self.default = None             # the body where answers has none
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                # a line that is no request is seen, too
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def send_error(self, code, *args, **kw):
                backend.requests.append(
                    Recorded("?", self.raw_requestline.decode("latin-1"),
                             {}, b""))
                super().send_error(code, *args, **kw)

            def body(self):
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    data = b""
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        data += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return data
                return self.rfile.read(int(
                    self.headers.get("Content-Length", 0)))

            def answer(self):
                request = Recorded(self.command, self.path, self.headers, b"")
                backend.requests.append(request)
                request.body = self.body()
                status, headers, body = backend.answers.get(
                    self.path.partition("?")[0],
                    (200, {}, backend.default
                     or f"backend: {self.command} {self.path}\n"))
                self.send_response(status)
                self.send_header("X-Backend", "yes")
                for name, value in headers.items():
                    self.send_header(name, value)
                body = body.encode() if isinstance(body, str) else body
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer
            do_OPTIONS = do_PATCH = do_TRACE = answer

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def answer(self, path, status=200, headers=None, body=""):
        """Sets the answer to requests of this path."""
        self.answers[path] = (status, headers or {}, body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(120)
        assert not self.thread.is_alive()
