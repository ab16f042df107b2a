"""A sales report in one session: upload three files, compute figures and a chart with Python, download the chart.

`python -m examples.sales_report` runs the demo and prints every request and response. `steps/` has the code that runs
in the session; `data/` has the files that are uploaded, and documents their sources.
"""
