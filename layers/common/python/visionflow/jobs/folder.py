"""Where a training machine keeps its things in the jobs bucket.

``jobs/<reporter>/`` is all that a machine may write: the reporter is the ``aws:userid`` of its
role, which a policy can name.
"""

FOLDER = "jobs/"
WHEELHOUSE = "wheelhouse/"


def checkpoint_key(reporter: str) -> str:
    return f"{FOLDER}{reporter}/checkpoint.pt"


def run_prefix(reporter: str) -> str:
    """Below it lies the finished run: the files of an artifact, the manifest last."""
    return f"{FOLDER}{reporter}/run/"
