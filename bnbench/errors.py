"""The one error class that the command line turns into one line and exit code 2."""


class BnbenchError(Exception):
    """A problem that the user can remedy: the message names the file, the key and the remedy.

    Anything else that is raised is a defect of bnbench and keeps its traceback.
    """
