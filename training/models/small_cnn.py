"""small_cnn: the small network of the Keras tutorials, for pictures of 32 px."""

from collections import OrderedDict

from torch import nn

FEATURES = 64


class SmallCnn(nn.Sequential):
    """3 x 3 convolutions of 32, 64 and 64 channels with max pooling between, then 64 dense units.

    The tutorials flatten the last 4 x 4 map into the dense layer, which ties the network to one
    picture size and leaves no activation map. Here the same layer, as many weights on as many
    inputs, is a 4 x 4 convolution: it slides over the last map (8 x 8 for 32 px) and its answers
    are averaged as every trunk's are. The convolutions are padded, so that the map is large enough
    to slide over.
    """

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                conv2=nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                conv3=nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()),
                dense=nn.Sequential(nn.Conv2d(64, FEATURES, 4), nn.ReLU()),
            )
        )
