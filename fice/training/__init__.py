"""The recipes that made the bundled weights; each resumes from its own checkpoint."""

import os

# oneDNN on AMX gets some convolutions in bfloat16 wrong (PyTorch 2.13); it reads this at the first one
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
