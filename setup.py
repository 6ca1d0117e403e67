"""What setup.cfg cannot say: all packages that there are, and the folder weights/ as one of them."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["fice*", "stylegan2_ops*"]), "fice.weights"],
    package_dir={"fice.weights": "weights"},
)
