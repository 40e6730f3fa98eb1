"""Residual networks for small images (He et al. 2016, section 4.2)."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.training.models.blocks import BLOCKS
from experiments.training.models.design import Design

STAGES = 3


class ResNet(nn.Module):
    """A stem, three stages of blocks with width, 2 width and 4 width channels, a linear output."""

    inputs = 3  # channels

    def __init__(self, blocks: int, width: int, classes: int, design: Design) -> None:
        super().__init__()
        block = BLOCKS[design.norm_place]
        self.stem = block.stem(self.inputs, width, design)
        self.stages = nn.Sequential()
        before = width
        for stage in range(STAGES):
            after = width * 2**stage
            self.stages.append(self.stage(blocks, before, after, design))
            before = after
        self.end = block.end(before, design)
        self.output = nn.Linear(before, classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.output(self.features(images))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """What the output layer sees: (n, 4 width)."""
        pixels: Tensor = self.end(self.stages(self.stem(images)))
        return pixels.mean(dim=(2, 3))

    def stage(self, blocks: int, before: int, after: int, design: Design) -> nn.Sequential:
        """Blocks of one width; the first halves the image where the width grows."""
        block = BLOCKS[design.norm_place]
        first = block(before, after, 1 if before == after else 2, design)
        return nn.Sequential(first, *(block(after, after, 1, design) for _ in range(blocks - 1)))
