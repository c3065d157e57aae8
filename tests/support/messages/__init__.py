"""Make docs/reference/messages.md from the source of the package.

``collect`` reads the messages, ``notes`` says what to do about those that do not say it, and
``page`` writes the page. ``make accept`` calls it.
"""
