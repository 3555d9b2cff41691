"""Structure of discs: arms, bar, ring, knots, dust lane, lopsidedness, truncation.

All lengths are in half-light radii r_h of the smooth disc, all angles in degrees, in the plane of the disc: there the
disc is round, (u, v) are Cartesian coordinates with u along the major axis on the sky, R² = u² + v². A disc of axis
ratio q is seen through x' = u r_h / √q along its major axis and y' = v r_h √q along its minor axis.

The surface brightness of the smooth disc, Σ(R), becomes

    Σ(R) (1 + arms + ring) (1 + lopsidedness) truncation · exp(−dust)

and a bar and knots take their shares of the flux. Beyond R = 6, where a disc has little light, it is smooth.
"""

import dataclasses

import numpy as np
from scipy import special

__all__ = ["LAST_RADIUS", "LIMITS", "Structure", "brightening", "decay", "knots", "transparency"]

LAST_RADIUS = 6.0  # r_h, beyond which a disc is smooth
_LANE_LENGTH = 1.5  # r_h along the major axis, where the optical depth of a dust lane has fallen to 1/e
_KNOTS_WITHIN = 2.5  # r_h
_SCALE_LENGTHS = 1.678  # r_h of an exponential disc in its scale lengths

_N_HARMONICS, _SMALLEST_HARMONIC = 20, 2e-3  # of a crest's shape along a circle

_ANY = (-np.inf, np.inf)
#: Between which the numbers of a `Structure` must stay; the others may have any value.
LIMITS = {
    "arm_contrast": (0, 1),
    "arm_number": (1, 4),
    "arm_sharpness": (0.1, 20),
    "arm_onset": (0.01, np.inf),
    "arm_end": (0.01, np.inf),
    "bar_share": (0, 0.95),
    "bar_length": (0.01, np.inf),
    "bar_axis_ratio": (0.05, 1),
    "ring_contrast": (0, np.inf),
    "ring_radius": (0, np.inf),
    "ring_width": (0.01, np.inf),
    "knot_share": (0, 0.95),
    "knot_number": (1, 1000),
    "knot_size": (1e-3, np.inf),
    "knot_seed": (0, 2**53),
    "dust_depth": (0, np.inf),
    "dust_width": (0.01, np.inf),
    "lopsidedness": (0, 1),
    "truncation_radius": (0, np.inf),
    "truncation_sharpness": (1, 100),
}


@dataclasses.dataclass(frozen=True)
class Structure:
    """What makes a disc other than smooth; without arguments, nothing does.

    Parameters
    ----------
    arm_contrast : float
        Of spiral arms to the disc, from 0 for none to 1 for no light between them.
    arm_number : float
        1 to 4, rounded.
    arm_pitch : float
        Angle between arm and circle; its sign is the sense in which the arms wind. Not 0.
    arm_phase : float
        Angle of the first arm at the radius ``arm_onset``.
    arm_sharpness : float
        κ of the crest exp(κ cos nθ) / I₀(κ), of mean 1 along a circle.
    arm_onset, arm_end : float
        Radii inside and outside which arms fade: 1 − exp(−(R / onset)⁴), exp(−(R / end)⁴).
    bar_share : float
        Part of the disc's flux in a bar, before dust: an ellipse with a Gaussian profile.
    bar_length : float
        Semi-major axis of the ellipse that holds 90 % of the bar's light.
    bar_axis_ratio, bar_angle : float
        In the plane of the disc; the angle is from the major axis on the sky.
    ring_contrast, ring_radius, ring_width : float
        Gaussian in R: peak relative to the disc, radius of the peak, standard deviation.
    knot_share : float
        Part of the disc's flux in knots, before dust: round Gaussians on the sky, on the arms where there are arms.
    knot_number : float
        1 to 1000, rounded.
    knot_size : float
        Half-light radius of a knot.
    knot_seed : float
        Whole number, from which their places and fluxes follow.
    dust_depth : float
        Optical depth of a dust lane along the major axis, as seen edge-on; times 1 − q² (sin² of the inclination).
    dust_width, dust_offset : float
        Standard deviation, and distance from the major axis, along the minor axis, in units of r_h √q.
    lopsidedness, lopsided_angle : float
        One side of the disc brighter than the other: amplitude A of 1 + A (1 − exp(−R²)) cos(θ − angle).
    truncation_radius, truncation_sharpness : float
        The disc fades as exp(−(R / radius)^sharpness); radius 0 for no truncation.
    """

    arm_contrast: float = 0.0
    arm_number: float = 2.0
    arm_pitch: float = 20.0
    arm_phase: float = 0.0
    arm_sharpness: float = 2.0
    arm_onset: float = 0.4
    arm_end: float = 3.0
    bar_share: float = 0.0
    bar_length: float = 0.8
    bar_axis_ratio: float = 0.3
    bar_angle: float = 0.0
    ring_contrast: float = 0.0
    ring_radius: float = 1.2
    ring_width: float = 0.2
    knot_share: float = 0.0
    knot_number: float = 20.0
    knot_size: float = 0.08
    knot_seed: float = 0.0
    dust_depth: float = 0.0
    dust_width: float = 0.3
    dust_offset: float = 0.0
    lopsidedness: float = 0.0
    lopsided_angle: float = 0.0
    truncation_radius: float = 0.0
    truncation_sharpness: float = 8.0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value, (low, high) = getattr(self, field.name), LIMITS.get(field.name, _ANY)
            if not (np.isfinite(value) and low <= value <= high):
                raise ValueError(f"Structure: expected {field.name} from {low} to {high}, found {value}")
            object.__setattr__(self, field.name, float(value))  # a NumPy scalar would turn float32 images to float64
        if self.arm_contrast and not 1 <= abs(self.arm_pitch) <= 90:
            raise ValueError(
                f"Structure: expected an arm_pitch of 1 to 90 degrees or −90 to −1, found {self.arm_pitch}"
            )
        if self.bar_share + self.knot_share > 0.95:
            raise ValueError(
                "Structure: expected bar_share and knot_share to leave 5 % of the light to the disc, found "
                f"{self.bar_share} and {self.knot_share}"
            )

    @property
    def is_smooth(self):
        """Whether nothing of the structure has any strength."""
        return not (self.bar_share or self.knot_share or self.dust_depth or self.changes_disc)

    @property
    def changes_disc(self):
        """Whether arms, ring, lopsidedness or truncation move the light of the disc itself."""
        return bool(self.arm_contrast or self.ring_contrast or self.lopsidedness or self.truncation_radius)

    @property
    def last_radius(self):
        """Radius beyond which arms, ring, lopsidedness, truncation and dust change the disc by less than 10⁻³."""
        last = 0.0
        if self.lopsidedness or self.truncation_radius:
            last = LAST_RADIUS
        if self.arm_contrast:
            last = max(last, 1.7 * self.arm_end)
        if self.ring_contrast:
            last = max(last, self.ring_radius + 5 * self.ring_width)
        if self.dust_depth:
            last = max(last, 2.7 * _LANE_LENGTH)
        return min(last, LAST_RADIUS)


def decay(exponent):
    """exp(−exponent), but not below 10⁻¹³: numbers too small for float32 take ten times longer."""
    return np.exp(-np.minimum(exponent, 30.0))


def brightening(structure, u, v, axis_ratio, resolution=0.0):
    """Factor on the smooth disc by arms, ring, lopsidedness and truncation, without dust.

    Parameters
    ----------
    structure : Structure
    u, v : arrays
        Coordinates in the plane of the disc.
    axis_ratio : float
    resolution : float, optional
        Length on the sky, in r_h. Details of the arms fade whose wavelength comes down to this.

    Returns
    -------
    array, of the kind of ``u``
    """
    radius_squared = np.maximum(u * u + v * v, 1e-8)
    radius = np.sqrt(radius_squared)
    log_radius = 0.5 * np.log(radius_squared)
    factor = np.ones_like(radius)
    if structure.arm_contrast:
        cosine, sine = u / radius, v / radius
        # a length on the sky, across the arms, in the plane of the disc
        unresolved = resolution**2 * (axis_ratio * cosine * cosine + (1 / axis_ratio) * sine * sine) / radius_squared
        factor += _arms(structure, cosine, sine, radius_squared, log_radius, unresolved)
    if structure.ring_contrast:
        position = (radius - structure.ring_radius) * (1 / structure.ring_width)
        factor += structure.ring_contrast * decay(0.5 * position * position)
    if structure.lopsidedness:
        angle = np.radians(structure.lopsided_angle)
        side = (float(np.cos(angle)) * u + float(np.sin(angle)) * v) / radius
        factor *= 1 + structure.lopsidedness * (1 - decay(radius_squared)) * side
    if structure.truncation_radius:
        factor *= _truncation(structure, log_radius)
    return factor


def _truncation(structure, log_radius):
    position = structure.truncation_sharpness * (log_radius - float(np.log(structure.truncation_radius)))
    return decay(np.exp(np.minimum(position, 5.0)))


def _arms(structure, cosine, sine, radius_squared, log_radius, unresolved):
    """Light of the arms relative to the disc, of mean 0 along a circle.

    From the cosine and sine of the angle, and ``unresolved``: the squared resolution over R².
    """
    n_arms, winding = _winding(structure)
    turn = n_arms * (
        float(np.radians(structure.arm_phase)) + winding * (log_radius - float(np.log(structure.arm_onset)))
    )
    along, across = cosine, sine  # of n θ, by de Moivre: an arc tangent would take longer than all else
    for _ in range(n_arms - 1):
        along, across = along * cosine - across * sine, across * cosine + along * sine
    crest = along * np.cos(turn) + across * np.sin(turn)
    unresolved = (unresolved * (n_arms * winding / (2 * np.pi)) ** 2) ** 2  # resolution over distance of arms, ⁴
    unresolved *= unresolved
    outside = radius_squared * (1 / structure.arm_end**2)
    inside = radius_squared * (1 / structure.arm_onset**2)
    strength = structure.arm_contrast * decay(outside * outside) * (1 - decay(inside * inside))
    return strength * _crests(structure.arm_sharpness, crest, unresolved)


def _crests(sharpness, cosine, unresolved):
    """exp(κ cos x) / I₀(κ) − 1 as 2 Σ Iⱼ(κ) / I₀(κ) cos(j x), of which the harmonics below the resolution fade."""
    total, most_unresolved = np.zeros_like(cosine), unresolved.max(initial=0.0)
    previous, harmonic = np.ones_like(cosine), cosine
    for j in range(1, _N_HARMONICS):
        amplitude = float(2 * special.ive(j, sharpness) / special.ive(0, sharpness))
        if amplitude < _SMALLEST_HARMONIC:
            break
        if j**8 * most_unresolved > _SMALLEST_HARMONIC:
            total += amplitude * harmonic / (1 + float(j**8) * unresolved)
        else:
            total += amplitude * harmonic
        previous, harmonic = harmonic, 2 * cosine * harmonic - previous
    return total


def _winding(structure):
    """Number of arms, and the angle (rad) by which each winds while the radius grows by a factor e."""
    return round(structure.arm_number), float(1 / np.tan(np.radians(structure.arm_pitch)))


def transparency(structure, u, v, axis_ratio):
    """Part of the light that passes the dust lane of a disc of the given axis ratio."""
    depth = structure.dust_depth * (1 - axis_ratio**2)
    position = (v - structure.dust_offset) * (1 / structure.dust_width)
    along = u * (1 / _LANE_LENGTH)
    return np.exp(-depth * decay(0.5 * position * position + along * along))


def knots(structure):
    """Places of the knots in the plane of the disc, and their parts of the knots' light.

    Radii are spread as the light of an exponential disc, not far out; angles as the light of the arms.

    Returns
    -------
    u, v, share : (K,) arrays
    """
    rng = np.random.default_rng(int(structure.knot_seed))
    n_knots = round(structure.knot_number)
    within = min(_KNOTS_WITHIN, structure.truncation_radius or _KNOTS_WITHIN)
    radius = rng.gamma(2.0, 1 / _SCALE_LENGTHS, n_knots)
    radius = within * np.sqrt(np.modf((radius / within) ** 2)[0])  # what is farther comes in, at equal area
    angle = rng.uniform(0, 2 * np.pi, n_knots)
    on_arms = rng.uniform(size=n_knots) < structure.arm_contrast
    across_arm, arm = rng.vonmises(0.0, structure.arm_sharpness, n_knots), rng.integers(0, 4, n_knots)
    if structure.arm_contrast:
        n_arms, winding = _winding(structure)
        crest = np.radians(structure.arm_phase) + winding * np.log(np.maximum(radius, 1e-3) / structure.arm_onset)
        angle = np.where(on_arms, crest + (across_arm + 2 * np.pi * (arm % n_arms)) / n_arms, angle)
    share = rng.exponential(size=n_knots) * np.exp(-0.5 * _SCALE_LENGTHS * radius)  # fainter, where the disc is
    return radius * np.cos(angle), radius * np.sin(angle), share / share.sum()
