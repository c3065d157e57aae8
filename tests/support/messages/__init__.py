"""Make docs/reference/messages.md from the source of the package.

``collect`` reads the messages, ``facts`` tells which of their parts go together, ``notes`` says
what to do about those that do not say it, and ``page`` writes the page. ``make accept`` calls it.
"""
