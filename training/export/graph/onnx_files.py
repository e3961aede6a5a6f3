"""From a trained network to an ONNX graph."""

import copy
import warnings

import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.errors import TrainingError
from training.export.graph.rewrites import pool_globally, strip_metadata
from training.networks.network import Network, Output


def export_onnx(model: Network, size: int, opset: int) -> onnx.ModelProto:
    """``model`` as ONNX: uint8 ``image`` [N, size, size, 3] to the fields of `Output`.

    ``model`` comes from `training.networks.build.exportable`.
    """
    # The exporter would treat a batch of 1 as a constant.
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        # Some releases of torch call what they themselves have deprecated.
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.onnx.export(
            _simplified(model),
            (example,),
            input_names=["image"],
            output_names=list(Output._fields),
            opset_version=opset,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise TrainingError("torch.onnx.export returned no program; is onnxscript installed?")
    graph = program.model_proto
    pool_globally(graph)
    strip_metadata(graph)
    onnx.checker.check_model(graph, full_check=True)
    return graph


class _GlobalPool(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3), keepdim=True)


class _Clamp(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.clamp(0.0, 6.0)


def _simplified(model: Network) -> nn.Module:
    """A copy that computes the same in layers that torch.export leaves whole.

    It takes `nn.AdaptiveAvgPool2d` apart into strided views, which arrive in ONNX as a dozen nodes
    that compute indices from the batch size. ReLU6 and batch norm arrive as they should, but taking
    them apart on the way is most of the time that the export of a mobile network takes.
    """
    simplified = copy.deepcopy(model).eval()
    for parent in list(simplified.modules()):
        ahead: tuple[str, nn.Module] = ("", parent)
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.AdaptiveAvgPool2d) and child.output_size in (1, (1, 1)):
                setattr(parent, name, _GlobalPool())
            elif isinstance(child, nn.ReLU6):
                setattr(parent, name, _Clamp())
            # A class below it may do more: timm has batch norms with an activation.
            elif isinstance(parent, nn.Sequential) and type(child) is nn.BatchNorm2d:
                before, convolution = ahead
                if isinstance(convolution, nn.Conv2d):
                    setattr(parent, before, fuse_conv_bn_eval(convolution, child))
                    setattr(parent, name, nn.Identity())
            ahead = name, child
    return simplified
