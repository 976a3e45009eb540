"""A real HTTP server on this machine that speaks the OpenAI protocol, as a test lets it."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-of-the-test"
Answer = Callable[[dict[str, Any], int], Any]


class Server:
    """Answers chat completions; `behave` may return a status, text or a time to hang."""

    def __init__(self, behave: Answer):
        self.behave, self.most, self._now = behave, 0, 0
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    outer.requests.append(
                        (self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                    )
                    outer._now += 1
                    outer.most = max(outer.most, outer._now)
                    number = len(outer.requests)
                answer = outer.behave(body, number)
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = 500
                with outer._lock:
                    outer._now -= 1
                status = answer if isinstance(answer, int) else 200
                content = answer if isinstance(answer, str) else json.dumps(answer)
                message = {"role": "assistant", "content": content}
                reply = {
                    "id": "x", "object": "chat.completion", "created": 0, "model": "parrot",
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
                }  # fmt: skip
                payload = json.dumps(reply if status == 200 else {"error": {"message": "no"}})
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload.encode())))
                if status == 429:
                    self.send_header("retry-after-ms", "10")
                self.end_headers()
                self.wfile.write(payload.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
