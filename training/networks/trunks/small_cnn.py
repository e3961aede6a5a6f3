"""small_cnn: the small network of the Keras tutorials, for images of 32 px."""

from collections import OrderedDict

from torch import nn

from training.networks.trunks.residual_cnn import ConvBlock

FEATURES = 64


class SmallCnn(nn.Sequential):
    """3 x 3 convolutions of 32, 64 and 64 channels with max pooling between, then 64 dense units.

    The tutorials flatten the last 4 x 4 map into the dense layer, which ties the network to one
    image size and leaves no activation map. Here the same layer, as many weights on as many inputs,
    is a 4 x 4 convolution: it slides over the last map (8 x 8 for 32 px) and its answers are
    averaged as every trunk's are. The convolutions are padded, so that the map is large enough to
    slide over, and, unlike in the tutorials, batch norm follows each, which trains faster.
    """

    def __init__(self) -> None:
        dense = nn.Sequential(
            nn.Conv2d(64, FEATURES, 4, bias=False), nn.BatchNorm2d(FEATURES), nn.ReLU(inplace=True)
        )
        super().__init__(
            OrderedDict(
                conv1=ConvBlock(3, 32, pool=True),
                conv2=ConvBlock(32, 64, pool=True),
                conv3=ConvBlock(64, 64),
                dense=dense,
            )
        )
