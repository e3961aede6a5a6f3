"""Where a training machine keeps its files in the jobs bucket.

``jobs/<reporter>/`` is all that a machine may write: the reporter is the ``aws:userid`` of its
role, which a policy can name.
"""

FOLDER = "jobs/"
WHEELHOUSE = "wheelhouse/"


def checkpoint_key(reporter: str) -> str:
    return f"{FOLDER}{reporter}/checkpoint.pt"


def groups_key(reporter: str) -> str:
    """Which images belong together: decides the split that the checkpoint belongs to."""
    return f"{FOLDER}{reporter}/groups.json"


def run_prefix(reporter: str) -> str:
    """The prefix of the finished run: the files of an artifact, the manifest last."""
    return f"{FOLDER}{reporter}/run/"
