"""How the app authenticates to the connector: with a function key, or with tokens of Entra ID, which are renewed."""

from typing import Protocol

from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential

from .errors import ConnectorRefused


class SignIn(Protocol):
    """Makes the headers of each request."""

    async def headers(self) -> dict[str, str]:
        """Raises ConnectorRefused if it gets no token."""
        ...

    async def close(self) -> None:
        """Closes connections."""
        ...


class KeySignIn:
    """A function key; none for a connector that requires none, such as the emulator without `--keys`."""

    def __init__(self, key: str | None) -> None:
        self._headers = {"x-functions-key": key} if key else {}

    async def headers(self) -> dict[str, str]:
        return self._headers

    async def close(self) -> None:
        return None


class EntraSignIn:
    """The app's identity: a managed identity on Azure, the account of `az login` on a developer's machine.

    The credential keeps a token in memory and requests the next one before that expires, so each request asks for it.
    """

    def __init__(self, audience: str, client_id: str | None = None) -> None:
        self._scope = f"{audience.rstrip('/')}/.default"
        self._credential = DefaultAzureCredential(managed_identity_client_id=client_id)

    async def headers(self) -> dict[str, str]:
        try:
            token = await self._credential.get_token(self._scope)
        except ClientAuthenticationError as error:
            raise ConnectorRefused(
                "The app got no token of Entra ID for the connector. Give it a managed identity, or sign in with "
                "`az login`, and check CONNECTOR_AUDIENCE."
            ) from error
        return {"Authorization": f"Bearer {token.token}"}

    async def close(self) -> None:
        await self._credential.close()
