"""What a server imports: `uvicorn autogen_web_api.main:app`. The settings are the environment's."""

import logging
import os
import sys
import warnings

from .app import create_app
from .settings import SettingsError, read_settings

logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
logging.getLogger(__package__).setLevel(logging.INFO)
# AutoGen expects the name of a model, and a deployment of Azure OpenAI has a name of its own.
warnings.filterwarnings("ignore", message="Resolved model mismatch")
try:
    app = create_app(read_settings(os.environ))
except SettingsError as error:
    sys.exit(str(error))
