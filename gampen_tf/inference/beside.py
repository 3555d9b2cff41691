"""What is known of images beside their pixels: PSF, noise and masks, as they are given and as a network takes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from ..core.flags import Flag
from ..data.map_files import MapFiles
from ..data.noise_level import noise_level
from ..data.psf_stamps import about_centre, with_unit_sum
from ..data.refusal import Refusal

__all__ = ["Beside", "beside_images", "network_inputs"]

_HASHED_AT_ONCE = 4096


@dataclass(frozen=True)
class Beside:
    """PSF, noise and mask of images: one for all, or one for each, also in files.

    Parameters
    ----------
    psf : (h, w) or (N, h, w) array, or MapFiles, optional
        Stamps of any sum.
    noise : (), (N,), (H, W) or (N, H, W) array, or MapFiles, optional
        Standard deviation of a pixel, or maps of the variance, in the unit of the images as they are given.
    mask : (H, W) or (N, H, W) bool array, or MapFiles, optional
        True where a pixel is bad.
    first : int, optional
        Row of the images that the first of N belongs to.
    """

    psf: np.ndarray | MapFiles | None = None
    noise: np.ndarray | MapFiles | None = None
    mask: np.ndarray | MapFiles | None = None
    first: int = 0

    def rows(self, start: int, stop: int | None) -> Beside:
        """What belongs to the images from `start` to before `stop` (None: to the last)."""
        part = slice(start - self.first, None if stop is None else stop - self.first)
        each = {
            name: array[part]
            for name, array in (("psf", self.psf), ("noise", self.noise), ("mask", self.mask))
            if array is not None and _is_of_each(name, array)
        }
        return replace(self, first=start, **each)

    def hashes(self) -> dict[str, str | None]:
        """Hash (sha256) of each that was given, by the name under which a run over a catalogue keeps it.

        Of files it is that of their paths.
        """
        found = {"psf_hash": None if self.psf is None else _hash(self.psf)}
        for name, array in (("noise_hash", self.noise), ("mask_hash", self.mask)):
            if array is not None:
                found[name] = _hash(array)
        return found


def beside_images(model, n_images: int, *, psf=None, noise=None, mask=None) -> Beside:
    """Check what is given beside images against what a model can take.

    Parameters
    ----------
    model : Model
    n_images : int
    psf : (h, w) or (N, h, w) array, MapFiles or list, optional
        Where the model can do without, None in a list, and a stamp that is not finite or without light, stand for a PSF
        that is not known.
    noise : number, or (N,), (H, W) or (N, H, W) array, or MapFiles, optional
        Standard deviation of a pixel, or the map of the variance.
    mask : (H, W) or (N, H, W) bool array, or MapFiles, optional

    Raises
    ------
    ValueError
        If the model takes one and there is none, or the other way round, or a shape or a value is wrong.
    """
    return Beside(
        _checked_psf(model, psf, n_images), _checked_noise(model, noise, n_images), _checked_mask(mask, n_images)
    )


def network_inputs(model, beside: Beside, images, flags, raws=(), conversion=None) -> dict[str, np.ndarray]:
    """What a network takes beside some images, by name; flags are set where it cannot be had.

    Parameters
    ----------
    model : Model
    beside : Beside
        Of these images alone, see `Beside.rows`.
    images : (N, H, W, C) array
        In the model's unit; NaN where a pixel is lost.
    flags : Flags
    raws : list of RawImage or Refusal
        The images as they are in the source, where the model takes the noise: what is known of it is in their unit.
    conversion : ImageConversion
        With `raws`.
    """
    inputs = {}
    for name in model.inputs_beside:
        if name == "psf":
            inputs[name] = _psf_input(model, beside.psf, len(images), flags)
            if "psf" not in model.optional_inputs:
                missing = ~np.any(inputs[name], axis=(1, 2, 3))
                flags.set(missing, Flag.NOT_MEASURED, "the PSF is not finite or has no positive sum")
        else:
            sigma, reasons = _noise_input(beside.noise, images, flags, raws, conversion)
            flags.set(~(np.isfinite(sigma) & (sigma > 0)), Flag.NOT_MEASURED, reasons)
            inputs[name] = sigma.astype(np.float32)[:, None]
    return inputs


def _is_of_each(name, array):
    return array.ndim == 3 or (name == "noise" and array.ndim == 1)


def _hash(array):
    """sha256 of what was given, read a part at a time."""
    if isinstance(array, MapFiles):
        return array.digest()
    digest = hashlib.sha256(str(array.shape).encode())
    whole = array.ndim != 3
    for part in [array] if whole else np.split(array, range(_HASHED_AT_ONCE, len(array), _HASHED_AT_ONCE)):
        digest.update(np.ascontiguousarray(part, "<f4"))
    return digest.hexdigest()


# -- PSF ---------------------------------------------------------------------------------------------------------------


def _checked_psf(model, psf, n_images):
    expected, name = model.psf_shape, model.name
    if psf is None and "psf" in model.optional_inputs:
        return None
    if (psf is None) != (expected is None):
        raise ValueError(
            f"model {name!r} takes no PSF; leave psf out"
            if expected is None
            else f"model {name!r} takes the PSF: give psf as an array of shape {expected} for all "
            f"images, or {('N', *expected)} for each"
        )
    if psf is None:
        return None
    if isinstance(psf, MapFiles):
        return _checked_number("psf", psf, n_images)
    if isinstance(psf, list | tuple) and any(stamp is None for stamp in psf):
        shape = next((np.shape(stamp) for stamp in psf if stamp is not None), expected)
        psf = [np.full(shape, np.nan) if stamp is None else stamp for stamp in psf]
    psf = np.asarray(psf)
    shape = psf.shape[-2:]
    fits = psf.ndim in (2, 3) and _same_parity(shape, expected)
    if not fits or psf.shape not in (shape, (n_images, *shape)):
        other = "" if psf.ndim not in (2, 3) or fits else "; other sides must be odd where these are, or even"
        raise ValueError(f"psf: expected shape {expected} or {(n_images, *expected)}, found {psf.shape}{other}")
    if psf.ndim == 2 and "psf" not in model.optional_inputs and not (np.isfinite(np.sum(psf)) and np.sum(psf) > 0):
        raise ValueError(f"psf: expected an image with a positive sum, found {np.sum(psf)}")
    return psf


def _psf_input(model, psf, n_images, flags):
    """Stamps (N, h, w, 1) float32 of sum 1; zeros where the PSF is not known, a flag where its file is of no use."""
    shape = (n_images, *model.psf_shape)
    if psf is None:
        return np.zeros((*shape, 1), np.float32)
    if isinstance(psf, MapFiles):
        psf = _read_stamps(psf, model.psf_shape, flags)
    return np.broadcast_to(with_unit_sum(about_centre(psf, model.psf_shape)), shape)[..., None]


def _read_stamps(files, shape, flags):
    stamps, reasons = np.zeros((len(files), *shape)), [""] * len(files)
    for row in range(len(files)):
        try:
            stamp = files[row]
        except Refusal as refusal:
            reasons[row] = f"psf: {refusal.reason}"
            continue
        if stamp is None:
            continue
        if _same_parity(stamp.shape, shape):
            stamps[row] = about_centre(stamp, shape)
        else:
            reasons[row] = f"psf: expected shape {shape} or sides that are odd where these are, found {stamp.shape}"
    flags.set([reason != "" for reason in reasons], Flag.NOT_MEASURED, reasons)
    return stamps


def _same_parity(shape, expected):
    return all(side % 2 == new % 2 for side, new in zip(shape, expected, strict=True))


# -- noise and mask ----------------------------------------------------------------------------------------------------


def _checked_noise(model, noise, n_images):
    if "noise" not in model.inputs_beside:
        if noise is not None:
            raise ValueError(f"model {model.name!r} takes no noise; leave noise out")
        return None
    if noise is None:
        if "noise" not in model.optional_inputs:
            raise ValueError(f"model {model.name!r} takes the noise: give noise, the standard deviation of a pixel")
        return None
    if isinstance(noise, MapFiles):
        return _checked_number("noise", noise, n_images)
    noise = np.asarray(noise)
    if noise.dtype.kind not in "fiu":
        raise ValueError(f"noise: expected numbers, found {noise.dtype}; see gampen_tf.predict")
    if noise.ndim > 3 or (_is_of_each("noise", noise) and len(noise) != n_images):
        raise ValueError(
            f"noise: expected a number, {n_images} of them, or a map of the variance (H, W) or ({n_images}, H, W); "
            f"found shape {noise.shape}"
        )
    if noise.ndim == 0 and not (np.isfinite(noise) and noise > 0):
        raise ValueError(f"noise: expected a positive standard deviation, found {noise}")
    return noise


def _checked_mask(mask, n_images):
    if mask is None:
        return None
    if isinstance(mask, MapFiles):
        return _checked_number("mask", mask, n_images)
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise ValueError(f"mask: expected booleans, True where a pixel is bad, found {mask.dtype}; give mask != 0")
    if mask.ndim not in (2, 3) or (mask.ndim == 3 and len(mask) != n_images):
        raise ValueError(f"mask: expected shape (H, W) or ({n_images}, H, W), found {mask.shape}")
    return mask


def _checked_number(name, files, n_images):
    if len(files) != n_images:
        raise ValueError(f"{name}: expected {n_images} paths, one for each image, found {len(files)}")
    return files


def _noise_input(noise, images, flags, raws, conversion):
    """Standard deviations (N,) in the model's unit, and what is wrong with those that are not positive numbers.

    As they were given, else by the variance in the image's file, else measured.
    """
    sigma, to_measure = np.full(len(images), np.nan), []
    reasons = ["the noise that was given for it is not a positive number"] * len(images)
    for row, raw in enumerate(raws):
        if isinstance(raw, Refusal):
            continue
        try:
            given = noise[row] if noise is not None and _is_of_each("noise", noise) else noise
            sigma[row] = _in_model_unit(raw.variance if given is None else given, raw, conversion)
        except Refusal as refusal:
            reasons[row] = refusal.reason
            continue
        if given is None and not (np.isfinite(sigma[row]) and sigma[row] > 0):
            to_measure.append(row)
            reasons[row] = "its noise cannot be measured: too many of its pixels are equal; give the noise"
    if to_measure:
        light = images[to_measure, ..., 0]
        # zeros that were set around an image have no noise
        padded = (flags.bits[to_measure] & int(Flag.PADDED)) != 0
        sigma[to_measure] = noise_level(light, padded[:, None, None] & (light == 0))
    return sigma, reasons


def _in_model_unit(noise, raw, conversion):
    """A standard deviation, or the root of the median variance of the frame's pixels that have one; NaN for None."""
    if noise is None:
        return np.nan
    if noise.ndim == 2:
        variance = conversion.frame_of(noise, raw)
        good = variance[np.isfinite(variance) & (variance > 0)]
        noise = np.sqrt(np.median(good.astype(np.float64))) if good.size else np.nan
    return noise * conversion.factor(raw)
