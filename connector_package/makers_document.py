"""The operations as makers import them: Swagger 2.0 for an address."""

from typing import Any
from urllib.parse import urlsplit

import yaml

from .package import ROOT

Json = dict[str, Any]


def makers_document(base_url: str) -> Json:
    """A stand-in for the derived document: names and texts of the operations, without parameters and schemas."""
    source: Json = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    address = urlsplit(base_url)
    paths: Json = {}
    for path, item in source["paths"].items():
        for method, operation in item.items():
            media = (
                operation.get("requestBody", {}).get("content", {"application/json": {}})
                if method != "parameters"
                else {}
            )
            if method in ("parameters", "head") or operation.get("security") == [] or "application/json" not in media:
                continue
            texts = {name: operation[name] for name in ("operationId", "summary", "description")}
            paths.setdefault(path, {})[method] = {**texts, "responses": {"200": {"description": "Success."}}}
    return {
        "swagger": "2.0",
        "info": source["info"],
        "host": address.netloc,
        "schemes": [address.scheme],
        "basePath": address.path,
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
        "securityDefinitions": source["components"]["securitySchemes"],
        "security": source["security"],
    }
