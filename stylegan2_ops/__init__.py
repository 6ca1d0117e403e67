"""The custom ops of StyleGAN2: plain-torch references and compiled twins behind one signature each."""

from __future__ import annotations

from .bias_act import bias_act
from .conv2d_resample import conv2d_resample
from .errors import OpsError
from .filters import setup_filter
from .modulated_conv2d import modulated_conv2d
from .upfirdn2d import downsample2d, filter2d, upfirdn2d, upsample2d

__all__ = [
    "OpsError",
    "bias_act",
    "conv2d_resample",
    "downsample2d",
    "filter2d",
    "modulated_conv2d",
    "setup_filter",
    "upfirdn2d",
    "upsample2d",
]
