"""Where the samples of an image lie in the world: spacing, origin, directions, and reorientation."""

from unetkit.spatial.geometry import Geometry
from unetkit.spatial.reorientation import Reorientation, aligning, orienting

__all__ = ["Geometry", "Reorientation", "aligning", "orienting"]
