"""The model client that the settings choose, and what its errors mean for a caller."""

import openai
from autogen_core.models import ChatCompletionClient, ModelInfo
from autogen_ext.models.openai import AzureOpenAIChatCompletionClient, OpenAIChatCompletionClient
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider

from .errors import ModelFailed
from .scripted_model import ScriptedModel
from .settings import AzureOpenAI, OpenAI, Settings

_SECONDS, _RETRIES = 90.0, 2
_OPENAI = "https://api.openai.com/v1"
_AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
# AutoGen knows the models of OpenAI by name. The name of a deployment, or of another vendor's model, tells it nothing.
_ANY_MODEL = ModelInfo(
    vision=False, function_calling=True, json_output=False, family="unknown", structured_output=False
)


class Model:
    """A model client, with its name for people, and what to close with it."""

    def __init__(
        self, client: ChatCompletionClient, name: str, *, credential: DefaultAzureCredential | None = None
    ) -> None:
        self.client, self.name = client, name
        self._credential = credential

    @property
    def is_scripted(self) -> bool:
        """Whether no model is set, so that a fixed script answers."""
        return isinstance(self.client, ScriptedModel)

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()
        if self._credential is not None:
            await self._credential.close()


def make_model(settings: Settings) -> Model:
    """The model of the settings, or the scripted one. It makes no call."""
    match settings.model:
        case OpenAI(model, api_key, base_url):
            client: ChatCompletionClient = OpenAIChatCompletionClient(
                model=model,
                api_key=api_key,
                base_url=base_url or _OPENAI,
                model_info=_ANY_MODEL,
                timeout=_SECONDS,
                max_retries=_RETRIES,
            )
            return Model(client, model)
        case AzureOpenAI(endpoint, deployment, api_version):
            credential = DefaultAzureCredential(managed_identity_client_id=settings.client_id)
            client = AzureOpenAIChatCompletionClient(
                model=deployment,
                azure_endpoint=endpoint,
                azure_deployment=deployment,
                api_version=api_version,
                azure_ad_token_provider=get_bearer_token_provider(credential, _AZURE_SCOPE),
                model_info=_ANY_MODEL,
                timeout=_SECONDS,
                max_retries=_RETRIES,
            )
            return Model(client, deployment, credential=credential)
        case _:
            return Model(ScriptedModel(), "scripted")


def model_failure(error: Exception) -> ModelFailed:
    """What a caller reads about an exception of a model client. The exception's own text may have requests in it."""
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError() | ClientAuthenticationError():
            return ModelFailed(
                "The model does not accept the app's key or identity. Check the model's settings or role."
            )
        case openai.NotFoundError():
            return ModelFailed("The model's endpoint has no such model or deployment. Check its name and address.")
        case openai.RateLimitError():
            return ModelFailed("The model has no capacity left for the app. Try again later.", retry_after_seconds=30)
        case openai.BadRequestError():
            return ModelFailed(
                "The model refused the request: it may be too long, or against its content policy. Word the message "
                "differently, or begin a new conversation."
            )
        case openai.APIConnectionError() | openai.InternalServerError():
            return ModelFailed("The model did not answer. Try again in a moment.", retry_after_seconds=10)
        case _:
            return ModelFailed("The model's answer could not be used. Send the message again.")
