"""The Playground: a page on which people upload files, run code and see the results.

`page/` is what browsers load. It calls the public operations and nothing else. The modules beside it serve it.
"""
