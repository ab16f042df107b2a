"""A sales report in one session: three files go up, Python makes figures and a chart of them, the chart comes down.

`python -m examples.sales_report` plays it and prints every request and answer on the way. What is sent to be run
is in `steps/`, what is uploaded and where it comes from in `data/`.
"""
