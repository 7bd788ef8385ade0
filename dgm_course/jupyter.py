"""How the course starts Jupyter: without asking anyone for anything, and without a stop at every frame of a demo.

A lecture hall needs no network: nothing is loaded from elsewhere, and nobody is asked for news.

A server that sends a small message may hold the next one back until the first is acknowledged (Nagle's algorithm), and
a browser may wait for 40 ms before it acknowledges, in case it has something to send as well (delayed acknowledgement).
A slider's answer is such a pair: its value, and then the picture. Tornado leaves the choice to the server, and
Jupyter's server does not make that choice; here each message goes at once.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

SHARE = Path(__file__).parent / "share"  # holds the course's template for Voilà


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The connection of a page to its kernel, with TCP_NODELAY set."""

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def command(folder: Path, *options: str) -> list[str]:
    """What starts JupyterLab in a folder, and Voilà with it."""
    return [
        *(sys.executable, "-m", "jupyterlab", str(folder)),
        f"--ServerApp.kernel_websocket_connection_class={__name__}.{PromptConnection.__name__}",
        "--VoilaConfiguration.template=dgm",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *options,
    ]


def alone(home: Path) -> dict[str, str]:
    """The variables under which it keeps to a folder, with nothing of this machine's own settings, and leaves all cells
    in the page, in sight or not."""
    settings = home / "CONFIG/lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8")
    kept = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    return {**os.environ, **kept, "IPYTHONDIR": str(home / "ipython"), "HOME": str(home)}


def environment(own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables under which it finds what the course adds to Jupyter."""
    return {**own, "JUPYTER_PATH": os.pathsep.join(filter(None, [str(SHARE), own.get("JUPYTER_PATH")]))}
