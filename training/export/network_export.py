"""A network of torch on its way to an artifact: its graph, and what the graph must reproduce."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from training.config import TrainConfig
from training.data.image_set import in_batches
from training.data.training_data import TrainingData
from training.export.artifact import library_versions
from training.export.export import Export, Original, export_graph
from training.export.gate_checks import COMPARED_MAPS, Outputs, alike, collect
from training.export.graph.onnx_files import export_onnx
from training.export.latency import Measure, measure_latencies
from training.networks.build import exportable
from training.networks.network import ConvNet, Network
from training.texts.progress import begin
from visionflow.images.pipeline import UInt8Array

_LIBRARIES = ("torch", "torchvision", "onnxscript")


def export_model(
    network: Network,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
    measure: Measure = measure_latencies,
    held_out: Tensor | None = None,
) -> Export:
    """`export_graph` of a ``network``. ``held_out``: features of the validation images that its
    trunk gave already, see `Fitted`."""
    begin("writing the network as ONNX")
    graph = export_onnx(exportable(network), config.input.size, config.export.opset)
    exported = export_graph(graph, original_of(network, held_out), config, data, folder, measure)
    versions = library_versions(_LIBRARIES) | exported.manifest.library_versions
    return replace(exported, manifest=replace(exported.manifest, library_versions=versions))


def original_of(network: Network, held_out: Tensor | None = None) -> Original:
    """A copy of ``network`` on the CPU."""
    network = copy.deepcopy(network).cpu().eval()
    run = partial(network_outputs, network)
    outputs = run
    if held_out is not None and isinstance(network, ConvNet):
        outputs = partial(outputs_from_features, network, held_out.cpu())
    values = network.state_dict().values()
    return Original(
        form="torch",
        bytes=sum(value.numel() * value.element_size() for value in values),
        parameters=sum(weight.numel() for weight in network.parameters()),
        outputs=outputs,
        run=run,
        on_one_thread=on_one_thread,
    )


def network_outputs(network: Network, images: UInt8Array) -> Outputs:
    """Run torch in float32 on the CPU."""
    network.eval()
    with torch.inference_mode():
        return collect(
            tuple(output.numpy() for output in network(torch.from_numpy(batch)))
            for batch in in_batches(images)
        )


def outputs_from_features(network: ConvNet, features: Tensor, images: UInt8Array) -> Outputs:
    """`network_outputs` of ``images`` [N, H, W, 3], whose ``features`` [N, views, F] are known.

    The first images, whose maps are compared, go through the whole network. All do where their
    features turn out to be others.
    """
    first = network_outputs(network, images[:COMPARED_MAPS])
    embedding = features.mean(dim=1).numpy()
    if not alike(first.embedding, embedding[:COMPARED_MAPS]):
        return network_outputs(network, images)
    with torch.inference_mode():
        answers = network.head.eval()(features.flatten(end_dim=1))
    logits = answers.reshape(*features.shape[:2], -1).mean(dim=1).numpy()
    return Outputs(logits, embedding, first.cam)


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Limit torch to one thread, as ONNX Runtime serves."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def gpu_names() -> tuple[str, ...]:
    """Of the GPUs that torch sees."""
    return tuple(map(torch.cuda.get_device_name, range(torch.cuda.device_count())))
