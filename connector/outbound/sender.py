"""Sends one request to a service, without what `requests.Session` does anew for each request.

A session searches the environment for proxies, certificates and a netrc file, builds the URL from its parts, and keeps
cookies. Here HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE are read once, when the client is made. There are no cookies,
no redirects and no netrc, which would replace the connector's token.
"""

import json as json_text
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

_ALWAYS_WITH_LENGTH = ("POST", "PUT", "PATCH", "DELETE")


class Sender:
    """Safe to use from as many threads as its adapter has connections."""

    def __init__(self, endpoint: str, adapter: HTTPAdapter, load: Callable[[requests.Response], None]) -> None:
        """`endpoint` is the URL that all paths are relative to; `load` reads a response's body, and may refuse it."""
        self._adapter = adapter
        self._load = load
        with requests.Session() as session:
            self.endpoint = str(requests.Request("GET", endpoint).prepare().url).rstrip("/")
            found = session.merge_environment_settings(self.endpoint, {}, None, None, None)
            self._headers = {name: str(value) for name, value in session.headers.items()}
        self._proxies = dict(found["proxies"] or {})
        self._verify = True if found["verify"] is None else found["verify"]

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        timeout: Any,
        json: Any = None,
        data: Any = None,
        stream: bool = False,
    ) -> requests.Response:
        """The response, with its body unless `stream`. Raises requests.RequestException, and what
        `load` raises.

        `data` is bytes, or an iterable of bytes that has a length. `path` is relative to the endpoint, and quoted.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.url = f"{self.endpoint}/{path}" + (f"?{urlencode(query)}" if query else "")
        request.headers = CaseInsensitiveDict({**self._headers, **headers})
        if json is not None:
            data = json_text.dumps(json, allow_nan=False).encode()
            request.headers["Content-Type"] = "application/json"
        request.body = data
        if data is not None or method in _ALWAYS_WITH_LENGTH:
            request.headers["Content-Length"] = str(0 if data is None else len(data))
        response = self._adapter.send(request, True, timeout, self._verify, proxies=self._proxies)
        if not stream:
            self._load(response)
        return response
