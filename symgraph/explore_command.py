"""The command ``symgraph explore``: write the page of a network, or serve it and open it."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import symgraph

__all__ = ["EXAMPLES", "add_options", "made", "serve", "server_of"]

EXAMPLES = """examples:
  symgraph explore zoo:two-layer net.html
  symgraph explore "(w x - y)²" --wrt w --values '{"w": 0.5, "x": 2, "y": 3}'
  symgraph explore zoo:rnn,steps=4 rnn.html --steps --lang zh"""
HOST = "127.0.0.1"


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument(
        "page", nargs="?", type=Path, metavar="file", help="the page (default: serve and open it)"
    )
    command.add_argument(
        "--wrt", nargs="*", metavar="NAME", help="the parameters in a formula, which are trained"
    )
    command.add_argument(
        "--values", metavar="JSON", help="values of the variables: JSON, FILE.json or FILE.npz"
    )
    command.add_argument(
        "--data", metavar="FILE", help="what to train on: JSON, FILE.json or FILE.npz"
    )
    command.add_argument("--rate", type=float, default=0.1, help="of training (default: 0.1)")
    command.add_argument("--steps", action="store_true", help="write loops out, time by time")
    command.add_argument("--labels", choices=("symbolic", "numeric", "none"), default="symbolic")
    command.add_argument("--lang", choices=("en", "zh"), default="en")
    command.add_argument("--theme", choices=("light", "dark", "lecture", "print"), default="light")
    command.add_argument("--title", metavar="TEXT")
    command.add_argument(
        "--port", type=int, default=0, help="where to serve the page (default: a free one)"
    )
    command.add_argument(
        "--no-browser", action="store_true", help="serve the page without opening a browser"
    )


def made(loss: Any, options: argparse.Namespace) -> symgraph.Explorer:
    """The page that the options ask for."""
    from symgraph.given_values import read_values
    from symgraph.walks import variables

    names = [leaf.params[0] for leaf in variables([loss])]
    values = None if options.values is None else read_values(options.values, names)
    data = None if options.data is None else read_values(options.data, names)
    title = options.title
    if title is None and str(options.network).startswith("zoo:"):
        from symgraph import zoo

        title = zoo.title(options.network.removeprefix("zoo:").partition(",")[0])
    return symgraph.explore(
        loss, values=values, data=data, rate=options.rate, steps=options.steps,
        labels=options.labels, language=options.lang, theme=options.theme, title=title,
    )  # fmt: skip


def serve(page: symgraph.Explorer, port: int, browser: bool) -> None:
    """Serve a page on this machine alone until Ctrl-C.

    Raises RangeError for a port outside 0 to 65535, OSError for one that is taken.
    """
    with server_of(page, port) as server:
        address = f"http://{HOST}:{server.server_address[1]}/"
        print(address, flush=True)
        print("Ctrl-C ends it.", file=sys.stderr)
        if browser:
            webbrowser.open(address)
        server.serve_forever()


def server_of(page: symgraph.Explorer, port: int) -> ThreadingHTTPServer:
    """A server of one page, at / and nowhere else."""
    if not 0 <= port <= 65535:
        raise symgraph.RangeError(f"explore: port={port}; give one from 0 (any) to 65535.")
    body = page.html.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: every request is the reader's own."""

    return ThreadingHTTPServer((HOST, port), Handler)
