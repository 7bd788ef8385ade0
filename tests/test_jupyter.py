"""How the course starts Jupyter."""

from types import SimpleNamespace

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from dgm_course import jupyter


def test_a_message_to_the_page_does_not_wait_for_the_one_before(monkeypatch):
    asked = []
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: asked.append("connected"))
    connection = jupyter.PromptConnection.__new__(jupyter.PromptConnection)
    monkeypatch.setattr(
        jupyter.PromptConnection, "websocket_handler", SimpleNamespace(set_nodelay=asked.append)
    )
    connection.connect()
    assert asked == [True, "connected"]
