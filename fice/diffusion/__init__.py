"""Plans drawn by a diffusion model: an adapter over the pipelines of diffusers."""
