"""One TokenPainter over several GPUs: each holds its share of the heads and of the MLP's hidden channels.

Megatron's split (Shoeybi et al. 2019): the first product of a pair is cut by its outputs, the second by its inputs, so
a layer needs two sums over the processes and every token stays whole in each. For models larger than one GPU likes;
at 30 M parameters a sum costs more than the product that it saves. Not yet run on two GPUs: two CPU processes are
what the tests have.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor.parallel import ParallelStyle, parallelize_module

from engine.token_painter import Layer, TokenOps, TokenPainter
from kernels import reference


class SplitLayer(ParallelStyle):
    """For `parallelize_module`: leaves a process its rows and columns of a layer's weights, as ordinary tensors."""

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        assert isinstance(module, Layer)
        cuts = ((module.qkv, 0, 3), (module.out, 1, 1), (module.up, 0, 1), (module.down, 1, 1))  # q, k and v alike
        for linear, axis, groups in cuts:
            linear.weight = nn.Parameter(share(linear.weight, axis, device_mesh, groups), requires_grad=False)
            if axis == 0:
                linear.bias = nn.Parameter(share(linear.bias, 0, device_mesh, groups), requires_grad=False)
        return module


def share(tensor: Tensor, axis: int, mesh: DeviceMesh, groups: int = 1) -> Tensor:
    """This process's equal part of a tensor along an axis, of each of the groups that lie behind one another there."""
    parts = tensor.detach().unflatten(axis, (groups, -1)).chunk(mesh.size(), dim=axis + 1)
    return parts[mesh.get_local_rank()].flatten(axis, axis + 1).contiguous()


class SplitOps:
    """The token ops of a split layer: those of one device, and a sum over the processes before each residual."""

    def __init__(self, mesh: DeviceMesh, ops: TokenOps = reference) -> None:
        self._group, self._ops = mesh.get_group(), ops
        self._shared: dict[tuple[torch.Size, torch.dtype], Tensor] = {}
        self.modulated_qkv, self.ring_attention = ops.modulated_qkv, ops.ring_attention
        self.modulated_up = ops.modulated_up

    def projected(self, x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> Tensor:
        product = self._summed(y @ weight.T)
        return (x.float() + gate[:, None].float() * (product + bias).float()).to(x.dtype)

    def _summed(self, part: Tensor) -> Tensor:
        """The sum over the processes. Between GPUs with NVLink each reads the others' parts itself: a hop, no ring."""
        group = self._group
        if part.is_cuda and dist.get_backend(group) == "nccl":
            shared = self._shared_like(part)
            shared.copy_(part)
            return torch.ops.symm_mem.one_shot_all_reduce(shared, "sum", group.group_name)  # type: ignore[no-any-return]
        dist.all_reduce(part, group=group)
        return part

    def _shared_like(self, part: Tensor) -> Tensor:
        """Memory that the others can read, agreed on with them once for each shape: that takes a handshake of all."""
        key = part.shape, part.dtype
        if key not in self._shared:
            import torch.distributed._symmetric_memory as symmetric_memory

            self._shared[key] = symmetric_memory.empty(part.shape, dtype=part.dtype, device=part.device)
            symmetric_memory.rendezvous(self._shared[key], self._group)
        return self._shared[key]


def split_painter(painter: TokenPainter, mesh: DeviceMesh) -> TokenPainter:
    """Cuts a Painter, in place, to this process's share; paint with `SplitOps(mesh)`. ValueError if heads do not go up.

    The ring that it makes is as wide as its share. Only for inference: gradients do not cross the sums.
    """
    heads = painter.shape.kept // painter.shape.head
    if heads % mesh.size() or painter.shape.hidden % mesh.size():
        raise ValueError(
            f"splitting a Painter of {heads} heads over {mesh.size()} processes: each needs a whole number of them. "
            f"Start a number of processes that divides {heads}"
        )
    parallelize_module(painter, mesh, {"layers.*": SplitLayer()})
    painter.age_bias = nn.Parameter(share(painter.age_bias, 1, mesh), requires_grad=False)
    painter.kept_width = painter.shape.kept // mesh.size()
    return painter
