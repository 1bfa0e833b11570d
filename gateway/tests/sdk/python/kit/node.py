"""A running node: the real program on a free port with a data folder of its own, over its life's ends and beginnings."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import tempfile
import time
import urllib.error
import urllib.request
import uuid

API_KEY = "key-of-the-server-api"
JWT_SECRET = "a secret shared with the identity provider"
STORY_SETTINGS = {
    "realtime.open_channels": "true",
    "limits.publish_per_second": "0",
    "auth.jwt.hmac_secret": JWT_SECRET,
    "api.key": API_KEY,
}

_START_SECONDS = 30
_STOP_SECONDS = 40
_LOG_LINES_KEPT = 400


class Node:
    """Starts in `begin`, dies in `kill9`, and always comes back on the same port with the same data."""

    def __init__(self, settings=None, *words):
        self._settings = STORY_SETTINGS if settings is None else settings
        self._words = words
        self._folder = tempfile.TemporaryDirectory(prefix="plenum-", ignore_cleanup_errors=True)
        self._process = None
        self._readers = []
        self._log = []
        self.port = 0

    @property
    def http(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket(self):
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    @property
    def log(self):
        return "\n".join(self._log)

    async def begin(self):
        self._process = await asyncio.create_subprocess_exec(
            os.environ["PLENUM_BIN"],
            *("serve", "--listen", f"127.0.0.1:{self.port}", "--data", self._folder.name, *self._words),
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._readers = [asyncio.create_task(self._keep_log(self._process.stderr))]
        line = await asyncio.wait_for(self._process.stdout.readline(), _START_SECONDS)
        listening = re.fullmatch(rb"listening on http://127\.0\.0\.1:(\d+)\n", line)
        assert listening, f"the first line is not the address: {line!r}\n{self.log}"
        self.port = int(listening[1])
        self._readers.append(asyncio.create_task(self._process.stdout.read()))

    async def kill9(self):
        """The process dies at once."""
        self._process.send_signal(signal.SIGKILL)
        code = await self._ended()
        assert code == -signal.SIGKILL, f"the node had ended by itself with {code}\n{self.log}"

    async def stop(self):
        """Ends it politely and expects exit code 0."""
        self._process.send_signal(signal.SIGTERM)
        code = await self._ended()
        assert code == 0, f"the node ended with {code}\n{self.log}"

    async def close(self):
        try:
            if self._process is not None:
                await self.kill9()
        finally:
            self._folder.cleanup()

    async def _ended(self):
        process, self._process = self._process, None
        code = await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        await asyncio.gather(*self._readers)
        return code

    async def _keep_log(self, stream):
        while line := await stream.readline():
            self._log.append(line.decode(errors="replace").rstrip())
            del self._log[:-_LOG_LINES_KEPT]

    def _environment(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLENUM_")}
        given = {f"PLENUM_{key.replace('.', '__').upper()}": value for key, value in self._settings.items()}
        return {**inherited, **given}

    async def call(self, method, path, *, token=None, body=None, status=200, headers=None):
        """One HTTP call; gives the JSON of the answer, which must have the given status."""
        return await asyncio.to_thread(self._call, method, path, token, body, status, headers or {})

    def _call(self, method, path, token, body, status, headers):
        request = urllib.request.Request(f"{self.http}{path}", method=method, headers=dict(headers))
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                code, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read()
        assert code == status, f"{method} {path} answers {code} {text!r}"
        return json.loads(text) if text else None

    async def registers(self, name=None):
        """A new account: `user_id`, `username`, `access_token`, `refresh_token`."""
        body = {"username": name or f"user-{uuid.uuid4().hex[:8]}", "password": "correct horse battery staple"}
        return await self.call("POST", "/register", body=body, status=201)


def _encode(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(claims, secret=JWT_SECRET):
    """A token (HS256) as an outside identity provider signs it."""
    text = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def connection_token(user, seconds=None):
    return jwt({"sub": user} if seconds is None else {"sub": user, "exp": int(time.time()) + seconds})


def subscription_token(user, channel, seconds=None):
    claims = {"sub": user, "channel": channel}
    return jwt(claims if seconds is None else {**claims, "exp": int(time.time()) + seconds})
