"""A robot arm and the reprojection error of bundle adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Scalars

__all__ = ["Arm", "Reprojection"]


@dataclass(frozen=True)
class Arm(Scalars):
    """The position of the hand of an arm whose joints turn about z and y in turn: 3x7."""

    joints: int = 7

    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        return draw.uniform(-1, 1, self.joints)

    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        hand = [0.0, 0.0, 0.0]
        for k in range(self.joints - 1, -1, -1):
            c, s = m.cos(x[k]), m.sin(x[k])
            a, b, z = hand[0], hand[1], hand[2] + 0.3 + 0.02 * k
            about_z, about_y = [c * a - s * b, s * a + c * b, z], [c * a + s * z, b, c * z - s * a]
            hand = about_y if k % 2 else about_z
        return hand

    def jax(self, x: Any) -> Any:
        import jax.numpy as jnp

        return jnp.array(self.formulas([x[k] for k in range(self.joints)], jnp))


@dataclass(frozen=True)
class Reprojection(Scalars):
    """Where a camera sees a point, less where it was seen: 2x15.

    Variables: rotation vector, translation, focal lengths, centre, two coefficients of distortion,
    the point.
    """

    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        start = [0.3, -0.2, 0.4, 0.1, 0.2, 3.0, 500.0, 510.0, 320.0, 240.0, -0.1, 0.02, 0.5, 0.4, 1]
        return np.array(start) * draw.uniform(0.9, 1.1, len(start))

    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        rx, ry, rz, tx, ty, tz, fx, fy, cx, cy, k1, k2, px, py, pz = x
        angle = m.sqrt(rx * rx + ry * ry + rz * rz)
        c, s = m.cos(angle), m.sin(angle)
        ax, ay, az = rx / angle, ry / angle, rz / angle
        along = (ax * px + ay * py + az * pz) * (1 - c)
        qx = px * c + (ay * pz - az * py) * s + ax * along + tx
        qy = py * c + (az * px - ax * pz) * s + ay * along + ty
        qz = pz * c + (ax * py - ay * px) * s + az * along + tz
        u, v = qx / qz, qy / qz
        square = u * u + v * v
        bent = 1 + k1 * square + k2 * square * square
        return [fx * bent * u + cx - 350.0, fy * bent * v + cy - 260.0]

    def jax(self, x: Any) -> Any:
        import jax.numpy as jnp

        return jnp.array(self.formulas([x[k] for k in range(15)], jnp))
