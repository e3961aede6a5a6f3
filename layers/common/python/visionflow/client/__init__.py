"""A client of a VisionFlow stage, for Python programs and for the command line.

::

    from visionflow.client import VisionFlow
    cloud = VisionFlow("https://...", key="vf_...")
    print(cloud.classify("photo.jpg").label)

It needs urllib3 beside the standard library: `pip install visionflow` brings nothing else.
"""

from visionflow.client.classification import Answered, Classification
from visionflow.client.cloud import VisionFlow
from visionflow.client.errors import ApiError

__all__ = ["Answered", "ApiError", "Classification", "VisionFlow"]
