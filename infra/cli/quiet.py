"""Keeps what libraries and their tools say of themselves off the terminal of a user."""

import logging
import os
import sys
import warnings
from typing import Final

# The CDK runs on Node through jsii; each of the three has banners of its own.
OF_CHILDREN: Final = {
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "NODE_NO_WARNINGS": "1",
    "PYTHONWARNINGS": "ignore",
}


def silence_others() -> None:
    """No warnings of Python's packages, which the user of a command cannot heed, in this process
    and its children. Whoever sets $PYTHONWARNINGS, or starts Python with -W, gets them all."""
    if sys.warnoptions:
        return
    warnings.simplefilter("ignore")
    # Without a handler Python prints what libraries log as warnings, such as urllib3's retries.
    logging.getLogger().addHandler(logging.NullHandler())
    for name, value in OF_CHILDREN.items():
        os.environ.setdefault(name, value)
