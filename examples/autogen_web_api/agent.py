"""The agent: what the model is asked to be, and the tool with which it runs Python.

An AssistantAgent with PythonCodeExecutionTool: a model that can call tools decides itself whether a message needs code,
reads the error of a run as the tool's result, and corrects it within the same answer. A CodeExecutorAgent takes code
from Markdown in the model's text; before each further try it asks the model for a decision as structured output, and
adds the user's message to the conversation again.
"""

from autogen_agentchat.agents import AssistantAgent
from autogen_core.code_executor import CodeExecutor
from autogen_core.models import ChatCompletionClient
from autogen_ext.tools.code_execution import PythonCodeExecutionTool

INSTRUCTIONS = """\
You answer questions by writing Python and running it with the tool CodeExecutor, whenever that is more certain than \
what you know: for calculations, dates, data and charts.
- Variables, imports and files persist from call to call. The working directory is /mnt/data, where the user's files \
are. Only files written there can be downloaded. There is no internet access.
- Print what you need to know, or end with an expression.
- Draw charts with matplotlib and call plt.show(). The user sees images and files of your runs beside your answer: do \
not write links to them.
- If a run fails, read the error and its hint, correct the code and run it again. If it still fails after some tries, \
state what does not work.
- Answer in a few sentences, with the figures that the code returned."""


def make_agent(executor: CodeExecutor, client: ChatCompletionClient, most_runs: int) -> AssistantAgent:
    """An agent for one conversation. After `most_runs` rounds of code, the model has to answer with text."""
    return AssistantAgent(
        name="assistant",
        model_client=client,
        tools=[PythonCodeExecutionTool(executor)],
        system_message=INSTRUCTIONS,
        max_tool_iterations=most_runs,
        reflect_on_tool_use=True,
    )
