"""The connector itself, as a custom connector: made of the document that a running one serves."""

from collections.abc import Mapping

import requests

from workflow_player.flow import CUSTOM_API
from workflow_player.messages import Request, Response, over_http
from workflow_player.services.operations import Service
from workflow_player.services.swagger import operations_of


class CodeInterpreter(Service):
    """`url` is that of the API, such as http://127.0.0.1:7071/api; `headers` are what the connection has stored."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        with requests.Session() as session:
            session.trust_env = False
            response = session.get(f"{self._url}/swagger.json", timeout=30)
        response.raise_for_status()
        super().__init__(CUSTOM_API, operations_of(response.json()))

    def send(self, request: Request, seconds: float) -> Response:
        url = request.url if "://" in request.url else self._url + request.url
        headers = {**request.headers, **(self._headers if "://" not in request.url else {})}
        return over_http(Request(request.method, url, request.queries, headers, request.body), seconds)


def code_interpreter(url: str, headers: Mapping[str, str] | None = None) -> CodeInterpreter:
    return CodeInterpreter(url, headers or {})
