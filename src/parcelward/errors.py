"""The one exception that means: what you gave us is wrong, and here is how to mend it."""


class UserError(Exception):
    """Bad input from a person (file, setting, pack, model folder): one clear sentence naming the place and the fix.

    The command line prints it without a traceback and exits with 2.
    """
