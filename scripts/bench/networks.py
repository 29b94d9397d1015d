"""Networks of kinds that torchvision does not have, for models.py: small, with seeded weights, as their projects build them.

Each function returns a module in evaluation mode and an input for it. What matters here is the mix of operators: Resize
and Concat (YOLOv8, U-Net), transposed convolutions (U-Net), attention over the positions of a picture (SVTR), short
sequences through LSTM and GRU cells (silero, a tagger). The sizes are those of the smallest published variants.
"""

import torch
from torch import nn


def conv(inputs, outputs, kernel=3, stride=1, activation=nn.SiLU):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs),
                         activation())


class Bottleneck(nn.Module):
    def __init__(self, channels, adds):
        super().__init__()
        self.first, self.second, self.adds = conv(channels, channels), conv(channels, channels), adds

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.adds else y


class C2f(nn.Module):
    """YOLOv8's block: the halves of a 1x1 convolution, and what each bottleneck makes of the last one, side by side."""

    def __init__(self, inputs, outputs, count, adds):
        super().__init__()
        self.half = outputs // 2
        self.first, self.last = conv(inputs, outputs, 1), conv((2 + count) * self.half, outputs, 1)
        self.blocks = nn.ModuleList(Bottleneck(self.half, adds) for _ in range(count))

    def forward(self, x):
        parts = list(self.first(x).split(self.half, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.last(torch.cat(parts, 1))


class Pyramid(nn.Module):
    """YOLOv8's SPPF: three maxima over growing windows beside the input."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.last = conv(channels, channels // 2, 1), conv(channels * 2, channels, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.last(torch.cat(parts, 1))


class Yolo(nn.Module):
    """YOLOv8n up to its boxes and classes at three scales, with the softmax over 16 distances per side."""

    def __init__(self, classes=80):
        super().__init__()
        self.stage3 = nn.Sequential(conv(3, 16, 3, 2), conv(16, 32, 3, 2), C2f(32, 32, 1, True), conv(32, 64, 3, 2),
                                    C2f(64, 64, 2, True))
        self.stage4 = nn.Sequential(conv(64, 128, 3, 2), C2f(128, 128, 2, True))
        self.stage5 = nn.Sequential(conv(128, 256, 3, 2), C2f(256, 256, 1, True), Pyramid(256))
        self.up = nn.Upsample(scale_factor=2.0)
        self.up4, self.up3 = C2f(384, 128, 1, False), C2f(192, 64, 1, False)
        self.down3, self.down4 = conv(64, 64, 3, 2), conv(128, 128, 3, 2)
        self.out4, self.out5 = C2f(192, 128, 1, False), C2f(384, 256, 1, False)
        sizes = (64, 128, 256)
        self.boxes = nn.ModuleList(nn.Sequential(conv(n, 64), conv(64, 64), nn.Conv2d(64, 64, 1)) for n in sizes)
        self.classes = nn.ModuleList(nn.Sequential(conv(n, 80), conv(80, 80), nn.Conv2d(80, classes, 1)) for n in sizes)
        self.register_buffer("distances", torch.arange(16.0).view(1, 16, 1, 1))

    def forward(self, x):
        x3 = self.stage3(x)
        x4 = self.stage4(x3)
        x5 = self.stage5(x4)
        up4 = self.up4(torch.cat([self.up(x5), x4], 1))
        out3 = self.up3(torch.cat([self.up(up4), x3], 1))
        out4 = self.out4(torch.cat([self.down3(out3), up4], 1))
        out5 = self.out5(torch.cat([self.down4(out4), x5], 1))
        outs = [out3, out4, out5]
        boxes = torch.cat([head(y).flatten(2) for head, y in zip(self.boxes, outs)], 2)
        classes = torch.cat([head(y).flatten(2) for head, y in zip(self.classes, outs)], 2)
        sides = boxes.view(1, 4, 16, boxes.size(2)).transpose(1, 2).softmax(1)
        return torch.cat([(sides * self.distances).sum(1), classes.sigmoid()], 1)


class UNet(nn.Module):
    """U-Net with batch normalization; the way up begins with transposed convolutions."""

    def __init__(self, base=16, classes=2):
        super().__init__()
        sizes = [base * 2**i for i in range(5)]
        twice = lambda i, o: nn.Sequential(conv(i, o, activation=nn.ReLU), conv(o, o, activation=nn.ReLU))  # noqa: E731
        self.down = nn.ModuleList(twice(i, o) for i, o in zip([3, *sizes], sizes))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * n, n, 2, 2) for n in reversed(sizes[:-1]))
        self.join = nn.ModuleList(twice(2 * n, n) for n in reversed(sizes[:-1]))
        self.pool, self.last = nn.MaxPool2d(2), nn.Conv2d(base, classes, 1)

    def forward(self, x):
        kept = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else self.pool(x))
            kept.append(x)
        kept.pop()
        for up, join in zip(self.up, self.join):
            x = join(torch.cat([kept.pop(), up(x)], 1))
        return self.last(x)


class Mixing(nn.Module):
    """SVTR's block: attention over all positions (or those near, by a mask), then a perceptron."""

    def __init__(self, size, heads, mask=None):
        super().__init__()
        self.heads, self.scale = heads, (size // heads) ** -0.5
        self.norm1, self.norm2 = nn.LayerNorm(size, eps=1e-6), nn.LayerNorm(size, eps=1e-6)
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.perceptron = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))
        self.register_buffer("mask", mask)

    def attend(self, x):
        batch, length, size = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * self.scale) @ k.transpose(-2, -1)
        if self.mask is not None:
            scores = scores + self.mask
        return self.out((scores.softmax(-1) @ v).permute(0, 2, 1, 3).reshape(batch, length, size))

    def forward(self, x):
        x = self.norm1(x + self.attend(x))
        return self.norm2(x + self.perceptron(x))


class Svtr(nn.Module):
    """SVTR-tiny for a line of text of 32 x 100 pixels, to 6625 characters at each of 25 places."""

    def __init__(self, characters=6625):
        super().__init__()
        self.embed = nn.Sequential(conv(3, 32, 3, 2, nn.GELU), conv(32, 64, 3, 2, nn.GELU))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 8 * 25, 64))
        self.stages, self.merges, rows = nn.ModuleList(), nn.ModuleList(), 8
        for stage, (size, depth, heads, local) in enumerate([(64, 3, 2, 3), (128, 6, 4, 3), (256, 3, 8, 0)]):
            self.stages.append(nn.Sequential(*(Mixing(size, heads, near(rows, 25) if i < local else None)
                                               for i in range(depth))))
            if stage < 2:
                self.merges.append(nn.ModuleList([nn.Conv2d(size, 2 * size, 3, (2, 1), 1), nn.LayerNorm(2 * size)]))
                rows //= 2
        self.last = nn.Sequential(nn.Conv2d(256, 192, 1), nn.Hardswish())
        self.characters = nn.Linear(192, characters)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.positions
        rows = 8
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i < 2:
                merge, norm = self.merges[i]
                x = merge(x.transpose(1, 2).reshape(1, x.size(2), rows, 25))
                rows //= 2
                x = norm(x.flatten(2).transpose(1, 2))
        x = x.transpose(1, 2).reshape(1, 256, rows, 25)
        x = self.last(x.mean(2, keepdim=True))
        return self.characters(x.squeeze(2).transpose(1, 2)).softmax(-1)


def near(rows, columns):
    """A mask that leaves each position those within 3 rows and 5 columns."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    row, column = row.flatten(), column.flatten()
    far = ((row[:, None] - row).abs() > 3) | ((column[:, None] - column).abs() > 5)
    return torch.zeros(far.shape).masked_fill(far, float("-inf"))[None, None]


class Silero(nn.Module):
    """A voice detector like silero's: a Fourier transform as a convolution, four convolutions over time, one LSTM cell."""

    def __init__(self):
        super().__init__()
        self.basis = nn.Conv1d(1, 258, 256, 128, bias=False)
        sizes = [(129, 128, 1), (128, 64, 2), (64, 64, 2), (64, 128, 1)]
        self.encoder = nn.Sequential(*(nn.Sequential(nn.Conv1d(i, o, 3, s, 1), nn.ReLU()) for i, o, s in sizes))
        self.cell, self.last = nn.LSTM(128, 128), nn.Conv1d(128, 1, 1)

    def forward(self, sound, hidden, cell):
        x = nn.functional.pad(sound.unsqueeze(1), (0, 64), "reflect")
        x = self.basis(x)
        x = torch.sqrt(x[:, :129] ** 2 + x[:, 129:] ** 2)
        x, (hidden, cell) = self.cell(self.encoder(x).permute(2, 0, 1), (hidden, cell))
        return self.last(x.permute(1, 2, 0).relu()).sigmoid().mean(2), hidden, cell


WORDS = 30522


class Tagger(nn.Module):
    """A tagger of words: an embedding and two bidirectional GRU layers, to 17 tags for each of 40 words."""

    def __init__(self, words=WORDS, tags=17):
        super().__init__()
        self.words = nn.Embedding(words, 128)
        self.gru = nn.GRU(128, 128, 2, bidirectional=True, batch_first=True)
        self.tags = nn.Linear(256, tags)

    def forward(self, words):
        return self.tags(self.gru(self.words(words))[0]).log_softmax(-1)


MAKERS = {
    "yolov8n": (Yolo, lambda: torch.randn(1, 3, 320, 320)),
    "unet": (UNet, lambda: torch.randn(1, 3, 256, 256)),
    "svtr": (Svtr, lambda: torch.randn(1, 3, 32, 100)),
    "silero": (Silero, lambda: (torch.randn(1, 576), torch.zeros(1, 1, 128), torch.zeros(1, 1, 128))),
    "gru_tagger": (Tagger, lambda: torch.randint(0, WORDS, (1, 40))),
}


def network(name):
    maker, sample = MAKERS[name]
    module = maker()
    if any(isinstance(part, nn.BatchNorm2d) for part in module.modules()):
        module.train()
        with torch.no_grad():  # the statistics of random inputs: without them activations would vanish layer by layer
            for _ in range(4):
                module(sample())
    return module.eval(), sample()
