"""One page in each of three engines, by the few verbs that a duty needs. What a page asked for is known from our own
server, what it stores and shows from the page itself, so that no engine's driver has a say in what is found."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

FIREFOX = "firefox-esr"
WEBKIT = "WebKitWebDriver"
PATIENCE_SECONDS = 15

# The commands of W3C WebDriver: Firefox takes them by name (Marionette), a driver by path.
_PATHS = {
    "Navigate": "url",
    "Back": "back",
    "FindElement": "element",
    "ElementClick": "element/{id}/click",
    "ExecuteScript": "execute/sync",
    "PerformActions": "actions",
}
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " "}
_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "marionette.port": 0,  # a free one, told in a file of the profile
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "privacy.globalprivacycontrol.functionality.enabled": True,
    "remote.prefs.recommended": True,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class Engine(ABC):
    """A page."""

    name: str

    @abstractmethod
    def open(self, url: str) -> None: ...

    @abstractmethod
    def back(self) -> None: ...

    @abstractmethod
    def click(self, selector: str) -> None:
        """Once it is there, as a visitor would: what is covered cannot be clicked."""

    @abstractmethod
    def press(self, key: str) -> None: ...

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""

    def send_gpc(self, on: bool) -> bool:
        """Turn Global Privacy Control on or off; False from an engine that does not have it."""
        return False

    def until(self, expression: str) -> Any:
        """Its value as soon as it is true; a page that is just being left has none."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if found := self.evaluate(expression):
                    return found
                last = repr(found)
            except Exception as error:  # each driver has its own
                last = repr(error)
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} waits in vain for {expression}: {last}")
            time.sleep(0.02)


class Chromium(Engine):
    name = "chromium"

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_context().new_page()
        self.page.set_default_timeout(PATIENCE_SECONDS * 1000)

    def open(self, url: str) -> None:
        self.page.goto(url)

    def back(self) -> None:
        self.page.evaluate("() => { setTimeout(() => history.back()) }")

    def click(self, selector: str) -> None:
        self.page.click(selector)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def evaluate(self, expression: str) -> Any:
        return self.page.evaluate(f"() => ({expression})")


class WebDriver(Engine):
    """By the W3C's commands, whichever way they travel."""

    @abstractmethod
    def send(self, command: str, parameters: dict[str, Any]) -> Any: ...

    def open(self, url: str) -> None:
        self.send("Navigate", {"url": url})

    def back(self) -> None:
        self.send("Back", {})

    def click(self, selector: str) -> None:
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        found = self.send("FindElement", {"using": "css selector", "value": selector})
        self.send("ElementClick", {"id": found[_ELEMENT]})

    def press(self, key: str) -> None:
        value = _KEYS[key]
        acts = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.send("PerformActions", {"actions": [{"type": "key", "id": "keyboard", "actions": acts}]})

    def evaluate(self, expression: str) -> Any:
        return self.send("ExecuteScript", {"script": f"return ({expression})", "args": []})


class Firefox(WebDriver):
    name = "firefox"

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._ids = itertools.count(1)
        self._read()  # it says hello
        self.send("NewSession", {})

    def send_gpc(self, on: bool) -> bool:
        self.send("Marionette:SetContext", {"value": "chrome"})
        self.evaluate(f"Services.prefs.setBoolPref('privacy.globalprivacycontrol.enabled', {json.dumps(on)})")
        self.send("Marionette:SetContext", {"value": "content"})
        return True

    def send(self, command: str, parameters: dict[str, Any]) -> Any:
        name = command if ":" in command else f"WebDriver:{command}"
        text = json.dumps([0, next(self._ids), name, parameters])
        self._stream.write(f"{len(text.encode())}:{text}".encode())
        self._stream.flush()
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result

    def _read(self) -> Any:
        size = b"".join(iter(lambda: self._stream.read(1), b":"))
        return json.loads(self._stream.read(int(size)))


class WebKit(WebDriver):
    name = "webkit"

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": {"args": ["--automation"]}}
        session = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"

    def send(self, command: str, parameters: dict[str, Any]) -> Any:
        path = _PATHS[command].format_map(parameters)
        return self._post(f"{self._session}/{path}", parameters)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        value = json.loads(answer.read())["value"]
        if answer.status != 200:
            raise RuntimeError(f"{path}: {value['error']}: {value['message']}")
        return value


@contextmanager
def firefox() -> Iterator[Firefox]:
    with tempfile.TemporaryDirectory(prefix="firefox-") as profile:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items())
        Path(profile, "user.js").write_text("".join(lines), "utf-8")
        port = Path(profile, "MarionetteActivePort")
        options = ("--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile)
        with _running(FIREFOX, *options, environment={"HOME": profile}):
            found = _until(lambda: port.is_file() and port.read_text("utf-8"))
            with socket.create_connection(("127.0.0.1", int(found))) as connection:
                yield Firefox(connection)


@contextmanager
def webkit() -> Iterator[WebKit]:
    """In a window of a display of its own: this engine has no headless form."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="webkit-", ignore_cleanup_errors=True))
        reading, writing = os.pipe()
        screen = ("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp")
        stack.enter_context(_running(*screen, pass_fds=(writing,)))
        os.close(writing)
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        port = _free_port()
        settings = {
            "DISPLAY": display,
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
            "GSETTINGS_BACKEND": "memory",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # it opens our own pages only, and containers have no room
        }
        stack.enter_context(_running(WEBKIT, f"--port={port}", environment=settings))
        _until(lambda: _answers(port))
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            yield WebKit(connection)


@contextmanager
def _running(
    *command: str, environment: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> Iterator[None]:
    if not shutil.which(command[0]):
        raise FileNotFoundError(f"{command[0]} is missing: run scripts/system")
    with subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        pass_fds=pass_fds,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # with its helpers; there is nothing to keep


def _until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (value := found()):
        if time.monotonic() > deadline:
            raise TimeoutError("the browser does not answer")
        time.sleep(0.05)
    return value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
