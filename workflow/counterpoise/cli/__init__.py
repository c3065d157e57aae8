"""The command ``counterpoise``: one module per subcommand, imported when it is called."""
