"""The program that answers the client: every page has the name of its host.

web_server.py NAME
"""

import http.server
import socketserver
import sys


class WebServer(http.server.ThreadingHTTPServer):
    """Answers every GET with the name of its host."""

    def __init__(self, name: str) -> None:
        page = f"{name}\n".encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        super().__init__(("", 80), Handler)

    def server_bind(self) -> None:
        # The library would look up the machine's name in the DNS, which is out of reach here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]


if __name__ == "__main__":
    WebServer(sys.argv[1]).serve_forever()
